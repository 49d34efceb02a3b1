//! Where the two halves of a validator are kept: arrays whose sizes are fixed where they are made.
//!
//! [`Validator`] is both halves as one value, with nothing around them: what tests and the host use. A kernel has the
//! same halves in its runtime, where the internal lock parts them.

use crate::chain::{self, Chains};
use crate::class::{LockMap, Subclass};
use crate::classes::{Class, Classes, SeenClasses};
use crate::context::Context;
use crate::dependency::{Dependencies, Dependency};
use crate::fast;
use crate::finding::Terms;
use crate::held::Acquire;
use crate::ledger::Ledger;
use crate::limits::{Notice, Notices};
use crate::order::Order;
use crate::policy::Policy;
use crate::queue::{Queue, SLOTS};
use crate::reach::Reach;
use crate::report::{Kind, Report};
use crate::roster::RosterTable;
use crate::search::{Graph, Place, Scratch};
use crate::second;
use crate::site::Site;
use crate::third;
use crate::trail::Since;
use crate::usage::Usage;
use crate::validator::{Engine, Seen};
use crate::word::Word;

/// Both halves of a validator as one value: `C` slots for classes and `D` for dependencies, of which one each is never
/// used, and `K` for chains, a power of two.
#[derive(Debug)]
pub struct Validator<const C: usize, const D: usize, const K: usize> {
    seen_classes: SeenClasses<[Word; C]>,
    chains: Chains<[chain::Slot; K]>,
    tables: Tables<C, D, K>,
    report: Report,
}

/// The half under the internal lock, with its storage.
#[derive(Debug)]
pub(crate) struct Tables<const C: usize, const D: usize, const K: usize> {
    classes: Classes<[Class; C]>,
    dependencies: Dependencies<[Dependency; D]>,
    order: Order<[[u32; 2]; C]>,
    reach: Reach<[[Usage; 2]; C]>,
    scratch: Scratch<[[Place; 2]; C]>,
    ledger: Ledger,
    pub(crate) queue: Queue,
    notices: Notices,
    roster: RosterTable<K>,
}

/// Bytes of the tables of one validator. What is left to its whole are flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The classes, with what the fast path reads of them.
    pub classes: usize,
    /// The dependencies.
    pub dependencies: usize,
    /// The set of checked chains.
    pub chains: usize,
    /// What searches write down, and what saves most of them.
    pub search: usize,
    /// The reports that wait to be shown, and what is known of findings.
    pub reports: usize,
}

impl Sizes {
    /// Those of a validator with `C` slots for classes, `D` for dependencies and `K` for chains.
    pub const fn of<const C: usize, const D: usize, const K: usize>() -> Sizes {
        Sizes {
            classes: size_of::<Classes<[Class; C]>>() + size_of::<SeenClasses<[Word; C]>>(),
            dependencies: size_of::<Dependencies<[Dependency; D]>>(),
            chains: size_of::<Chains<[chain::Slot; K]>>(),
            search: size_of::<Scratch<[[Place; 2]; C]>>()
                + size_of::<Order<[[u32; 2]; C]>>()
                + size_of::<Reach<[[Usage; 2]; C]>>(),
            reports: SLOTS * size_of::<Report>() + size_of::<Ledger>(),
        }
    }
}

impl<const C: usize, const D: usize, const K: usize> Tables<C, D, K> {
    pub(crate) const fn new() -> Self {
        Tables {
            classes: Classes::new(),
            dependencies: Dependencies::new(),
            order: Order::new(),
            reach: Reach::new(),
            scratch: Scratch::new(),
            ledger: Ledger::EMPTY,
            queue: Queue::EMPTY,
            notices: Notices::NONE,
            roster: RosterTable::new(),
        }
    }

    /// The third way: see there.
    #[inline(always)]
    pub(crate) fn learn(&mut self, seen: Seen<'_>, new: &third::New<'_>, policy: Policy) -> bool {
        new.learn(seen, &self.dependencies, &mut self.ledger, &mut self.roster.roster(), policy)
    }

    pub(crate) fn engine<'a>(
        &'a mut self,
        seen: Seen<'a>,
        slots: [Option<&'a mut Report>; SLOTS],
        terms: &'a Terms,
    ) -> Engine<'a> {
        Engine {
            seen,
            graph: Graph {
                classes: &mut self.classes,
                dependencies: &mut self.dependencies,
                order: &mut self.order,
                reach: &mut self.reach,
                scratch: &mut self.scratch,
            },
            ledger: &mut self.ledger,
            queue: &mut self.queue,
            slots,
            written: 0,
            notices: &mut self.notices,
            roster: self.roster.roster(),
            terms,
            again: None,
        }
    }
}

impl<const C: usize, const D: usize, const K: usize> Default for Validator<C, D, K> {
    fn default() -> Self {
        Validator::new()
    }
}

impl<const C: usize, const D: usize, const K: usize> Validator<C, D, K> {
    /// One that has learned nothing.
    pub const fn new() -> Self {
        Validator {
            seen_classes: SeenClasses::new(),
            chains: Chains::new(),
            tables: Tables::new(),
            report: Report::EMPTY,
        }
    }

    /// What the fast path reads.
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { classes: &self.seen_classes, chains: &self.chains }
    }

    /// Both halves, for events of the slow path.
    pub fn engine(&mut self) -> Engine<'_> {
        let seen = Seen { classes: &self.seen_classes, chains: &self.chains };
        let mut slots = [const { None }; SLOTS];
        slots[0] = Some(&mut self.report);
        self.tables.engine(seen, slots, &Terms::NO_PORT)
    }

    /// A lock is taken: by the first way that can be gone, as in a kernel.
    pub fn acquire(&mut self, context: &Context, what: &Acquire<'_>) {
        let ordinary = !what.tried && what.checked && what.subclass == Subclass::ZERO && what.nest.is_none();
        let known = (ordinary && self.acquire_ordinarily(context, what)) || second::acquire(self.seen(), context, what);
        if !known {
            self.engine().acquire(context, what);
        }
    }

    fn acquire_ordinarily(&mut self, context: &Context, what: &Acquire<'_>) -> bool {
        let Acquire { map, mode, site, .. } = *what;
        let seen = Seen { classes: &self.seen_classes, chains: &self.chains };
        if fast::acquire(seen, context, map, mode, site, context.irqs_on(), || Since::UNKNOWN) {
            return true;
        }
        let new = third::New::of(seen, context, map, mode, site, context.irqs_on());
        new.is_some_and(|new| {
            let known = new.is_known(seen) || self.tables.learn(seen, &new, Terms::NO_PORT.policy);
            if known {
                new.push(Since::UNKNOWN);
            }
            known
        })
    }

    /// A lock is let go: by the fast path if it can be.
    pub fn release(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        let seen = self.seen();
        if fast::release(context, map).is_none() && !second::release(seen, context, map) {
            self.engine().release(context, map, site);
        }
    }

    /// What was found.
    pub fn found(&self) -> Option<Kind> {
        self.tables.ledger.first
    }

    /// A table that has become full since this was last asked.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.engine().take_notice()
    }

    /// Its report.
    pub fn report(&self) -> Option<&Report> {
        self.found().map(|_| &self.report)
    }
}
