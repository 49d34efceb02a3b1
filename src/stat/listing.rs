//! Listings of the tables as plain data (feature `stat`): the classes with their dependencies, the chains, and the
//! statistics of one class. The texts in Linux's format are views of these.
//!
//! Each piece is one class or a few neighbours, copied while the internal lock is held, so that a listing never blocks
//! a lock operation for long. The tables may change between two pieces: a listing is not a snapshot.

use crate::engine::Engine;
use crate::graph::chain_members::Head;
use crate::graph::direction::Direction;
use crate::graph::node::Node;
use crate::lock::site::Site;
use crate::report::capacity::Fill;
use crate::report::{ClassView, Lookup};
use crate::stat::counters::Lengths;
use crate::stat::points::POINTS;
use crate::stat::summary::Sums;
use heapless::Vec;

/// How many neighbours are copied at once.
pub(crate) const BATCH: usize = 8;

/// A class with the number of its dependencies. A line of Linux's `/proc/lockdep`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassEntry {
    /// The key of the class, 64 bits: the same from boot to boot.
    pub key: u64,
    /// The class.
    pub class: ClassView,
    /// How often its locks were acquired and released.
    pub operations: u64,
    /// Whether one of its locks was ever acquired. If not, it is known as the nest lock of others.
    pub taken: bool,
    /// How many classes strong paths lead to, itself included.
    pub forwards: usize,
    /// How many classes strong paths lead from, itself included.
    pub backwards: usize,
}

/// A line of the listing of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassLine {
    /// A class; its direct dependencies follow.
    Class(ClassEntry),
    /// A direct dependency of that class: the key of the other class, and the class.
    Leads(u64, ClassView),
    /// The end of the dependencies of that class.
    End,
}

/// A line of the listing of chains: locks that were held together, each chain once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainLine {
    /// A chain begins, which occurred in this kind of context.
    Chain {
        /// In a hard interrupt.
        in_hardirq: bool,
        /// In a softirq.
        in_softirq: bool,
    },
    /// A class of the chain, in the order of acquisition: its key, and the class.
    Member(u64, ClassView),
    /// The end of the chain.
    End,
}

/// The times of one way of acquiring the locks of a class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideTimes {
    /// How long they were held.
    pub hold: Lengths,
    /// How long they were waited for when they were contended. The count is the number of contentions.
    pub wait: Lengths,
}

/// A place in the source, with a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// The place.
    pub site: Site,
    /// How often it was counted.
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
    /// Where contexts waited, up to four places: Linux's contention points.
    pub waiters: Vec<Point, POINTS>,
    /// Where the lock was acquired by the holders they waited for: Linux's contending points.
    pub holders: Vec<Point, POINTS>,
}

impl ClassTimes {
    /// Returns how often a lock of the class was contended.
    pub fn contentions(&self) -> u64 {
        self.write.wait.count.saturating_add(self.read.wait.count)
    }
}

impl Engine<'_> {
    /// Returns the class in `slot` without its operations; `None` if the slot is empty.
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

    /// Returns the class in `slot`, as a report would show it; `None` if the slot is empty.
    pub(crate) fn class_view(&self, slot: u16) -> Option<ClassView> {
        let graph = &self.graph;
        let lookup =
            Lookup { classes: graph.classes, dependencies: graph.dependencies, usage_words: self.published.classes };
        let class = lookup.class(slot);
        class.site.is_some().then_some(class)
    }

    /// Returns the direct dependencies of the class in `slot`, from number `first` on, as many as fit.
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

    /// Returns the chain at this word of the chain members, and the position of the next one.
    pub(crate) fn chain_at(&self, at: usize) -> Option<(Head, usize)> {
        self.chain_members.get(self.published.classes, at)
    }

    /// Returns a class of the chain at this word.
    pub(crate) fn chain_member(&self, at: usize, number: usize) -> Option<(u64, ClassView)> {
        let slot = self.chain_members.member(at, number)?;
        Some((self.graph.classes.get(slot).key(), self.class_view(slot)?))
    }

    /// Returns the sums that the tables keep themselves.
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
