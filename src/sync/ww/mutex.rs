//! The mutex: a `spin::Mutex` that records the age of the context that has it.
//!
//! Invariants:
//! - A context has it, and nobody else does, exactly while `owner` is that context's stamp: written by the holder of
//!   the inner lock, and cleared before that is released. 0: nobody has it, or a task without a context.
//! - It is announced before the wait, and its hold is removed before the release; one on which a task backs off from a
//!   deadlock was waited for, so the order is learned.
//!
//! `unsafe` is needed to release a `WwMutex<()>` without a guard, for the self-tests.
#![allow(unsafe_code)]

use super::super::tracker::Tracker;
use super::context::State;
use super::{WwAcquire, WwClass, WwError};
use crate::context::hold::Acquire;
use crate::hooks;
use crate::lock::as_lock_map::AsLockMap;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::report::kind::Kind;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};

/// A mutex of which one task may take several, in any order, with a [`WwAcquire`]. Linux's `struct ww_mutex`.
pub struct WwMutex<T: ?Sized> {
    class: &'static WwClass,
    tracker: Tracker,
    /// The stamp of the context that has it.
    owner: AtomicUsize,
    inner: ::spin::Mutex<T>,
}

impl<T> WwMutex<T> {
    /// A mutex of this class. Linux's `ww_mutex_init`.
    pub const fn new(class: &'static WwClass, value: T) -> WwMutex<T> {
        let tracker = Tracker::with_key(&class.mutex, WaitTypes::SLEEP);
        WwMutex { class, tracker, owner: AtomicUsize::new(0), inner: ::spin::Mutex::new(value) }
    }

