//! `recursive`: protects against a task that waits for itself.
//!
//! ```text
//! acquire a
//! acquire a        the task waits for a lock that only it can release
//! ```
//!
//! A hold of the class conflicts if it blocks the new wait. So a recursive reader may be taken over readers, and a
//! plain reader may not: a writer may be queued between the two. A nest lock excuses the holds above it, since it
//! serialises all acquisitions of the class. A lock that is named as its own nest lock is not excused. Linux's
//! `check_deadlock`.

use crate::context::hold::Hold;

/// Whether a hold conflicts with a new lock.
pub(crate) enum Recursion {
    /// No hold does.
    None,
    /// One does, but the nest lock, at or below that hold, excuses it: no dependency is added at all.
    Excused,
    /// This hold does.
    By(Hold),
}

/// Checks all holds of the task, in all contexts, the lowest first.
pub(crate) fn check(mut holds: impl Iterator<Item = Hold>, new: &Hold) -> Recursion {
    let serialised = new.nested() && new.nest != new.instance;
    let found = holds.try_fold(false, |nest_held, hold| {
        let nest_held = nest_held || (serialised && hold.instance == new.nest);
        match hold.same_class(new) && new.mode().is_blocked_by(hold.mode()) {
            true if nest_held => Err(Recursion::Excused),
            true => Err(Recursion::By(hold)),
            false => Ok(nest_held),
        }
    });
    found.err().unwrap_or(Recursion::None)
}
