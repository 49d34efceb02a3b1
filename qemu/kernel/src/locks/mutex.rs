//! A mutex that sleeps. Linux's `struct mutex`, without spinning first.
//!
//! Teaches: the plainest lock of one's own: a `Tracker` in the lock, a `Token` in its guard.

use crate::wait::{Waiters, Wake};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use lockdep::{Mode, Site, Token, Tracker, WaitTypes};

pub(crate) struct Mutex<T> {
    tracker: Tracker,
    locked: Waiters<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: one guard at a time reaches the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) const fn named(name: &'static str, value: T) -> Mutex<T> {
        let tracker = Tracker::named(name, WaitTypes::SLEEP);
        Mutex { tracker, locked: Waiters::named("mutex_wait", false), value: UnsafeCell::new(value) }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        token.wait(|| self.locked.attempt(take), || self.locked.wait(take));
        Guard { lock: self, token }
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.locked.attempt(take)?;
        let token = self.tracker.token().acquired_by_try(Mode::WRITE, Site::caller());
        Some(Guard { lock: self, token })
    }
}

/// Takes it, if it is free.
fn take(locked: &mut bool) -> Option<()> {
    (!core::mem::replace(locked, true)).then_some(())
}

pub(crate) struct Guard<'a, T> {
    lock: &'a Mutex<T>,
    token: Token<'a>,
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.token.release(None);
        self.lock.locked.change(Wake::One, |locked| *locked = false);
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, by this guard alone.
        unsafe { &mut *self.lock.value.get() }
    }
}
