//! Statistics and listings as text, in the format of Linux's `/proc/lock_stat`, `lockdep`, `lockdep_chains` and
//! `lockdep_stats` (feature `stat`), so that tools that read those find their columns.
//!
//! What differs: times are whole numbers of the port's unit, places are file:line:column, keys are the 64 bits of a
//! class and the same from boot to boot, usage has six marks, and the places of the longest wait and hold are shown.

use crate::lock::site::Site;
use crate::report::ClassView;
use crate::stat::counters::Lengths;
use crate::stat::listing::{ChainLine, ClassLine, ClassTimes, Point, SideTimes};
use crate::stat::summary::Sums;
use core::fmt::{self, Display, Formatter, Write};

/// The width of the column of names.
const NAMES: usize = 40;
/// How many columns of numbers follow, and how wide each is.
const COLUMNS: [&str; 12] = [
    "con-bounces",
    "contentions",
    "waittime-min",
    "waittime-max",
    "waittime-total",
    "waittime-avg",
    "acq-bounces",
    "acquisitions",
    "holdtime-min",
    "holdtime-max",
    "holdtime-total",
    "holdtime-avg",
];
const COLUMN: usize = 14;
/// The width of a whole row.
const ROW: usize = NAMES + 1 + COLUMNS.len() * (COLUMN + 1);

/// The heading of a listing of [`ClassTimes`].
pub(crate) struct StatHead;

impl Display for StatHead {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "lock_stat version 0.4\n{:-<ROW$}", "")?;
        write!(f, "{:>NAMES$} ", "class name")?;
        for column in COLUMNS {
            write!(f, " {column:>COLUMN$}")?;
        }
        writeln!(f, "\n{:-<ROW$}\n", "")
    }
}

/// A value that is aligned right in a column.
struct Right<T>(T, usize);

impl<T: Display> Display for Right<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut width = crate::report::text::kinds::Width(0);
        write!(width, "{}", self.0)?;
        let before = self.1.saturating_sub(width.0);
        write!(f, "{:before$}{}", "", self.0)
    }
}

impl Display for ClassTimes {
    /// Rows for writers and readers, where the longest waits and holds were, and the points of contention.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let has_readers = self.read != SideTimes::default();
        for (side, suffix) in [(&self.write, "-W"), (&self.read, "-R")] {
            if *side != SideTimes::default() {
                let suffix = if has_readers { suffix } else { "" };
                write!(f, "{}:", Right(format_args!("{}{suffix}", self.class), NAMES))?;
                lengths(&side.wait, f)?;
                lengths(&side.hold, f)?;
                writeln!(f)?;
                longest(&self.class, suffix, "waittime-max", &side.wait, f)?;
                longest(&self.class, suffix, "holdtime-max", &side.hold, f)?;
            }
        }
        if !self.waiters.is_empty() || !self.holders.is_empty() {
            points(&self.class, &self.waiters, f)?;
            points(&self.class, &self.holders, f)?;
            writeln!(f, "\n{:.<ROW$}\n", "")?;
        }
        Ok(())
    }
}

/// Six columns: those of waits, or of holds.
fn lengths(lengths: &Lengths, f: &mut Formatter<'_>) -> fmt::Result {
    let Lengths { count, bounces, total, min, max, .. } = *lengths;
    for number in [bounces, count, min, max, total, lengths.average()] {
        write!(f, " {number:>COLUMN$}")?;
    }
    Ok(())
}

fn longest(class: &ClassView, suffix: &str, what: &str, lengths: &Lengths, f: &mut Formatter<'_>) -> fmt::Result {
    match lengths.longest_at {
        Some(site) => place(format_args!("{class}{suffix}"), what, site, f),
        None => Ok(()),
    }
}

fn points(class: &ClassView, points: &[Point], f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}", Right(format_args!("{:-<15}", ""), NAMES))?;
    for point in points {
        place(class, point.count, point.site, f)?;
    }
    Ok(())
}

