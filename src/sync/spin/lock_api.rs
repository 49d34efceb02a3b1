//! `spin::lock_api`, by its names, tracked; and `spin::Mutex<()>` and its like as a raw mutex of `lock_api` 0.4, and
//! `spin::RwLock<()>` as a raw readers-writer lock, which other crates take as types: an allocator, say.
//!
//! A lock that is only named as a type is a class of its own, since a constant constructs it: reports call it by the line that
//! takes it first.
//!
//! `unsafe` is needed to be a raw mutex: every method does what the lock does.
#![allow(unsafe_code)]

use super::super::tracker::Tracker;
use super::kind::Waits;
use super::mutex::Lock;
use super::rwlock::RwLock as Raw;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::lock_api::v04 as tracked;
use ::spin::RelaxStrategy;
use core::mem;

/// A lock that spins.
pub type Mutex<T> = tracked::Mutex<::spin::Mutex<()>, T>;
/// Its guard.
pub type MutexGuard<'a, T> = tracked::MutexGuard<'a, ::spin::Mutex<()>, T>;
/// Its guard, of a part of the value.
pub type MappedMutexGuard<'a, T> = tracked::MappedMutexGuard<'a, ::spin::Mutex<()>, T>;
/// A readers-writer lock that spins.
pub type RwLock<T> = tracked::RwLock<::spin::RwLock<()>, T>;
/// A reader's guard.
pub type RwLockReadGuard<'a, T> = tracked::RwLockReadGuard<'a, ::spin::RwLock<()>, T>;
/// A writer's guard.
pub type RwLockWriteGuard<'a, T> = tracked::RwLockWriteGuard<'a, ::spin::RwLock<()>, T>;
/// The guard of an upgradeable read.
pub type RwLockUpgradableReadGuard<'a, T> = tracked::RwLockUpgradableReadGuard<'a, ::spin::RwLock<()>, T>;
/// A reader's guard, of a part of the value.
pub type MappedRwLockReadGuard<'a, T> = tracked::MappedRwLockReadGuard<'a, ::spin::RwLock<()>, T>;
/// A writer's guard, of a part of the value.
pub type MappedRwLockWriteGuard<'a, T> = tracked::MappedRwLockWriteGuard<'a, ::spin::RwLock<()>, T>;

// SAFETY: mutual exclusion is that of `spin`.
unsafe impl<L: Waits<Value = ()> + tracked::RawMutex> tracked::RawMutex for Lock<L> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Lock::tracked(Tracker::from_map(LockMap::of_first_use(WaitTypes::SPIN)), L::INIT);

    type GuardMarker = tracked::GuardNoSend;

    #[track_caller]
    #[inline(always)]
    fn lock(&self) {
        mem::forget(Lock::lock(self));
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock(&self) -> bool {
        Lock::try_lock(self).map(mem::forget).is_some()
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        // SAFETY: the caller has the lock, and its guard was forgotten.
        unsafe { self.force_unlock() }
    }

    #[inline(always)]
    fn is_locked(&self) -> bool {
        Lock::is_locked(self)
    }
}

// SAFETY: exclusion is that of `spin`, here and below.
unsafe impl<R: RelaxStrategy> tracked::RawRwLock for Raw<(), R> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Raw::from_map(LockMap::of_first_use(WaitTypes::SPIN), ());

    type GuardMarker = tracked::GuardNoSend;

    #[track_caller]
    #[inline(always)]
    fn lock_shared(&self) {
        mem::forget(self.read());
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_shared(&self) -> bool {
        self.try_read().map(mem::forget).is_some()
    }

    #[inline(always)]
    unsafe fn unlock_shared(&self) {
        // SAFETY: the caller has the lock, and its guard was forgotten.
        unsafe { self.force_read_decrement() }
    }

    #[track_caller]
    #[inline(always)]
    fn lock_exclusive(&self) {
        mem::forget(self.write());
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock_exclusive(&self) -> bool {
        self.try_write().map(mem::forget).is_some()
    }

    #[inline(always)]
    unsafe fn unlock_exclusive(&self) {
        // SAFETY: the caller has the lock, and its guard was forgotten.
        unsafe { self.force_write_unlock() }
    }

    #[inline(always)]
    fn is_locked(&self) -> bool {
        self.bare().is_locked()
    }
}

// SAFETY: as above.
unsafe impl<R: RelaxStrategy> tracked::RawRwLockUpgrade for Raw<(), R> {
    #[track_caller]
    #[inline]
    fn lock_upgradable(&self) {
        mem::forget(self.upgradeable_read());
    }

    #[track_caller]
    #[inline]
    fn try_lock_upgradable(&self) -> bool {
        self.try_upgradeable_read().map(mem::forget).is_some()
    }

    #[inline]
    unsafe fn unlock_upgradable(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock, and its guard was forgotten.
        unsafe { self.bare().unlock_upgradable() }
    }

    #[track_caller]
    #[inline]
    unsafe fn upgrade(&self) {
        self.token().release(Some(Site::caller()));
        let token = self.token().acquire(Mode::WRITE, Site::caller());
        // SAFETY: the caller has the lock, here and in the wait.
        token.wait(|| unsafe { self.bare().try_upgrade() }.then_some(()), || unsafe { self.bare().upgrade() });
    }

    #[track_caller]
    #[inline]
    unsafe fn try_upgrade(&self) -> bool {
        // SAFETY: the caller has the lock.
        let had = unsafe { self.bare().try_upgrade() };
        if had {
            self.token().release(Some(Site::caller()));
            self.token().acquired_by_try(Mode::WRITE, Site::caller());
        }
        had
    }
}

// SAFETY: as above.
unsafe impl<R: RelaxStrategy> tracked::RawRwLockDowngrade for Raw<(), R> {
    #[track_caller]
    #[inline]
    unsafe fn downgrade(&self) {
        self.token().downgrade(Mode::RECURSIVE_READ);
        // SAFETY: the caller has the lock.
        unsafe { self.bare().downgrade() }
    }
}

// SAFETY: as above.
unsafe impl<R: RelaxStrategy> tracked::RawRwLockUpgradeDowngrade for Raw<(), R> {
    #[track_caller]
    #[inline]
    unsafe fn downgrade_upgradable(&self) {
        self.token().downgrade(Mode::RECURSIVE_READ);
        // SAFETY: the caller has the lock.
        unsafe { self.bare().downgrade_upgradable() }
    }

    #[track_caller]
    #[inline]
    unsafe fn downgrade_to_upgradable(&self) {
        self.token().downgrade(Mode::UPGRADEABLE);
        // SAFETY: the caller has the lock.
        unsafe { self.bare().downgrade_to_upgradable() }
    }
}
