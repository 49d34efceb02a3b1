//! `spin::Mutex`, tracked.
//!
//! `unsafe` is here to let go without a guard, and to share a guard: both as the lock inside has it.
#![allow(unsafe_code)]

use crate::class::{LockClassKey, LockMap, Subclass};
use crate::held::Acquire;
use crate::hooks;
use crate::mode::Mode;
use crate::site::Site;
use crate::wait_type::WaitTypes;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// A lock that spins: `spin::Mutex` with a class, which is the line that constructs it.
pub struct Mutex<T: ?Sized> {
    map: LockMap,
    inner: ::spin::Mutex<T>,
}

impl<T> Mutex<T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(value: T) -> Mutex<T> {
        Mutex { map: LockMap::new(WaitTypes::SPIN), inner: ::spin::Mutex::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Mutex<T> {
        Mutex { map: LockMap::named(name, WaitTypes::SPIN), inner: ::spin::Mutex::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> Mutex<T> {
        Mutex { map: LockMap::with_key(key, WaitTypes::SPIN), inner: ::spin::Mutex::new(value) }
    }

    /// A lock of the class `key` with other wait types: `config` where another configuration of the kernel lets it sleep.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Mutex<T> {
        Mutex { map: LockMap::with_key(key, waits), inner: ::spin::Mutex::new(value) }
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, and spins until it can.
    #[track_caller]
    #[inline(always)]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        hooks::acquire(&self.map, Mode::WRITE, Site::caller());
        self.guard(self.inner.lock())
    }

    /// Takes the lock at a nesting level of its class. Linux's `spin_lock_nested`.
    #[track_caller]
    pub fn lock_nested(&self, subclass: Subclass) -> MutexGuard<'_, T> {
        hooks::acquire_specially(&Acquire { subclass, ..Acquire::new(&self.map, Mode::WRITE, Site::caller()) });
        self.guard(self.inner.lock())
    }

    /// Takes the lock where `nest` is held, which serialises every taking of this class. Linux's `spin_lock_nest_lock`.
    #[track_caller]
    pub fn lock_nest(&self, nest: &LockMap) -> MutexGuard<'_, T> {
        hooks::acquire_specially(&Acquire { nest: Some(nest), ..Acquire::new(&self.map, Mode::WRITE, Site::caller()) });
        self.guard(self.inner.lock())
    }

    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let inner = self.inner.try_lock()?;
        hooks::acquire_specially(&Acquire { tried: true, ..Acquire::new(&self.map, Mode::WRITE, Site::caller()) });
        Some(self.guard(inner))
    }

    /// Whether somebody has the lock.
    pub fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }

    /// Lets the lock go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::Mutex::force_unlock`: the lock is held, and its guard is never used again.
    #[track_caller]
    pub unsafe fn force_unlock(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_unlock() }
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// What the lock carries for the validator.
    pub fn map(&self) -> &LockMap {
        &self.map
    }

    #[inline(always)]
    fn guard<'a>(&'a self, inner: ::spin::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        MutexGuard { map: &self.map, inner, not_send: PhantomData }
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Who has it holds the lock; dropping it lets the lock go. It stays on the task that took it.
pub struct MutexGuard<'a, T: ?Sized> {
    // Dropped in this order after `drop` has run: off the books first, then free.
    map: &'a LockMap,
    inner: ::spin::MutexGuard<'a, T>,
    not_send: PhantomData<*const ()>,
}

// SAFETY: sharing a guard shares the value, no more; what is not `Send` about it is letting go elsewhere.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        hooks::release(self.map, None);
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