fn place(name: impl Display, what: impl Display, site: Site, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}  {}  at {site}", Right(name, NAMES), Right(what, COLUMN))
}

/// The heading of a listing of [`ClassLine`]s.
pub(crate) struct ClassesHead;

impl Display for ClassesHead {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "all lock classes:")
    }
}

impl Display for ClassLine {
    /// `KEY OPS:… FD:… BD:… MARKS: NAME`, and ` -> [KEY] NAME`.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ClassLine::Class(entry) => {
                let (ops, forwards, backwards) = (entry.operations, entry.forwards, entry.backwards);
                write!(f, "{:016x} OPS:{ops:>8} FD:{forwards:>5} BD:{backwards:>5} ", entry.key)?;
                for mark in entry.class.usage.marks() {
                    f.write_char(char::from(mark))?;
                }
                writeln!(f, ": {}", entry.class)
            }
            ClassLine::Leads(key, class) => writeln!(f, " -> [{key:016x}] {class}"),
            ClassLine::End => writeln!(f),
        }
    }
}

/// The heading of a listing of [`ChainLine`]s.
pub(crate) struct ChainsHead;

impl Display for ChainsHead {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "all lock chains:")
    }
}

impl Display for ChainLine {
    /// `irq_context: …`, then `[KEY] NAME` for each class.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            ChainLine::Chain { in_hardirq, in_softirq } => {
                let context = match (in_hardirq, in_softirq) {
                    (true, true) => "hardirq|softirq",
                    (true, false) => "hardirq",
                    (false, true) => "softirq",
                    (false, false) => "0",
                };
                writeln!(f, "irq_context: {context}")
            }
            ChainLine::Member(key, class) => writeln!(f, "[{key:016x}] {class}"),
            ChainLine::End => writeln!(f),
        }
    }
}

impl Display for Sums {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let tables = &self.occupancy;
        fn of(f: &mut Formatter<'_>, name: &str, used: usize, size: usize) -> fmt::Result {
            writeln!(f, " {name:<31}{used:>11} [max: {size}]")
        }
        fn one(f: &mut Formatter<'_>, name: &str, value: usize) -> fmt::Result {
            writeln!(f, " {name:<31}{value:>11}")
        }
        of(f, "lock-classes:", tables.classes.used, tables.classes.size)?;
        of(f, "direct dependencies:", tables.dependencies.used, tables.dependencies.size)?;
        one(f, "indirect dependencies:", self.indirect)?;
        of(f, "dependency chains:", tables.chains.used, tables.chains.size)?;
        of(f, "dependency chain hlocks used:", self.members.used, self.members.size)?;
        one(f, "dependency chain hlocks lost:", self.members.rejected as usize)?;
        one(f, "chain key collisions:", self.collisions)?;
        one(f, "in-hardirq chains:", self.in_hardirq)?;
        one(f, "in-softirq chains:", self.in_softirq)?;
        one(f, "in-process chains:", self.in_process)?;
        for (name, safety) in [
            (["hardirq-safe locks:", "hardirq-unsafe locks:"], self.hardirq),
            (["softirq-safe locks:", "softirq-unsafe locks:"], self.softirq),
            (["irq-safe locks:", "irq-unsafe locks:"], self.irq),
            (["hardirq-read-safe locks:", "hardirq-read-unsafe locks:"], self.hardirq_read),
            (["softirq-read-safe locks:", "softirq-read-unsafe locks:"], self.softirq_read),
            (["irq-read-safe locks:", "irq-read-unsafe locks:"], self.irq_read),
        ] {
            one(f, name[0], safety.used)?;
            one(f, name[1], safety.enabled)?;
        }
        one(f, "unused locks:", self.unused)?;
        one(f, "max locking depth:", self.deepest)?;
        one(f, "events on CPUs without a table:", self.outside as usize)?;
        one(f, "debug_locks:", self.on.into())
    }
}
