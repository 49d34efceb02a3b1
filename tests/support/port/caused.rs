//! A finding whose places are accepted: the lines of this file are pinned.

use lockdep::spin::Mutex;

/// Takes the lock, wherever that is done.
#[rustfmt::skip]
pub(crate) fn in_the_task(lock: &Mutex<()>) { drop(lock.lock()); }
#[rustfmt::skip]
pub(crate) fn in_the_interrupt(lock: &Mutex<()>) { drop(lock.lock()); }

/// The two places.
pub(crate) const TASK: &str = "port/caused.rs:7";
pub(crate) const INTERRUPT: &str = "port/caused.rs:9";
