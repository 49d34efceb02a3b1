//! `inconsistent`: protects against an interrupt (or a reclaim) that takes a lock which the interrupted code holds.
//!
//! ```text
//! acquire a            with interrupts enabled
//! <interrupt>
//!   acquire a          waits for the code that it interrupted
//! ```
//!
//! One class is used in a state, and held with that state enabled. By `Mode::blocks` that is harmless only if the use
//! is a recursive reader's and the hold is shared. Linux's `valid_state`.

use crate::lock::usage::Usage;

/// The usage bit of the class that the new bit conflicts with.
pub(crate) fn check(known: Usage, new: Usage) -> Option<Usage> {
    let opposite = new.opposite();
    let conflicting = if new.is_read() { opposite & Usage::EXCLUSIVE } else { opposite };
    (known & conflicting).first()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_read_alone_do_not_conflict() {
        let (used, enabled) = (Usage::IN_SOFTIRQ, Usage::SOFTIRQ_ON);
        let (used_read, enabled_read) = (Usage::IN_SOFTIRQ_READ, Usage::SOFTIRQ_ON_READ);
        for (new, known, conflict) in [
            (used, enabled, true),
            (used, enabled_read, true),
            (used_read, enabled, true),
            (used_read, enabled_read, false),
            (enabled, used, true),
            (enabled, used_read, true),
            (enabled_read, used, true),
            (enabled_read, used_read, false),
            (used, Usage::HARDIRQ_ON, false),
        ] {
            assert_eq!(check(known, new).is_some(), conflict, "{new:?} over {known:?}");
        }
    }
}
