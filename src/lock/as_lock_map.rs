//! Whatever has a [`LockMap`]: the map itself, and every tracked lock. So `assert_held(&QUEUE)` takes the lock that a
//! function relies on, and not a part of it.
//!
//! A lock implements the trait beside its own `map()`, which needs no import. What it does not do: know a lock.

use crate::lock::lock_map::LockMap;

/// A lock, for the functions that ask or announce something about it: [`asserts`](crate::asserts), and
/// [`hooks::holds`](crate::hooks::holds) and the like.
///
/// [`LockMap`] and all locks of this crate implement it. A kernel's own lock that has a
/// [`Tracker`](crate::Tracker) implements it in one line:
///
/// ```
/// use lockdep::{AsLockMap, LockMap, Tracker, asserts::assert_not_held};
/// struct TicketLock {
///     tracker: Tracker,
/// }
/// impl AsLockMap for TicketLock {
///     fn as_lock_map(&self) -> &LockMap {
///         self.tracker.map()
///     }
/// }
/// fn flush(queue: &TicketLock) {
///     assert_not_held(queue);
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a lock that lockdep tracks",
    note = "pass a `LockMap` or a tracked lock; for what points to one, pass `&**pointer`"
)]
pub trait AsLockMap {
    /// What the validator knows the lock by.
    fn as_lock_map(&self) -> &LockMap;
}

impl AsLockMap for LockMap {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self
    }
}

impl<L: AsLockMap + ?Sized> AsLockMap for &L {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        L::as_lock_map(self)
    }
}
