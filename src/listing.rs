//! What a validator knows, as plain data for listings (feature `stat`): the classes with what they lead to, sums over all
//! of them, and the statistics of one class. The texts in Linux's shape are views of these.
//!
//! Each piece is one class or a few neighbours, copied while the internal lock is held, so that nobody waits long for a
//! listing. Between two pieces the tables may change: a listing is no snapshot.

use crate::dependency::Direction;
use crate::limits::{Fill, Occupancy};
use crate::report::{ClassView, Lookup};
use crate::roster::Head;
use crate::search::Node;
use crate::site::Site;
use crate::tally::{Lengths, POINTS};
use crate::usage::Usage;
use crate::validator::Engine;
use heapless::Vec;

/// How many neighbours are copied at once.
pub(crate) const BATCH: usize = 8;

/// A class with what its locks lead to. A line of Linux's `/proc/lockdep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassEntry {
    /// The 64 bits that stand for the class: the same from boot to boot.
    pub key: u64,
    /// The class.
    pub class: ClassView,
    /// How often its locks were taken and let go.
    pub operations: u64,
    /// How many classes a strong path leads to, itself included.
    pub forwards: usize,
    /// How many classes a strong path leads from, itself included.
    pub backwards: usize,
}

/// A line of the listing of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassLine {
    /// A class; what it leads to directly follows.
    Class(ClassEntry),
    /// The last class leads to this one: its key, and itself.
    Leads(u64, ClassView),
    /// The end of what the last class leads to.
    End,
}

/// A line of the listing of chains: what was held together, each chain once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainLine {
    /// A chain begins, that occurred in this kind of context.
    Chain {
        /// In a hard interrupt.
        in_hardirq: bool,
        /// In a softirq.
        in_softirq: bool,
    },
    /// A class of it, in the order in which they were taken: its key, and itself.
    Member(u64, ClassView),
    /// It ends.
    End,
}

/// One way of taking the locks of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideTimes {
    /// How long they were held.
    pub hold: Lengths,
    /// How long they were waited for, where they could not be had at once. The count is that of contentions.
    pub wait: Lengths,
}

/// A place in the source, and how often it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The place.
    pub site: Site,
    /// How often.
    pub count: u32,
}

/// The statistics of a class, summed over the CPUs. A block of Linux's `/proc/lock_stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTimes {
    /// The class.
    pub class: ClassView,
    /// Taken for writing.
    pub write: SideTimes,
    /// Taken for reading.
    pub read: SideTimes,
    /// Where somebody waited, up to four places: Linux's contention points.
    pub waiters: Vec<Point, POINTS>,
    /// Where those had taken the lock who were waited for: Linux's contending points.
    pub holders: Vec<Point, POINTS>,
}

impl ClassTimes {
    /// How often a lock of the class was waited for.
    pub fn contentions(&self) -> u64 {
        self.write.wait.count.saturating_add(self.read.wait.count)
    }
}

/// How many classes are safe, that is used in an interrupt, and unsafe, that is held with it enabled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
pub struct Sums {
    /// How full the tables are.
    pub occupancy: Occupancy,
    /// How full the list of the members of chains is, in words; what was turned away are chains.
    pub members: Fill,
    /// Chains that occurred in hard interrupts.
    pub in_hardirq: usize,
    /// Chains that occurred in softirqs.
    pub in_softirq: usize,
    /// Chains that occurred in tasks.
    pub in_process: usize,
    /// The most locks that were held together.
    pub deepest: usize,
    /// How many events were not counted, since they were on CPUs that `port!` was not told of.
    pub outside: u32,
    /// Nothing was found yet that ended the checking.
    pub on: bool,
    /// How many pairs of classes a strong path leads between.
    pub indirect: usize,
    /// Hard interrupts, taken exclusively.
    pub hardirq: Safety,
    /// Softirqs, taken exclusively.
    pub softirq: Safety,
    /// Either, taken exclusively.
    pub irq: Safety,
    /// Hard interrupts, taken by readers.
    pub hardirq_read: Safety,
    /// Softirqs, taken by readers.
    pub softirq_read: Safety,
    /// Either, taken by readers.
    pub irq_read: Safety,
    /// Classes of which no usage is known.
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
        self.unused += usize::from(usage.is_empty());
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

impl Engine<'_> {
    /// The class in `slot` without its operations; `None` where there is none.
    pub(crate) fn class_entry(&mut self, slot: u16) -> Option<ClassEntry> {
        let class = self.class_view(slot)?;
        Some(ClassEntry {
            key: self.graph.classes.get(slot).key(),
            class,
            operations: 0,
            forwards: self.graph.count(Node::new(slot, false), Direction::Forwards),
            backwards: self.graph.count(Node::new(slot, false), Direction::Backwards),
        })
    }

    /// The class in `slot`, as a report would show it; `None` where there is none.
    pub(crate) fn class_view(&self, slot: u16) -> Option<ClassView> {
        let graph = &self.graph;
        let lookup = Lookup { classes: graph.classes, dependencies: graph.dependencies, seen: self.seen.classes };
        let class = lookup.class(slot);
        class.site.is_some().then_some(class)
    }

    /// What the class in `slot` leads to directly, from number `first` on, as many as fit.
    pub(crate) fn leads_to(&self, slot: u16, first: usize) -> Vec<(u64, ClassView), BATCH> {
        let ends = self.graph.dependencies.along(self.graph.classes, slot, Direction::Forwards);
        let mut batch = Vec::new();
        for to in ends.map(|(_, dependency)| dependency.to).skip(first) {
            let Some(class) = self.class_view(to) else { continue };
            if batch.push((self.graph.classes.get(to).key(), class)).is_err() {
                break;
            }
        }
        batch
    }

    /// The chain that stands at this word of the roster, and where the next one does.
    pub(crate) fn chain_at(&self, at: usize) -> Option<(Head, usize)> {
        self.roster.get(self.seen.classes, at)
    }

    /// A class of the chain at this word.
    pub(crate) fn chain_member(&self, at: usize, number: usize) -> Option<(u64, ClassView)> {
        let slot = self.roster.member(at, number)?;
        Some((self.graph.classes.get(slot).key(), self.class_view(slot)?))
    }

    /// What the tables say of themselves.
    pub(crate) fn table_sums(&self) -> Sums {
        let counts = self.roster.counts();
        Sums {
            occupancy: self.occupancy(),
            members: Fill { used: counts.used as usize, size: self.roster.capacity(), turned_away: counts.lost },
            deepest: counts.deepest.into(),
            on: !self.is_silent(),
            ..Sums::default()
        }
    }
}
