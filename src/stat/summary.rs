//! Sums over all tables: what Linux's `/proc/lockdep_stats` shows. Plain data; it keeps no table.

use crate::graph::chain_members::Head;
use crate::lock::usage::Usage;
use crate::report::capacity::{Fill, Occupancy};
use crate::stat::listing::ClassEntry;

/// How many classes are safe (used in an interrupt), and how many unsafe (held with it enabled).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Safety {
    /// Used in it.
    pub used: usize,
    /// Held with it enabled.
    pub enabled: usize,
}

impl Safety {
    fn count(&mut self, usage: Usage, used: Usage, enabled: Usage) {
        self.used += usize::from(usage.intersects(used));
        self.enabled += usize::from(usage.intersects(enabled));
    }
}

/// Sums over all tables. Linux's `/proc/lockdep_stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sums {
    /// How full the tables are.
    pub occupancy: Occupancy,
    /// How full the table of chain members is, in words. Its rejected entries are chains.
    pub members: Fill,
    /// Chains that occurred in hard interrupts.
    pub in_hardirq: usize,
    /// Chains that occurred in softirqs.
    pub in_softirq: usize,
    /// Chains that occurred in tasks.
    pub in_process: usize,
    /// Chains whose key another chain has, too. Each was checked nevertheless.
    pub collisions: usize,
    /// The most locks that were held together.
    pub deepest: usize,
    /// How many events were not counted, since they were on a CPU beyond `Port::CPUS`.
    pub outside: u32,
    /// Whether the validator is still checking.
    pub on: bool,
    /// How many pairs of classes are connected by a strong path.
    pub indirect: usize,
    /// Classes and hard interrupts, for exclusive acquisitions.
    pub hardirq: Safety,
    /// Classes and softirqs, for exclusive acquisitions.
    pub softirq: Safety,
    /// Classes and either of them, for exclusive acquisitions.
    pub irq: Safety,
    /// Classes and hard interrupts, for readers.
    pub hardirq_read: Safety,
    /// Classes and softirqs, for readers.
    pub softirq_read: Safety,
    /// Classes and either of them, for readers.
    pub irq_read: Safety,
    /// Classes of which no lock was ever acquired, as far as is known: they are the nest locks of others.
    pub unused: usize,
}

impl Sums {
    /// Adds a chain.
    pub(crate) fn add_chain(&mut self, head: &Head) {
        let place = match (head.in_hardirq, head.in_softirq) {
            (true, _) => &mut self.in_hardirq,
            (false, true) => &mut self.in_softirq,
            (false, false) => &mut self.in_process,
        };
        *place += 1;
    }

    /// Adds a class.
    pub(crate) fn add_class(&mut self, entry: &ClassEntry) {
        let usage = entry.class.usage;
        self.indirect += entry.forwards.saturating_sub(1);
        self.unused += usize::from(!entry.taken);
        let (hard, soft) = (Usage::IN_HARDIRQ, Usage::IN_SOFTIRQ);
        let (hard_on, soft_on) = (Usage::HARDIRQ_ON, Usage::SOFTIRQ_ON);
        self.hardirq.count(usage, hard, hard_on);
        self.softirq.count(usage, soft, soft_on);
        self.irq.count(usage, hard | soft, hard_on | soft_on);
        let (hard, soft) = (Usage::IN_HARDIRQ_READ, Usage::IN_SOFTIRQ_READ);
        let (hard_on, soft_on) = (Usage::HARDIRQ_ON_READ, Usage::SOFTIRQ_ON_READ);
        self.hardirq_read.count(usage, hard, hard_on);
        self.softirq_read.count(usage, soft, soft_on);
        self.irq_read.count(usage, hard | soft, hard_on | soft_on);
    }
}
