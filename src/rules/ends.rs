//! `held-freed`, `held-at-exit`, `held-to-user`: protect against a lock that outlives what it belongs to.
//!
//! ```text
//! acquire a
//! free a              or: the task ends, the interrupt returns, the task goes back to user mode
//! ```
//!
//! Unchecked holds count. An interrupt answers for what was taken in it. Linux's `debug_check_no_locks_freed`,
//! `debug_check_no_locks_held`, `lockdep_sys_exit`; that an interrupt ends with locks held, Linux does not see.

use crate::context::Context;
use crate::context::hold::Hold;

/// The hold of the lock that is freed.
pub(crate) fn freed(context: &Context, instance: usize) -> Option<Hold> {
    context.all().find(|hold| hold.instance == instance)
}

/// The first hold of a task that ends, or returns to user mode.
pub(crate) fn left_by_task(context: &Context) -> Option<Hold> {
    context.all().next()
}

/// The first hold that was taken in this very interrupt.
pub(crate) fn left_by_interrupt(context: &Context) -> Option<Hold> {
    context.own().next()
}
