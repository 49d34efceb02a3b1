//! The mutexes of `spin`, tracked, with their relax strategies: [`Mutex`], [`SpinMutex`], [`TicketMutex`] and
//! [`FairMutex`] are one [`Lock`] over the four of `spin`.
//!
//! `unsafe` is needed to release without a guard, as the inner lock allows it.
#![allow(unsafe_code)]

use super::super::irqsave::IrqSave;
use super::super::tracker::{Token, Tracker};
use super::guards::Guard;
use super::kind::{Kind, Waits};
use crate::hooks;
use crate::lock::as_lock_map::AsLockMap;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::guard::Held;
use ::spin::Spin;
use ::spin::mutex as bare;
use core::fmt;

pub mod fair;

pub use super::guards::{FairMutexGuard, MutexGuard, SpinMutexGuard, TicketMutexGuard};
pub use fair::Starvation;

/// A lock that spins: `spin::mutex::Mutex` with a class, which is the line that constructs it.
pub type Mutex<T, R = Spin> = Lock<bare::Mutex<T, R>>;
/// The same, by the lock that `spin::mutex::Mutex` is made of.
pub type SpinMutex<T, R = Spin> = Lock<bare::SpinMutex<T, R>>;
/// A lock that spins, and is given in the order in which it was asked for.
pub type TicketMutex<T, R = Spin> = Lock<bare::TicketMutex<T, R>>;
/// A spinlock that a task which has waited for long can keep from others.
pub type FairMutex<T, R = Spin> = Lock<bare::FairMutex<T, R>>;

/// `spin::mutex::spin`, by its names.
pub mod spin {
    pub use super::{SpinMutex, SpinMutexGuard};
}

/// `spin::mutex::ticket`, by its names.
pub mod ticket {
    pub use super::{TicketMutex, TicketMutexGuard};
}

/// A mutex of `spin` with a class, which is the line that constructs it. `L` is the bare one.
pub struct Lock<L: ?Sized> {
    tracker: Tracker,
    inner: L,
}

impl<L> Lock<L> {
    #[inline(always)]
    pub(super) const fn tracked(tracker: Tracker, inner: L) -> Lock<L> {
        Lock { tracker, inner }
    }

    #[inline(always)]
    pub(super) fn into_bare(self) -> L {
        self.inner
    }
}

impl<L: Waits + ?Sized> Lock<L> {
    /// Takes the lock, and spins until it can.
    #[track_caller]
    #[inline(always)]
    pub fn lock(&self) -> Guard<'_, L::Guard<'_>> {
        let token = self.token().acquire(Mode::WRITE, Site::caller());
        self.take(token)
    }

    /// Takes the lock at a nesting level of its class. Linux's `spin_lock_nested`.
    #[track_caller]
    #[inline]
    pub fn lock_nested(&self, subclass: Subclass) -> Guard<'_, L::Guard<'_>> {
        let token = self.token().acquire_nested(Mode::WRITE, subclass, Site::caller());
        self.take(token)
    }

    /// Takes the lock where `nest` is held, which serialises every taking of this class. Linux's `spin_lock_nest_lock`.
    #[track_caller]
    #[inline]
    pub fn lock_nest(&self, nest: &(impl AsLockMap + ?Sized)) -> Guard<'_, L::Guard<'_>> {
        let token = self.token().acquire_nest(Mode::WRITE, nest.as_lock_map(), Site::caller());
        self.take(token)
    }

    /// Takes the lock, which is announced.
    #[inline(always)]
    fn take<'a>(&'a self, token: Token<'a>) -> Guard<'a, L::Guard<'a>> {
        Guard(Held::new(
            token,
            token.wait_from(&self.inner, |inner| inner.try_lock().ok_or(inner), |inner| inner.lock()),
        ))
    }

    /// Disables interrupts and takes the lock; the guard restores them after the release. Linux's `spin_lock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqSave<Guard<'_, L::Guard<'_>>> {
        IrqSave::begin().with(self.lock())
    }
}

impl<L: Kind + ?Sized> Lock<L> {
    /// Takes the lock if it is free.
    #[track_caller]
    #[inline(always)]
    pub fn try_lock(&self) -> Option<Guard<'_, L::Guard<'_>>> {
        self.tried(self.inner.try_lock()?, Site::caller())
    }

    /// Disables interrupts and takes the lock if it is free; if not, interrupts are as they were. Linux's
    /// `spin_trylock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn try_lock_irqsave(&self) -> Option<IrqSave<Guard<'_, L::Guard<'_>>>> {
        let flag = IrqSave::begin();
        Some(flag.with(self.try_lock()?))
    }

    /// Whether somebody has the lock.
    #[inline(always)]
    pub fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }

    /// Releases the lock without its guard, which was forgotten.
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
    pub fn get_mut(&mut self) -> &mut L::Value {
        self.inner.get_mut()
    }
}

impl<L: ?Sized> Lock<L> {
    /// What the validator knows the lock by.
    #[inline(always)]
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[inline(always)]
    pub(super) fn bare(&self) -> &L {
        &self.inner
    }

    #[inline(always)]
    pub(super) fn token(&self) -> Token<'_> {
        self.tracker.token()
    }

    /// `inner` was taken without a wait.
    #[inline(always)]
    fn tried<'a, G>(&'a self, inner: G, site: Site) -> Option<Guard<'a, G>> {
        Some(Guard(Held::new(self.token().acquired_by_try(Mode::WRITE, site), inner)))
    }
}

impl<T: ?Sized, R> SpinMutex<T, R> {
    /// Takes the lock if it is free; may fail although it is.
    #[track_caller]
    #[inline(always)]
    pub fn try_lock_weak(&self) -> Option<SpinMutexGuard<'_, T, R>> {
        self.tried(self.inner.try_lock_weak()?, Site::caller())
    }
}

impl<T, R> SpinMutex<T, R> {
    /// Where the value is: for code that knows by itself when it may be touched.
    #[inline(always)]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }
}

impl<T, R> TicketMutex<T, R> {
    /// Where the value is: for code that knows by itself when it may be touched.
    #[inline(always)]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }
}

impl<T, R> FairMutex<T, R> {
    /// Where the value is: for code that knows by itself when it may be touched.
    #[inline(always)]
    pub fn as_mut_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }
}

impl<L: ?Sized> AsLockMap for Lock<L> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

impl<L: Default> Default for Lock<L> {
    #[track_caller]
    fn default() -> Self {
        Lock::tracked(Tracker::new(WaitTypes::SPIN), L::default())
    }
}

impl<L: ?Sized + fmt::Debug> fmt::Debug for Lock<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
