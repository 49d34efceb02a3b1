//! The storage of a validator's two halves: arrays of fixed sizes.
//!
//! [`Validator`] is both halves as one value, for tests and the host. A kernel has the same halves in its runtime,
//! where the internal lock guards the second one (`runtime/shared.rs`).
//!
//! Invariant: an acquisition here tries the four paths in the same order as in a kernel.
//!
//! What it does not do: lock, disable interrupts, or show reports.

use crate::atomic::word64::AtomicWord64;
use crate::context::Context;
use crate::context::hold::Acquire;
use crate::engine::capacity::Notices;
use crate::engine::findings::Findings;
use crate::engine::report_queue::{ReportQueue, SLOTS};
use crate::engine::{Engine, Published, fast_path, new_chain, recheck};
use crate::graph::Graph;
use crate::graph::chain_cache::{self, Chains};
use crate::graph::chain_members::ChainMembersTable;
use crate::graph::classes::{Class, Classes, UsageWords};
use crate::graph::dependencies::{Dependencies, Dependency};
use crate::graph::reachable_usage::ReachableUsage;
use crate::graph::search::{Place, Scratch};
use crate::graph::topological_order::TopologicalOrder;
use crate::lock::class::Subclass;
use crate::lock::last_holder::Since;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::report::Report;
use crate::report::capacity::Notice;
use crate::report::config::PortConfig;
use crate::report::kind::Kind;
use crate::report::policy::Policy;

/// Both halves of a validator as one value: `C` slots for classes and `D` for dependencies, of which one each is never
/// used, and `K` for chains, a power of two.
#[derive(Debug)]
pub struct Validator<const C: usize, const D: usize, const K: usize> {
    seen_classes: UsageWords<[AtomicWord64; C]>,
    chains: Chains<[chain_cache::Slot; K]>,
    tables: Tables<C, D, K>,
    report: Report,
}

/// The half under the internal lock, with its storage.
#[derive(Debug)]
pub(crate) struct Tables<const C: usize, const D: usize, const K: usize> {
    classes: Classes<[Class; C]>,
    dependencies: Dependencies<[Dependency; D]>,
    topological_order: TopologicalOrder<[[u32; 2]; C]>,
    reachable_usage: ReachableUsage<[[Usage; 2]; C]>,
    scratch: Scratch<[[Place; 2]; C]>,
    findings: Findings,
    pub(crate) queue: ReportQueue,
    notices: Notices,
    chain_members: ChainMembersTable<K>,
}

/// Bytes of the tables of one validator. The rest of its size is flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The classes, with their usage words.
    pub classes: usize,
    /// The dependencies.
    pub dependencies: usize,
    /// The set of checked chains.
    pub chains: usize,
    /// The scratch of searches, and the tables that make most searches unnecessary.
    pub search: usize,
    /// The reports that wait to be shown, and the record of findings.
    pub reports: usize,
}

impl Sizes {
    /// Those of a validator with `C` slots for classes, `D` for dependencies and `K` for chains.
    pub const fn of<const C: usize, const D: usize, const K: usize>() -> Sizes {
        Sizes {
            classes: size_of::<Classes<[Class; C]>>() + size_of::<UsageWords<[AtomicWord64; C]>>(),
            dependencies: size_of::<Dependencies<[Dependency; D]>>(),
            chains: size_of::<Chains<[chain_cache::Slot; K]>>(),
            search: size_of::<Scratch<[[Place; 2]; C]>>()
                + size_of::<TopologicalOrder<[[u32; 2]; C]>>()
                + size_of::<ReachableUsage<[[Usage; 2]; C]>>(),
            reports: SLOTS * size_of::<Report>() + size_of::<Findings>(),
        }
    }
}

impl<const C: usize, const D: usize, const K: usize> Tables<C, D, K> {
    pub(crate) const fn new() -> Self {
        Tables {
            classes: Classes::new(),
            dependencies: Dependencies::new(),
            topological_order: TopologicalOrder::new(),
            reachable_usage: ReachableUsage::new(),
            scratch: Scratch::new(),
            findings: Findings::EMPTY,
            queue: ReportQueue::EMPTY,
            notices: Notices::NONE,
            chain_members: ChainMembersTable::new(),
        }
    }

