//! The limits of a validator: how full its tables are, and what is said when one of them is.
//!
//! A full table is a value. What finds no room is not learned, and counted; what is known stays, and so do the books on
//! held locks. That a table is full is said once, with what makes room.

use crate::context::{Context, HOLDS};
use crate::held::{Hold, NO_SLOT};
use crate::ledger::FINDINGS;
use crate::queue::{Queue, REPORTS};
use crate::validator::Engine;

/// A table of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Table {
    /// That of classes.
    Classes = 1,
    /// That of dependencies.
    Dependencies,
    /// The set of checked chains.
    Chains,
    /// The stack of holds of a context.
    Holds,
    /// The ids of the findings that were reported.
    Findings,
    /// The reports that wait to be shown.
    Reports,
    /// The members of checked chains, of which a listing is made (feature `stat`).
    Members,
}

impl Table {
    pub(crate) const ALL: [Table; 7] = [
        Table::Classes,
        Table::Dependencies,
        Table::Chains,
        Table::Holds,
        Table::Findings,
        Table::Reports,
        Table::Members,
    ];
}

/// Says that a table is full: what is new from now on is not learned, but counted. Not a finding, and said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub table: Table,
    /// How many entries it has.
    pub size: usize,
    /// What makes room: what to raise and where, or where the size is fixed, what else to do.
    pub remedy: &'static str,
}

/// The notices of a validator.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// A bit for each table that was named.
    said: u8,
    /// A bit for each that nobody has seen yet.
    pending: u8,
}

impl Notices {
    pub(crate) const NONE: Notices = Notices { said: 0, pending: 0 };

    /// Whether there is one that nobody has seen.
    pub(crate) fn are_pending(&self) -> bool {
        self.pending != 0
    }
}

/// How full one table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Entries in use.
    pub used: usize,
    /// Entries there are.
    pub size: usize,
    /// How often something found no room, and was not learned.
    pub turned_away: u32,
}

/// How full the tables of a validator are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Classes.
    pub classes: Fill,
    /// Dependencies.
    pub dependencies: Fill,
    /// Checked chains.
    pub chains: Fill,
    /// Findings that are known by their ids. What is turned away is a finding that is not reported.
    pub findings: Fill,
    /// Reports that wait to be shown. What is turned away is a finding that is not reported, until it comes again.
    pub reports: Fill,
}

impl Occupancy {
    pub(crate) const NONE: Occupancy = {
        let none = Fill { used: 0, size: 0, turned_away: 0 };
        Occupancy { classes: none, dependencies: none, chains: none, findings: none, reports: none }
    };
}

impl Engine<'_> {
    /// Holds that found no room for their class, or were taken without a look at the table, are of it once it has a slot:
    /// otherwise the same lock, or another one of its class, would be of two classes.
    pub(crate) fn settle_classes(&self, context: &Context) {
        for stack in context.outwards().filter(|stack| stack.own_kinds().any(|hold| hold.class == NO_SLOT)) {
            for index in 0..stack.height() {
                let unsettled = stack.hold(index).filter(|hold| hold.class == NO_SLOT);
                let class = unsettled.and_then(|hold| self.graph.classes.find_without_slot(hold.key));
                if let (Some(hold), Some(class)) = (unsettled, class) {
                    stack.set_hold(index, Hold { class, ..hold });
                }
            }
        }
    }

    /// A table is full: said once.
    pub(crate) fn notice(&mut self, table: Table) {
        let bit = 1 << table as u8;
        self.notices.pending |= bit & !self.notices.said;
        self.notices.said |= bit;
    }

    /// A table that has become full since this was last asked. Several are told one by one.
    pub fn take_notice(&mut self) -> Option<Notice> {
        let table = Table::ALL.into_iter().find(|&table| self.notices.pending & 1 << table as u8 != 0)?;
        self.notices.pending &= !(1 << table as u8);
        let occupancy = self.occupancy();
        let (size, remedy) = match table {
            Table::Classes => (occupancy.classes.size, "raise `classes` in `lockdep::port!`"),
            Table::Dependencies => (occupancy.dependencies.size, "raise `dependencies` in `lockdep::port!`"),
            Table::Chains | Table::Members => (occupancy.chains.size, "raise `chains` in `lockdep::port!`"),
            Table::Holds => (
                HOLDS,
                "hold fewer locks at once, or give those of one class a nest lock, which counts them as one: the size is \
                 fixed",
            ),
            Table::Findings => {
                (occupancy.findings.size, "fix some of them, or accept them in `Port::ACCEPTED`: the size is fixed")
            }
            Table::Reports => (occupancy.reports.size, "call `hooks::drain` more often: the size is fixed"),
        };
        Some(Notice { table, size, remedy })
    }

    /// How full the tables are.
    pub fn occupancy(&self) -> Occupancy {
        let graph = &self.graph;
        let fill = |used: usize, size: usize, turned_away: u32| Fill { used, size, turned_away };
        Occupancy {
            classes: fill(graph.classes.used().into(), graph.classes.capacity(), graph.classes.turned_away()),
            dependencies: fill(
                graph.dependencies.used().into(),
                graph.dependencies.capacity(),
                graph.dependencies.turned_away(),
            ),
            chains: fill(self.seen.chains.used() as usize, self.seen.chains.capacity(), self.seen.chains.turned_away()),
            findings: fill(self.ledger.ids().len(), FINDINGS, self.ledger.unknown),
            reports: fill(self.queue.waiting(), REPORTS, self.ledger.unwritten),
        }
    }

    /// Forgets all that was learned and found. Not while a report waits that somebody has yet to show; says whether it did.
    pub(crate) fn reset_unless_reports_wait(&mut self) -> bool {
        let idle = self.queue.waiting() == 0 && !self.queue.is_showing();
        if idle {
            self.reset();
        }
        idle
    }

    /// Forgets all that was learned and found, and what waits to be shown.
    pub fn reset(&mut self) {
        self.graph.classes.clear(self.seen.classes);
        self.graph.dependencies.clear();
        self.graph.order.clear();
        self.graph.reach.clear();
        self.seen.chains.clear();
        self.roster.clear();
        self.ledger.clear(self.terms.now);
        *self.queue = Queue::EMPTY;
        *self.notices = Notices::default();
    }
}
