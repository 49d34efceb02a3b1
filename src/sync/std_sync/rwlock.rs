//! `std::sync::RwLock`, tracked. Its readers wait behind a writer that waits, so they are not recursive ones.

use super::super::tracker::Tracker;
use super::{taken, with, with_if};
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::guard::Held;
use ::std::sync as bare;
use ::std::sync::{LockResult, TryLockResult};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// A readers-writer lock that sleeps: `std::sync::RwLock` with a class, which is the line that constructs it.
pub struct RwLock<T: ?Sized> {
    tracker: Tracker,
    inner: bare::RwLock<T>,
}

/// A reader's guard.
#[must_use = "the lock is released when this is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized>(Held<'a, bare::RwLockReadGuard<'a, T>>);
/// A writer's guard.
#[must_use = "the lock is released when this is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized>(Held<'a, bare::RwLockWriteGuard<'a, T>>);

impl<T> RwLock<T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(value: T) -> Self {
        RwLock { tracker: Tracker::new(WaitTypes::SLEEP), inner: bare::RwLock::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        RwLock { tracker: Tracker::named(name, WaitTypes::SLEEP), inner: bare::RwLock::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> Self {
        RwLock { tracker: Tracker::with_key(key, WaitTypes::SLEEP), inner: bare::RwLock::new(value) }
    }

    /// The value, without the lock.
    ///
    /// # Errors
    /// It is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading, beside other readers.
    ///
    /// # Errors
    /// It is poisoned: a writer panicked. The guard is in the error.
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::READ, site).asleep(site);
        let inner = token.wait(|| taken(self.inner.try_read()), || self.inner.read());
        with(inner, |inner| RwLockReadGuard(Held::new(token, inner)))
    }

    /// Takes the lock for writing.
    ///
    /// # Errors
    /// As [`RwLock::read`].
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        let inner = token.wait(|| taken(self.inner.try_write()), || self.inner.write());
        with(inner, |inner| RwLockWriteGuard(Held::new(token, inner)))
    }

    /// Takes the lock for reading if no writer has it.
    ///
    /// # Errors
    /// One has it, or it is poisoned.
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        let (token, site) = (self.tracker.token(), Site::caller());
        with_if(self.inner.try_read(), |inner| {
            RwLockReadGuard(Held::new(token.acquired_by_try(Mode::READ, site), inner))
        })
    }

    /// Takes the lock for writing if it is free.
    ///
    /// # Errors
    /// It is not free, or it is poisoned.
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        let (token, site) = (self.tracker.token(), Site::caller());
        with_if(self.inner.try_write(), |inner| {
            RwLockWriteGuard(Held::new(token.acquired_by_try(Mode::WRITE, site), inner))
        })
    }

    /// Whether a writer panicked.
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

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on as a reader.
    #[track_caller]
    pub fn downgrade(this: Self) -> RwLockReadGuard<'a, T> {
        let (token, inner) = this.0.take();
        token.downgrade(Mode::READ);
        RwLockReadGuard(Held::new(token, bare::RwLockWriteGuard::downgrade(inner)))
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