    /// The value, without the mutex.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> WwMutex<T> {
    /// Takes it as one of several. Waits as long as a younger context has it, or somebody without a context; a context
    /// that has nothing yet waits for everybody. Linux's `ww_mutex_lock`.
    ///
    /// # Errors
    /// [`WwError::Already`] if the context has it; [`WwError::Deadlock`] if an older one has it: back off then.
    #[track_caller]
    pub fn lock<'a>(&'a self, acquire: &'a WwAcquire<'_>) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.lock_with(acquire.state())
    }

    /// Takes the mutex that answered `Deadlock`, when everything else has been released. Linux's `ww_mutex_lock_slow`.
    ///
    /// # Errors
    /// None if it is used so: a context that has nothing waits for everybody. If something is still held, which is
    /// reported, those of [`lock`](Self::lock).
    #[track_caller]
    pub fn lock_slow<'a>(&'a self, acquire: &'a WwAcquire<'_>) -> Result<WwMutexGuard<'a, T>, WwError> {
        self.lock_slow_with(acquire.state())
    }

    /// Takes it alone, as an ordinary mutex. Linux's `ww_mutex_lock` without a context.
    #[track_caller]
    pub fn lock_alone(&self) -> WwMutexGuard<'_, T> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        let inner = token.wait(|| self.inner.try_lock(), || self.inner.lock());
        self.guard(inner, None, site)
    }

    /// Takes it alone, if it is free. Linux's `ww_mutex_trylock` without a context.
    #[track_caller]
    pub fn try_lock(&self) -> Option<WwMutexGuard<'_, T>> {
        let site = Site::caller();
        let inner = self.inner.try_lock()?;
        hooks::acquire_with(&Acquire { tried: true, ..Acquire::new(self.map(), Mode::WRITE, site) });
        Some(self.guard(inner, None, site))
    }

    /// Whether somebody has it. Linux's `ww_mutex_is_locked`.
    pub fn is_locked(&self) -> bool {
        self.inner.is_locked()
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// What the mutex carries for the validator.
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[track_caller]
    pub(crate) fn lock_slow_with<'a>(&'a self, context: &'a State) -> Result<WwMutexGuard<'a, T>, WwError> {
        if !context.is_backing_off() {
            self.misused("lock_slow without a deadlock before", Site::caller());
        }
        self.lock_with(context)
    }

    #[track_caller]
    pub(crate) fn lock_with<'a>(&'a self, context: &'a State) -> Result<WwMutexGuard<'a, T>, WwError> {
        let site = Site::caller();
        if self.inner.is_locked() && context.is_owner(self.class, self.owner.load(Ordering::Relaxed)) {
            return Err(WwError::Already);
        }
        if let Some(note) = context.broken_rule(self.class, self.map()) {
            self.misused(note, site);
        }
        hooks::acquire_with(&context.acquire(self.map(), site));
        let token = self.tracker.token().asleep(site);
        let taken = token.wait_or_stop(|| self.inner.try_lock().map(Some), || self.wait_as(context));
        let Some(inner) = taken else {
            hooks::release(self.map(), Some(site));
            context.back_off_from(self.map());
            return Err(WwError::Deadlock);
        };
        context.count();
        Ok(self.guard(inner, Some(context), site))
    }

    /// Waits for the inner lock; `None`: an older context has it.
    fn wait_as(&self, context: &State) -> Option<::spin::MutexGuard<'_, T>> {
        loop {
            if let Some(inner) = self.inner.try_lock() {
                return Some(inner);
            }
            // Before the owner has written its stamp this reads 0: wait, and look again.
            if context.must_back_off(self.owner.load(Ordering::Relaxed)) {
                return None;
            }
            core::hint::spin_loop();
        }
    }

    /// The caller has the inner lock: notes its owner.
    fn guard<'a>(
        &'a self,
        inner: ::spin::MutexGuard<'a, T>,
        context: Option<&'a State>,
        site: Site,
    ) -> WwMutexGuard<'a, T> {
        let stamp = context.map_or(0, State::stamp);
        if self.owner.swap(stamp, Ordering::Relaxed) != 0 {
            self.misused("a free mutex that still belongs to a context", site);
        }
        WwMutexGuard { mutex: self, context, site, inner }
    }

    /// All of a release, but for the inner lock. `site`: where it was taken.
    fn leave(&self, context: Option<&State>, site: Site) {
        if !context.is_none_or(State::uncount) {
            self.misused("a mutex released whose context has none", site);
        }
        self.owner.store(0, Ordering::Relaxed);
        hooks::release(self.map(), None);
    }

    fn misused(&self, note: &'static str, site: Site) {
        hooks::report_misuse(Kind::WwMisuse, note, Some(self.map()), site);
    }
}

/// For the self-tests, which break the rules on purpose.
#[cfg(feature = "selftest")]
impl WwMutex<()> {
    /// Releases, also if nobody has it, as a call without a guard does. `context`: that of the guard, which was
    /// forgotten.
    #[track_caller]
    #[inline]
    pub(crate) fn unlock(&self, context: Option<&State>) {
        self.leave(context, Site::caller());
        // SAFETY: the mutex guards nothing, so a task that wrongly believes to have it does no harm.
        unsafe { self.inner.force_unlock() }
    }

    /// Leaves behind a context that does not have it.
    pub(crate) fn spoil(&self) {
        self.owner.store(2, Ordering::Relaxed);
    }
}

impl<T: ?Sized> AsLockMap for WwMutex<T> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for WwMutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Holds the mutex; dropping it releases the mutex. Linux's `ww_mutex_unlock`.
///
/// It borrows its context, so the context cannot end before it, and both stay on the task that began it.
pub struct WwMutexGuard<'a, T: ?Sized> {
    mutex: &'a WwMutex<T>,
    context: Option<&'a State>,
    site: Site,
    // Dropped after `drop` has run: the hold is removed first, then the lock released.
    inner: ::spin::MutexGuard<'a, T>,
}

impl<T: ?Sized> Drop for WwMutexGuard<'_, T> {
    fn drop(&mut self) {
        self.mutex.leave(self.context, self.site);
    }
}

impl<T: ?Sized> Deref for WwMutexGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for WwMutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for WwMutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
