//! What the mutexes of `spin` have in common: [`Lock`](super::mutex::Lock) is tracked over any of them.
//!
//! Invariant: each function does what the lock's own function of that name does. Waiting is separate, since only that
//! needs a relax strategy.
//!
//! `unsafe` is needed to release without a guard, as the locks allow it.
#![allow(unsafe_code)]

use super::super::tracker::Tracker;
use super::guards::Guard;
use super::mutex::Lock;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::wait_type::WaitTypes;
use ::spin::RelaxStrategy;
use ::spin::mutex as bare;
use core::ops::DerefMut;

/// A mutex of `spin`.
pub trait Kind {
    /// What it guards.
    type Value: ?Sized;
    /// Its own guard.
    type Guard<'a>: DerefMut<Target = Self::Value>
    where
        Self: 'a;

    /// Takes the lock if it is free.
    fn try_lock(&self) -> Option<Self::Guard<'_>>;
    /// Whether somebody has the lock.
    fn is_locked(&self) -> bool;
    /// Releases the lock without its guard.
    ///
    /// # Safety
    /// The lock is held, and its guard is never used again.
    unsafe fn force_unlock(&self);
    /// The value, by the only reference there is.
    fn get_mut(&mut self) -> &mut Self::Value;
}

/// One that waits.
pub trait Waits: Kind {
    /// Takes the lock, and spins until it can.
    fn lock(&self) -> Self::Guard<'_>;
}

/// Of each mutex of `spin`: that it is one, what constructs it (a trait has no `const fn`), and what its guard has
/// beside.
macro_rules! kind {
    ($mutex:ident, $guard:ident) => {
        impl<T: ?Sized, R> Kind for bare::$mutex<T, R> {
            type Value = T;
            type Guard<'a>
                = bare::$guard<'a, T, R>
            where
                Self: 'a;

            #[inline(always)]
            fn try_lock(&self) -> Option<bare::$guard<'_, T, R>> {
                bare::$mutex::try_lock(self)
            }

            #[inline(always)]
            fn is_locked(&self) -> bool {
                bare::$mutex::is_locked(self)
            }

            #[inline(always)]
            unsafe fn force_unlock(&self) {
                // SAFETY: the caller promises what is asked for here.
                unsafe { bare::$mutex::force_unlock(self) }
            }

            #[inline(always)]
            fn get_mut(&mut self) -> &mut T {
                bare::$mutex::get_mut(self)
            }
        }

        impl<T: ?Sized, R: RelaxStrategy> Waits for bare::$mutex<T, R> {
            #[inline(always)]
            fn lock(&self) -> bare::$guard<'_, T, R> {
                bare::$mutex::lock(self)
            }
        }

        impl<T, R> Lock<bare::$mutex<T, R>> {
            /// A lock whose class is the caller's line.
            #[track_caller]
            #[inline(always)]
            pub const fn new(value: T) -> Self {
                Self::tracked(Tracker::new(WaitTypes::SPIN), bare::$mutex::new(value))
            }

            /// A lock whose class is the caller's line and `name`, which reports call it.
            #[track_caller]
            pub const fn named(name: &'static str, value: T) -> Self {
                Self::tracked(Tracker::named(name, WaitTypes::SPIN), bare::$mutex::new(value))
            }

            /// A lock of the class `key`.
            pub const fn with_key(key: &'static LockClassKey, value: T) -> Self {
                Self::with_waits(key, WaitTypes::SPIN, value)
            }

            /// A lock of the class `key` with other wait types: `config` where another configuration of the kernel lets
            /// it sleep.
            pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
                Self::tracked(Tracker::with_key(key, waits), bare::$mutex::new(value))
            }

            /// A lock that is described to the validator by `map`: any [`LockMap`].
            pub const fn from_map(map: LockMap, value: T) -> Self {
                Self::tracked(Tracker::from_map(map), bare::$mutex::new(value))
            }

            /// The value, without the lock.
            #[inline(always)]
            pub fn into_inner(self) -> T {
                self.into_bare().into_inner()
            }
        }

        impl<T, R> From<T> for Lock<bare::$mutex<T, R>> {
            #[track_caller]
            fn from(value: T) -> Self {
                Self::new(value)
            }
        }

        impl<'a, T: ?Sized, R> Guard<'a, bare::$guard<'a, T, R>> {
            /// The value, for as long as the lock lives: released by `force_unlock` or never, no longer recorded as
            /// held.
            #[track_caller]
            pub fn leak(this: Self) -> &'a mut T {
                bare::$guard::leak(this.0.leak())
            }
        }
    };
}

kind!(Mutex, MutexGuard);
kind!(SpinMutex, SpinMutexGuard);
kind!(TicketMutex, TicketMutexGuard);
kind!(FairMutex, FairMutexGuard);
