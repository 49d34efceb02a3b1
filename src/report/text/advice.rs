//! The advice of a report: which change removes the finding.
//!
//! It names the lines to change. If there are several alternatives, each has a line of its own, the one that is most
//! often right first; each alone is enough, which `tests/advice.rs` shows for every kind. It is only advice: the report
//! above it is the fact.

mod hang;
mod order;
mod waits;

use super::{Place, in_words};
use crate::lock::class::Origin;
use crate::lock::usage::{Usage, UsageState};
use crate::report::blame::outside;
use crate::report::kind::Kind;
use crate::report::{LockView, Report, UsageConflict};
use core::fmt::{self, Arguments, Formatter};

pub(super) fn advice(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let mut ways = Ways { f, first: true };
    match report.kind() {
        Kind::Recursive => order::recursive(report, &mut ways),
        Kind::Circular => order::circular(report, &mut ways),
        Kind::Inconsistent | Kind::IrqOrder | Kind::IrqInversion => usage(report, &mut ways),
        Kind::Unbalanced => unbalanced(report, &mut ways),
        Kind::WaitContext => waits::wait_context(report, &mut ways),
        Kind::SleepAtomic => waits::sleep_atomic(report, &mut ways),
        Kind::NestNotHeld => order::nest_not_held(report, &mut ways),
        Kind::HeldFreed | Kind::HeldAtExit | Kind::HeldToUser | Kind::HoldLimit => held(report, &mut ways),
        Kind::Assertion | Kind::Rcu | Kind::IrqsState | Kind::WwMisuse => wrong(report, &mut ways),
        Kind::Deadlock | Kind::HungTask => hang::advice(report, &mut ways),
    }?;
    notes(report, f)
}

/// The alternatives for a fix, a line each.
struct Ways<'a, 'b> {
    f: &'a mut Formatter<'b>,
    first: bool,
}

impl Ways<'_, '_> {
    fn way(&mut self, what: Arguments<'_>) -> fmt::Result {
        let begin = if self.first { "what to do: " } else { "        or: " };
        self.first = false;
        writeln!(self.f, "{begin}{what}")
    }
}

/// A lock that was held too long, or beyond the life of its holder or memory.
fn held(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let Some(LockView { class, site, .. }) = &report.lock else { return ways.way(format_args!("release it")) };
    let (at, end) = (Place(*site), Place(report.site));
    match (report.kind(), report.site) {
        (Kind::HeldFreed, None) => ways.way(format_args!("release `{class}`, taken at {at}, before it is dropped")),
        (Kind::HeldFreed, _) => {
            ways.way(format_args!("release `{class}`, taken at {at}, before its memory is freed at {end}"))
        }
        (Kind::HoldLimit, _) => {
            ways.way(format_args!("do less between taking `{class}` at {at} and releasing it"))?;
            ways.way(format_args!("raise the limit of its class"))
        }
        (_, _) if report.flags.hardirq || report.flags.softirq => {
            let before = "before the handler returns, on every path from";
            ways.way(format_args!("release `{class}` {before} {at} to {end}: a guard is dropped before `leave`"))
        }
        (Kind::HeldToUser, _) => ways.way(format_args!("release `{class}` on every path from {at} to {end}")),
        (_, _) => {
            ways.way(format_args!("release `{class}` on every path from {at} to {end}"))?;
            ways.way(format_args!("if another task releases it, announce that with `hand_over` before {end}"))
        }
    }
}

fn usage(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let Some(usage) = &report.usage else {
        return ways.way(format_args!("take it with interrupts disabled everywhere"));
    };
    let UsageConflict { used, used_class, used_site, enabled_class, enabled_site, .. } = usage;
    let (class, at) = (enabled_class, Place(*enabled_site));
    let state = used.state();
    let them = if state == UsageState::Hardirq { "interrupts" } else { "softirqs" };
    let wherever = "and wherever else it is held with them enabled";
    match state {
        UsageState::Reclaim => {
            ways.way(format_args!("do not allocate with `{class}` held, as at {at}: allocate before it is taken"))?;
        }
        _ => match change(report) {
            Change::Acquisition => ways.way(format_args!("take `{class}` with {them} disabled at {at}, {wherever}")),
            Change::Flag => ways.way(format_args!("release `{class}` before {them} are enabled at {at}")),
            Change::Unknown => ways.way(format_args!("hold `{class}` with {them} disabled at {at}, {wherever}")),
        }?,
    }
    order::do_not_nest(report, ways)?;
    let place = match state {
        UsageState::Hardirq => "the interrupt",
        UsageState::Softirq => "the softirq",
        UsageState::Reclaim => "reclaim",
    };
    ways.way(format_args!("do not take `{used_class}` in {place}, as at {}", Place(*used_site)))?;
    never(usage, ways.f)
}

