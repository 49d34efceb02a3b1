//! The table as Linux prints it: a row for each test and order, a cell for each column.

use super::{Case, Column, Group, Irq};
use core::fmt::{self, Write};

const RULE: &str = "  --------------------------------------------------------------------------";

/// The heading of the table.
///
/// # Errors
/// Those of the writer.
pub fn heading(out: &mut impl Write) -> fmt::Result {
    writeln!(out, "| Locking API testsuite:")?;
    writeln!(out, "--{}", &RULE[2..])?;
    write!(out, "{:33}|", "")?;
    for column in Column::ALL {
        write!(out, "{:^6}|", column.name())?;
    }
    writeln!(out, "\n{RULE}")
}

/// What parts one group from the next.
///
/// # Errors
/// Those of the writer.
pub fn rule(out: &mut impl Write) -> fmt::Result {
    writeln!(out, "{RULE}")
}

/// The last lines: how many passed, of how many.
///
/// # Errors
/// Those of the writer.
pub fn closing(out: &mut impl Write, count: usize, failed: usize) -> fmt::Result {
    writeln!(out, "{:-<55}", "")?;
    match failed {
        0 => writeln!(out, "Good, all {count} testcases passed! |"),
        n => writeln!(out, "BUG: {n} unexpected failures (out of {count}) |"),
    }
}

/// Where the printing of a table stands: cells come one by one, in the order of the list.
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
    pub fn cell(&mut self, out: &mut impl Write, case: &Case, ok: bool) -> fmt::Result {
        let row = (core::ptr::from_ref(case.test), case.order, case.irq);
        if self.row != Some(row) {
            self.end(out)?;
            if self.group.is_some_and(|group| group != case.test.group) {
                rule(out)?;
            }
            self.row = Some(row);
            self.group = Some(case.test.group);
            self.columns = 0;
            row_name(out, case)?;
        }
        let column = Column::ALL.iter().position(|&c| c == case.column).unwrap_or(0);
        let skipped = column.saturating_sub(self.columns);
        if skipped > 0 {
            write!(out, "{:width$}|", "", width = 7 * skipped - 1)?;
        }
        self.columns = column + 1;
        out.write_str(if ok { "  ok  |" } else { "FAILED|" })
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
