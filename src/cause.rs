//! What in a report is to blame: the hold that sets a limit, that bars a sleep, that stands where it cannot be let go.
//!
//! Asked by the text of a report and by what tells two findings apart.

use crate::report::{LockView, Report};
use crate::wait_type::WaitType;

/// The hold of the lock that is not held here, below a change of interrupt context.
pub(crate) fn outside(report: &Report) -> Option<&LockView> {
    let lock = report.lock.as_ref()?;
    report.held.iter().find(|held| held.instance == lock.instance)
}

/// The hold that sets the limit, if it is not the context itself.
pub(crate) fn limiting(report: &Report) -> Option<&LockView> {
    let sets_limit = |held: &&LockView| held.class.waits.inner() as u8 == report.limit;
    report.held.iter().rev().find(sets_limit).filter(|_| report.limit < report.context_limit)
}

/// Why sleeping is not allowed.
pub(crate) enum Atomic<'a> {
    Interrupt,
    IrqsOff,
    SoftirqsOff,
    Held(&'a LockView),
    Unknown,
}

/// The first reason, the strongest first.
pub(crate) fn atomic(report: &Report) -> Atomic<'_> {
    let flags = report.flags;
    if flags.hardirq || flags.softirq {
        return Atomic::Interrupt;
    }
    if !flags.irqs_on {
        return Atomic::IrqsOff;
    }
    if !flags.softirqs_on {
        return Atomic::SoftirqsOff;
    }
    let spins = |held: &&LockView| matches!(held.class.waits.inner(), WaitType::Spin | WaitType::Config);
    report.held.iter().rev().find(spins).map_or(Atomic::Unknown, Atomic::Held)
}
