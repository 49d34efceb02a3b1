//! `spin::RwLock`, tracked, with its relax strategy.
//!
//! Its readers are recursive ones, since they pass a waiting writer. An upgradeable read waits like a reader, and holds
//! exclusively against its like and against later readers. To upgrade is to wait for the remaining readers: the
//! upgradeable hold is recorded as released and acquired for writing, so that this wait is checked. A lock taken in
//! between then comes before the lock as well as after it: that is reported as `circular`, and is a deadlock only if a
//! plain reader takes the same two. Upgrade first, or take the other lock before.
//!
//! `unsafe` is needed to release without a guard, as the inner lock allows it.
#![allow(unsafe_code)]

use super::super::irqsave::IrqSave;
use super::super::tracker::{Token, Tracker};
use super::guards::Guard;
use crate::hooks;
use crate::lock::class::{LockClassKey, Subclass};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::guard::Held;
use ::spin::rwlock as bare;
use ::spin::{RelaxStrategy, Spin};
use core::fmt;

pub use super::guards::{RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard};

/// A readers-writer lock that spins: `spin::rwlock::RwLock` with a class, which is the line that constructs it.
pub struct RwLock<T: ?Sized, R = Spin> {
    tracker: Tracker,
    inner: bare::RwLock<T, R>,
}

impl<T, R> RwLock<T, R> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline(always)]
    pub const fn new(value: T) -> Self {
        RwLock { tracker: Tracker::new(WaitTypes::SPIN), inner: bare::RwLock::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        RwLock { tracker: Tracker::named(name, WaitTypes::SPIN), inner: bare::RwLock::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> Self {
        Self::with_waits(key, WaitTypes::SPIN, value)
    }

    /// A lock of the class `key` with other wait types: `config` where another configuration of the kernel lets it
    /// sleep.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        RwLock { tracker: Tracker::with_key(key, waits), inner: bare::RwLock::new(value) }
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> Self {
        RwLock { tracker: Tracker::from_map(map), inner: bare::RwLock::new(value) }
    }

    /// The value, without the lock.
    #[inline]
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }

    /// Where the value is: for code that knows by itself when it may be touched.
    #[inline(always)]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }
}

impl<T: ?Sized, R: RelaxStrategy> RwLock<T, R> {
    /// Takes the lock for reading, beside other readers.
    #[track_caller]
    #[inline(always)]
    pub fn read(&self) -> RwLockReadGuard<'_, T, R> {
        let token = self.token().acquire(Mode::RECURSIVE_READ, Site::caller());
        Guard(Held::new(token, token.wait_from(&self.inner, |inner| inner.try_read().ok_or(inner), bare::RwLock::read)))
    }

    /// Takes the lock for writing.
    #[track_caller]
    #[inline(always)]
    pub fn write(&self) -> RwLockWriteGuard<'_, T, R> {
        let token = self.token().acquire(Mode::WRITE, Site::caller());
        Guard(Held::new(
            token,
            token.wait_from(&self.inner, |inner| inner.try_write().ok_or(inner), bare::RwLock::write),
        ))
    }

    /// Takes the lock for reading, as the one reader that may upgrade to writing.
    #[track_caller]
    #[inline]
    pub fn upgradeable_read(&self) -> RwLockUpgradableGuard<'_, T, R> {
        let token = self.token().acquire(Mode::UPGRADEABLE, Site::caller());
        Guard(Held::new(
            token,
            token.wait_from(
                &self.inner,
                |inner| inner.try_upgradeable_read().ok_or(inner),
                bare::RwLock::upgradeable_read,
            ),
        ))
    }

    /// [`read`](Self::read) at a nesting level of the class. Linux's `read_lock_nested`.
    #[track_caller]
    #[inline]
    pub fn read_nested(&self, subclass: Subclass) -> RwLockReadGuard<'_, T, R> {
        let token = self.token().acquire_nested(Mode::RECURSIVE_READ, subclass, Site::caller());
        Guard(Held::new(token, token.wait_from(&self.inner, |inner| inner.try_read().ok_or(inner), bare::RwLock::read)))
    }

    /// [`write`](Self::write) at a nesting level of the class. Linux's `write_lock_nested`.
    #[track_caller]
    #[inline]
    pub fn write_nested(&self, subclass: Subclass) -> RwLockWriteGuard<'_, T, R> {
        let token = self.token().acquire_nested(Mode::WRITE, subclass, Site::caller());
        Guard(Held::new(
            token,
            token.wait_from(&self.inner, |inner| inner.try_write().ok_or(inner), bare::RwLock::write),
        ))
    }

    /// [`read`](Self::read) where `nest` is held, which serialises every taking of this class.
    #[track_caller]
    #[inline]
    pub fn read_nest(&self, nest: &LockMap) -> RwLockReadGuard<'_, T, R> {
        let token = self.token().acquire_nest(Mode::RECURSIVE_READ, nest, Site::caller());
        Guard(Held::new(token, token.wait_from(&self.inner, |inner| inner.try_read().ok_or(inner), bare::RwLock::read)))
    }

    /// [`write`](Self::write) where `nest` is held, which serialises every taking of this class. Linux's
    /// `down_write_nest_lock`.
    #[track_caller]
    #[inline]
    pub fn write_nest(&self, nest: &LockMap) -> RwLockWriteGuard<'_, T, R> {
        let token = self.token().acquire_nest(Mode::WRITE, nest, Site::caller());
        Guard(Held::new(
            token,
            token.wait_from(&self.inner, |inner| inner.try_write().ok_or(inner), bare::RwLock::write),
        ))
    }

    /// Disables interrupts and takes the lock for reading; the guard restores them after the release. Linux's
    /// `read_lock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn read_irqsave(&self) -> IrqSave<RwLockReadGuard<'_, T, R>> {
        IrqSave::begin().with(self.read())
    }

    /// Disables interrupts and takes the lock for writing; the guard restores them after the release. Linux's
    /// `write_lock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn write_irqsave(&self) -> IrqSave<RwLockWriteGuard<'_, T, R>> {
        IrqSave::begin().with(self.write())
    }
}

