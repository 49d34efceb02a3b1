//! The tracked raw readers-writer lock, as `lock_api` 0.4 wants it.
//!
//! A shared lock is a plain reader, a recursive one a recursive reader. An upgradeable lock waits for writers and its
//! like, and holds beside readers: a plain reader too. An upgrade is recorded as a release and a wait for writing.
//!
//! `unsafe` is needed to implement a raw lock: every method does what the inner raw lock does, and tells the validator.
#![allow(unsafe_code)]

use super::api::{
    self, GuardNoSend, RawRwLock, RawRwLockDowngrade, RawRwLockFair, RawRwLockRecursive, RawRwLockRecursiveTimed,
    RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade, RawRwLockUpgradeFair, RawRwLockUpgradeTimed,
};
use super::locks::{RwLockReadGuard, RwLockWriteGuard};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::raw::Tracked;
use crate::sync::tracker::Token;

// SAFETY: exclusion is that of `R`, here and below.
unsafe impl<R: RawRwLock> RawRwLock for Tracked<R> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Tracked::of_first_use(R::INIT);

    type GuardMarker = GuardNoSend;

    #[track_caller]
    #[inline(always)]
    fn lock_shared(&self) {
        let token = self.waited_for(Mode::READ, Site::caller());
        token.wait(|| self.raw.try_lock_shared().then_some(()), || self.raw.lock_shared());
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_shared(&self) -> bool {
        self.tried(R::try_lock_shared, Mode::READ, Site::caller())
    }

    #[inline(always)]
    unsafe fn unlock_shared(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_shared() }
    }

    #[track_caller]
    #[inline(always)]
    fn lock_exclusive(&self) {
        let token = self.waited_for(Mode::WRITE, Site::caller());
        token.wait(|| self.raw.try_lock_exclusive().then_some(()), || self.raw.lock_exclusive());
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_exclusive(&self) -> bool {
        self.tried(R::try_lock_exclusive, Mode::WRITE, Site::caller())
    }

    #[inline(always)]
    unsafe fn unlock_exclusive(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_exclusive() }
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
    unsafe fn unlock_shared_fair(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_shared_fair() }
    }

    #[inline]
    unsafe fn unlock_exclusive_fair(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_exclusive_fair() }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_shared(&self) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::READ, Site::caller(), |raw| unsafe { raw.bump_shared() })
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_exclusive(&self) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::WRITE, Site::caller(), |raw| unsafe { raw.bump_exclusive() })
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockDowngrade> RawRwLockDowngrade for Tracked<R> {
    #[track_caller]
    #[inline]
    unsafe fn downgrade(&self) {
        self.token().downgrade(Mode::READ);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.downgrade() }
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockTimed> RawRwLockTimed for Tracked<R> {
    type Duration = R::Duration;
    type Instant = R::Instant;

    #[track_caller]
    #[inline]
    fn try_lock_shared_for(&self, timeout: R::Duration) -> bool {
        self.tried_for_a_while(R::try_lock_shared, |raw| raw.try_lock_shared_for(timeout), Mode::READ, Site::caller())
    }

    #[track_caller]
    #[inline]
    fn try_lock_shared_until(&self, timeout: R::Instant) -> bool {
        self.tried_for_a_while(R::try_lock_shared, |raw| raw.try_lock_shared_until(timeout), Mode::READ, Site::caller())
    }

    #[track_caller]
    #[inline]
    fn try_lock_exclusive_for(&self, timeout: R::Duration) -> bool {
        self.tried_for_a_while(
            R::try_lock_exclusive,
            |raw| raw.try_lock_exclusive_for(timeout),
            Mode::WRITE,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_exclusive_until(&self, timeout: R::Instant) -> bool {
        self.tried_for_a_while(
            R::try_lock_exclusive,
            |raw| raw.try_lock_exclusive_until(timeout),
            Mode::WRITE,
            Site::caller(),
        )
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockRecursive> RawRwLockRecursive for Tracked<R> {
    #[track_caller]
    #[inline]
    fn lock_shared_recursive(&self) {
        let token = self.waited_for(Mode::RECURSIVE_READ, Site::caller());
        token.wait(|| self.raw.try_lock_shared_recursive().then_some(()), || self.raw.lock_shared_recursive());
    }

    #[track_caller]
    #[inline]
    fn try_lock_shared_recursive(&self) -> bool {
        self.tried(R::try_lock_shared_recursive, Mode::RECURSIVE_READ, Site::caller())
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockRecursiveTimed> RawRwLockRecursiveTimed for Tracked<R> {
    #[track_caller]
    #[inline]
    fn try_lock_shared_recursive_for(&self, timeout: R::Duration) -> bool {
        self.tried_for_a_while(
            R::try_lock_shared_recursive,
            |raw| raw.try_lock_shared_recursive_for(timeout),
            Mode::RECURSIVE_READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_shared_recursive_until(&self, timeout: R::Instant) -> bool {
        self.tried_for_a_while(
            R::try_lock_shared_recursive,
            |raw| raw.try_lock_shared_recursive_until(timeout),
            Mode::RECURSIVE_READ,
            Site::caller(),
        )
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgrade> RawRwLockUpgrade for Tracked<R> {
    #[track_caller]
    #[inline]
    fn lock_upgradable(&self) {
        let token = self.waited_for(Mode::READ, Site::caller());
        token.wait(|| self.raw.try_lock_upgradable().then_some(()), || self.raw.lock_upgradable());
    }

    #[track_caller]
    #[inline]
    fn try_lock_upgradable(&self) -> bool {
        self.tried(R::try_lock_upgradable, Mode::READ, Site::caller())
    }

    #[inline]
    unsafe fn unlock_upgradable(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_upgradable() }
    }

    #[track_caller]
    #[inline]
    unsafe fn upgrade(&self) {
        self.token().release(Some(Site::caller()));
        let token = self.waited_for(Mode::WRITE, Site::caller());
        // SAFETY: the caller has the lock, here and in the wait.
        token.wait(|| unsafe { self.raw.try_upgrade() }.then_some(()), || unsafe { self.raw.upgrade() });
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade(&self) -> bool {
        // SAFETY: the caller has the lock.
        let upgraded = unsafe { self.raw.try_upgrade() };
        if upgraded {
            self.upgraded(Site::caller());
        }
        upgraded
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgradeFair> RawRwLockUpgradeFair for Tracked<R> {
    #[inline]
    unsafe fn unlock_upgradable_fair(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_upgradable_fair() }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump_upgradable(&self) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::READ, Site::caller(), |raw| unsafe { raw.bump_upgradable() })
    }
}

// SAFETY: as above. An upgradeable lock and a shared one are recorded alike.
unsafe impl<R: RawRwLockUpgradeDowngrade> RawRwLockUpgradeDowngrade for Tracked<R> {
    #[inline]
    unsafe fn downgrade_upgradable(&self) {
        // SAFETY: the caller has the lock.
        unsafe { self.raw.downgrade_upgradable() }
    }

    #[track_caller]
    #[inline]
    unsafe fn downgrade_to_upgradable(&self) {
        self.token().downgrade(Mode::READ);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.downgrade_to_upgradable() }
    }
}

// SAFETY: as above.
unsafe impl<R: RawRwLockUpgradeTimed> RawRwLockUpgradeTimed for Tracked<R> {
    #[track_caller]
    #[inline]
    fn try_lock_upgradable_for(&self, timeout: R::Duration) -> bool {
        self.tried_for_a_while(
            R::try_lock_upgradable,
            |raw| raw.try_lock_upgradable_for(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    fn try_lock_upgradable_until(&self, timeout: R::Instant) -> bool {
        self.tried_for_a_while(
            R::try_lock_upgradable,
            |raw| raw.try_lock_upgradable_until(timeout),
            Mode::READ,
            Site::caller(),
        )
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade_for(&self, timeout: R::Duration) -> bool {
        let (token, site) = (self.token(), Site::caller());
        token.asleep_timed(site);
        // SAFETY: the caller has the lock.
        let try_upgrade = |()| unsafe { self.raw.try_upgrade() }.then_some(()).ok_or(());
        // SAFETY: as above.
        let wait = |()| unsafe { self.raw.try_upgrade_for(timeout) }.then_some(()).ok_or(());
        let upgraded = token.wait_timed((), (Mode::WRITE, site), try_upgrade, wait).is_ok();
        if upgraded {
            self.upgraded(Site::caller());
        }
        upgraded
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade_until(&self, timeout: R::Instant) -> bool {
        let (token, site) = (self.token(), Site::caller());
        token.asleep_timed(site);
        // SAFETY: the caller has the lock.
        let try_upgrade = |()| unsafe { self.raw.try_upgrade() }.then_some(()).ok_or(());
        // SAFETY: as above.
        let wait = |()| unsafe { self.raw.try_upgrade_until(timeout) }.then_some(()).ok_or(());
        let upgraded = token.wait_timed((), (Mode::WRITE, site), try_upgrade, wait).is_ok();
        if upgraded {
            self.upgraded(Site::caller());
        }
        upgraded
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
        token.wait(|| raw.try_lock_shared().then_some(()), || raw.lock_shared());
        lock.make_read_guard_unchecked()
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
        token.wait(|| raw.try_lock_exclusive().then_some(()), || raw.lock_exclusive());
        lock.make_write_guard_unchecked()
    }
}

/// What the validator knows a lock by.
#[inline(always)]
pub(super) fn map<R: RawRwLock, T: ?Sized>(lock: &api::RwLock<Tracked<R>, T>) -> &LockMap {
    // SAFETY: the raw lock is looked at, not unlocked.
    unsafe { lock.raw() }.map()
}
