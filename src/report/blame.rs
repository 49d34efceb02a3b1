//! Finds what a report has to blame: the hold that sets a limit, that forbids a sleep, or that cannot be released here.
//!
//! The text of a report and its fingerprint use these. Only the holds of the present interrupt context count: what an
//! interrupted task holds forbids nothing in the interrupt, which must not sleep anyway. It reads the report alone, no
//! table.
//! count: what an interrupted task holds bars nothing in the interrupt, which may not sleep anyway.

use crate::lock::wait_type::WaitType;
use crate::report::{LockView, Report};

/// The hold of the released lock, below a change of interrupt context.
pub(crate) fn outside(report: &Report) -> Option<&LockView> {
    let lock = report.lock.as_ref()?;
    report.held.iter().find(|held| held.instance == lock.instance)
}

/// The hold that sets the limit, unless the context itself does.
pub(crate) fn limiting(report: &Report) -> Option<&LockView> {
    let sets_limit = |held: &&LockView| held.class.waits.inner() as u8 == report.limit;
    report.run().iter().rev().find(sets_limit).filter(|_| report.limit < report.context_limit)
}

/// The oldest hold that forbids the lock which is waited for: it is enough to acquire that lock before it. `None` if
/// the context itself forbids it.
pub(crate) fn barring(report: &Report) -> Option<&LockView> {
    let needed = report.lock.as_ref()?.class.waits.outer() as u8;
    all_barring(report, needed).next().filter(|_| report.context_limit >= needed)
}

/// The other holds that forbid it.
pub(crate) fn barring_others(report: &Report) -> impl Iterator<Item = &LockView> {
    let needed = report.lock.as_ref().map_or(0, |lock| lock.class.waits.outer() as u8);
    all_barring(report, needed).skip(1)
}

fn all_barring(report: &Report, needed: u8) -> impl Iterator<Item = &LockView> {
    let bars =
        move |held: &&LockView| held.class.waits.inner() != WaitType::None && (held.class.waits.inner() as u8) < needed;
    report.run().iter().filter(bars)
}

/// The holds under which sleeping is forbidden, the oldest first.
pub(crate) fn spinning(report: &Report) -> impl Iterator<Item = &LockView> {
    report.run().iter().filter(|held| matches!(held.class.waits.inner(), WaitType::Spin | WaitType::Config))
}

/// Why sleeping is not allowed.
pub(crate) enum Atomic<'a> {
    Interrupt,
    Held(&'a LockView),
    IrqsOff,
    SoftirqsOff,
    Unknown,
}

/// The first reason: a lock before the flags, since most spinning locks change the flags while they are held.
pub(crate) fn atomic(report: &Report) -> Atomic<'_> {
    let flags = report.flags;
    match spinning(report).next() {
        _ if flags.hardirq || flags.softirq => Atomic::Interrupt,
        Some(held) => Atomic::Held(held),
        None if !flags.irqs_on => Atomic::IrqsOff,
        None if !flags.softirqs_on => Atomic::SoftirqsOff,
        None => Atomic::Unknown,
    }
}
