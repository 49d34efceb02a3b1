//! A readers-writer semaphore with writer preference: a reader that comes waits behind a writer that waits. Linux's
//! `struct rw_semaphore`.
//!
//! Teaches: why preference matters to a validator. A reader that comes while a writer waits would wait for it, and so for a
//! reader that has the lock: its readers are no recursive readers, and the validator is told by `Mode::READ`.

use crate::wait::{Waiters, Wake};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use lockdep::{Mode, Site, Token, Tracker, WaitTypes};

struct State {
    readers: usize,
    /// 0 or 1; below where it was released more often than taken, and then nobody gets it any more.
    writers: isize,
    writers_waiting: usize,
}

pub(crate) struct RwSem<T> {
    tracker: Tracker,
    state: Waiters<State>,
    value: UnsafeCell<T>,
}

// SAFETY: either one writer's guard reaches the value, or readers' guards, by shared references.
unsafe impl<T: Send + Sync> Sync for RwSem<T> {}

impl<T> RwSem<T> {
    #[track_caller]
    pub(crate) const fn named(name: &'static str, value: T) -> RwSem<T> {
        let state = State { readers: 0, writers: 0, writers_waiting: 0 };
        let tracker = Tracker::named(name, WaitTypes::SLEEP);
        RwSem { tracker, state: Waiters::named("rwsem_wait", state), value: UnsafeCell::new(value) }
    }

    #[track_caller]
    pub(crate) fn read(&self) -> ReadGuard<'_, T> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::READ, site).asleep(site);
        token.wait(|| self.state.attempt(State::read), || self.state.wait(State::read));
        ReadGuard { lock: self, token }
    }

    #[track_caller]
    pub(crate) fn write(&self) -> WriteGuard<'_, T> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        token.wait(|| self.state.attempt(State::write), || self.wait_for_write());
        WriteGuard { lock: self, token }
    }

    fn wait_for_write(&self) {
        let mut waits = false;
        self.state.wait(|state| {
            let got = state.write();
            if got.is_none() != waits {
                // It begins to wait, or has it.
                state.writers_waiting = if waits { state.writers_waiting - 1 } else { state.writers_waiting + 1 };
                waits = !waits;
            }
            got
        });
    }
}

/// For code that takes and releases in different functions: with no value inside, a wrong release harms nobody's memory.
impl RwSem<()> {
    /// Releases what a forgotten guard has. Released without, it is wrong from then on, as Linux's is.
    #[track_caller]
    pub(crate) fn unlock_write(&self) {
        self.tracker.token().release(Some(Site::caller()));
        self.state.change(Wake::All, |state| state.writers -= 1);
    }

    /// Announces that it may have to be read here, and takes nothing. Linux's `might_fault` is that for `mmap_lock`.
    #[track_caller]
    pub(crate) fn might_read(&self) {
        let site = Site::caller();
        self.tracker.token().acquire(Mode::READ, site).asleep(site).release(Some(site));
    }
}

impl State {
    fn read(&mut self) -> Option<()> {
        let may = self.writers == 0 && self.writers_waiting == 0;
        self.readers += usize::from(may);
        may.then_some(())
    }

    fn write(&mut self) -> Option<()> {
        let may = self.writers == 0 && self.readers == 0;
        self.writers += isize::from(may);
        may.then_some(())
    }
}

pub(crate) struct ReadGuard<'a, T> {
    lock: &'a RwSem<T>,
    token: Token<'a>,
}

pub(crate) struct WriteGuard<'a, T> {
    lock: &'a RwSem<T>,
    token: Token<'a>,
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.token.release(None);
        self.lock.state.change(Wake::All, |state| state.readers -= 1);
    }
}

impl<T> Drop for WriteGuard<'_, T> {
    fn drop(&mut self) {
        self.token.release(None);
        self.lock.state.change(Wake::All, |state| state.writers -= 1);
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: readers have the lock, and no writer.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the writer has the lock.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the writer has the lock, by this guard alone.
        unsafe { &mut *self.lock.value.get() }
    }
}
