//! What locks and holds record for the statistics (feature `stat`): the last holder of a lock, its hold limit, and the
//! start time of a hold.
//!
//! Without the feature the same names are zero-sized types and empty functions.
//!
//! Invariants: the holder of a lock writes its `LastHolder` just before the release, so it owns the cache line. Readers
//! that hold a lock together may overwrite one another: then a bounce is missed.
//!
//! What it does not do: count. `stat/` reads what is recorded here.

/// With the feature `stat`.
#[cfg(feature = "stat")]
mod kept {
    use crate::atomic::relaxed::Own64;
    use crate::lock::site::Site;
    use crate::lock::site_cell::SiteCell;
    use core::sync::atomic::{AtomicU32, Ordering};

    /// What a lock records about its last holder.
    #[derive(Debug)]
    pub(crate) struct LastHolder {
        /// The CPU that released it last, plus one; 0: none yet.
        cpu: AtomicU32,
        /// Where the last hold began.
        site: SiteCell,
        /// How long it may be held, in the port's units; 0: no limit.
        limit: u64,
    }

    impl LastHolder {
        /// For a lock that was never held, with the limit of its key.
        pub(crate) const fn new(limit: HoldLimit) -> LastHolder {
            LastHolder { cpu: AtomicU32::new(0), site: SiteCell::new(), limit: limit.0 }
        }

        /// Returns whether this CPU released the lock last.
        #[inline(always)]
        pub(crate) fn was_here(&self, cpu: u32) -> bool {
            self.cpu.load(Ordering::Relaxed) == cpu.wrapping_add(1)
        }

        /// Records a release on `cpu` of a hold that began at `site`. Returns whether another CPU released it before.
        pub(crate) fn released(&self, cpu: u32, site: Option<Site>) -> bool {
            self.site.set(site);
            let (before, now) = (self.cpu.load(Ordering::Relaxed), cpu.wrapping_add(1));
            if before == now {
                return false;
            }
            self.cpu.store(now, Ordering::Relaxed);
            before != 0
        }

        /// Returns whether a CPU other than `cpu` released the lock last.
        pub(crate) fn comes_from_elsewhere(&self, cpu: u32) -> bool {
            ![0, cpu.wrapping_add(1)].contains(&self.cpu.load(Ordering::Relaxed))
        }

        /// Where the last hold began.
        pub(crate) fn site(&self) -> &SiteCell {
            &self.site
        }

        /// Returns the limit if a hold of this length exceeds it.
        pub(crate) fn limit_below(&self, length: u64) -> Option<u64> {
            HoldLimit(self.limit).overheld(length).0.map(|(_, limit)| limit)
        }

        /// The hold limit.
        pub(crate) fn limit(&self) -> HoldLimit {
            HoldLimit(self.limit)
        }
    }

    /// How long locks of a class may be held; 0: no limit.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct HoldLimit(u64);

    impl HoldLimit {
        pub(crate) const NONE: HoldLimit = HoldLimit(0);

        pub(crate) const fn new(units: u64) -> HoldLimit {
            HoldLimit(units)
        }

        pub(crate) const fn is_none(self) -> bool {
            self.0 == 0
        }

        /// The longer of two limits; if one of them is none, the other.
        pub(crate) fn or_longer(self, other: HoldLimit) -> HoldLimit {
            HoldLimit(self.0.max(other.0))
        }

        /// Checks the length of a hold against the limit.
        pub(crate) fn overheld(self, length: u64) -> Overheld {
            Overheld((self.0 != 0 && length > self.0).then_some((length, self.0)))
        }
    }

    /// Since when a lock is waited for or held; or that this is not measured.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Since(u64);

    impl Since {
        /// Not measured.
        pub(crate) const UNKNOWN: Since = Since(0);

        #[inline(always)]
        pub(crate) const fn at(now: u64) -> Since {
            Since(now.wrapping_add(1))
        }

        #[inline(always)]
        pub(crate) fn is_known(self) -> bool {
            self.0 != 0
        }

        /// How long ago that is.
        #[inline(always)]
        pub(crate) const fn until(self, now: u64) -> u64 {
            now.wrapping_add(1).wrapping_sub(self.0)
        }
    }

    /// A [`Since`] that one CPU writes and any CPU reads.
    #[derive(Debug)]
    pub(crate) struct SinceCell(Own64);

    impl SinceCell {
        pub(crate) const fn new() -> SinceCell {
            SinceCell(Own64::new(Since::UNKNOWN.0))
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> Since {
            Since(self.0.load())
        }

        #[inline(always)]
        pub(crate) fn set(&self, since: Since) {
            self.0.set(since.0);
        }
    }

