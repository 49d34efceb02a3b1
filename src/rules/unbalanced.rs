//! `unbalanced`: protects against letting go of what is not held.
//!
//! ```text
//! acquire a
//! release a
//! release a        corrupts the lock, or lets somebody else's hold go
//! ```
//!
//! A release looks from the top of the stack down for the first hold that matches, not beyond a change of interrupt
//! context below the topmost hold. Linux's `find_held_lock`.

use crate::context::Context;
use crate::lock::lock_map::LockMap;

/// The hold that a release of the lock is for: the context it stands in, and its index there.
pub(crate) fn find<'c>(context: &'c Context, lock: &LockMap, class: u16) -> Option<(&'c Context, usize)> {
    context.find(|hold| hold.matches(lock.instance(), class, Some(lock.key())))
}
