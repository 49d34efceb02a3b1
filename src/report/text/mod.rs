//! Reports as text, in the format of Linux: people and log scanners know its headings and the order of the parts.
//!
//! What differs: sites are file:line:column, there are six usage marks, both sites of every dependency, and a scenario
//! drawn for the real path; the last two lines are the advice and the id. A view reads a report and writes text; it
//! accesses no table and takes no lock.

mod advice;
mod dump;
mod hang;
pub(crate) mod kinds;
mod names;
mod notes;
mod scenario;

use crate::context::Flags;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::report::capacity::{Notice, Table};
use crate::report::message::Message;
use crate::report::policy::FindingId;
use crate::report::{ClassView, LockView, Path, Reacquired, Report, Step};
use core::fmt::{self, Display, Formatter};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let (true, Some(told)) = (self.is_brief, self.same_cause) {
            return brief(self, told, f);
        }
        kinds::heading(self, f)?;
        kinds::body(self, f)?;
        if let Some(again) = &self.reacquired {
            reacquired(again, f)?;
        }
        match self.kind().is_hang() {
            true => hang::held_locks(self, f)?,
            false => held_locks(self, f)?,
        }
        names::same_names(self, f)?;
        call_trace(self, f)?;
        if let Some(other) = self.same_cause {
            writeln!(f, "\nthe cause is that of finding {other}, which was reported before")?;
        }
        writeln!(f)?;
        advice::advice(self, f)?;
        finding(self, f)
    }
}

impl Display for Message<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Message::Report(report) => report.fmt(f),
            Message::Notice(notice) => notice.fmt(f),
            Message::Halt => write!(f, "lockdep: halting after the first finding, as the port's POLICY says"),
        }
    }
}

impl Display for ClassView {
    /// The name of the class, or the line that constructs its locks; `#n` from the second class with the same name on,
    /// `/n` for a subclass.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.name, self.site) {
            (Some(name), _) => write!(f, "{name}")?,
            (None, Some(site)) => write!(f, "{site}")?,
            (None, None) => write!(f, "a lock without a class")?,
        }
        if self.ordinal > 1 {
            write!(f, "#{}", self.ordinal)?;
        }
        match self.subclass.get() {
            0 => Ok(()),
            level => write!(f, "/{level}"),
        }
    }
}

/// A class with its marks, as ` (name){-.+...}-{2:2}`.
struct Marked<'a>(&'a ClassView);

impl Display for Marked<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ClassView { usage, waits, .. } = self.0;
        write!(f, "({}){{", self.0)?;
        for mark in usage.marks() {
            write!(f, "{}", char::from(mark))?;
        }
        write!(f, "}}-{{{}:{}}}", waits.outer() as u8, waits.inner() as u8)
    }
}

impl Display for LockView {
    /// The lock with its class, and where it was acquired.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x} {}, at: {}", self.instance, Marked(&self.class), Place(self.site))
    }
}

impl Display for Notice {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let table = match self.table {
            Table::Classes => "the table of classes",
            Table::Dependencies => "the table of dependencies",
            Table::Chains => "the set of checked chains",
            Table::Holds => "a context's stack of holds",
            Table::Members => "the list of the members of chains",
            Table::Findings => "the table of findings",
            Table::Reports => "the queue of reports",
        };
        let lost = match self.table {
            Table::Members => "chains that find no room are checked, and not listed",
            Table::Chains => "chains that find no room are checked again each time",
            Table::Findings => "other findings are not reported, but counted",
            Table::Reports => "findings that come before it is drained are not reported, but counted",
            _ => "what finds no room is not learned, but counted",
        };
        write!(f, "lockdep: {table} is full ({} entries): {}; until then {lost}", self.size, self.remedy)
    }
}

/// A site that may be unknown.
struct Place(Option<Site>);

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(site) => write!(f, "{site}"),
            None => write!(f, "a line that is not known"),
        }
    }
}

/// The flags of a header: `[HC0:SC0:HE1:SE1]`.
struct Bracket(Flags);

impl Display for Bracket {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Flags { hardirq, softirq, irqs_on, softirqs_on } = self.0;
        write!(f, "[HC{}:SC{}:HE{}:SE{}]", hardirq as u8, softirq as u8, irqs_on as u8, softirqs_on as u8)
    }
}

