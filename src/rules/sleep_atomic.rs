//! `sleep-atomic`: protects against sleeping where the CPU must not be given away.
//!
//! ```text
//! acquire spin
//! might-sleep
//! ```
//!
//! Linux's `__might_sleep`, which knows of no lock; this one does.

use crate::context::Context;
use crate::wait_type::WaitType;

/// Whether sleeping is not allowed: in an interrupt, with interrupts or softirqs disabled, or under a lock that spins.
pub(crate) fn is_atomic(context: &Context) -> bool {
    let flags = context.flags();
    flags.hardirq
        || flags.softirq
        || !flags.irqs_on
        || !flags.softirqs_on
        || context.run().any(|hold| matches!(hold.inner(), WaitType::Spin | WaitType::Config))
}
