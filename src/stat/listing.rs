//! What a validator knows, as plain data for listings (feature `stat`): the classes with what they lead to, sums over all
//! of them, and the statistics of one class. The texts in Linux's shape are views of these.
//!
//! Each piece is one class or a few neighbours, copied while the internal lock is held, so that nobody waits long for a
//! listing. Between two pieces the tables may change: a listing is no snapshot.

use crate::engine::Engine;
use crate::graph::chain_members::Head;
use crate::graph::direction::Direction;
use crate::graph::node::Node;
use crate::lock::site::Site;
use crate::report::capacity::Fill;
use crate::report::{ClassView, Lookup};
use crate::stat::counters::{Lengths, POINTS};
use crate::stat::summary::Sums;
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
    /// How often its locks were taken and released.
    pub operations: u64,
    /// Whether one of its locks was ever taken. If not, it was named as the nest lock of others.
    pub taken: bool,
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

impl Engine<'_> {
    /// The class in `slot` without its operations; `None` where there is none.
    pub(crate) fn class_entry(&mut self, slot: u16) -> Option<ClassEntry> {
        let class = self.class_view(slot)?;
        Some(ClassEntry {
            key: self.graph.classes.get(slot).key(),
            class,
            operations: 0,
            taken: self.published.classes.is_taken(slot),
            forwards: self.graph.count(Node::new(slot, false), Direction::Forwards),
            backwards: self.graph.count(Node::new(slot, false), Direction::Backwards),
        })
    }

    /// The class in `slot`, as a report would show it; `None` where there is none.
    pub(crate) fn class_view(&self, slot: u16) -> Option<ClassView> {
        let graph = &self.graph;
        let lookup =
            Lookup { classes: graph.classes, dependencies: graph.dependencies, usage_words: self.published.classes };
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
        self.chain_members.get(self.published.classes, at)
    }

    /// A class of the chain at this word.
    pub(crate) fn chain_member(&self, at: usize, number: usize) -> Option<(u64, ClassView)> {
        let slot = self.chain_members.member(at, number)?;
        Some((self.graph.classes.get(slot).key(), self.class_view(slot)?))
    }

    /// What the tables say of themselves.
    pub(crate) fn table_sums(&self) -> Sums {
        let counts = self.chain_members.counts();
        Sums {
            occupancy: self.occupancy(),
            members: Fill { used: counts.used as usize, size: self.chain_members.capacity(), rejected: counts.lost },
            collisions: self.published.chains.collisions() as usize,
            deepest: counts.deepest.into(),
            on: !self.is_silent(),
            ..Sums::default()
        }
    }
}
