//! The events of a lock that is acquired and released: one source, for the real token and for its off twin.
//!
//! Invariant, of every lock that uses this: an acquire is announced before the wait, so that a report comes before the
//! hang, and the hold is removed before the lock is released, so that nobody else can take it while it is still
//! recorded.
//!
//! How an announced lock is waited for: it is tried first, and if it is not free, the wait is marked, so that other CPUs
//! see it (`hooks::contended`).

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

/// With the validator: the lock is tried first, so that a wait is told apart from a lock that was free.
#[cfg(feature = "validate")]
mod marked {
    use crate::context::wait::WaitKind;
    use crate::hooks::{self, Waiting};
    use crate::lock::mode::Mode;
    use crate::lock::site::Site;
    use crate::runtime::contexts::Wait;
    use crate::sync::tracker::Token;

    impl Token<'_> {
        /// Takes the inner lock: with `try_lock` if it is free, otherwise with `lock`, which waits until every holder
        /// has released it.
        #[inline(always)]
        pub fn wait<G>(self, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            match try_lock() {
                Some(guard) => guard,
                None => self.wait_long(WaitKind::Lock, (), |()| lock()),
            }
        }

        /// The same where any of several may end the wait: a semaphore.
        #[inline(always)]
        pub fn wait_for_event<G>(self, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            match try_lock() {
                Some(guard) => guard,
                None => self.wait_long(WaitKind::Event, (), |()| lock()),
            }
        }

        /// The same where the waiter stops by itself if it would be in a deadlock.
        #[inline(always)]
        pub(crate) fn wait_or_stop<G>(self, try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            match try_lock() {
                Some(guard) => guard,
                None => self.wait_long(WaitKind::Timed, (), |()| lock()),
            }
        }

        /// The same where both take something, which an attempt that fails returns.
        #[inline(always)]
        pub(crate) fn wait_from<S, G>(
            self,
            from: S,
            try_lock: impl FnOnce(S) -> Result<G, S>,
            lock: impl FnOnce(S) -> G,
        ) -> G {
            match try_lock(from) {
                Ok(guard) => guard,
                Err(from) => self.wait_long(WaitKind::Lock, from, lock),
            }
        }

        /// Takes the inner lock with `try_lock` if it is free, otherwise with `wait`, which times out.
        ///
        /// # Errors
        /// What both take, where neither got the lock.
        #[cfg(any(feature = "lock_api", feature = "lock_api_05"))]
        #[inline(always)]
        pub(crate) fn wait_timed<S, G>(
            self,
            from: S,
            (mode, site): (Mode, Site),
            try_lock: impl FnOnce(S) -> Result<G, S>,
            wait: impl FnOnce(S) -> Result<G, S>,
        ) -> Result<G, S> {
            try_lock(from).or_else(|from| {
                let _waiting = self.mark_unannounced(WaitKind::Timed, mode, site);
                wait(from)
            })
        }

        /// Marks a wait that was announced, and that the statistics do not count, until the value is dropped.
        pub(crate) fn mark(self, kind: WaitKind, mode: Mode, site: Site) -> Waiting {
            hooks::wait_begin(&Wait { map: self.map(), kind, announced: true, mode, site })
        }

        /// The same for one that was not announced.
        pub(crate) fn mark_unannounced(self, kind: WaitKind, mode: Mode, site: Site) -> Waiting {
            hooks::wait_begin(&Wait { map: self.map(), kind, announced: false, mode, site })
        }

        /// The long way. A copy of it is compiled with the caller, which learns from it that a guard which is a pointer to
        /// the lock is the argument, and needs no register for it.
        #[cold]
        #[inline]
        fn wait_long<S, G>(self, kind: WaitKind, from: S, lock: impl FnOnce(S) -> G) -> G {
            let contended = hooks::contended(self.map(), kind);
            let guard = lock(from);
            contended.acquired();
            guard
        }
    }
}

/// Without: the lock is just waited for, as the inner lock does it.
#[cfg(not(feature = "validate"))]
mod unmarked {
    use crate::context::wait::WaitKind;
    use crate::hooks::{self, Waiting};
    use crate::lock::mode::Mode;
    use crate::lock::site::Site;
    use crate::runtime::contexts::Wait;
    use crate::sync::tracker::Token;

    impl Token<'_> {
        /// Takes the inner lock with `lock`, which waits.
        #[inline(always)]
        pub fn wait<G>(self, _try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            lock()
        }

        /// The same where any of several may end the wait: a semaphore.
        #[inline(always)]
        pub fn wait_for_event<G>(self, _try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            lock()
        }

        /// The same where the waiter may stop by itself.
        #[inline(always)]
        pub(crate) fn wait_or_stop<G>(self, _try_lock: impl FnOnce() -> Option<G>, lock: impl FnOnce() -> G) -> G {
            lock()
        }

        /// The same where both take something, which an attempt that fails returns.
        #[inline(always)]
        pub(crate) fn wait_from<S, G>(
            self,
            from: S,
            _try_lock: impl FnOnce(S) -> Result<G, S>,
            lock: impl FnOnce(S) -> G,
        ) -> G {
            lock(from)
        }

        /// Takes the inner lock with `wait`, which times out.
        ///
        /// # Errors
        /// What it takes, where it did not get the lock.
        #[cfg(any(feature = "lock_api", feature = "lock_api_05"))]
        #[inline(always)]
        pub(crate) fn wait_timed<S, G>(
            self,
            from: S,
            _: (Mode, Site),
            _try_lock: impl FnOnce(S) -> Result<G, S>,
            wait: impl FnOnce(S) -> Result<G, S>,
        ) -> Result<G, S> {
            wait(from)
        }

        /// No-op.
        #[inline(always)]
        pub(crate) fn mark(self, kind: WaitKind, mode: Mode, site: Site) -> Waiting {
            hooks::wait_begin(&Wait { map: self.map(), kind, announced: true, mode, site })
        }

        /// No-op.
        #[inline(always)]
        pub(crate) fn mark_unannounced(self, kind: WaitKind, mode: Mode, site: Site) -> Waiting {
            hooks::wait_begin(&Wait { map: self.map(), kind, announced: false, mode, site })
        }
    }
}
