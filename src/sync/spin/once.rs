//! `spin::Once`, tracked, with its relax strategy.
//!
//! A running initialiser is like a held lock, since everybody else waits for its end: so the `Once` is recorded as held
//! from the wait to the end of the initialiser. An initialiser that asks for its own value is `recursive`, one
//! that takes locks in the wrong order `circular`. When the value is there, the validator is told nothing any more, and
//! to get it costs one load.
//!
//! What it does not do: record whose initialiser a task waited for.
//!
//! `unsafe` is needed for the methods that are unsafe in `spin`.
#![allow(unsafe_code)]

use super::super::tracker::{Token, Tracker};
use crate::context::wait::WaitKind;
use crate::hooks::Waiting;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use ::spin::once as bare;
use ::spin::{RelaxStrategy, Spin};
use core::cell::Cell;
use core::fmt;

/// A value that is made once: `spin::once::Once` with a class, which is the line that constructs it.
pub struct Once<T = (), R = Spin> {
    tracker: Tracker,
    inner: bare::Once<T, R>,
}

impl<T, R> Once<T, R> {
    /// No value yet. It is a class of its own, which reports call by the line that first takes it: a constant cannot
    /// know where it is used. For many of one kind prefer [`new`](Self::new).
    #[allow(clippy::declare_interior_mutable_const)] // as `spin` has it: to begin arrays with
    pub const INIT: Self =
        Once { tracker: Tracker::from_map(LockMap::of_first_use(WaitTypes::SPIN)), inner: bare::Once::INIT };

    /// No value yet; the class is the caller's line.
    #[track_caller]
    pub const fn new() -> Self {
        Once { tracker: Tracker::new(WaitTypes::SPIN), inner: bare::Once::new() }
    }

    /// No value yet; of the class `key`.
    pub const fn with_key(key: &'static LockClassKey) -> Self {
        Once { tracker: Tracker::with_key(key, WaitTypes::SPIN), inner: bare::Once::new() }
    }

    /// No value yet; it is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap) -> Self {
        Once { tracker: Tracker::from_map(map), inner: bare::Once::new() }
    }

    /// With its value.
    #[track_caller]
    pub const fn initialized(value: T) -> Self {
        Once { tracker: Tracker::new(WaitTypes::SPIN), inner: bare::Once::initialized(value) }
    }

    /// Where the value is, or will be.
    pub fn as_mut_ptr(&self) -> *mut T {
        self.inner.as_mut_ptr()
    }

    /// The value, if it is there.
    #[inline(always)]
    pub fn get(&self) -> Option<&T> {
        self.inner.get()
    }

    /// The value, which is there.
    ///
    /// # Safety
    /// As for `spin::Once::get_unchecked`: the value is there.
    pub unsafe fn get_unchecked(&self) -> &T {
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.get_unchecked() }
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.inner.get_mut()
    }

    /// The value, which is there, by the only reference there is.
    ///
    /// # Safety
    /// As for `spin::Once::get_mut_unchecked`: the value is there.
    pub unsafe fn get_mut_unchecked(&mut self) -> &mut T {
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.get_mut_unchecked() }
    }

    /// The value alone, if it is there.
    pub fn try_into_inner(self) -> Option<T> {
        self.inner.try_into_inner()
    }

    /// The value alone, which is there.
    ///
    /// # Safety
    /// As for `spin::Once::into_inner_unchecked`: the value is there.
    pub unsafe fn into_inner_unchecked(self) -> T {
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.into_inner_unchecked() }
    }

    /// Whether the value is there.
    pub fn is_completed(&self) -> bool {
        self.inner.is_completed()
    }

    /// What the validator knows it by.
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }
}

impl<T, R: RelaxStrategy> Once<T, R> {
    /// The value; `make` makes it if nobody did, and waits if somebody is at it.
    #[track_caller]
    #[inline]
    pub fn call_once<F: FnOnce() -> T>(&self, make: F) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.watched(Site::caller(), WaitKind::Lock, |inner, wait| {
                inner.call_once(|| {
                    wait.end();
                    make()
                })
            }),
        }
    }

    /// The same with a `make` that may fail; then another may try.
    ///
    /// # Errors
    /// That of `make`.
    #[track_caller]
    #[inline]
    pub fn try_call_once<F: FnOnce() -> Result<T, E>, E>(&self, make: F) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => self.watched(Site::caller(), WaitKind::Lock, |inner, wait| {
                inner.try_call_once(|| {
                    wait.end();
                    make()
                })
            }),
        }
    }

    /// The value, which is a copy of this one if nobody made another.
    #[track_caller]
    #[inline]
    pub fn init_from_ref(&self, value: &T) -> &T
    where
        T: Copy,
    {
        match self.get() {
            Some(value) => value,
            None => self.watched(Site::caller(), WaitKind::Lock, |inner, _| inner.init_from_ref(value)),
        }
    }

    /// Waits until somebody has made the value.
    #[track_caller]
    #[inline]
    pub fn wait(&self) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.watched(Site::caller(), WaitKind::Event, |inner, _| inner.wait()),
        }
    }

    /// The value; waits if somebody is at it, and gives `None` if nobody is.
    #[track_caller]
    #[inline]
    pub fn poll(&self) -> Option<&T> {
        match self.get() {
            Some(value) => Some(value),
            None => self.watched(Site::caller(), WaitKind::Lock, |inner, _| inner.poll()),
        }
    }

    /// Runs `work`, which may wait for an initialiser or run one, with the `Once` recorded as held. Nobody knows which,
    /// so it is marked as a wait until an initialiser begins.
    #[cold]
    fn watched<'a, A>(
        &'a self,
        site: Site,
        kind: WaitKind,
        work: impl FnOnce(&'a bare::Once<T, R>, &MaybeWaits) -> A,
    ) -> A {
        let running = Running(self.tracker.token().acquire(Mode::WRITE, site));
        let waits = MaybeWaits(Cell::new(Some(running.0.mark(kind, Mode::WRITE, site))));
        work(&self.inner, &waits)
    }
}

/// The mark of a wait, until an initialiser begins or this is dropped.
struct MaybeWaits(Cell<Option<Waiting>>);

impl MaybeWaits {
    fn end(&self) {
        self.0.set(None);
    }
}

/// The recorded hold, until it is dropped, also by an initialiser that panics.
struct Running<'a>(Token<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.release(None);
    }
}

impl<T, R> Default for Once<T, R> {
    #[track_caller]
    fn default() -> Self {
        Once::new()
    }
}

impl<T, R> From<T> for Once<T, R> {
    #[track_caller]
    fn from(value: T) -> Self {
        Once::initialized(value)
    }
}

impl<T: fmt::Debug, R> fmt::Debug for Once<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
