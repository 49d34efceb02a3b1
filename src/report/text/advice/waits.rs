//! Advice on waiting where it is forbidden: for a sleeping lock, or in a call that may sleep. It reads the report
//! alone.

use super::super::Place;
use super::Ways;
use crate::lock::wait_type::WaitType;
use crate::report::blame::{self, barring};
use crate::report::{LockView, Report};
use core::fmt;

pub(super) fn wait_context(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let Some(lock) = &report.lock else { return ways.way(format_args!("use a lock that spins")) };
    let (inner, at) = (&lock.class, Place(lock.site));
    let spins = if report.limit <= WaitType::Spin as u8 { "" } else { ", or may sleep in another configuration alone" };
    match barring(report) {
        Some(held) if is_section(held) => {
            let (outer, since) = (&held.class, Place(held.site));
            ways.way(format_args!("make `{inner}` a lock that spins{spins} (it is taken at {at})"))?;
            ways.way(format_args!("take `{inner}` before `{outer}`: move it from {at} above {since}"))?;
            ways.way(format_args!("leave `{outer}`, entered at {since}, before {at}"))
        }
        Some(held) => {
            let (outer, since) = (&held.class, Place(held.site));
            ways.way(format_args!("take `{inner}` before `{outer}`: move it from {at} above {since}"))?;
            ways.way(format_args!(
                "make the inner lock `{inner}` one that spins{spins}, if what it protects is short"
            ))?;
            if blame::barring_others(report).next().is_none() {
                ways.way(format_args!(
                    "make the outer lock `{outer}` one that sleeps, if nothing takes it that may not"
                ))?;
            }
            let also = Others(report);
            ways.way(format_args!("release `{outer}`, taken at {since},{also} before {at}"))
        }
        None => {
            ways.way(format_args!("make `{inner}` a lock that spins{spins}"))?;
            ways.way(format_args!("leave what needs `{inner}` to a task: it is taken at {at}, in an interrupt"))
        }
    }
}

/// The other holds that forbid the lock.
struct Others<'a>(&'a Report);

impl fmt::Display for Others<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        blame::barring_others(self.0)
            .try_for_each(|held| write!(f, " and `{}`, taken at {},", held.class, Place(held.site)))
    }
}

/// Returns whether this is not a lock but a section in which waiting is forbidden: disabled preemption, RCU.
fn is_section(held: &LockView) -> bool {
    held.class.waits.outer() == WaitType::Free
}

/// Everything that forbids the sleep must be removed, not just one of it.
pub(super) fn sleep_atomic(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let (flags, toggles, at) = (report.flags, report.toggles, Place(report.site));
    if flags.hardirq || flags.softirq {
        return ways.way(format_args!("leave what sleeps at {at} to a task"));
    }
    let irqs = (!flags.irqs_on).then_some(("enable interrupts, disabled", Place(toggles.irqs_off)));
    let softirqs = (!flags.softirqs_on).then_some(("enable softirqs, disabled", Place(toggles.softirqs_off)));
    let mut before = "";
    write!(ways.f, "what to do: ")?;
    for held in blame::spinning(report) {
        write!(ways.f, "{before}release `{}`, taken at {}", held.class, Place(held.site))?;
        before = ", and ";
    }
    for (what, place) in [irqs, softirqs].into_iter().flatten() {
        write!(ways.f, "{before}{what} at {place}")?;
        before = ", and ";
    }
    ways.first = false;
    writeln!(ways.f, "{}before {at}", if before.is_empty() { "make sleeping possible " } else { ", " })?;
    if blame::spinning(report).next().is_some() {
        ways.way(format_args!("do what sleeps at {at} before the lock is taken, or leave it to a task"))?;
    }
    Ok(())
}
