//! The events of a lock that is acquired and released: one source, for the real token and for its off twin.
//!
//! Invariant, of every lock that uses this: an acquire is announced before the wait, so that a report comes before the
//! hang, and the hold is removed before the lock is released, so that nobody else can take it while it is still
//! recorded.
//!
//! How an announced lock is waited for: with statistics (feature `stat`) it is tried first, so that a wait is told
//! apart from a lock that was free; without them it is just waited for, as the inner lock does it.

use super::tracker::Token;
use crate::context::hold::Acquire;
use crate::hooks;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;

impl Token<'_> {
    /// The lock is about to be waited for.
    #[inline(always)]
    pub fn acquire(self, mode: Mode, site: Site) -> Self {
        hooks::acquire(self.map(), mode, site);
        self
    }

    /// The same, at a nesting level of its class. Linux's `spin_lock_nested`.
    #[inline]
    pub fn acquire_nested(self, mode: Mode, subclass: Subclass, site: Site) -> Self {
        hooks::acquire_with(&Acquire { subclass, ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The same, where `nest` is held, which serialises every taking of this class. Linux's `spin_lock_nest_lock`.
    #[inline]
    pub fn acquire_nest(self, mode: Mode, nest: &LockMap, site: Site) -> Self {
        hooks::acquire_with(&Acquire { nest: Some(nest), ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The lock that was just announced sleeps until it is free, if its wait type is `sleep`: where a flag bars that,
    /// it is reported. Every waiting acquisition of such a lock does this; one that spins need not.
    #[inline(always)]
    pub fn asleep(self, site: Site) -> Self {
        hooks::wait_asleep(self.map(), site);
        self
    }

    /// The lock is about to be waited for, for some time: that is a try, but one that may sleep.
    #[inline]
    pub fn asleep_timed(self, site: Site) {
        hooks::wait_asleep_timed(self.map(), site);
    }

    /// The lock was free, and is taken: nobody waited.
    #[inline]
    pub fn acquired_by_try(self, mode: Mode, site: Site) -> Self {
        hooks::acquire_with(&Acquire { tried: true, ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The lock is about to be released; `site` where that is known.
    #[inline(always)]
    pub fn release(self, site: Option<Site>) {
        hooks::release(self.map(), site);
    }

    /// The hold becomes a reader's.
    #[track_caller]
    #[inline]
    pub fn downgrade(self, mode: Mode) {
        hooks::downgrade(self.map(), mode);
    }

    /// The lock will be released by anybody, or never: its guard was leaked.
    #[track_caller]
    #[inline]
    pub fn hand_over(self) {
        hooks::hand_over(self.map());
    }
}

/// With statistics.
#[cfg(feature = "stat")]
mod counted {
    use crate::stat;
    use crate::sync::tracker::Token;

    impl Token<'_> {
        /// Takes the inner lock: with `try_lock` if it is free, otherwise with `lock`, which waits.
        #[inline(always)]
        pub fn wait<G>(self, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            match try_lock() {
                Some(guard) => guard,
                None => self.wait_long(lock),
            }
        }

        #[cold]
        #[inline(never)]
        fn wait_long<G>(self, lock: impl FnOnce() -> G) -> G {
            stat::contended(self.map());
            let guard = lock();
            stat::acquired(self.map());
            guard
        }
    }
}

/// Without.
#[cfg(not(feature = "stat"))]
mod uncounted {
    use crate::sync::tracker::Token;

    impl Token<'_> {
        /// Takes the inner lock with `lock`, which waits.
        #[inline(always)]
        pub fn wait<G>(self, _try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            lock()
        }
    }
}
