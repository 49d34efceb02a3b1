//! The places where locks of a class were contended, and where their holders had acquired them (Linux's contention
//! points), on all CPUs.
//!
//! Invariant: the places carry the [`Stamp`] under which they were counted; under another one they count as none. What
//! it does not do: measure; `counters.rs` does.

use crate::lock::site::Site;
use crate::lock::site_cell::SiteCell;
use crate::stat::counters::Stamp;
use core::sync::atomic::{AtomicU32, Ordering};

/// How many places where a class was contended are kept, and as many of its holders. Linux's `LOCKSTAT_POINTS`.
pub(crate) const POINTS: usize = 4;

/// Where a class was contended, on all CPUs. A context writes it just before it waits, so it need not be cheap.
#[derive(Debug)]
pub(crate) struct Points {
    stamp: AtomicU32,
    /// The sort key of this class in a listing.
    pub(crate) rank: AtomicU32,
    waiters: [Point; POINTS],
    holders: [Point; POINTS],
}

#[derive(Debug)]
struct Point {
    site: SiteCell,
    count: AtomicU32,
}

impl Point {
    const fn new() -> Point {
        Point { site: SiteCell::new(), count: AtomicU32::new(0) }
    }
}

/// Which points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    /// Where contexts waited. Linux's contention points.
    Waiters,
    /// Where the lock was acquired by the holders they waited for. Linux's contending points.
    Holders,
}

impl Points {
    pub(crate) const fn new() -> Points {
        Points {
            stamp: AtomicU32::new(0),
            rank: AtomicU32::new(0),
            waiters: [const { Point::new() }; POINTS],
            holders: [const { Point::new() }; POINTS],
        }
    }

    fn of(&self, party: Party) -> &[Point; POINTS] {
        match party {
            Party::Waiters => &self.waiters,
            Party::Holders => &self.holders,
        }
    }

    /// Counts a place. If there are four others already, it is ignored, as in Linux.
    pub(crate) fn add(&self, stamp: Stamp, party: Party, site: Site) {
        self.begin(stamp);
        if let Some(point) = self.of(party).iter().find(|point| point.site.claim(site)) {
            point.count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Clears the points of another stamp. If several CPUs come at once, one clears; what the others count meanwhile
    /// may be lost.
    fn begin(&self, stamp: Stamp) {
        let before = self.stamp.load(Ordering::Relaxed);
        let is_mine = before != stamp.0
            && self.stamp.compare_exchange(before, stamp.0, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_mine {
            for point in self.waiters.iter().chain(&self.holders) {
                point.count.store(0, Ordering::Relaxed);
                point.site.set(None);
            }
        }
    }

    /// Returns the places with their counts.
    pub(crate) fn read(&self, stamp: Stamp, party: Party) -> impl Iterator<Item = (Option<Site>, u32)> {
        let is_mine = self.stamp.load(Ordering::Relaxed) == stamp.0;
        let points = self.of(party).iter().filter(move |_| is_mine);
        points.map(|point| (point.site.get(), point.count.load(Ordering::Relaxed))).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::class::ClassId;

    const ONE: Stamp = Stamp::of(ClassId::new(1, 1), 0);
    const TWO: Stamp = Stamp::of(ClassId::new(1, 2), 0);

    #[test]
    fn four_places_are_kept_and_a_fifth_is_passed_over() {
        let points = Points::new();
        let sites = [Site::caller(), Site::caller(), Site::caller(), Site::caller(), Site::caller()];
        for _ in 0..2 {
            sites.iter().for_each(|&site| points.add(ONE, Party::Waiters, site));
        }
        let counts = points.read(ONE, Party::Waiters).map(|(_, count)| count);
        assert!(counts.eq([2; POINTS]));
        assert_eq!(points.read(ONE, Party::Holders).count(), 0);
        points.add(TWO, Party::Holders, sites[4]);
        assert_eq!((points.read(TWO, Party::Waiters).count(), points.read(TWO, Party::Holders).count()), (0, 1));
    }
}
