//! The tracked raw readers-writer lock, as `lock_api` 0.5 wants it.
//!
//! A shared lock is a plain reader. An upgradeable lock waits for writers and its like,
//! and holds beside readers: a plain reader too. An upgrade is recorded as a release and a wait for writing.
//!
//! `unsafe` is needed to implement a raw lock: every method does what the inner raw lock does, and tells the validator.
#![allow(unsafe_code)]

use super::api::{
    self, RawRwLock, RawRwLockDowngrade, RawRwLockFair, RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade,
    RawRwLockUpgradeFair, RawRwLockUpgradeTimed,
};
use super::locks::{RwLockReadGuard, RwLockWriteGuard};
use super::taken::{self, Taken};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::raw::Tracked;
use crate::sync::tracker::Token;

// SAFETY: exclusion is that of `R`, here and below.
unsafe impl<R: RawRwLock> RawRwLock for Tracked<R> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Tracked::of_first_use(R::INIT);

    type SharedGuard = Taken<R::SharedGuard>;
    type ExclusiveGuard = Taken<R::ExclusiveGuard>;

    #[track_caller]
    #[inline(always)]
    fn lock_shared(&self) -> Self::SharedGuard {
        let token = self.waited_for(Mode::READ, Site::caller());
        Taken::new(token.wait(|| self.raw.try_lock_shared(), || self.raw.lock_shared()))
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_shared(&self) -> Option<Self::SharedGuard> {
        Taken::tried(self, self.raw.try_lock_shared(), Mode::READ, Site::caller())
    }

    #[inline(always)]
    unsafe fn unlock_shared(&self, guard: Self::SharedGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_shared(guard.inner) }
    }

    #[track_caller]
    #[inline(always)]
    fn lock_exclusive(&self) -> Self::ExclusiveGuard {
        let token = self.waited_for(Mode::WRITE, Site::caller());
        Taken::new(token.wait(|| self.raw.try_lock_exclusive(), || self.raw.lock_exclusive()))
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_exclusive(&self) -> Option<Self::ExclusiveGuard> {
        Taken::tried(self, self.raw.try_lock_exclusive(), Mode::WRITE, Site::caller())
    }

    #[inline(always)]
    unsafe fn unlock_exclusive(&self, guard: Self::ExclusiveGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_exclusive(guard.inner) }
    }

    #[inline(always)]
    fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    #[inline(always)]
    fn is_locked_exclusive(&self) -> bool {
        self.raw.is_locked_exclusive()
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockFair> RawRwLockFair for Tracked<R> {
    #[inline]
    unsafe fn unlock_shared_fair(&self, guard: Self::SharedGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_shared_fair(guard.inner) }
    }

    #[inline]
    unsafe fn unlock_exclusive_fair(&self, guard: Self::ExclusiveGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_exclusive_fair(guard.inner) }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_shared(&self, guard: &mut Self::SharedGuard) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::READ, Site::caller(), |raw| unsafe { raw.bump_shared(&mut guard.inner) })
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_exclusive(&self, guard: &mut Self::ExclusiveGuard) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::WRITE, Site::caller(), |raw| unsafe { raw.bump_exclusive(&mut guard.inner) })
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockDowngrade> RawRwLockDowngrade for Tracked<R> {
    #[track_caller]
    #[inline]
    unsafe fn downgrade(&self, guard: Self::ExclusiveGuard) -> Self::SharedGuard {
        self.token().downgrade(Mode::READ);
        // SAFETY: the caller has the lock.
        Taken::new(unsafe { self.raw.downgrade(guard.inner) })
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockTimed> RawRwLockTimed for Tracked<R> {
    type Duration = R::Duration;
    type Instant = R::Instant;

    #[track_caller]
    #[inline]
    fn try_lock_shared_for(&self, timeout: R::Duration) -> Option<Self::SharedGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_shared,
            |raw| raw.try_lock_shared_for(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_shared_until(&self, timeout: R::Instant) -> Option<Self::SharedGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_shared,
            |raw| raw.try_lock_shared_until(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_exclusive_for(&self, timeout: R::Duration) -> Option<Self::ExclusiveGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_exclusive,
            |raw| raw.try_lock_exclusive_for(timeout),
            Mode::WRITE,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_exclusive_until(&self, timeout: R::Instant) -> Option<Self::ExclusiveGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_exclusive,
            |raw| raw.try_lock_exclusive_until(timeout),
            Mode::WRITE,
            Site::caller(),
        )
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgrade> RawRwLockUpgrade for Tracked<R> {
    type UpgradableGuard = Taken<R::UpgradableGuard>;

    #[track_caller]
    #[inline]
    fn lock_upgradable(&self) -> Self::UpgradableGuard {
        let token = self.waited_for(Mode::READ, Site::caller());
        Taken::new(token.wait(|| self.raw.try_lock_upgradable(), || self.raw.lock_upgradable()))
    }

    #[track_caller]
    #[inline]
    fn try_lock_upgradable(&self) -> Option<Self::UpgradableGuard> {
        Taken::tried(self, self.raw.try_lock_upgradable(), Mode::READ, Site::caller())
    }

    #[inline]
    unsafe fn unlock_upgradable(&self, guard: Self::UpgradableGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_upgradable(guard.inner) }
    }

    #[track_caller]
    #[inline]
    unsafe fn upgrade(&self, guard: Self::UpgradableGuard) -> Self::ExclusiveGuard {
        self.token().release(Some(Site::caller()));
        let token = self.waited_for(Mode::WRITE, Site::caller());
        // SAFETY: the caller has the lock, here and in the wait.
        let try_upgrade = |guard| unsafe { self.raw.try_upgrade(guard) };
        // SAFETY: as above.
        Taken::new(token.wait_from(guard.inner, try_upgrade, |guard| unsafe { self.raw.upgrade(guard) }))
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade(&self, guard: Self::UpgradableGuard) -> Result<Self::ExclusiveGuard, Self::UpgradableGuard> {
        // SAFETY: the caller has the lock.
        taken::upgraded(self, unsafe { self.raw.try_upgrade(guard.inner) }, Site::caller())
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgradeFair> RawRwLockUpgradeFair for Tracked<R> {
    #[inline]
    unsafe fn unlock_upgradable_fair(&self, guard: Self::UpgradableGuard) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_upgradable_fair(guard.inner) }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_upgradable(&self, guard: &mut Self::UpgradableGuard) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::READ, Site::caller(), |raw| unsafe { raw.bump_upgradable(&mut guard.inner) })
    }
}

// SAFETY: as above. An upgradeable lock and a shared one are recorded alike.
unsafe impl<R: RawRwLockUpgradeDowngrade> RawRwLockUpgradeDowngrade for Tracked<R> {
    #[inline]
    unsafe fn downgrade_upgradable(&self, guard: Self::UpgradableGuard) -> Self::SharedGuard {
        // SAFETY: the caller has the lock.
        Taken::new(unsafe { self.raw.downgrade_upgradable(guard.inner) })
    }

    #[track_caller]
    #[inline]
    unsafe fn downgrade_to_upgradable(&self, guard: Self::ExclusiveGuard) -> Self::UpgradableGuard {
        self.token().downgrade(Mode::READ);
        // SAFETY: the caller has the lock.
        Taken::new(unsafe { self.raw.downgrade_to_upgradable(guard.inner) })
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgradeTimed> RawRwLockUpgradeTimed for Tracked<R> {
    #[track_caller]
    #[inline]
    fn try_lock_upgradable_for(&self, timeout: R::Duration) -> Option<Self::UpgradableGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_upgradable,
            |raw| raw.try_lock_upgradable_for(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_upgradable_until(&self, timeout: R::Instant) -> Option<Self::UpgradableGuard> {
        Taken::tried_for_a_while(
            self,
            R::try_lock_upgradable,
            |raw| raw.try_lock_upgradable_until(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade_for(
        &self,
        guard: Self::UpgradableGuard,
        timeout: R::Duration,
    ) -> Result<Self::ExclusiveGuard, Self::UpgradableGuard> {
        let (token, site) = (self.token(), Site::caller());
        token.asleep_timed(site);
        // SAFETY: the caller has the lock.
        let try_upgrade = |guard| unsafe { self.raw.try_upgrade(guard) };
        // SAFETY: as above.
        let wait = |guard| unsafe { self.raw.try_upgrade_for(guard, timeout) };
        taken::upgraded(self, token.wait_timed(guard.inner, (Mode::WRITE, site), try_upgrade, wait), site)
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade_until(
        &self,
        guard: Self::UpgradableGuard,
        timeout: R::Instant,
    ) -> Result<Self::ExclusiveGuard, Self::UpgradableGuard> {
        let (token, site) = (self.token(), Site::caller());
        token.asleep_timed(site);
        // SAFETY: the caller has the lock.
        let try_upgrade = |guard| unsafe { self.raw.try_upgrade(guard) };
        // SAFETY: as above.
        let wait = |guard| unsafe { self.raw.try_upgrade_until(guard, timeout) };
        taken::upgraded(self, token.wait_timed(guard.inner, (Mode::WRITE, site), try_upgrade, wait), site)
    }
}

/// Takes a lock for reading that is announced in another way than the ordinary one.
#[inline(always)]
pub(super) fn read_with<'a, R: RawRwLock, T: ?Sized>(
    lock: &'a api::RwLock<Tracked<R>, T>,
    announce: impl FnOnce(Token<'a>) -> Token<'a>,
) -> RwLockReadGuard<'a, R, T> {
    // SAFETY: the raw lock is taken, and then there is one guard for it.
    unsafe {
        let (token, raw) = (announce(lock.raw().token()), &lock.raw().raw);
        lock.make_read_guard_unchecked(Taken::new(token.wait(|| raw.try_lock_shared(), || raw.lock_shared())))
    }
}

/// Takes a lock for writing that is announced in another way than the ordinary one.
#[inline(always)]
pub(super) fn write_with<'a, R: RawRwLock, T: ?Sized>(
    lock: &'a api::RwLock<Tracked<R>, T>,
    announce: impl FnOnce(Token<'a>) -> Token<'a>,
) -> RwLockWriteGuard<'a, R, T> {
    // SAFETY: the raw lock is taken, and then there is one guard for it.
    unsafe {
        let (token, raw) = (announce(lock.raw().token()), &lock.raw().raw);
        lock.make_write_guard_unchecked(Taken::new(token.wait(|| raw.try_lock_exclusive(), || raw.lock_exclusive())))
    }
}

/// What the validator knows a lock by.
#[inline(always)]
pub(super) fn map<R: RawRwLock, T: ?Sized>(lock: &api::RwLock<Tracked<R>, T>) -> &LockMap {
    // SAFETY: the raw lock is looked at, not unlocked.
    unsafe { lock.raw() }.map()
}