/// A finding whose cause an earlier report has shown: one line, with everything that is needed to accept it.
fn brief(report: &Report, told: FindingId, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "also: {}", report.kind().verdict())?;
    match (&report.usage, &report.lock) {
        (Some(usage), _) if usage.used_class == usage.enabled_class => write!(f, " of `{}`", usage.used_class)?,
        (Some(usage), _) => write!(f, " from `{}` to `{}`", usage.used_class, usage.enabled_class)?,
        (None, Some(lock)) => write!(f, " of `{}`", lock.class)?,
        (None, None) => {}
    }
    write!(f, ", same cause as finding {told}: ")?;
    finding(report, f)
}

/// Why a lock is checked that is not being acquired now.
fn reacquired(again: &Reacquired, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "it was taken again, since a lock below it")?;
    if let Some(site) = again.acquired {
        write!(f, ", taken at {site},")?;
    }
    match again.released {
        Some(site) => writeln!(f, " was released at: {site}"),
        None => writeln!(f, " was released by the drop of its guard, which knows no line"),
    }
}

/// The call trace of the port: addresses, for a symbol table on the host.
fn call_trace(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    if report.trace.is_empty() {
        return Ok(());
    }
    writeln!(f, "\nCall trace:")?;
    let width = 2 * size_of::<usize>();
    report.trace.iter().try_for_each(|address| writeln!(f, " [<{address:0width$x}>]"))
}

/// The last line: the id, and the places that the finding is between. It can be accepted by either.
fn finding(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "finding {}", report.id)?;
    match report.ends() {
        [Some(one), Some(other)] if one != other => writeln!(f, " between {} and {}", Line(one), Line(other)),
        [Some(one), _] => writeln!(f, " at {}", Line(one)),
        _ => writeln!(f),
    }
}

/// A site without its column.
struct Line(Site);

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.path(), self.0.0.line())
    }
}

fn held_locks(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let who = report.who();
    match report.held.len() + report.held_cut {
        0 => writeln!(f, "no locks held by {}/{}.", who.task, who.id)?,
        1 => writeln!(f, "1 lock held by {}/{}:", who.task, who.id)?,
        n => writeln!(f, "{n} locks held by {}/{}:", who.task, who.id)?,
    }
    for (i, held) in report.held.iter().enumerate() {
        writeln!(f, " #{i}: {held}")?;
    }
    match report.held_cut {
        0 => Ok(()),
        cut => writeln!(f, " and {cut} more for which there was no room"),
    }
}

/// A path in reverse order, as Linux prints it: the last class first, and the start, which has no incoming dependency,
/// last.
fn reverse_chain(path: &Path, new: &LockView, f: &mut Formatter<'_>) -> fmt::Result {
    for (i, step) in path.steps.iter().enumerate().rev() {
        writeln!(f, "-> #{} {}:", path.cut + i + 1, Marked(&step.to))?;
        dependency(step, f)?;
    }
    cut(path.cut, f)?;
    writeln!(f, "-> #0 {}:", Marked(&new.class))?;
    writeln!(f, "       being taken at {}", Place(new.site))
}

/// The gap in a path that does not fit.
fn cut(missing: usize, f: &mut Formatter<'_>) -> fmt::Result {
    match missing {
        0 => Ok(()),
        _ => writeln!(f, "   ({missing} more dependencies, for which there was no room)"),
    }
}

/// Both sites of a dependency, and the task that made it, if it has a number.
fn dependency(step: &Step, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "       taken at {}", Place(step.to_site))?;
    writeln!(f, "       while {} was held, taken at {}", step.from, Place(step.from_site))?;
    match (step.is_maker_known, step.task) {
        (false, _) => writeln!(f, "       first by a task whose number there was no room to keep"),
        (true, 0) => Ok(()),
        (true, task) => writeln!(f, "       first by task {task} on CPU {}", step.cpu),
    }
}

/// The dependencies of a path in their order, each with both sites.
fn path(path: &Path, f: &mut Formatter<'_>) -> fmt::Result {
    let (before, after) = if path.cut_at_end { (0, path.cut) } else { (path.cut, 0) };
    cut(before, f)?;
    for step in &path.steps {
        writeln!(f, "-> {} -> {}:", Marked(&step.from), Marked(&step.to))?;
        dependency(step, f)?;
    }
    cut(after, f)
}

/// One usage bit in words.
fn in_words(bit: Usage) -> &'static str {
    use crate::lock::usage::UsageState::{Hardirq, Reclaim, Softirq};
    match (bit.is_used(), bit.state()) {
        (true, Hardirq) => "taken in a hard interrupt",
        (true, Softirq) => "taken in a softirq",
        (true, Reclaim) => "taken in memory reclaim",
        (false, Hardirq) => "held with hard interrupts enabled",
        (false, Softirq) => "held with softirqs enabled",
        (false, Reclaim) => "held where memory reclaim may be entered",
    }
}