    /// How long a lock was held that exceeded its limit: length and limit, in the port's units.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Overheld(pub(crate) Option<(u64, u64)>);

    impl Overheld {
        pub(crate) const NONE: Overheld = Overheld(None);

        /// Returns length and limit; `None` for every other kind of finding.
        pub const fn length_and_limit(self) -> Option<(u64, u64)> {
            self.0
        }
    }
}

/// Without the feature `stat`.
#[cfg(not(feature = "stat"))]
mod nothing {
    /// Zero-sized: built without `stat`.
    #[derive(Debug)]
    pub(crate) struct LastHolder;

    impl LastHolder {
        pub(crate) const fn new(_: HoldLimit) -> LastHolder {
            LastHolder
        }

        /// Returns no limit.
        pub(crate) fn limit(&self) -> HoldLimit {
            HoldLimit::NONE
        }
    }

    /// Zero-sized: built without `stat`.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct HoldLimit;

    impl HoldLimit {
        pub(crate) const NONE: HoldLimit = HoldLimit;

        pub(crate) const fn new(_units: u64) -> HoldLimit {
            HoldLimit
        }

        /// Returns `true`.
        pub(crate) const fn is_none(self) -> bool {
            true
        }

        /// Returns no limit.
        pub(crate) fn or_longer(self, _other: HoldLimit) -> HoldLimit {
            self
        }

        /// Returns that the limit is not exceeded.
        pub(crate) fn overheld(self, _length: u64) -> Overheld {
            Overheld::NONE
        }
    }

    /// Zero-sized: built without `stat`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Since;

    impl Since {
        pub(crate) const UNKNOWN: Since = Since;

        /// Returns `false`: built without `stat`.
        #[inline(always)]
        pub(crate) fn is_known(self) -> bool {
            false
        }

        /// Returns 0: built without `stat`.
        #[inline(always)]
        pub(crate) const fn until(self, _now: u64) -> u64 {
            0
        }
    }

    /// Zero-sized: built without `stat`.
    #[derive(Debug)]
    pub(crate) struct SinceCell;

    impl SinceCell {
        pub(crate) const fn new() -> SinceCell {
            SinceCell
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> Since {
            Since
        }

        #[inline(always)]
        pub(crate) fn set(&self, _: Since) {}
    }

    /// Zero-sized: built without `stat`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Overheld;

    impl Overheld {
        pub(crate) const NONE: Overheld = Overheld;

        /// Returns `None`: built without `stat`.
        pub const fn length_and_limit(self) -> Option<(u64, u64)> {
            None
        }
    }
}

#[cfg(feature = "stat")]
pub use kept::Overheld;
#[cfg(feature = "stat")]
pub(crate) use kept::{HoldLimit, LastHolder, Since, SinceCell};
#[cfg(not(feature = "stat"))]
pub use nothing::Overheld;
#[cfg(not(feature = "stat"))]
pub(crate) use nothing::{HoldLimit, LastHolder, Since, SinceCell};

#[cfg(all(test, feature = "stat"))]
mod tests {
    use super::*;
    use crate::lock::site::Site;

    #[test]
    fn a_lock_bounces_when_another_cpu_releases_it() {
        let last_holder = LastHolder::new(HoldLimit::NONE);
        let site = Site::caller();
        let here = Some(site);
        assert!(!last_holder.comes_from_elsewhere(0), "nobody had it");
        assert!(!last_holder.released(0, here) && !last_holder.released(0, here));
        assert!(last_holder.comes_from_elsewhere(1) && !last_holder.comes_from_elsewhere(0));
        assert!(last_holder.released(1, here) && !last_holder.released(1, here) && last_holder.released(0, here));
        assert_eq!(last_holder.site().get(), here, "where the last hold began");
    }

    #[test]
    fn a_limit_is_broken_by_what_is_longer() {
        assert_eq!(LastHolder::new(HoldLimit::NONE).limit_below(u64::MAX), None);
        let limited = LastHolder::new(HoldLimit::new(10));
        assert_eq!((limited.limit_below(10), limited.limit_below(11)), (None, Some(10)));
    }

    #[test]
    fn a_clock_that_does_not_advance_measures_nothing_and_is_known() {
        assert!(!Since::UNKNOWN.is_known() && Since::at(0).is_known());
        assert_eq!((Since::at(0).until(0), Since::at(5).until(9)), (0, 4));
    }
}
