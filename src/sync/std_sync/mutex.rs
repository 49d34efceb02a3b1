//! `std::sync::Mutex`, tracked.

use super::super::tracker::Tracker;
use super::{taken, with, with_if};
use crate::lock::class::{LockClassKey, Subclass};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::guard::Held;
use ::std::sync as bare;
use ::std::sync::{LockResult, TryLockResult};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// A lock that sleeps: `std::sync::Mutex` with a class, which is the line that constructs it.
pub struct Mutex<T: ?Sized> {
    tracker: Tracker,
    inner: bare::Mutex<T>,
}

/// Holds the lock; dropping it releases the lock.
#[must_use = "the lock is released when this is dropped"]
pub struct MutexGuard<'a, T: ?Sized>(pub(super) Held<'a, bare::MutexGuard<'a, T>>);

impl<T> Mutex<T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        Mutex { tracker: Tracker::new(WaitTypes::SLEEP), inner: bare::Mutex::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Mutex { tracker: Tracker::named(name, WaitTypes::SLEEP), inner: bare::Mutex::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> Self {
        Mutex { tracker: Tracker::with_key(key, WaitTypes::SLEEP), inner: bare::Mutex::new(value) }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    /// It is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the lock, and sleeps until it can.
    ///
    /// # Errors
    /// It is poisoned: a thread panicked while it held it. The guard is in the error.
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        let inner = token.wait(|| taken(self.inner.try_lock()), || self.inner.lock());
        with(inner, |inner| MutexGuard(Held::new(token, inner)))
    }

    /// Takes the lock at a nesting level of its class. Linux's `mutex_lock_nested`.
    ///
    /// # Errors
    /// As [`Mutex::lock`].
    #[track_caller]
    pub fn lock_nested(&self, subclass: Subclass) -> LockResult<MutexGuard<'_, T>> {
        let site = Site::caller();
        let token = self.tracker.token().acquire_nested(Mode::WRITE, subclass, site).asleep(site);
        let inner = token.wait(|| taken(self.inner.try_lock()), || self.inner.lock());
        with(inner, |inner| MutexGuard(Held::new(token, inner)))
    }

    /// Takes the lock where `nest` is held, which serialises every taking of this class. Linux's
    /// `mutex_lock_nest_lock`.
    ///
    /// # Errors
    /// As [`Mutex::lock`].
    #[track_caller]
    pub fn lock_nest(&self, nest: &LockMap) -> LockResult<MutexGuard<'_, T>> {
        let site = Site::caller();
        let token = self.tracker.token().acquire_nest(Mode::WRITE, nest, site).asleep(site);
        let inner = token.wait(|| taken(self.inner.try_lock()), || self.inner.lock());
        with(inner, |inner| MutexGuard(Held::new(token, inner)))
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// It is not free, or it is poisoned.
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        let (token, site) = (self.tracker.token(), Site::caller());
        with_if(self.inner.try_lock(), |inner| MutexGuard(Held::new(token.acquired_by_try(Mode::WRITE, site), inner)))
    }

    /// Whether a thread panicked while it held it.
    pub fn is_poisoned(&self) -> bool {
        self.inner.is_poisoned()
    }

    /// It is good again.
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// The value, by the only reference there is.
    ///
    /// # Errors
    /// It is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }

    /// What the lock carries for the validator.
    pub const fn map(&self) -> &LockMap {
        self.tracker.map()
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
