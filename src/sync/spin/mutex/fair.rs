//! The types of `spin::mutex::fair` beside its lock: a task that waits for long asks others to stay out.
//!
//! To the validator nothing is waited for before [`Starvation::lock`]; the tries before are tries.

use super::super::super::tracker::Token;
use super::super::guards::Guard;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::guard::Held;
use ::spin::mutex::fair as bare;
use ::spin::{RelaxStrategy, Spin};

pub use super::super::guards::FairMutexGuard;
pub use super::FairMutex;
pub use bare::LockRejectReason;

/// A task that waits: until this is dropped, others get the lock by waiting alone.
pub struct Starvation<'a, T: ?Sized, R = Spin> {
    token: Token<'a>,
    inner: bare::Starvation<'a, T, R>,
}

impl<T: ?Sized, R> FairMutex<T, R> {
    /// Takes the lock if it is free, past the starving tasks.
    ///
    /// # Errors
    /// Whether it is locked, or kept for a starving task.
    #[track_caller]
    #[inline]
    pub fn try_lock_starver(&self) -> Result<FairMutexGuard<'_, T, R>, LockRejectReason> {
        let inner = self.bare().try_lock_starver()?;
        Ok(had(self.token(), inner, Site::caller()))
    }

    /// Notes that a task has waited for long.
    pub fn starve(&self) -> Starvation<'_, T, R> {
        Starvation { token: self.token(), inner: self.bare().starve() }
    }
}

impl<'a, T: ?Sized, R> Starvation<'a, T, R> {
    /// Takes the lock if it is free and nobody else starves.
    ///
    /// # Errors
    /// Itself, if it is not.
    #[track_caller]
    #[inline]
    pub fn try_lock_fair(self) -> Result<FairMutexGuard<'a, T, R>, Self> {
        let Starvation { token, inner } = self;
        let site = Site::caller();
        inner.try_lock_fair().map(|inner| had(token, inner, site)).map_err(|inner| Starvation { token, inner })
    }

    /// Takes the lock if it is free.
    ///
    /// # Errors
    /// Itself, if it is not.
    #[track_caller]
    #[inline]
    pub fn try_lock(self) -> Result<FairMutexGuard<'a, T, R>, Self> {
        let Starvation { token, inner } = self;
        let site = Site::caller();
        inner.try_lock().map(|inner| had(token, inner, site)).map_err(|inner| Starvation { token, inner })
    }
}

impl<'a, T: ?Sized, R: RelaxStrategy> Starvation<'a, T, R> {
    /// Takes the lock, and spins until it can.
    #[track_caller]
    #[inline]
    pub fn lock(self) -> FairMutexGuard<'a, T, R> {
        let token = self.token.acquire(Mode::WRITE, Site::caller());
        Guard(Held::new(token, token.wait_from(self.inner, bare::Starvation::try_lock, bare::Starvation::lock)))
    }
}

/// The guard of a lock that was taken without a wait.
fn had<'a, T: ?Sized, R>(
    token: Token<'a>,
    inner: bare::FairMutexGuard<'a, T, R>,
    site: Site,
) -> FairMutexGuard<'a, T, R> {
    Guard(Held::new(token.acquired_by_try(Mode::WRITE, site), inner))
}