    /// The new-chain path: see [`new_chain::New::learn`].
    #[inline(always)]
    pub(crate) fn learn(&mut self, published: Published<'_>, new: &new_chain::New<'_>, policy: Policy) -> bool {
        new.learn(published, &self.dependencies, &mut self.findings, &mut self.chain_members.chain_members(), policy)
    }

    pub(crate) fn engine<'a>(
        &'a mut self,
        published: Published<'a>,
        slots: [Option<&'a mut Report>; SLOTS],
        config: &'a PortConfig,
    ) -> Engine<'a> {
        Engine {
            published,
            graph: Graph {
                classes: &mut self.classes,
                dependencies: &mut self.dependencies,
                topological_order: &mut self.topological_order,
                reachable_usage: &mut self.reachable_usage,
                scratch: &mut self.scratch,
            },
            findings: &mut self.findings,
            queue: &mut self.queue,
            slots,
            written: 0,
            notices: &mut self.notices,
            chain_members: self.chain_members.chain_members(),
            config,
            reacquired: None,
        }
    }
}

impl<const C: usize, const D: usize, const K: usize> Default for Validator<C, D, K> {
    fn default() -> Self {
        Validator::new()
    }
}

impl<const C: usize, const D: usize, const K: usize> Validator<C, D, K> {
    /// An empty validator.
    pub const fn new() -> Self {
        Validator {
            seen_classes: UsageWords::new(),
            chains: Chains::new(),
            tables: Tables::new(),
            report: Report::EMPTY,
        }
    }

    /// The half that is read without the internal lock.
    pub(crate) fn published(&self) -> Published<'_> {
        Published { classes: &self.seen_classes, chains: &self.chains }
    }

    /// Both halves, for events that need the engine.
    pub fn engine(&mut self) -> Engine<'_> {
        let published = Published { classes: &self.seen_classes, chains: &self.chains };
        let mut slots = [const { None }; SLOTS];
        slots[0] = Some(&mut self.report);
        self.tables.engine(published, slots, &PortConfig::NO_PORT)
    }

    /// Acquires a lock by the first path that can handle it, as in a kernel.
    pub fn acquire(&mut self, context: &Context, what: &Acquire<'_>) {
        let ordinary = !what.tried && what.checked && what.subclass == Subclass::ZERO && what.nest.is_none();
        let known =
            (ordinary && self.acquire_ordinarily(context, what)) || recheck::acquire(self.published(), context, what);
        if !known {
            self.engine().acquire(context, what);
        }
    }

    fn acquire_ordinarily(&mut self, context: &Context, what: &Acquire<'_>) -> bool {
        let Acquire { map, mode, site, .. } = *what;
        let published = Published { classes: &self.seen_classes, chains: &self.chains };
        if fast_path::acquire(published, context, map, mode, site, context.irqs(), || Since::UNKNOWN) {
            return true;
        }
        let new = new_chain::New::of(published, context, map, mode, site, context.irqs());
        new.is_some_and(|new| {
            let known = new.is_known(published) || self.tables.learn(published, &new, PortConfig::NO_PORT.policy);
            if known {
                new.push(Since::UNKNOWN);
            }
            known
        })
    }

    /// Releases a lock: by the fast path or the recheck path if one can handle it.
    pub fn release(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        let published = self.published();
        if fast_path::release(context, map).is_none() && !recheck::release(published, context, map) {
            self.engine().release(context, map, site);
        }
    }

    /// The kind that was found first.
    pub fn found(&self) -> Option<Kind> {
        self.tables.findings.first
    }

    /// Returns a table that has become full since the last call.
    pub fn take_notice(&mut self) -> Option<Notice> {
        self.engine().take_notice()
    }

    /// The report of the first finding.
    pub fn report(&self) -> Option<&Report> {
        self.found().map(|_| &self.report)
    }
}
