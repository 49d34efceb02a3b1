//! The counters of the statistics (feature `stat`): for each CPU and class, how often and how long its locks were held
//! and waited for.
//!
//! Invariants:
//! - A CPU writes its own table only, with plain loads and stores; a reader sums over all CPUs. So no cache line is
//!   shared while nothing is contended.
//! - An addition may be lost if an interrupt comes between the load and the store of a sum, on machines that need two
//!   instructions for it, or if the task moves to another CPU in between. No other word is affected: the extremes and
//!   the start of a `Durations` are written with interrupts disabled.
//! - Each `Durations` carries the `Stamp` under which it was started: the generation of the class and the number of the
//!   last clearing. One with another stamp counts as empty, and its CPU starts it again. So no CPU ever clears
//!   another's table, and clearing is one store.

use crate::atomic::word64::AtomicWord64;
use crate::context::hold::HoldFlags;
use crate::lock::class::ClassId;
use crate::lock::site::Site;
use crate::lock::site_cell::SiteCell;
use crate::stat::sum::Sum;
use core::sync::atomic::{AtomicU32, Ordering};

/// Identifies what a `Durations` counts: one class between two clearings. Never 0 for a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(pub(super) u32);

impl Stamp {
    /// The stamp of the class with this id after this number of clearings; 16 bits of each count. So a CPU that counted
    /// nothing in a slot for exactly 65,536 classes (or clearings), or a multiple, mistakes its old counts for those of
    /// the current class.
    #[inline(always)]
    pub(crate) const fn of(id: ClassId, clearings: u32) -> Stamp {
        Stamp((id.generation() as u32) << 16 | clearings & 0xffff)
    }
}

/// How often and for how long: the waits or the holds of a class, in one mode, on one CPU.
#[derive(Debug)]
pub(crate) struct Durations {
    stamp: AtomicU32,
    bounces: AtomicU32,
    count: Sum,
    total: Sum,
    least: AtomicWord64,
    /// The longest minus the shortest, so that one comparison finds whether a length is an extreme.
    spread: AtomicWord64,
    longest_at: SiteCell,
}

/// The figures of waits or holds, of one CPU or summed over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lengths {
    /// How many waits or holds.
    pub count: u64,
    /// How often the lock came from another CPU.
    pub bounces: u64,
    /// The sum of all lengths, in the port's units of time.
    pub total: u64,
    /// The shortest.
    pub min: u64,
    /// The longest.
    pub max: u64,
    /// The line that acquired the lock of the longest. `None` while all lengths are 0.
    pub longest_at: Option<Site>,
}

impl Lengths {
    /// Returns the average length; 0 if there are none.
    pub fn average(&self) -> u64 {
        self.total.checked_div(self.count).unwrap_or(0)
    }

    /// Adds the figures of another CPU.
    pub(crate) fn join(self, other: Lengths) -> Lengths {
        let (Lengths { count: 1.., .. }, Lengths { count: 1.., .. }) = (&self, &other) else {
            return if self.count == 0 { other } else { self };
        };
        Lengths {
            count: self.count.saturating_add(other.count),
            bounces: self.bounces.saturating_add(other.bounces),
            total: self.total.saturating_add(other.total),
            min: self.min.min(other.min),
            max: self.max.max(other.max),
            longest_at: if other.max > self.max { other.longest_at } else { self.longest_at },
        }
    }
}

impl Durations {
    const fn new() -> Durations {
        Durations {
            stamp: AtomicU32::new(0),
            bounces: AtomicU32::new(0),
            count: Sum::new(),
            total: Sum::new(),
            least: AtomicWord64::new(),
            spread: AtomicWord64::new(),
            longest_at: SiteCell::new(),
        }
    }

    /// Counts a length if it is no extreme and the counter is started. Returns whether it did.
    #[inline(always)]
    pub(crate) fn add(&self, stamp: Stamp, length: u64) -> bool {
        let is_begun = self.stamp.load(Ordering::Relaxed) == stamp.0;
        let is_new = !is_begun || length.wrapping_sub(self.least.load()) > self.spread.load();
        if !is_new {
            self.count.add(1);
            self.total.add(length);
        }
        !is_new
    }

    /// Counts any length, of a wait or hold that began at `site`. With interrupts disabled.
    pub(crate) fn add_extreme(&self, stamp: Stamp, length: u64, site: Option<Site>) {
        if self.stamp.load(Ordering::Relaxed) != stamp.0 {
            return self.begin(stamp, length, site);
        }
        self.count.add(1);
        self.total.add(length);
        let (least, most) = (self.least.load(), self.most());
        if length > most || self.longest_at.get().is_none() {
            self.longest_at.set(site);
        }
        self.least.store(least.min(length));
        self.spread.store(most.max(length) - least.min(length));
    }

    fn begin(&self, stamp: Stamp, length: u64, site: Option<Site>) {
        // A reader finds an empty counter meanwhile, never half of one.
        self.stamp.store(0, Ordering::Relaxed);
        self.bounces.store(0, Ordering::Release);
        self.count.set(1);
        self.total.set(length);
        self.least.store(length);
        self.spread.store(0);
        self.longest_at.set(site);
        self.stamp.store(stamp.0, Ordering::Release);
    }

