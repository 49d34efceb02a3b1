//! `spin::LazyLock`, which older versions call `Lazy`, tracked: a value that the first access makes, over [`Once`].
//!
//! Invariant: the initialiser is taken out by the one whom the `Once` lets run, and by nobody else.
//!
//! `unsafe` is needed to share the cell that the initialiser is in.
#![allow(unsafe_code)]

use super::once::Once;
use crate::lock::as_lock_map::AsLockMap;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use ::spin::{RelaxStrategy, Spin};
use core::cell::Cell;
use core::fmt;
use core::ops::Deref;

/// A value that the first access makes. Its class is the line that constructs it.
pub struct LazyLock<T, F = fn() -> T, R = Spin> {
    cell: Once<T, R>,
    make: Cell<Option<F>>,
}

// SAFETY: `make` is touched by the initialiser alone, which `cell` lets run once, on one task; that takes an `F` that came
// from another one, hence `Send`.
unsafe impl<T, F: Send, R> Sync for LazyLock<T, F, R> where Once<T, R>: Sync {}

impl<T, F, R> LazyLock<T, F, R> {
    /// A value that `make` will make; the class is the caller's line.
    #[track_caller]
    pub const fn new(make: F) -> Self {
        LazyLock { cell: Once::new(), make: Cell::new(Some(make)) }
    }

    /// The same, of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, make: F) -> Self {
        LazyLock { cell: Once::with_key(key), make: Cell::new(Some(make)) }
    }

    /// The same; it is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, make: F) -> Self {
        LazyLock { cell: Once::from_map(map), make: Cell::new(Some(make)) }
    }

    /// Where the value is, or will be.
    pub fn as_mut_ptr(&self) -> *mut T {
        self.cell.as_mut_ptr()
    }

    /// What the validator knows it by.
    pub fn map(&self) -> &LockMap {
        self.cell.map()
    }
}

impl<T, F: FnOnce() -> T, R: RelaxStrategy> LazyLock<T, F, R> {
    /// The value, made now if it was not.
    ///
    /// # Panics
    /// If the initialiser panicked before, as in `spin`.
    #[track_caller]
    #[inline]
    pub fn force(this: &Self) -> &T {
        this.cell.call_once(|| match this.make.take() {
            Some(make) => make(),
            None => panic!("the value of this LazyLock could not be made: its initialiser panicked"),
        })
    }
}

impl<T, F: FnOnce() -> T, R: RelaxStrategy> Deref for LazyLock<T, F, R> {
    type Target = T;
    #[track_caller]
    #[inline]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F, R> AsLockMap for LazyLock<T, F, R> {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

impl<T: Default, R> Default for LazyLock<T, fn() -> T, R> {
    #[track_caller]
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F, R> fmt::Debug for LazyLock<T, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("LazyLock");
        match self.cell.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}
