//! The reentrant mutex: one source for both versions of `lock_api`.
//!
//! Invariant: its hold is recorded once, by the first acquire of a task, and removed by the last release. What it does
//! not do: count how often it is taken; `lock_api` does.

use super::api;
use super::raw_mutex::{self, Announced};
use super::{GetThreadId, RawMutex, RawMutexTimed, Tracked};
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::irqsave::IrqSave;
use core::fmt;

/// The guard of a [`ReentrantMutex`].
pub type ReentrantMutexGuard<'a, R, G, T> = api::ReentrantMutexGuard<'a, Announced<R>, G, T>;
/// The guard of a part of what a [`ReentrantMutex`] guards.
pub type MappedReentrantMutexGuard<'a, R, G, T> = api::MappedReentrantMutexGuard<'a, Announced<R>, G, T>;

/// `lock_api::ReentrantMutex` over a tracked raw lock: a task that has it may take it again. To the validator it is
/// held from the first acquire to the last release.
///
/// It does not lead to `lock_api`'s type, which would hide the line that takes it.
pub struct ReentrantMutex<R: RawMutex, G, T: ?Sized>(api::ReentrantMutex<Announced<R>, G, T>);

impl<R: RawMutex, G: GetThreadId, T> ReentrantMutex<R, G, T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn new(value: T) -> Self {
        Self::with(Tracked::new(R::INIT), value)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> Self {
        Self::with(Tracked::named(name, R::INIT), value)
    }

    /// A lock of the class `key`, which spins or sleeps as given by `waits`.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> Self {
        Self::with(Tracked::with_waits(key, waits, R::INIT), value)
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> Self {
        Self::with(Tracked::from_map(map, R::INIT), value)
    }

    const fn with(raw: Tracked<R>, value: T) -> Self {
        ReentrantMutex(api::ReentrantMutex::from_raw(Announced::new(raw), G::INIT, value))
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    /// Takes the lock, also if this task has it.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, R, G, T> {
        if !self.0.is_owned_by_current_thread() {
            raw_mutex::announced(&self.0).waited_for(Mode::WRITE, Site::caller());
        }
        self.0.lock()
    }

    /// Takes the lock if it is free, or if this task has it.
    #[track_caller]
    #[inline]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried(Site::caller(), api::ReentrantMutex::try_lock)
    }

    /// Disables interrupts and takes the lock; the guard restores them after the release.
    #[track_caller]
    #[inline]
    pub fn lock_irqsave(&self) -> IrqSave<ReentrantMutexGuard<'_, R, G, T>> {
        IrqSave::begin().with(self.lock())
    }

    /// Whether somebody has the lock.
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// Whether this task has the lock.
    pub fn is_owned_by_current_thread(&self) -> bool {
        self.0.is_owned_by_current_thread()
    }

    /// Where the value is.
    pub fn data_ptr(&self) -> *mut T {
        // Not `const` in both versions, so neither is it here.
        self.0.data_ptr()
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }

    /// What the validator knows the lock by.
    pub fn map(&self) -> &LockMap {
        raw_mutex::announced(&self.0).map()
    }

    /// A try or a timed wait: the hold is recorded if the lock was taken and was not held before.
    fn tried<'a>(
        &'a self,
        site: Site,
        take: impl FnOnce(&'a api::ReentrantMutex<Announced<R>, G, T>) -> Option<ReentrantMutexGuard<'a, R, G, T>>,
    ) -> Option<ReentrantMutexGuard<'a, R, G, T>> {
        let again = self.0.is_owned_by_current_thread();
        let guard = take(&self.0)?;
        if !again {
            raw_mutex::announced(&self.0).token().acquired_by_try(Mode::WRITE, site);
        }
        Some(guard)
    }
}

impl<R: RawMutexTimed, G: GetThreadId, T: ?Sized> ReentrantMutex<R, G, T> {
    /// Takes the lock, or fails after a time-out.
    #[track_caller]
    #[inline]
    pub fn try_lock_for(&self, timeout: R::Duration) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried_for_a_while(Site::caller(), |inner| inner.try_lock_for(timeout))
    }

    /// Takes the lock, or fails at a deadline.
    #[track_caller]
    #[inline]
    pub fn try_lock_until(&self, timeout: R::Instant) -> Option<ReentrantMutexGuard<'_, R, G, T>> {
        self.tried_for_a_while(Site::caller(), |inner| inner.try_lock_until(timeout))
    }

    /// The same as `tried`, for a wait that may sleep.
    fn tried_for_a_while<'a>(
        &'a self,
        site: Site,
        take: impl FnOnce(&'a api::ReentrantMutex<Announced<R>, G, T>) -> Option<ReentrantMutexGuard<'a, R, G, T>>,
    ) -> Option<ReentrantMutexGuard<'a, R, G, T>> {
        if self.0.is_owned_by_current_thread() {
            return self.tried(site, take);
        }
        let token = raw_mutex::announced(&self.0).token();
        token.asleep_timed(site);
        self.tried(site, |inner| {
            let try_lock = |()| inner.try_lock().ok_or(());
            token.wait_timed((), (Mode::WRITE, site), try_lock, |()| take(inner).ok_or(())).ok()
        })
    }
}

impl<R: RawMutex, G: GetThreadId, T: Default> Default for ReentrantMutex<R, G, T> {
    #[track_caller]
    fn default() -> Self {
        ReentrantMutex::new(T::default())
    }
}

impl<R: RawMutex, G: GetThreadId, T> From<T> for ReentrantMutex<R, G, T> {
    #[track_caller]
    fn from(value: T) -> Self {
        ReentrantMutex::new(value)
    }
}

impl<R: RawMutex, G: GetThreadId, T: ?Sized + fmt::Debug> fmt::Debug for ReentrantMutex<R, G, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
