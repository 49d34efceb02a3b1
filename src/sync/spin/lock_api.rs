//! `spin::lock_api`, by its names, tracked; and `spin::Mutex<()>` as a raw mutex of `lock_api` 0.4, which other crates take as
//! a type: an allocator, say.
//!
//! The class of a lock that is only named as a type is the line that takes it first: nobody constructs it.
//!
//! `unsafe` is here to be a raw mutex: every method does what the lock does.
#![allow(unsafe_code)]

use super::super::lock_api as tracked;
use super::super::tracker::Tracker;
use super::kind::Waits;
use super::mutex::Lock;
use crate::class::LockMap;
use crate::wait_type::WaitTypes;
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
