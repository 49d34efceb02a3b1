//! A counting semaphore, which any task may release: waiting for it is checked, having it is not.
//!
//! A permit is not recorded as held, since another task may give it back. Waiting for one is checked: in which
//! contexts, with which locks held, and where sleeping is not allowed. Linux does not check its semaphores at all.
//!
//! What it does not do: learn which locks are taken while a permit is held, so an inversion of a semaphore and a lock
//! is not found. Use a mutex for a semaphore of one permit that its taker gives back. Nor does it sleep: a kernel
//! yields the CPU in [`acquire_with`](Semaphore::acquire_with).

use super::tracker::Tracker;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

/// A counting semaphore. Linux's `struct semaphore`.
pub struct Semaphore {
    tracker: Tracker,
    permits: AtomicUsize,
}

impl Semaphore {
    /// A semaphore with so many permits, whose class is the caller's line.
    #[track_caller]
    pub const fn new(permits: usize) -> Self {
        Self::with(Tracker::new(WaitTypes::SLEEP), permits)
    }

    /// The same; its class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, permits: usize) -> Self {
        Self::with(Tracker::named(name, WaitTypes::SLEEP), permits)
    }

    /// The same, of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, permits: usize) -> Self {
        Self::with(Tracker::with_key(key, WaitTypes::SLEEP), permits)
    }

    /// The same; it is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, permits: usize) -> Self {
        Self::with(Tracker::from_map(map), permits)
    }

    const fn with(tracker: Tracker, permits: usize) -> Self {
        Semaphore { tracker, permits: AtomicUsize::new(permits) }
    }

    /// Takes a permit, and spins until there is one. Linux's `down`.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> Permit<'_> {
        self.acquire_with(core::hint::spin_loop)
    }

    /// Takes a permit; as long as there is none, `relax` is called: a kernel yields the CPU there.
    #[track_caller]
    #[inline]
    pub fn acquire_with(&self, mut relax: impl FnMut()) -> Permit<'_> {
        let site = Site::caller();
        let waiting = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        let wait = || loop {
            match self.try_acquire() {
                Some(permit) => break permit,
                None => relax(),
            }
        };
        let permit = waiting.wait_for_event(|| self.try_acquire(), wait);
        waiting.release(Some(site));
        permit
    }

    /// Takes a permit if there is one. Linux's `down_trylock`.
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let less = |permits: usize| permits.checked_sub(1);
        let taken = self.permits.fetch_update(Ordering::Acquire, Ordering::Relaxed, less).is_ok();
        taken.then(|| Permit { semaphore: self })
    }

    /// Gives a permit, no matter which task took it. Linux's `up`. There are never more than `usize::MAX`.
    #[inline]
    pub fn release(&self) {
        let more = |permits: usize| permits.checked_add(1);
        // No permit is lost that anybody could count: it fails where there are as many as there can be.
        let _ = self.permits.fetch_update(Ordering::Release, Ordering::Relaxed, more);
    }

    /// How many permits there are now.
    pub fn available(&self) -> usize {
        self.permits.load(Ordering::Relaxed)
    }

    /// What the validator knows the semaphore by.
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore").field("available", &self.available()).finish_non_exhaustive()
    }
}

/// A permit: it is given back when this is dropped, by whomever.
#[must_use = "the permit is given back when this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
}

impl Permit<'_> {
    /// Keeps the permit: somebody else gives it back, by [`Semaphore::release`].
    pub fn forget(self) {
        core::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        self.semaphore.release();
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
