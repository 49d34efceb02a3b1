//! The locks themselves: constructors with the caller's line, and what `lock_api` has not (nesting levels, nest locks,
//! interrupts). One source for both versions of `lock_api`: what differs is in `super::raw_mutex` and
//! `super::raw_rwlock`. (`reentrant.rs` has the reentrant mutex.)

use super::api;
use super::raw_mutex;
use super::raw_rwlock;
use super::{RawMutex, RawRwLock, Tracked};
use crate::lock::class::{LockClassKey, Subclass};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::irqsave::IrqSave;
use core::fmt;
use core::ops::{Deref, DerefMut};

/// The guard of a [`Mutex`].
pub type MutexGuard<'a, R, T> = api::MutexGuard<'a, Tracked<R>, T>;
/// The guard of a part of what a [`Mutex`] guards.
pub type MappedMutexGuard<'a, R, T> = api::MappedMutexGuard<'a, Tracked<R>, T>;
/// A reader's guard.
pub type RwLockReadGuard<'a, R, T> = api::RwLockReadGuard<'a, Tracked<R>, T>;
/// A writer's guard.
pub type RwLockWriteGuard<'a, R, T> = api::RwLockWriteGuard<'a, Tracked<R>, T>;
/// The guard of an upgradeable read.
pub type RwLockUpgradableReadGuard<'a, R, T> = api::RwLockUpgradableReadGuard<'a, Tracked<R>, T>;
/// A reader's guard of a part.
pub type MappedRwLockReadGuard<'a, R, T> = api::MappedRwLockReadGuard<'a, Tracked<R>, T>;
/// A writer's guard of a part.
pub type MappedRwLockWriteGuard<'a, R, T> = api::MappedRwLockWriteGuard<'a, Tracked<R>, T>;

/// `lock_api::Mutex` over a tracked raw lock.
pub struct Mutex<R, T: ?Sized>(api::Mutex<Tracked<R>, T>);

impl<R: RawMutex, T> Mutex<R, T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn new(value: T) -> Self {
        Self::from_raw(R::INIT, value)
    }

    /// A lock over this raw lock, whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn from_raw(raw: R, value: T) -> Self {
        Mutex(api::Mutex::from_raw(Tracked::new(raw), value))
    }

    /// [`from_raw`](Self::from_raw) under its older name.
    #[track_caller]
    #[inline]
    pub const fn const_new(raw: R, value: T) -> Self {
        Self::from_raw(raw, value)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Mutex(api::Mutex::from_raw(Tracked::named(name, R::INIT), value))
    }

    /// A lock of the class `key`, which spins or sleeps as given by `waits`.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        Mutex(api::Mutex::from_raw(Tracked::with_waits(key, waits, R::INIT), value))
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> Self {
        Mutex(api::Mutex::from_raw(Tracked::from_map(map, R::INIT), value))
    }

    /// The value, without the lock.
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<R: RawMutex, T: ?Sized> Mutex<R, T> {
    /// Takes the lock at a nesting level of its class.
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: Subclass) -> MutexGuard<'_, R, T> {
        let site = Site::caller();
        raw_mutex::lock_with(&self.0, |token| token.acquire_nested(Mode::WRITE, subclass, site).asleep(site))
    }

    /// Takes the lock where `nest` is held, which serialises every taking of this class.
    #[track_caller]
    #[inline]
    pub fn lock_nest(&self, nest: &LockMap) -> MutexGuard<'_, R, T> {
        let site = Site::caller();
        raw_mutex::lock_with(&self.0, |token| token.acquire_nest(Mode::WRITE, nest, site).asleep(site))
    }

    /// Disables interrupts and takes the lock; the guard restores them after the release.
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqSave<MutexGuard<'_, R, T>> {
        IrqSave::begin().with(self.0.lock())
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub fn map(&self) -> &LockMap {
        raw_mutex::map(&self.0)
    }
}

