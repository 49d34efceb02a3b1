//! The locks themselves: constructors with the caller's line, and what `lock_api` has not (nesting levels, nest locks,
//! interrupts). One source for both versions of `lock_api`: what differs is in `super::raw_mutex` and
//! `super::raw_rwlock`.

use super::api;
use super::raw_mutex::{self, Announced};
use super::raw_rwlock;
use super::{GetThreadId, RawMutex, RawMutexTimed, RawRwLock, Tracked};
use crate::lock::as_lock_map::AsLockMap;
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
/// The guard of a [`ReentrantMutex`].
pub type ReentrantMutexGuard<'a, R, G, T> = api::ReentrantMutexGuard<'a, Announced<R>, G, T>;
/// The guard of a part of what a [`ReentrantMutex`] guards.
pub type MappedReentrantMutexGuard<'a, R, G, T> = api::MappedReentrantMutexGuard<'a, Announced<R>, G, T>;

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
    pub fn lock_nest(&self, nest: &(impl AsLockMap + ?Sized)) -> MutexGuard<'_, R, T> {
        let site = Site::caller();
        raw_mutex::lock_with(&self.0, |token| token.acquire_nest(Mode::WRITE, nest.as_lock_map(), site).asleep(site))
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

impl<R: RawMutex, T: ?Sized> AsLockMap for Mutex<R, T> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
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
    pub fn read_nest(&self, nest: &(impl AsLockMap + ?Sized)) -> RwLockReadGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::read_with(&self.0, |token| token.acquire_nest(Mode::READ, nest.as_lock_map(), site).asleep(site))
    }

    /// Takes the lock for writing where `nest` is held, which serialises every taking of this class.
    #[track_caller]
    #[inline]
    pub fn write_nest(&self, nest: &(impl AsLockMap + ?Sized)) -> RwLockWriteGuard<'_, R, T> {
        let site = Site::caller();
        raw_rwlock::write_with(&self.0, |token| token.acquire_nest(Mode::WRITE, nest.as_lock_map(), site).asleep(site))
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

impl<R: RawRwLock, T: ?Sized> AsLockMap for RwLock<R, T> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
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

/// `lock_api::ReentrantMutex` over a tracked raw lock: a task that has it may take it again. To the validator it is
/// held from the first acquire to the last release.
///
/// It does not lead to `lock_api`'s type, which would hide the line that takes it.
pub struct ReentrantMutex<R: RawMutex, G, T: ?Sized>(api::ReentrantMutex<Announced<R>, G, T>);

impl<R: RawMutex, G: GetThreadId, T> ReentrantMutex<R, G, T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn new(value: T) -> Self {
        Self::with(Tracked::new(R::INIT), value)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Self::with(Tracked::named(name, R::INIT), value)
    }

    /// A lock of the class `key`, which spins or sleeps as given by `waits`.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        Self::with(Tracked::with_waits(key, waits, R::INIT), value)
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> Self {
        Self::with(Tracked::from_map(map, R::INIT), value)
    }

    const fn with(raw: Tracked<R>, value: T) -> Self {
        ReentrantMutex(api::ReentrantMutex::from_raw(Announced::new(raw), G::INIT, value))
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    /// Takes the lock, also if this task has it.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, R, G, T> {
        if !self.0.is_owned_by_current_thread() {
            raw_mutex::announced(&self.0).waited_for(Mode::WRITE, Site::caller());
        }
        self.0.lock()
    }

    /// Takes the lock if it is free, or if this task has it.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried(Site::caller(), api::ReentrantMutex::try_lock)
    }

    /// Disables interrupts and takes the lock; the guard restores them after the release.
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqSave<ReentrantMutexGuard<'_, R, G, T>> {
        IrqSave::begin().with(self.lock())
    }

    /// Whether somebody has the lock.
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// Whether this task has the lock.
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.0.is_owned_by_current_thread()
    }

    /// Where the value is.
    pub fn data_ptr(&self) -> *mut T {
        // Not `const` in both versions, so neither is it here.
        self.0.data_ptr()
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// What the validator knows the lock by.
    pub fn map(&self) -> &LockMap {
        raw_mutex::announced(&self.0).map()
    }

    /// A try or a timed wait: the hold is recorded if the lock was taken and was not held before.
    fn tried<'a>(
        &'a self,
        site: Site,
        take: impl FnOnce(&'a api::ReentrantMutex<Announced<R>, G, T>) -> Option<ReentrantMutexGuard<'a, R, G, T>>,
    ) -> Option<ReentrantMutexGuard<'a, R, G, T>> {
        let again = self.0.is_owned_by_current_thread();
        let guard = take(&self.0)?;
        if !again {
            raw_mutex::announced(&self.0).token().acquired_by_try(Mode::WRITE, site);
        }
        Some(guard)
    }
}

impl<R: RawMutexTimed, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    /// Takes the lock, or fails after a time-out.
    #[track_caller]
    #[inline]
    pub fn try_lock_for(&self, timeout: R::Duration) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried_for_a_while(Site::caller(), |inner| inner.try_lock_for(timeout))
    }

    /// Takes the lock, or fails at a deadline.
    #[track_caller]
    #[inline]
    pub fn try_lock_until(&self, timeout: R::Instant) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried_for_a_while(Site::caller(), |inner| inner.try_lock_until(timeout))
    }

    /// The same as `tried`, for a wait that may sleep.
    fn tried_for_a_while<'a>(
        &'a self,
        site: Site,
        take: impl FnOnce(&'a api::ReentrantMutex<Announced<R>, G, T>) -> Option<ReentrantMutexGuard<'a, R, G, T>>,
    ) -> Option<ReentrantMutexGuard<'a, R, G, T>> {
        if !self.0.is_owned_by_current_thread() {
            raw_mutex::announced(&self.0).token().asleep_timed(site);
        }
        self.tried(site, take)
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized> AsLockMap for ReentrantMutex<R, G, T> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

impl<R: RawMutex, G: GetThreadId, T: Default> Default for ReentrantMutex<R, G, T> {
    #[track_caller]
    fn default() -> Self {
        ReentrantMutex::new(T::default())
    }
}

impl<R: RawMutex, G: GetThreadId, T> From<T> for ReentrantMutex<R, G, T> {
    #[track_caller]
    fn from(value: T) -> Self {
        ReentrantMutex::new(value)
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutex<R, G, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
