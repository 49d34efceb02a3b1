//! How full the tables are, the notices about full ones, and the reset of all of them.
//!
//! Invariants:
//! - Of each table a notice is given once, until a reset.
//! - A full table is a value, not an error: what finds no room is counted.
//!
//! What it does not do: show a notice (`runtime/`).

use crate::context::hold::{Hold, NO_SLOT};
use crate::context::{Context, HOLDS};
use crate::engine::Engine;
use crate::report::capacity::{Fill, Notice, Occupancy, Table};

/// The notices of a validator.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    /// A bit for each table of which a notice was given.
    said: u8,
    /// A bit for each of which the notice was not taken yet.
    pending: u8,
}

impl Notices {
    pub(crate) const NONE: Notices = Notices { said: 0, pending: 0 };

    /// Whether there is one that was not taken yet.
    pub(crate) fn are_pending(&self) -> bool {
        self.pending != 0
    }
}

impl Engine<'_> {
    /// Gives holds without a slot the slot of their class, if that has one by now. They found no room for it, or were
    /// acquired unchecked. Otherwise the same lock, or another one of its class, would be of two classes.
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

    /// Notes that a table is full. Of each table once.
    pub(crate) fn notice(&mut self, table: Table) {
        let bit = 1 << table as u8;
        let notices = &mut *self.outbox.notices;
        notices.pending |= bit & !notices.said;
        notices.said |= bit;
    }

    /// Returns a table that has become full since the last call. If there are several, each call returns one.
    pub fn take_notice(&mut self) -> Option<Notice> {
        let table = Table::ALL.into_iter().find(|&table| self.outbox.notices.pending & 1 << table as u8 != 0)?;
        self.outbox.notices.pending &= !(1 << table as u8);
        let occupancy = self.occupancy();
        let (size, remedy) = match table {
            Table::Classes => (occupancy.classes.size, "raise `Port::CLASSES`"),
            Table::Dependencies => (occupancy.dependencies.size, "raise `Port::DEPENDENCIES`"),
            Table::Chains | Table::Members => (occupancy.chains.size, "raise `Port::CHAINS`"),
            Table::Holds => (
                HOLDS,
                "hold fewer locks at once, or give those of one class a nest lock, which counts them as one: the size is \
                 fixed",
            ),
            Table::Findings => (
                occupancy.findings.size,
                "fix some of them, accept them in `Port::ACCEPTED`, or raise `Port::FINDINGS`",
            ),
            Table::Reports => {
                (occupancy.reports.size, "call `hooks::show_pending` more often, or raise `Port::REPORTS`")
            }
        };
        Some(Notice { table, size, remedy })
    }

    /// How full the tables are.
    pub fn occupancy(&self) -> Occupancy {
        let graph = &self.graph;
        let fill = |used: usize, size: usize, rejected: u32| Fill { used, size, rejected };
        Occupancy {
            classes: fill(graph.classes.used().into(), graph.classes.capacity(), graph.classes.rejected()),
            dependencies: fill(
                graph.dependencies.used().into(),
                graph.dependencies.capacity(),
                graph.dependencies.rejected(),
            ),
            chains: fill(
                self.published.chains.used() as usize,
                self.published.chains.capacity(),
                self.published.chains.rejected(),
            ),
            findings: fill(self.findings.ids().len(), self.findings.capacity(), self.findings.unknown),
            reports: fill(self.outbox.queue.waiting(), self.config.reports, self.findings.unwritten),
        }
    }

    /// Forgets all that was learned and found, unless a report waits to be shown. Returns whether it did.
    pub(crate) fn reset_unless_reports_wait(&mut self) -> bool {
        let idle = self.outbox.queue.waiting() == 0 && !self.outbox.queue.is_showing();
        if idle {
            self.reset();
        }
        idle
    }

    /// Forgets all that was learned and found, and the reports that wait to be shown.
    pub fn reset(&mut self) {
        self.graph.classes.clear(self.published.classes);
        self.graph.dependencies.clear();
        self.graph.topological_order.clear();
        self.graph.reachable_usage.clear();
        self.published.chains.clear();
        self.graph.chain_members.clear();
        self.findings.clear(self.config.now);
        self.outbox.clear();
    }
}
