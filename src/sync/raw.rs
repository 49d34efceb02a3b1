//! A raw lock of `lock_api` with the validator's data beside it: shared by both versions of `lock_api`.
//!
//! Nothing is kept in the raw lock itself, so a zero-sized one (a build for a single core) works as well.
//!
//! Invariant: a raw lock does not tell if it spins or sleeps; its wait types are not checked unless they are given when
//! the lock is constructed.

use super::tracker::{Token, Tracker};
use crate::context::wait::WaitKind;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;

/// A raw lock that is tracked. It implements what `R` implements, so `lock_api` makes everything of it that it makes of
/// `R`.
#[derive(Debug)]
pub struct Tracked<R> {
    tracker: Tracker,
    pub(super) raw: R,
}

impl<R> Tracked<R> {
    /// A raw lock whose class is the caller's line. Its wait types are not checked.
    #[track_caller]
    #[inline(always)]
    pub const fn new(raw: R) -> Tracked<R> {
        Tracked { tracker: Tracker::new(WaitTypes::NONE), raw }
    }

    /// A raw lock whose class is the caller's line and `name`, which reports call it. Its wait types are not checked.
    #[track_caller]
    pub const fn named(name: &'static str, raw: R) -> Tracked<R> {
        Tracked { tracker: Tracker::named(name, WaitTypes::NONE), raw }
    }

    /// A raw lock of the class `key`, which spins or sleeps as given by `waits`.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, raw: R) -> Tracked<R> {
        Tracked { tracker: Tracker::with_key(key, waits), raw }
    }

    /// A raw lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, raw: R) -> Tracked<R> {
        Tracked { tracker: Tracker::from_map(map), raw }
    }

    /// For the constant `INIT` of a raw lock, which cannot know where it is used: the lock is a class of its own.
    pub(super) const fn of_first_use(raw: R) -> Tracked<R> {
        Tracked::from_map(LockMap::of_first_use(WaitTypes::NONE), raw)
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub const fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[inline(always)]
    pub(super) fn token(&self) -> Token<'_> {
        self.tracker.token()
    }

    /// The raw lock is about to be waited for.
    #[inline(always)]
    pub(super) fn waited_for(&self, mode: Mode, site: Site) -> Token<'_> {
        self.token().acquire(mode, site).asleep(site)
    }

    /// A try, or a wait that times out: recorded if it took the lock. It never waits for ever, so no dependency leads to
    /// it.
    #[inline(always)]
    pub(super) fn tried(&self, take: impl FnOnce(&R) -> bool, mode: Mode, site: Site) -> bool {
        let taken = take(&self.raw);
        if taken {
            self.token().acquired_by_try(mode, site);
        }
        taken
    }

    /// A wait that times out: recorded if it took the lock. It is tried first, so that other CPUs see a wait and no lock
    /// that was free.
    #[inline(always)]
    pub(super) fn tried_for_a_while(
        &self,
        try_lock: impl FnOnce(&R) -> bool,
        wait: impl FnOnce(&R) -> bool,
        mode: Mode,
        site: Site,
    ) -> bool {
        self.token().asleep_timed(site);
        let result = |taken: bool| taken.then_some(()).ok_or(());
        let (try_lock, wait) = (|()| result(try_lock(&self.raw)), |()| result(wait(&self.raw)));
        let taken = self.token().wait_timed((), (mode, site), try_lock, wait).is_ok();
        self.tried(|_| taken, mode, site)
    }

    /// A release that lets others pass, and a wait: how long nobody knows, so other CPUs see a wait in any case.
    #[inline]
    pub(super) fn bumped<T>(&self, mode: Mode, site: Site, bump: impl FnOnce(&R) -> T) -> T {
        self.token().release(Some(site));
        let token = self.waited_for(mode, site);
        let _waiting = token.mark(WaitKind::Lock, mode, site);
        bump(&self.raw)
    }

    /// An upgrade that does not wait for ever has succeeded: the hold becomes a writer's.
    #[inline(always)]
    pub(super) fn upgraded(&self, site: Site) {
        self.token().release(Some(site));
        self.token().acquired_by_try(Mode::WRITE, site);
    }
}
