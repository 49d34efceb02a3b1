//! `spin::Mutex`, tracked, with its relax strategy.
//!
//! `unsafe` is here to let go without a guard: as the lock inside has it.
#![allow(unsafe_code)]

use super::super::held::Held;
use super::super::irqsave::IrqSave;
use super::super::tracker::{Token, Tracker};
use crate::class::{LockClassKey, LockMap, Subclass};
use crate::hooks;
use crate::mode::Mode;
use crate::site::Site;
use crate::wait_type::WaitTypes;
use ::spin::mutex as bare;
use ::spin::{RelaxStrategy, Spin};
use core::fmt;

pub use super::guards::MutexGuard;

/// [`Mutex`] under the name of what it wraps.
pub type SpinMutex<T, R = Spin> = Mutex<T, R>;
/// [`MutexGuard`] under the name of what it wraps.
pub type SpinMutexGuard<'a, T, R = Spin> = MutexGuard<'a, T, R>;

/// `spin::mutex::spin`, by its names.
pub mod spin {
    pub use super::{SpinMutex, SpinMutexGuard};
}

/// A lock that spins: `spin::mutex::Mutex` with a class, which is the line that constructs it.
pub struct Mutex<T: ?Sized, R = Spin> {
    tracker: Tracker,
    inner: bare::Mutex<T, R>,
}

impl<T, R> Mutex<T, R> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline(always)]
    pub const fn new(value: T) -> Self {
        Mutex { tracker: Tracker::new(WaitTypes::SPIN), inner: bare::Mutex::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Mutex { tracker: Tracker::named(name, WaitTypes::SPIN), inner: bare::Mutex::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> Self {
        Self::with_waits(key, WaitTypes::SPIN, value)
    }

    /// A lock of the class `key` with other wait types: `config` where another configuration of the kernel lets it sleep.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        Mutex { tracker: Tracker::with_key(key, waits), inner: bare::Mutex::new(value) }
    }

    /// A lock that the validator knows by `map`: whatever a [`LockMap`] can be.
    pub const fn from_map(map: LockMap, value: T) -> Self {
        Mutex { tracker: Tracker::from_map(map), inner: bare::Mutex::new(value) }
    }

    /// The value, without the lock.
    #[inline(always)]
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized, R: RelaxStrategy> Mutex<T, R> {
    /// Takes the lock, and spins until it can.
    #[track_caller]
    #[inline(always)]
    pub fn lock(&self) -> MutexGuard<'_, T, R> {
        let token = self.token().acquire(Mode::WRITE, Site::caller());
        MutexGuard(Held::new(token, token.wait(|| self.inner.try_lock(), || self.inner.lock())))
    }

    /// Takes the lock at a nesting level of its class. Linux's `spin_lock_nested`.
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: Subclass) -> MutexGuard<'_, T, R> {
        let token = self.token().acquire_nested(Mode::WRITE, subclass, Site::caller());
        MutexGuard(Held::new(token, token.wait(|| self.inner.try_lock(), || self.inner.lock())))
    }

    /// Takes the lock where `nest` is held, which serialises every taking of this class. Linux's `spin_lock_nest_lock`.
    #[track_caller]
    #[inline]
    pub fn lock_nest(&self, nest: &LockMap) -> MutexGuard<'_, T, R> {
        let token = self.token().acquire_nest(Mode::WRITE, nest, Site::caller());
        MutexGuard(Held::new(token, token.wait(|| self.inner.try_lock(), || self.inner.lock())))
    }

    /// Disables interrupts and takes the lock; the guard restores them when it has let go. Linux's `spin_lock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqSave<MutexGuard<'_, T, R>> {
        IrqSave::begin().with(self.lock())
    }
}

impl<T: ?Sized, R> Mutex<T, R> {
    /// Takes the lock if it is free.
    #[track_caller]
    #[inline(always)]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T, R>> {
        let inner = self.inner.try_lock()?;
        Some(MutexGuard(Held::new(self.token().acquired_by_try(Mode::WRITE, Site::caller()), inner)))
    }

    /// Takes the lock if it is free. (`spin` may say that it is not, to be faster in a loop; here it does not.)
    #[track_caller]
    #[inline(always)]
    pub fn try_lock_weak(&self) -> Option<MutexGuard<'_, T, R>> {
        self.try_lock()
    }

    /// Disables interrupts and takes the lock if it is free; if not, interrupts are as they were. Linux's
    /// `spin_trylock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn try_lock_irqsave(&self) -> Option<IrqSave<MutexGuard<'_, T, R>>> {
        let flag = IrqSave::begin();
        Some(flag.with(self.try_lock()?))
    }

    /// Whether somebody has the lock.
    #[inline(always)]
    pub fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }

    /// Lets the lock go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::Mutex::force_unlock`: the lock is held, and its guard is never used again.
    #[track_caller]
    #[inline(always)]
    pub unsafe fn force_unlock(&self) {
        hooks::release(self.map(), Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_unlock() }
    }

    /// The value, by the only reference there is.
    #[inline(always)]
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[inline(always)]
    fn token(&self) -> Token<'_> {
        self.tracker.token()
    }
}

impl<T: Default, R> Default for Mutex<T, R> {
    #[track_caller]
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T, R> From<T> for Mutex<T, R> {
    #[track_caller]
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for Mutex<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
