//! `held-freed`, `held-at-exit`, `held-to-user`: protect against a lock that is still held when its memory is freed,
//! its task or interrupt ends, or its task returns to user mode.
//!
//! ```text
//! acquire a
//! free a              or: the task ends, the interrupt returns, the task goes back to user mode
//! ```
//!
//! Unchecked holds count. An interrupt must release what was acquired in it. Linux's `debug_check_no_locks_freed`,
//! `debug_check_no_locks_held`, `lockdep_sys_exit`; Linux does not notice an interrupt that ends with locks held.

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

/// The first hold that was acquired in this interrupt itself.
pub(crate) fn left_by_interrupt(context: &Context) -> Option<Hold> {
    context.own().next()
}