    /// Counts a bounce, after its length.
    pub(crate) fn bounce(&self) {
        self.bounces.store(self.bounces.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    fn most(&self) -> u64 {
        self.least.load().wrapping_add(self.spread.load())
    }

    /// Returns how many lengths were counted.
    pub(crate) fn count(&self, stamp: Stamp) -> u64 {
        if self.stamp.load(Ordering::Acquire) == stamp.0 { self.count.get() } else { 0 }
    }

    /// Returns all figures.
    pub(crate) fn read(&self, stamp: Stamp) -> Lengths {
        let lengths = Lengths {
            count: self.count(stamp),
            bounces: self.bounces.load(Ordering::Relaxed).into(),
            total: self.total.get(),
            min: self.least.load(),
            max: self.most(),
            longest_at: self.longest_at.get(),
        };
        if lengths.count == 0 { Lengths::default() } else { lengths }
    }
}

/// The figures of a class on one CPU: held and waited for, for writing and for reading. 192 bytes.
#[derive(Debug)]
pub(crate) struct Entry {
    sides: [Side; 2],
}

/// Whether a hold excludes others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// A writer's.
    Exclusive,
    /// A reader's.
    Shared,
}

impl Access {
    /// That of a hold with these flags.
    #[inline(always)]
    pub(crate) const fn of(flags: HoldFlags) -> Access {
        if flags.contains(HoldFlags::SHARED) { Access::Shared } else { Access::Exclusive }
    }
}

/// The figures of one way of acquiring a lock: for writing, or for reading.
#[derive(Debug)]
pub(crate) struct Side {
    pub(crate) hold: Durations,
    pub(crate) wait: Durations,
}

impl Entry {
    pub(crate) const fn new() -> Entry {
        Entry { sides: [const { Side { hold: Durations::new(), wait: Durations::new() } }; 2] }
    }

    /// Returns one side.
    #[inline(always)]
    pub(crate) fn side(&self, access: Access) -> &Side {
        let [write, read] = &self.sides;
        match access {
            Access::Exclusive => write,
            Access::Shared => read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stat::points::Points;

    const ONE: Stamp = Stamp(1 << 16);
    const TWO: Stamp = Stamp(2 << 16);

    fn tell(durations: &Durations, stamp: Stamp, length: u64) {
        if !durations.add(stamp, length) {
            durations.add_extreme(stamp, length, Some(Site::caller()));
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn entries_keep_to_their_budget() {
        assert_eq!((size_of::<Entry>(), size_of::<Points>()), (192, 136));
    }

    #[test]
    fn extremes_and_sums_are_right_in_any_order() {
        let lengths = [7_u64, 3, 3, 9, 0, u64::MAX / 2, 5];
        let durations = Durations::new();
        for length in lengths {
            tell(&durations, ONE, length);
        }
        let read = durations.read(ONE);
        assert_eq!((read.min, read.max), (0, u64::MAX / 2));
        assert_eq!((read.count, read.total), (7, lengths.iter().sum()));
    }

    #[test]
    fn what_is_within_the_extremes_takes_the_short_way() {
        let durations = Durations::new();
        assert!(!durations.add(ONE, 4), "it is not begun");
        tell(&durations, ONE, 4);
        tell(&durations, ONE, 8);
        assert!(durations.add(ONE, 4) && durations.add(ONE, 8) && durations.add(ONE, 6));
        assert!(!durations.add(ONE, 3) && !durations.add(ONE, 9));
        assert_eq!(durations.count(ONE), 5);
    }

    #[test]
    fn another_stamp_starts_again_and_reads_as_nothing() {
        let durations = Durations::new();
        tell(&durations, ONE, 4);
        durations.bounce();
        assert_eq!(durations.read(TWO), Lengths::default());
        tell(&durations, TWO, 2);
        let read = durations.read(TWO);
        assert_eq!((read.count, read.min, read.max, read.total, read.bounces), (1, 2, 2, 2, 0));
        assert_eq!(durations.count(ONE), 0);
    }

    #[test]
    fn the_longest_names_its_place() {
        let durations = Durations::new();
        let (first, second) = (Site::caller(), Site::caller());
        durations.add_extreme(ONE, 5, Some(first));
        durations.add_extreme(ONE, 3, Some(second));
        assert_eq!(durations.longest_at.get(), Some(first));
        durations.add_extreme(ONE, 6, Some(second));
        assert_eq!(durations.longest_at.get(), Some(second));
    }

    #[test]
    fn cpus_are_joined() {
        let one = Lengths { count: 2, bounces: 1, total: 10, min: 4, max: 6, longest_at: None };
        let other = Lengths { count: 1, bounces: 0, total: 9, min: 9, max: 9, longest_at: Some(Site::caller()) };
        let both = one.join(other);
        assert_eq!(both, Lengths { count: 3, bounces: 1, total: 19, min: 4, max: 9, longest_at: other.longest_at });
        assert_eq!((one.join(Lengths::default()), Lengths::default().join(one)), (one, one), "nothing has no minimum");
        assert_eq!((both.average(), Lengths::default().average()), (6, 0));
    }
}
