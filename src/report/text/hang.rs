//! The text of a hang: the chain of its contexts, what each waits for and does, and what they hold.
//!
//! The heading is that of Linux's watchdog. Below them Linux shows the locks of all tasks, and leaves it to the
//! reader to find who waits for whom; here the chain is told in order, and *held* is told from *waiting for*.

use super::{Marked, Place};
use crate::context::Level;
use crate::report::hang::{Activity, End, Link, Party};
use crate::report::kind::Kind;
use crate::report::{LockView, Report, TaskInfo};
use core::fmt::{self, Display, Formatter};

/// The heading, in exactly Linux's words, and the line after it.
pub(super) fn heading(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let (TaskInfo { task, id, cpu }, seconds) = (report.who(), report.hang.seconds());
    writeln!(f, "INFO: task {task}:{id} blocked for more than {seconds} seconds.")?;
    writeln!(f, "      lockdep {}, CPU {cpu}", env!("CARGO_PKG_VERSION"))
}

/// The contexts in their order.
pub(super) fn chain(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let parties = report.hang.parties();
    for (index, party) in parties.iter().enumerate() {
        let is_holder = matches!(party.link, Link::Holds | Link::HoldsWith(_));
        let before = index.checked_sub(1).and_then(|before| parties.get(before)).filter(|_| is_holder);
        write!(f, " #{index}: {}{}", Named(party), Why(party.link))?;
        let blocks = before.and_then(|one| one.waits_for.as_ref());
        if let Some(hold) = blocks.and_then(|lock| held(report, index, lock)) {
            write!(f, ", taken at {}{}", Place(hold.site), if hold.mode.shared { " for reading" } else { "" })?;
        }
        doing(party, f)?;
    }
    end(report, f)?;
    waiters(report, f)
}

/// The hold of this lock by a context of the chain.
fn held<'a>(report: &'a Report, party: usize, lock: &LockView) -> Option<&'a LockView> {
    report.held_by(party).iter().rev().find(|held| held.instance == lock.instance)
}

/// What a context does, and the lock that it waits for on a line of its own.
fn doing(party: &Party, f: &mut Formatter<'_>) -> fmt::Result {
    let (and, seconds) = (if party.link == Link::First { "" } else { ", and" }, party.seconds);
    match (party.activity, &party.waits_for) {
        (Activity::Waiting, Some(lock)) if lock.mode.shared => {
            writeln!(f, "{and} has waited for {seconds} s, as a reader, for:\n     {lock}")
        }
        (Activity::Waiting, Some(lock)) => writeln!(f, "{and} has waited for {seconds} s for:\n     {lock}"),
        (Activity::Waiting, None) => writeln!(f, "{and} waits"),
        (Activity::Running, _) => writeln!(f, "{and} runs, last seen on CPU {}", party.who.cpu),
        (Activity::RunningIrqsOff, _) => {
            writeln!(f, "{and} runs with hard interrupts disabled, last seen on CPU {}", party.who.cpu)
        }
        (Activity::Interrupted, _) => writeln!(f, "{and} is interrupted on CPU {}", party.who.cpu),
        (Activity::Changing, _) => writeln!(f, "{and} changes all the time, last seen on CPU {}", party.who.cpu),
    }
}

/// What the chain ends with, in a sentence.
fn end(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let is_deadlock = report.kind() == Kind::Deadlock;
    match report.hang.end() {
        End::Cycle(place) => {
            let place = usize::from(place);
            let last = report.hang.parties().last();
            let hold = last.and_then(|last| last.waits_for.as_ref()).and_then(|lock| held(report, place, lock));
            match (hold, last.map(|last| last.activity)) {
                (Some(hold), _) => {
                    writeln!(f, "     which #{place} holds, taken at {}: it goes round", Place(hold.site))?
                }
                (None, Some(Activity::Interrupted)) => writeln!(f, "     by #{place}: it goes round")?,
                (None, _) => writeln!(f, "     behind #{place}: it goes round")?,
            }
            writeln!(f, "{}", if is_deadlock { "\n *** DEADLOCK ***\n" } else { "" })
        }
        End::Knot => writeln!(f, "     whichever of them goes on first, each waits for another\n\n *** DEADLOCK ***\n"),
        End::Runs => writeln!(f, "     which is no deadlock, but long work, a loop, or a task that is not scheduled\n"),
        End::Unheld => {
            writeln!(f, "     which NO context holds: a wake-up was lost, or a release was not its owner's\n")
        }
        End::Event => writeln!(f, "     which any context may end\n"),
        End::TimesOut => writeln!(f, "     which ends by itself\n"),
        End::Changes => writeln!(f),
        End::Cut => writeln!(f, "     and so on: there was no room for more\n"),
    }
}

/// Others that wait for the same.
fn waiters(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let (named, cut) = (report.hang.waiters(), report.hang.waiters_cut());
    let all = named.len() as u32 + cut;
    match all {
        0 => return Ok(()),
        1 => write!(f, "1 more waits for the same lock:")?,
        _ => write!(f, "{all} more wait for the same lock:")?,
    }
    for (index, who) in named.iter().enumerate() {
        write!(f, "{} {}/{}", if index == 0 { "" } else { "," }, who.task, who.id)?;
    }
    match cut {
        0 => writeln!(f, "\n"),
        _ => writeln!(f, " and {cut} for whose names there was no room\n"),
    }
}

/// What each of them holds, under Linux's line.
pub(super) fn held_locks(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "Showing all locks held by these:")?;
    for (index, party) in report.hang.parties().iter().enumerate() {
        holds(party, report.held_by(index), f)?;
    }
    Ok(())
}

/// What one context holds, and what it waits for, which Linux counts among its locks.
fn holds(party: &Party, held: &[LockView], f: &mut Formatter<'_>) -> fmt::Result {
    let who = Named(party);
    match held.len() + usize::from(party.held_cut) {
        0 => writeln!(f, "no locks held by {who}.")?,
        1 => writeln!(f, "1 lock held by {who}:")?,
        n => writeln!(f, "{n} locks held by {who}:")?,
    }
    for (index, held) in held.iter().enumerate() {
        writeln!(f, " #{index}: {held}")?;
    }
    if party.held_cut > 0 {
        writeln!(f, " and {} more for which there was no room", party.held_cut)?;
    }
    match &party.waits_for {
        Some(lock) => writeln!(f, " waits for: {:016x} {}", lock.instance, Marked(&lock.class)),
        None => Ok(()),
    }
}

/// `NAME/NUMBER`, and which interrupt of it.
struct Named<'a>(&'a Party);

impl Display for Named<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let TaskInfo { task, id, .. } = self.0.who;
        write!(f, "{task}/{id}")?;
        match self.0.level {
            Level::Task => Ok(()),
            Level::Softirq => write!(f, " in a softirq"),
            Level::Hardirq | Level::ThreadedHardirq => write!(f, " in a hard interrupt"),
            Level::Nmi => write!(f, " in an NMI"),
        }
    }
}

/// Why the context before waits for this one.
struct Why(Link);

impl Display for Why {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Link::First => Ok(()),
            Link::Holds => write!(f, " holds it"),
            Link::HoldsWith(1) => write!(f, " holds it, with 1 other"),
            Link::HoldsWith(others) => write!(f, " holds it, with {others} others"),
            Link::IsQueuedBefore => write!(f, " is queued before it as a writer"),
            Link::Interrupts => write!(f, " interrupts it"),
        }
    }
}
