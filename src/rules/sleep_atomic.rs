//! `sleep-atomic`: protects against sleeping where the CPU must not be yielded.
//!
//! ```text
//! acquire spin
//! might-sleep
//! ```
//!
//! Linux's `__might_sleep`, which does not look at the holds; this rule does.

use crate::context::Context;
use crate::context::hold::Hold;
use crate::lock::wait_type::WaitType;

/// Whether sleeping is not allowed: in an interrupt, with interrupts or softirqs disabled, or under a lock that spins.
pub(crate) fn is_atomic(context: &Context) -> bool {
    let flags = context.flags();
    flags.hardirq || flags.softirq || !flags.irqs_on || !flags.softirqs_on || context.run().any(|hold| spins(&hold))
}

/// Whether only a flag forbids the wait for a lock that sleeps. In an interrupt, or under a lock that spins, the lock
/// itself is reported as `wait-context`, and one cause is reported once.
#[inline(always)]
pub(crate) fn is_barred_by_a_flag(context: &Context) -> bool {
    let may_sleep = context.irqs_on() && context.softirqs_on();
    !may_sleep && !in_interrupt_or_spinning(context)
}

#[cold]
#[inline(never)]
fn in_interrupt_or_spinning(context: &Context) -> bool {
    context.in_hardirq() || context.in_softirq() || context.run().any(|hold| spins(&hold))
}

fn spins(hold: &Hold) -> bool {
    matches!(hold.inner(), WaitType::Spin | WaitType::Config)
}