impl<T: ?Sized, R> RwLock<T, R> {
    /// Takes the lock for reading if no writer has it.
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T, R>> {
        let inner = self.inner.try_read()?;
        Some(Guard(Held::new(self.tried(Mode::RECURSIVE_READ, Site::caller()), inner)))
    }

    /// Takes the lock for writing if it is free.
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T, R>> {
        let inner = self.inner.try_write()?;
        Some(Guard(Held::new(self.tried(Mode::WRITE, Site::caller()), inner)))
    }

    /// Takes the lock for writing if it is free; may fail although it is.
    #[track_caller]
    #[inline]
    pub fn try_write_weak(&self) -> Option<RwLockWriteGuard<'_, T, R>> {
        let inner = self.inner.try_write_weak()?;
        Some(Guard(Held::new(self.tried(Mode::WRITE, Site::caller()), inner)))
    }

    /// Takes the lock for an upgradeable read if nobody writes or has one.
    #[track_caller]
    #[inline]
    pub fn try_upgradeable_read(&self) -> Option<RwLockUpgradableGuard<'_, T, R>> {
        let inner = self.inner.try_upgradeable_read()?;
        Some(Guard(Held::new(self.tried(Mode::UPGRADEABLE, Site::caller()), inner)))
    }

    /// How many readers there are.
    pub fn reader_count(&self) -> usize {
        self.inner.reader_count()
    }

    /// How many writers there are: one or none.
    pub fn writer_count(&self) -> usize {
        self.inner.writer_count()
    }

    /// Lets a reader's hold go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::RwLock::force_read_decrement`.
    #[track_caller]
    #[inline]
    pub unsafe fn force_read_decrement(&self) {
        hooks::release(self.map(), Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_read_decrement() }
    }

    /// Lets the writer's hold go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::RwLock::force_write_unlock`.
    #[track_caller]
    #[inline]
    pub unsafe fn force_write_unlock(&self) {
        hooks::release(self.map(), Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_write_unlock() }
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[cfg(feature = "lock_api")]
    #[inline(always)]
    pub(super) fn bare(&self) -> &bare::RwLock<T, R> {
        &self.inner
    }

    #[inline(always)]
    pub(super) fn token(&self) -> Token<'_> {
        self.tracker.token()
    }

    #[inline(always)]
    fn tried(&self, mode: Mode, site: Site) -> Token<'_> {
        self.token().acquired_by_try(mode, site)
    }
}

impl<T: Default, R> Default for RwLock<T, R> {
    #[track_caller]
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T, R> From<T> for RwLock<T, R> {
    #[track_caller]
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for RwLock<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