/// How a class came to be held with a state enabled.
enum Change {
    /// It was acquired so.
    Acquisition,
    /// The state was enabled while it was held.
    Flag,
    /// One of the two, earlier: only the line is known.
    Unknown,
}

fn change(report: &Report) -> Change {
    match &report.lock {
        _ if report.new_usage.is_empty() || report.new_usage.is_used() => Change::Unknown,
        Some(lock) if lock.site != report.site => Change::Flag,
        _ => Change::Acquisition,
    }
}

/// Names what was never seen, which decides how much has to change.
fn never(usage: &UsageConflict, f: &mut Formatter<'_>) -> fmt::Result {
    let UsageConflict { used, used_class, enabled_class, .. } = usage;
    let state = used.state();
    let (in_it, with_it) = (Usage::used_in(state), Usage::enabled(state));
    if used_class != enabled_class {
        if !enabled_class.usage.intersects(in_it.any_form()) {
            writeln!(f, "so far `{enabled_class}` itself was never {}", in_words(in_it))?;
        }
        if !used_class.usage.intersects(with_it.any_form()) {
            writeln!(f, "so far `{used_class}` itself was never {}", in_words(with_it))?;
        }
    }
    let in_hardirq = Usage::used_in(UsageState::Hardirq);
    if state == UsageState::Softirq && !used_class.usage.intersects(in_hardirq.any_form()) {
        let never = in_words(in_hardirq);
        writeln!(f, "so far `{used_class}` was never {never}: to disable softirqs is enough for it")?;
    }
    Ok(())
}

fn unbalanced(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let Some(LockView { class, .. }) = &report.lock else {
        return ways.way(format_args!("release only what is held"));
    };
    if let Some(held) = outside(report) {
        let at = Place(held.site);
        return ways.way(format_args!("release `{class}` in the context that took it, at {at}, not in this interrupt"));
    }
    match report.site {
        Some(site) => {
            let without = "on the path where it was not taken, or was released already";
            ways.way(format_args!("do not release `{class}` at {site}, {without}"))?;
        }
        None => {
            let without = "whose lock was not taken, or was released already";
            ways.way(format_args!("find the guard of `{class}` that is dropped here, {without}"))?;
        }
    }
    ways.way(format_args!("if another task took it, announce that with `hand_over` where it is given away"))
}

/// Misuse that no rule decides: each note has its advice.
fn wrong(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let (note, at) = (report.note.unwrap_or_default(), Place(report.site));
    let instead = super::notes::advice(note);
    match (report.kind(), &report.lock) {
        (Kind::Assertion, Some(LockView { class, .. })) if note.starts_with("assert_not_held") => {
            ways.way(format_args!("release `{class}` on every path to {at}"))
        }
        (Kind::Assertion, Some(LockView { class, .. })) if note.starts_with("assert_held") => {
            let how = match note.get("assert_held".len()..note.find(':').unwrap_or(0)) {
                Some("_read") => " for reading",
                Some("_write") => " exclusively",
                _ => "",
            };
            ways.way(format_args!("take `{class}`{how} on every path to {at}"))
        }
        (Kind::Rcu, _) => {
            ways.way(format_args!("enter a read section around {at}"))?;
            ways.way(format_args!("where the lock of the writers is held, assert that one instead"))
        }
        _ => match instead {
            Some(instead) => ways.way(format_args!("{instead}, at {at}")),
            None => ways.way(format_args!("fix what is described above on every path to {at}")),
        },
    }
}

/// A class that no line of its own identifies: other locks may share it, or it has only this lock.
fn notes(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let locks = [&report.lock, &report.held_lock];
    for (origin, what) in [
        (
            Origin::Library,
            "was constructed by a line of the standard library, as `map(Mutex::new)` does, so its class is the line that \
             first took it, and other locks may share it",
        ),
        (
            Origin::Constant,
            "was constructed by a constant, which has no line, so it is a class of its own, called by the line that first \
             took it",
        ),
    ] {
        if let Some(lock) = locks.into_iter().flatten().find(|lock| lock.class.origin == origin) {
            writeln!(f, "note: `{}` {what}; to name its class, give it a LockClassKey", lock.class)?;
        }
    }
    Ok(())
}