impl<R, T: ?Sized> Deref for Mutex<R, T> {
    type Target = api::Mutex<Tracked<R>, T>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R, T: ?Sized> DerefMut for Mutex<R, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<R: RawMutex, T: Default> Default for Mutex<R, T> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<R: RawMutex, T> From<T> for Mutex<R, T> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<R: RawMutex, T: ?Sized + fmt::Debug> fmt::Debug for Mutex<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `lock_api::RwLock` over a tracked raw lock.
pub struct RwLock<R, T: ?Sized>(api::RwLock<Tracked<R>, T>);

impl<R: RawRwLock, T> RwLock<R, T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn new(value: T) -> Self {
        Self::from_raw(R::INIT, value)
    }

    /// A lock over this raw lock, whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn from_raw(raw: R, value: T) -> Self {
        RwLock(api::RwLock::from_raw(Tracked::new(raw), value))
    }

    /// [`from_raw`](Self::from_raw) under its older name.
    #[track_caller]
    #[inline]
    pub const fn const_new(raw: R, value: T) -> Self {
        Self::from_raw(raw, value)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        RwLock(api::RwLock::from_raw(Tracked::named(name, R::INIT), value))
    }

    /// A lock of the class `key`, which spins or sleeps as given by `waits`.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        RwLock(api::RwLock::from_raw(Tracked::with_waits(key, waits, R::INIT), value))
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> Self {
        RwLock(api::RwLock::from_raw(Tracked::from_map(map, R::INIT), value))
    }

    /// The value, without the lock.
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<R: RawRwLock, T: ?Sized> RwLock<R, T> {
    /// Takes the lock for reading at a nesting level of its class.
    #[track_caller]
    #[inline]
    pub fn read_nested(&self, subclass: Subclass) -> RwLockReadGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::read_with(&self.0, |token| token.acquire_nested(Mode::READ, subclass, site).asleep(site))
    }

    /// Takes the lock for writing at a nesting level of its class.
    #[track_caller]
    #[inline]
    pub fn write_nested(&self, subclass: Subclass) -> RwLockWriteGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::write_with(&self.0, |token| token.acquire_nested(Mode::WRITE, subclass, site).asleep(site))
    }

    /// Takes the lock for reading where `nest` is held, which serialises every taking of this class.
    #[track_caller]
    #[inline]
    pub fn read_nest(&self, nest: &LockMap) -> RwLockReadGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::read_with(&self.0, |token| token.acquire_nest(Mode::READ, nest, site).asleep(site))
    }

    /// Takes the lock for writing where `nest` is held, which serialises every taking of this class.
    #[track_caller]
    #[inline]
    pub fn write_nest(&self, nest: &LockMap) -> RwLockWriteGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::write_with(&self.0, |token| token.acquire_nest(Mode::WRITE, nest, site).asleep(site))
    }

    /// Disables interrupts and takes the lock for reading; the guard restores them after the release.
    #[track_caller]
    #[inline]
    pub fn read_irqsave(&self) -> IrqSave<RwLockReadGuard<'_, R, T>> {
        IrqSave::begin().with(self.0.read())
    }

    /// Disables interrupts and takes the lock for writing; the guard restores them after the release.
    #[track_caller]
    #[inline]
    pub fn write_irqsave(&self) -> IrqSave<RwLockWriteGuard<'_, R, T>> {
        IrqSave::begin().with(self.0.write())
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub fn map(&self) -> &LockMap {
        raw_rwlock::map(&self.0)
    }
}

impl<R, T: ?Sized> Deref for RwLock<R, T> {
    type Target = api::RwLock<Tracked<R>, T>;
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R, T: ?Sized> DerefMut for RwLock<R, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<R: RawRwLock, T: Default> Default for RwLock<R, T> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<R: RawRwLock, T> From<T> for RwLock<R, T> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<R: RawRwLock, T: ?Sized + fmt::Debug> fmt::Debug for RwLock<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
