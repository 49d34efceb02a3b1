//! A lock that spins, whose holder keeps its CPU: for what tasks share with one another, and with no interrupt.
//!
//! Teaches: why `spin_lock` disables preemption. Preempted, the holder would let others spin for whole ticks; and one
//! that spins with interrupts off, on the only CPU, would do so for ever.

use crate::task::PreemptOff;
use core::ops::{Deref, DerefMut};
use lockdep::spin::{Mutex, MutexGuard};

pub(crate) struct SpinLock<T> {
    inner: Mutex<T>,
}

impl<T> SpinLock<T> {
    #[track_caller]
    pub(crate) const fn named(name: &'static str, value: T) -> SpinLock<T> {
        SpinLock { inner: Mutex::named(name, value) }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let keeps_cpu = PreemptOff::new();
        Guard { inner: self.inner.lock(), _keeps_cpu: keeps_cpu }
    }
}

/// Fields are dropped in their order: the lock is free before its holder may be preempted.
pub(crate) struct Guard<'a, T> {
    inner: MutexGuard<'a, T>,
    _keeps_cpu: PreemptOff,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}
