//! The scenario: how the deadlock can happen, CPU by CPU.
//!
//! Each CPU is a party that holds one lock and waits for another. First all of them acquire what they hold, the last
//! party first as Linux draws it, then all wait. Up to three CPUs are drawn side by side, more of them one a line. It
//! draws what the report contains, and searches nothing.

use crate::lock::mode::Mode;
use crate::lock::usage::{Usage, UsageState};
use crate::report::{ClassView, LockView, Step};
use core::fmt::{self, Formatter};

/// One CPU of a scenario.
#[derive(Clone, Copy)]
pub(super) struct Party<'a> {
    pub(super) holds: &'a ClassView,
    pub(super) held: Mode,
    pub(super) waits_for: &'a ClassView,
    pub(super) waiting: Mode,
}

impl<'a> Party<'a> {
    /// The CPU that holds one lock and acquires another.
    pub(super) fn of_locks(held: &'a LockView, new: &'a LockView) -> Party<'a> {
        Party { holds: &held.class, held: held.mode, waits_for: &new.class, waiting: new.mode }
    }

    /// The CPU that made a dependency: in the mode that blocks most, if it occurred in several.
    pub(super) fn of_step(step: &'a Step) -> Party<'a> {
        use crate::graph::direction::Kinds;
        let held = if step.kinds.intersects(Kinds::ER.union(Kinds::EN)) { Mode::WRITE } else { Mode::READ };
        let waiting =
            if step.kinds.intersects(Kinds::SN.union(Kinds::EN)) { Mode::WRITE } else { Mode::RECURSIVE_READ };
        Party { holds: &step.from, held, waits_for: &step.to, waiting }
    }

    /// The CPU that holds a class as an *enabled* bit records.
    pub(super) fn held(class: &'a ClassView, enabled: Usage) -> Party<'a> {
        let held = if enabled.is_read() { Mode::READ } else { Mode::WRITE };
        Party { holds: class, held, waits_for: class, waiting: Mode::WRITE }
    }

    /// The CPU that waits for a class as a *used in* bit records.
    pub(super) fn used(class: &'a ClassView, used: Usage) -> Party<'a> {
        let waiting = if used.is_read() { Mode::RECURSIVE_READ } else { Mode::WRITE };
        Party { holds: class, held: Mode::WRITE, waits_for: class, waiting }
    }
}

const MARGIN: usize = 7;
const COLUMN: usize = 24;
const COLUMNS: usize = 3;

/// One CPU that waits for itself; with `state`, in an interrupt of it.
pub(super) fn one_cpu(
    f: &mut Formatter<'_>,
    held: &ClassView,
    mode: Mode,
    state: Option<UsageState>,
    (asked, asking): (&ClassView, Mode),
) -> fmt::Result {
    writeln!(f, " Possible unsafe locking scenario:\n\n       CPU0\n       ----")?;
    writeln!(f, "  {}({held});", verb(mode))?;
    if let Some(state) = state {
        writeln!(f, "  {}", entry(state))?;
    }
    let indent = if state.is_some() { "  " } else { "" };
    writeln!(f, "  {indent}{}({asked});\n\n *** DEADLOCK ***\n", verb(asking))
}

/// A reader that waits behind a writer, which waits for that reader's earlier hold.
pub(super) fn queued_writer(f: &mut Formatter<'_>, held: &ClassView, asked: &ClassView) -> fmt::Result {
    writeln!(f, " Possible unsafe locking scenario:\n")?;
    header(f, 2)?;
    writeln!(f, "  rlock({held});")?;
    Layout::Columns.write_at(f, 1)?;
    writeln!(f, "lock({held});   (is queued)")?;
    writeln!(f, "  rlock({asked});\n\n *** DEADLOCK ***\n")
}

/// A cycle of CPUs: CPU0 is `first`, the others follow the dependencies from the lock that it waits for. With `state`,
/// an interrupt of CPU0 does its wait. `cut` more CPUs are not drawn.
pub(super) fn cycle<'a>(
    f: &mut Formatter<'_>,
    first: Party<'a>,
    others: impl Iterator<Item = Party<'a>> + Clone,
    state: Option<UsageState>,
    cut: usize,
) -> fmt::Result {
    let count = 1 + others.clone().count();
    let unsafe_what = if state.is_some() { "interrupt unsafe" } else { "unsafe" };
    writeln!(f, " Possible {unsafe_what} locking scenario:\n")?;
    let layout = Layout::of(count);
    if layout == Layout::Columns {
        header(f, count)?;
    }
    let parties = || core::iter::once(first).chain(others.clone()).enumerate();
    for (cpu, party) in parties() {
        if cpu == 1
            && let Some(state) = state
        {
            layout.write_at(f, cpu)?;
            writeln!(f, "{}", disable(state))?;
        }
        layout.write_at(f, cpu)?;
        writeln!(f, "{}({});", verb(party.held), party.holds)?;
    }
    if cut > 0 {
        writeln!(f, "  ... and {cut} more CPUs in between, which there was no room to draw")?;
    }
    for cpu in (0..count).rev() {
        let Some((_, party)) = parties().nth(cpu) else { continue };
        if cpu == 0
            && let Some(state) = state
        {
            layout.write_at(f, cpu)?;
            writeln!(f, "{}", entry(state))?;
        }
        layout.write_at(f, cpu)?;
        let indent = if cpu == 0 && state.is_some() { "  " } else { "" };
        writeln!(f, "{indent}{}({});", verb(party.waiting), party.waits_for)?;
    }
    writeln!(f, "\n *** DEADLOCK ***\n")
}

/// The line of CPU numbers, and the underline.
fn header(f: &mut Formatter<'_>, count: usize) -> fmt::Result {
    write!(f, "{:MARGIN$}CPU0", "")?;
    for cpu in 1..count {
        write!(f, "{:width$}CPU{cpu}", "", width = COLUMN - 4)?;
    }
    write!(f, "\n{:MARGIN$}----", "")?;
    for _ in 1..count {
        write!(f, "{:width$}----", "", width = COLUMN - 4)?;
    }
    writeln!(f)
}

/// How the CPUs are drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A column each, as in Linux: the first under the margin, the others under their heading.
    Columns,
    /// Lines with their numbers, for more than there are columns.
    Numbers,
}

impl Layout {
    const fn of(count: usize) -> Layout {
        if count <= COLUMNS { Layout::Columns } else { Layout::Numbers }
    }

    /// Begins a line of a CPU.
    fn write_at(self, f: &mut Formatter<'_>, cpu: usize) -> fmt::Result {
        match (self, cpu) {
            (Layout::Numbers, _) => write!(f, "  CPU{cpu}: "),
            (Layout::Columns, 0) => write!(f, "  "),
            (Layout::Columns, _) => write!(f, "{:width$}", "", width = MARGIN + cpu * COLUMN),
        }
    }
}

fn verb(mode: Mode) -> &'static str {
    if mode.recursive || mode.shared { "rlock" } else { "lock" }
}

fn entry(state: UsageState) -> &'static str {
    match state {
        UsageState::Hardirq => "<Interrupt>",
        UsageState::Softirq => "<Softirq>",
        UsageState::Reclaim => "<Reclaim>",
    }
}

fn disable(state: UsageState) -> &'static str {
    match state {
        UsageState::Hardirq => "local_irq_disable();",
        UsageState::Softirq => "local_bh_disable();",
        UsageState::Reclaim => "(in a scope without reclaim)",
    }
}
