//! Reads the counters: sums over the CPUs, and the classes in the order of their contentions. It changes no counter.

use super::recorder::Recorder;
use crate::graph::classes::UsageWords;
use crate::report::ClassView;
use crate::stat::counters::{Access, Entry, Stamp};
use crate::stat::listing::{ClassTimes, Point, SideTimes};
use crate::stat::points::{POINTS, Party, Points};
use core::sync::atomic::Ordering;
use heapless::Vec;

impl<const C: usize, const N: usize> Recorder<C, N> {
    /// Returns the statistics of the class in `slot`.
    pub(crate) fn times(&self, usage_words: &UsageWords, slot: u16, class: ClassView) -> ClassTimes {
        let stamp = self.stamp(usage_words, slot);
        let points = |party| self.points(slot).map_or_else(Vec::new, |points| read_points(points, stamp, party));
        ClassTimes {
            class,
            write: self.side(slot, stamp, Access::Exclusive),
            read: self.side(slot, stamp, Access::Shared),
            waiters: points(Party::Waiters),
            holders: points(Party::Holders),
        }
    }

    /// Returns how often locks of the class in `slot` were acquired and released.
    pub(crate) fn operations(&self, usage_words: &UsageWords, slot: u16) -> u64 {
        let stamp = self.stamp(usage_words, slot);
        let of = |entry: &Entry, access| entry.side(access).hold.count(stamp);
        self.entries(slot).fold(0, |sum, entry| sum + of(entry, Access::Exclusive) + of(entry, Access::Shared))
    }

    /// Begins a listing in the order of contentions, which are recorded now. Returns `false` if another listing is
    /// running.
    pub(crate) fn begin_listing(&self, usage_words: &UsageWords) -> bool {
        if self.listing.swap(true, Ordering::Acquire) {
            return false;
        }
        for slot in 1..C as u16 {
            let stamp = self.stamp(usage_words, slot);
            let of = |entry: &Entry, access| entry.side(access).wait.count(stamp);
            let waits = |sum: u64, entry: &Entry| sum + of(entry, Access::Exclusive) + of(entry, Access::Shared);
            let waits = self.entries(slot).fold(0, waits);
            let waited_for = |points: &Points| points.read(stamp, Party::Waiters).next().is_some();
            let is_used =
                self.operations(usage_words, slot) > 0 || waits > 0 || self.points(slot).is_some_and(waited_for);
            let rank = u32::try_from(waits).unwrap_or(u32::MAX).saturating_add(1);
            self.set_rank(slot, if is_used { rank } else { 0 });
        }
        true
    }

    /// Returns the next class of the listing: of the remaining ones, that with the most contentions.
    pub(crate) fn next_listed(&self) -> Option<u16> {
        let mut best = (0, 0);
        for slot in 1..C as u16 {
            let rank = self.points(slot).map_or(0, |points| points.rank.load(Ordering::Relaxed));
            if rank > best.0 {
                best = (rank, slot);
            }
        }
        self.set_rank(best.1, 0);
        (best.0 > 0).then_some(best.1)
    }

    /// Ends a listing.
    pub(crate) fn end_listing(&self) {
        self.listing.store(false, Ordering::Release);
    }

    fn set_rank(&self, slot: u16, rank: u32) {
        if let Some(points) = self.points(slot) {
            points.rank.store(rank, Ordering::Relaxed);
        }
    }

    fn side(&self, slot: u16, stamp: Stamp, access: Access) -> SideTimes {
        let sides = self.entries(slot).map(|entry| entry.side(access));
        sides.fold(SideTimes::default(), |sum, side| SideTimes {
            hold: sum.hold.join(side.hold.read(stamp)),
            wait: sum.wait.join(side.wait.read(stamp)),
        })
    }
}

/// The places of a class, in the order of their first occurrence.
fn read_points(points: &Points, stamp: Stamp, party: Party) -> Vec<Point, POINTS> {
    let mut read = Vec::new();
    for (site, count) in points.read(stamp, party) {
        if let Some(site) = site {
            // It has room for all of them.
            let _ = read.push(Point { site, count });
        }
    }
    read
}
