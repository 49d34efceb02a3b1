//! `std::sync::Condvar` for the tracked mutex.
//!
//! A wait releases the mutex and acquires it again, and is recorded so: that order is checked against the other held
//! locks before the wait begins, so that a report comes before the hang. Whether somebody notifies is not checked. Other CPUs
//! see the wait for the mutex as one that any thread may end; its hold is recorded, and is not held meanwhile.

use super::super::tracker::Token;
use super::mutex::MutexGuard;
use super::with;
use crate::context::wait::WaitKind;
use crate::hooks;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::guard::Held;
use ::std::sync as bare;
use ::std::sync::{LockResult, WaitTimeoutResult};
use core::time::Duration;

/// A condition that is waited for with a [`Mutex`](super::mutex::Mutex).
#[derive(Debug, Default)]
pub struct Condvar {
    inner: bare::Condvar,
}

impl Condvar {
    /// One that nobody waits for.
    pub const fn new() -> Condvar {
        Condvar { inner: bare::Condvar::new() }
    }

    /// Releases the mutex, sleeps until it is notified, or for no reason, and takes the mutex again.
    ///
    /// # Errors
    /// The mutex is poisoned. The guard is in the error.
    #[track_caller]
    pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        let (token, inner) = leave(guard);
        let _waiting = token.mark(WaitKind::Event, Mode::WRITE, Site::caller());
        with(self.inner.wait(inner), |inner| MutexGuard(Held::new(token, inner)))
    }

    /// The same, until `condition` no longer holds.
    ///
    /// # Errors
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// The same as [`Condvar::wait`], and not longer than this.
    ///
    /// # Errors
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (token, inner) = leave(guard);
        let _waiting = token.mark(WaitKind::Timed, Mode::WRITE, Site::caller());
        let result = self.inner.wait_timeout(inner, limit);
        with(result, |(inner, result)| (MutexGuard(Held::new(token, inner)), result))
    }

    /// The same, until `condition` no longer holds or the time is over.
    ///
    /// # Errors
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_timeout_while<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (token, inner) = leave(guard);
        let _waiting = token.mark(WaitKind::Timed, Mode::WRITE, Site::caller());
        let result = self.inner.wait_timeout_while(inner, limit, condition);
        with(result, |(inner, result)| (MutexGuard(Held::new(token, inner)), result))
    }

    /// Wakes one of the waiting threads.
    pub fn notify_one(&self) {
        self.inner.notify_one();
    }

    /// Wakes all of them.
    pub fn notify_all(&self) {
        self.inner.notify_all();
    }
}

/// Records a wait before it begins: the mutex is released, the thread may sleep, the mutex is acquired again.
#[track_caller]
fn leave<T>(guard: MutexGuard<'_, T>) -> (Token<'_>, bare::MutexGuard<'_, T>) {
    let (token, inner) = guard.0.take();
    token.release(Some(Site::caller()));
    hooks::might_sleep();
    (token.acquire(Mode::WRITE, Site::caller()), inner)
}
