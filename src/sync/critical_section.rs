//! `critical_section::with`, tracked: the same name and arguments, so that a `use` line is the whole change.
//!
//! A critical section keeps interrupts out, so for the validator it is interrupts off, and its end is interrupts on: what
//! is still held then is held with them enabled. It may nest. On several CPUs it is a lock as well; that one belongs to the
//! program's one implementation, and is not looked into.

use crate::hooks;
pub use ::critical_section::{CriticalSection, Mutex};

/// Runs `f` in a critical section.
#[track_caller]
pub fn with<R>(f: impl FnOnce(CriticalSection<'_>) -> R) -> R {
    let is_outermost = hooks::irqs_told();
    ::critical_section::with(|section| {
        hooks::irqs_off();
        let answer = f(section);
        if is_outermost {
            hooks::irqs_on();
        }
        answer
    })
}
