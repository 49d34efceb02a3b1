//! The verdict over one boot: a pure function of the kernel's words, QEMU's end, and what the host expects.
//!
//! Green is only what is right in every respect. The exit code is the one for success; the first word names the board
//! and the number of CPUs that were asked for; every expected case is judged once, and no other; the plan and the
//! closing counts agree with the cases; none was skipped; every scenario left its report; every figure was told;
//! nothing follows the closing word; no time-out struck. Whatever else happened is a [`Fault`], and each fault counts as one failure.
//!
//! Nothing here starts a machine, prints, or compares a report with its golden text.

mod fault;
mod hearing;

pub(crate) use fault::{Fault, How};

use crate::tally::Tally;
use hearing::Hearing;
use std::collections::{BTreeMap, BTreeSet};

/// What the host knows of a boot before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Expectation {
    /// The board that was asked for.
    pub(crate) board: String,
    /// How many CPUs were asked for.
    pub(crate) smp: usize,
    /// The names of the cases that must be judged.
    pub(crate) cases: Vec<String>,
    /// Those of them that must leave a report of the same name.
    pub(crate) reports: Vec<String>,
    /// The figures that must be told.
    pub(crate) figures: Vec<String>,
}

/// What came of a boot.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What was wrong, in the order in which it was found.
    pub(crate) faults: Vec<Fault>,
    /// The reports as printed, by scenario.
    pub(crate) reports: BTreeMap<String, String>,
    /// Name, value and unit of each figure.
    pub(crate) figures: Vec<(String, u64, String)>,
    passed: BTreeSet<String>,
}

impl Verdict {
    /// Whether nothing was wrong.
    pub(crate) fn green(&self) -> bool {
        self.faults.is_empty()
    }

    /// Finds fault with a case that the kernel itself was content with.
    pub(crate) fn fail(&mut self, case: &str, fault: Fault) {
        self.passed.remove(case);
        self.faults.push(fault);
    }

    /// The figure of this name, with its unit.
    pub(crate) fn figure(&self, name: &str) -> Option<String> {
        let (_, value, unit) = self.figures.iter().find(|(figure, ..)| figure == name)?;
        Some(format!("{value} {unit}"))
    }

    /// Cases that passed, and faults: no case may be skipped.
    pub(crate) fn tally(&self) -> Tally {
        Tally { passed: self.passed.len(), failed: self.faults.len(), skipped: 0 }
    }
}

/// Judges a boot: `log` is all that came over the serial line.
pub(crate) fn judge(log: &[u8], how: How, expected: &Expectation) -> Verdict {
    let mut hearing = Hearing::default();
    if log.is_empty() {
        hearing.fault(Fault::Silence);
    }
    for (index, line) in log.split_inclusive(|&byte| byte == b'\n').enumerate() {
        hearing.hear(index + 1, line);
    }
    hearing.close(how, expected)
}

#[cfg(test)]
mod tests;
