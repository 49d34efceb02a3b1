//! The table as Linux prints it: a row for each test and order, a cell for each column, a heading for each group.

use super::{Case, Column, Group, Irq, LINUX};
use core::fmt::{self, Write};

const RULE: &str = "  --------------------------------------------------------------------------";

impl Group {
    /// The columns above its cells.
    const fn columns(self) -> &'static [Column] {
        match self {
            Group::Basic | Group::Readers | Group::Irq => Column::LOCKS,
            Group::WwWays => &[Column::Block, Column::Try, Column::Context],
            Group::Wait => &[Column::Rcu, Column::Raw, Column::Spin, Column::Mutex],
            Group::Ww | Group::Queued | Group::Reclaim | Group::Local => &[],
        }
    }

    /// Prints the heading above its first row.
    fn heading(self, out: &mut impl Write) -> fmt::Result {
        match self {
            Group::Basic => {
                writeln!(out, "| Locking API testsuite:\n{:-<76}", "")?;
                columns(out, self.columns(), "")?;
                rule(out, 74)
            }
            Group::Readers | Group::Irq => rule(out, 74),
            Group::Ww => title(out, 74, "Wound/wait tests", 21),
            Group::WwWays => {
                rule(out, 53)?;
                columns(out, self.columns(), "|")?;
                rule(out, 53)
            }
            Group::Queued => title(out, 74, "queued read lock tests", 27),
            Group::Reclaim => title(out, 20, "fs_reclaim tests", 20),
            Group::Wait => {
                title(out, 74, "wait context tests", 74)?;
                columns(out, self.columns(), "|")?;
                rule(out, 74)
            }
            Group::Local => title(out, 74, "local_lock tests", 21),
        }
    }
}

/// A line of this length.
fn rule(out: &mut impl Write, length: usize) -> fmt::Result {
    writeln!(out, "{}", RULE.get(..length + 2).unwrap_or(RULE))
}

/// A title between two lines of these lengths.
fn title(out: &mut impl Write, above: usize, title: &str, below: usize) -> fmt::Result {
    rule(out, above)?;
    writeln!(out, "  | {title} |")?;
    rule(out, below)
}

/// The names of the columns; Linux draws no line after those of the first heading.
fn columns(out: &mut impl Write, columns: &[Column], end: &str) -> fmt::Result {
    write!(out, "{:33}", "")?;
    for column in columns {
        write!(out, "|{:^6}", column.name())?;
    }
    writeln!(out, "{end}")
}

/// The last lines: how many passed, of how many; how many of them are Linux's, and how many others the caller has.
///
/// # Errors
/// Those of the writer.
pub fn closing(out: &mut impl Write, failed: usize, own: usize) -> fmt::Result {
    let count = super::CASES.len();
    writeln!(out, "{:-<55}", "")?;
    match failed {
        0 => writeln!(out, "Good, all {count} testcases passed! |")?,
        n => writeln!(out, "BUG: {n} unexpected failures (out of {count}) |")?,
    }
    writeln!(out, "This table holds {count} of Linux's {LINUX} cells, none skipped; {own} cases of our own follow.")
}

/// The outcome of a case, in its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What must be found was found.
    Passed,
    /// Something else was found, or nothing.
    Failed,
}

/// The state of printing a table: cells come one by one, in the order of the list.
#[derive(Debug, Default)]
pub struct Rows {
    row: Option<(*const super::Test, usize, Irq)>,
    group: Option<Group>,
    columns: usize,
}

impl Rows {
    /// Prints a cell, and what must come before it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn cell(&mut self, out: &mut impl Write, case: &Case, outcome: Outcome) -> fmt::Result {
        let (row, group) = ((core::ptr::from_ref(case.test), case.order, case.irq), case.test.group);
        if self.row != Some(row) {
            self.end(out)?;
            if self.group.replace(group) != Some(group) {
                group.heading(out)?;
            }
            self.row = Some(row);
            self.columns = 0;
            row_name(out, case)?;
        }
        let under = group.columns().iter().position(|&column| column == case.column);
        let column = under.or(case.numbered()).unwrap_or(0);
        let skipped = column.saturating_sub(self.columns);
        if skipped > 0 {
            write!(out, "{:width$}|", "", width = 7 * skipped - 1)?;
        }
        self.columns = column + 1;
        out.write_str(match outcome {
            Outcome::Passed => "  ok  |",
            Outcome::Failed => "FAILED|",
        })
    }

    /// Ends the last row.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(&mut self, out: &mut impl Write) -> fmt::Result {
        if self.row.take().is_some() {
            writeln!(out)?;
        }
        Ok(())
    }
}

fn row_name(out: &mut impl Write, case: &Case) -> fmt::Result {
    let prefix = match (case.irq, case.test.irqs) {
        (Irq::No, _) | (_, [_]) => "",
        (Irq::Hard, _) => "hard-",
        (Irq::Soft, _) => "soft-",
    };
    let (name, digits) = (case.test.name, case.order_digits());
    let slash = if digits.is_empty() { "" } else { "/" };
    let width = 33usize.saturating_sub(name.len() + slash.len() + digits.len());
    write!(out, "{prefix:>width$}{name}{slash}{digits}:")
}
