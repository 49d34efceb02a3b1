//! A raw mutex for `lock_api` 0.4, tracked.
//!
//! `unsafe` is needed to implement a raw mutex: every method does what the inner lock does, and tells the validator.
#![allow(unsafe_code)]

use super::api::{self, GuardNoSend, RawMutex, RawMutexFair, RawMutexTimed};
use super::locks::MutexGuard;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::raw::Tracked;
use crate::sync::tracker::Token;

// SAFETY: mutual exclusion is that of `R`.
unsafe impl<R: RawMutex> RawMutex for Tracked<R> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Tracked::of_first_use(R::INIT);

    type GuardMarker = GuardNoSend;

    #[track_caller]
    #[inline(always)]
    fn lock(&self) {
        let token = self.waited_for(Mode::WRITE, Site::caller());
        token.wait(|| self.raw.try_lock().then_some(()), || self.raw.lock());
    }

    #[track_caller]
    #[inline(always)]
    fn try_lock(&self) -> bool {
        self.tried(R::try_lock, Mode::WRITE, Site::caller())
    }

    #[inline(always)]
    unsafe fn unlock(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock() }
    }

    #[inline(always)]
    fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }
}

// SAFETY: as above.
unsafe impl<R: RawMutexFair> RawMutexFair for Tracked<R> {
    #[inline]
    unsafe fn unlock_fair(&self) {
        self.token().release(None);
        // SAFETY: the caller has the lock.
        unsafe { self.raw.unlock_fair() }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump(&self) {
        // SAFETY: the caller has the lock.
        self.bumped(Mode::WRITE, Site::caller(), |raw| unsafe { raw.bump() })
    }
}

// SAFETY: as above.
unsafe impl<R: RawMutexTimed> RawMutexTimed for Tracked<R> {
    type Duration = R::Duration;
    type Instant = R::Instant;

    #[track_caller]
    #[inline]
    fn try_lock_for(&self, timeout: R::Duration) -> bool {
        self.tried_for_a_while(R::try_lock, |raw| raw.try_lock_for(timeout), Mode::WRITE, Site::caller())
    }

    #[track_caller]
    #[inline]
    fn try_lock_until(&self, timeout: R::Instant) -> bool {
        self.tried_for_a_while(R::try_lock, |raw| raw.try_lock_until(timeout), Mode::WRITE, Site::caller())
    }
}

/// The raw lock of a [`ReentrantMutex`](super::ReentrantMutex), which announces by itself, with the user's line: `lock_api`
/// comes here without it. Only when `lock_api` takes the lock on its own account is it announced here.
#[derive(Debug)]
pub struct Announced<R>(Tracked<R>);

impl<R> Announced<R> {
    pub(super) const fn new(raw: Tracked<R>) -> Announced<R> {
        Announced(raw)
    }
}

// SAFETY: as above.
unsafe impl<R: RawMutex> RawMutex for Announced<R> {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = Announced(Tracked::of_first_use(R::INIT));

    type GuardMarker = GuardNoSend;

    #[track_caller]
    #[inline]
    fn lock(&self) {
        if !hooks::holds(self.0.map()) {
            return self.0.lock();
        }
        self.0.token().wait(|| self.0.raw.try_lock().then_some(()), || self.0.raw.lock());
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.0.raw.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self) {
        // SAFETY: the caller has the lock.
        unsafe { self.0.unlock() }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.is_locked()
    }
}

// SAFETY: as above.
unsafe impl<R: RawMutexFair> RawMutexFair for Announced<R> {
    #[inline]
    unsafe fn unlock_fair(&self) {
        // SAFETY: the caller has the lock.
        unsafe { self.0.unlock_fair() }
    }

    #[track_caller]
    #[inline]
    unsafe fn bump(&self) {
        // SAFETY: the caller has the lock.
        unsafe { self.0.bump() }
    }
}

// SAFETY: as above.
unsafe impl<R: RawMutexTimed> RawMutexTimed for Announced<R> {
    type Duration = R::Duration;
    type Instant = R::Instant;

    #[inline]
    fn try_lock_for(&self, timeout: R::Duration) -> bool {
        self.0.raw.try_lock_for(timeout)
    }

    #[inline]
    fn try_lock_until(&self, timeout: R::Instant) -> bool {
        self.0.raw.try_lock_until(timeout)
    }
}

/// Takes a mutex that is announced in another way than the ordinary one.
#[inline(always)]
pub(super) fn lock_with<'a, R: RawMutex, T: ?Sized>(
    mutex: &'a api::Mutex<Tracked<R>, T>,
    announce: impl FnOnce(Token<'a>) -> Token<'a>,
) -> MutexGuard<'a, R, T> {
    // SAFETY: the raw lock is taken, and then there is one guard for it.
    unsafe {
        let (token, raw) = (announce(mutex.raw().token()), &mutex.raw().raw);
        token.wait(|| raw.try_lock().then_some(()), || raw.lock());
        mutex.make_guard_unchecked()
    }
}

/// What the validator knows a mutex by.
#[inline(always)]
pub(super) fn map<R: RawMutex, T: ?Sized>(mutex: &api::Mutex<Tracked<R>, T>) -> &LockMap {
    // SAFETY: the raw lock is looked at, not unlocked.
    unsafe { mutex.raw() }.map()
}

/// The raw lock of a reentrant mutex, to be announced.
#[inline(always)]
pub(super) fn announced<R: RawMutex, G: api::GetThreadId, T: ?Sized>(
    mutex: &api::ReentrantMutex<Announced<R>, G, T>,
) -> &Tracked<R> {
    // SAFETY: the raw lock is looked at, not unlocked.
    unsafe { &mutex.raw().0 }
}
