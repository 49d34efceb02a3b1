//! The last line but one of a report: what to do. No other validator prints one.
//!
//! It names the place where a change mends the finding, and where there are several ways, the one that is right most
//! often first. It is advice: the report above it is the fact.

use super::Place;
use crate::cause::{Atomic, atomic, limiting, outside};
use crate::class::Origin;
use crate::report::{Kind, Report, UsageConflict};
use crate::usage::State;
use core::fmt::{self, Formatter};

pub(super) fn advice(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "what to do: ")?;
    match report.kind() {
        Kind::Recursive => recursive(report, f),
        Kind::Circular => circular(report, f),
        Kind::Inconsistent | Kind::IrqOrder | Kind::IrqInversion => usage(report, f),
        Kind::Unbalanced => unbalanced(report, f),
        Kind::WaitContext => wait_context(report, f),
        Kind::NestNotHeld => nest_not_held(report, f),
        Kind::HeldFreed => named(report, f, "let go of `", "` before its memory is freed"),
        Kind::HeldAtExit | Kind::HeldToUser => {
            named(report, f, "let go of `", "` on every path from where it is taken")
        }
        Kind::SleepAtomic => sleep_atomic(report, f),
        Kind::Assertion => writeln!(f, "make true what is asserted on every path to {}", Place(report.site)),
        Kind::Rcu => writeln!(f, "enter a read section around {}, or hold the lock of the writers", Place(report.site)),
        Kind::IrqsState => writeln!(f, "tell the validator wherever interrupts are turned on or off"),
        Kind::HoldLimit => hold_limit(report, f),
        Kind::WwMisuse => writeln!(f, "mend the use of the context at {}", Place(report.site)),
    }?;
    key_hint(report, f)
}

fn named(report: &Report, f: &mut Formatter<'_>, before: &str, after: &str) -> fmt::Result {
    match &report.lock {
        Some(lock) => writeln!(f, "{before}{}{after}, at {}", lock.class, Place(lock.site)),
        None => writeln!(f, "{before}it{after}"),
    }
}

fn hold_limit(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let Some(lock) = &report.lock else { return writeln!(f, "hold it for less time") };
    let (name, at) = (&lock.class, Place(lock.site));
    writeln!(f, "do less between taking `{name}` at {at} and letting it go, or raise the limit of its class")
}

fn recursive(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else {
        return writeln!(f, "take it once");
    };
    let (name, at) = (&new.class, Place(new.site));
    if held.instance == new.instance {
        return writeln!(f, "do not take `{name}` at {at}: it is held since {}; hand its guard down", Place(held.site));
    }
    writeln!(
        f,
        "let go of the `{name}` taken at {} before {at}; if the two are always taken in one order, say so there with \
         a subclass or a nest lock, and if they are unlike, give them keys of their own",
        Place(held.site)
    )
}

fn circular(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else {
        return writeln!(f, "take them in one order");
    };
    writeln!(
        f,
        "take `{}` before `{}`, or let go of `{}` first, at {}; the other order was made {}",
        new.class,
        held.class,
        held.class,
        Place(new.site),
        Order(report)
    )
}

/// Where the other order was made: at the last dependency of the path.
struct Order<'a>(&'a Report);

impl fmt::Display for Order<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0.path.steps.as_slice() {
            [] => write!(f, "before"),
            [step] => write!(f, "at {}", Place(step.to_site)),
            [.., step] => {
                let steps = self.0.path.steps.len() + self.0.path.cut;
                write!(f, "over {steps} steps, the last at {}", Place(step.to_site))
            }
        }
    }
}

fn usage(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let Some(UsageConflict { used, enabled_class, enabled_site, .. }) = &report.usage else {
        return writeln!(f, "take it with interrupts disabled everywhere");
    };
    let site = Place(*enabled_site);
    let held_when_enabled = !report.new_usage.is_empty()
        && !report.new_usage.is_used()
        && report.lock.as_ref().is_some_and(|lock| lock.site != report.site);
    match used.state() {
        State::Hardirq if held_when_enabled => {
            writeln!(f, "let go of `{enabled_class}` before interrupts are enabled at {site}")
        }
        State::Softirq if held_when_enabled => {
            writeln!(f, "let go of `{enabled_class}` before softirqs are enabled at {site}")
        }
        State::Hardirq => writeln!(f, "take `{enabled_class}` with interrupts disabled at {site} as well"),
        State::Softirq => writeln!(f, "take `{enabled_class}` with softirqs disabled at {site} as well"),
        State::Reclaim => writeln!(f, "do not enter reclaim with `{enabled_class}` held at {site}"),
    }
}

fn unbalanced(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if let Some(held) = outside(report) {
        return writeln!(f, "let go of `{}` where it was taken, not in the interrupt that came upon it", held.class);
    }
    match report.lock.as_ref().map(|lock| lock.class) {
        Some(class) => writeln!(
            f,
            "find the path that comes to {} without having taken `{class}`, or after having let it go; if another task \
             took it, announce that with a hand-over",
            Place(report.site)
        ),
        None => writeln!(f, "let go only of what is held"),
    }
}

fn nest_not_held(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let (Some(nest), Some(lock)) = (&report.held_lock, &report.lock) else { return writeln!(f, "hold the nest lock") };
    if let Some(site) = report.taken_again {
        return writeln!(f, "let go of `{}` before `{}`, at {}", lock.class, nest.class, Place(site));
    }
    let at = Place(lock.site);
    writeln!(f, "take `{}` before `{}` at {at}, and hold it until `{}` is let go", nest.class, lock.class, lock.class)
}

fn wait_context(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    match (&report.lock, limiting(report)) {
        (Some(lock), Some(held)) => writeln!(
            f,
            "take `{}` before `{}`, which is held since {}, or make the outer one a lock that sleeps",
            lock.class,
            held.class,
            Place(held.site)
        ),
        (Some(lock), None) => {
            writeln!(f, "move what needs `{}` from the interrupt to a task, or use a lock that spins", lock.class)
        }
        _ => writeln!(f, "use a lock that spins"),
    }
}

fn sleep_atomic(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let toggles = report.toggles;
    match atomic(report) {
        Atomic::Held(held) => {
            writeln!(f, "let go of `{}`, held since {}, before sleeping", held.class, Place(held.site))
        }
        Atomic::IrqsOff => writeln!(f, "enable interrupts, disabled at {}, before sleeping", Place(toggles.irqs_off)),
        Atomic::SoftirqsOff => {
            writeln!(f, "enable softirqs, disabled at {}, before sleeping", Place(toggles.softirqs_off))
        }
        Atomic::Interrupt | Atomic::Unknown => writeln!(f, "leave what sleeps to a task"),
    }
}

/// A class that is known by where its first lock was first taken may hold what does not belong together.
fn key_hint(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let locks = [&report.lock, &report.held_lock];
    if locks.into_iter().flatten().any(|lock| lock.class.origin == Origin::Library) {
        writeln!(
            f,
            "note: this lock was constructed by a line of the standard library, as `map(Mutex::new)` does, and is known by \
             where it was first taken; give it a LockClassKey"
        )?;
    }
    Ok(())
}
