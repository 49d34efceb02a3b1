//! A static that is written once, early, and only read from then on.
//!
//! It has no lock and no flag: the caller promises that no other CPU uses it. That is enough here, since all of
//! it is written by a CPU that is alone with it.

use core::cell::UnsafeCell;

/// Holds a value that is set at most once, before anybody reads it.
#[repr(transparent)]
pub(crate) struct Once<T>(UnsafeCell<T>);

// SAFETY: `set` promises that no other CPU is there while it writes; after it there are only shared references.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    /// Holds `value` until [`Once::set`].
    pub(crate) const fn new(value: T) -> Self {
        Once(UnsafeCell::new(value))
    }

    /// Sets the value.
    ///
    /// # Safety
    /// No reference from [`Once::get`] is alive, and no other CPU calls `set` or `get` at the same time.
    pub(crate) unsafe fn set(&self, value: T) {
        // SAFETY: by the caller's promise nobody else looks at the value.
        unsafe { *self.0.get() = value };
    }

    /// The value.
    pub(crate) fn get(&self) -> &T {
        // SAFETY: `set` is not called while this reference lives.
        unsafe { &*self.0.get() }
    }
}
