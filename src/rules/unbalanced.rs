//! `unbalanced`: protects against the release of a lock that is not held.
//!
//! ```text
//! acquire a
//! release a
//! release a        corrupts the lock, or releases the hold of another task
//! ```
//!
//! A release takes the first hold that matches, from the top of the stack down, but not beyond a change of interrupt
//! context below the topmost hold. Linux's `find_held_lock`.

use crate::context::Context;
use crate::lock::lock_map::LockMap;

/// The hold that a release of the lock is for: the context that has it, and its index there.
pub(crate) fn find<'c>(context: &'c Context, lock: &LockMap, class: u16) -> Option<(&'c Context, usize)> {
    context.find(|hold| hold.matches(lock.instance(), class, Some(lock.key())))
}
