//! The figures that were accepted: `benches/baseline.txt`, and how those of today compare.
//!
//! A figure may shrink; it may grow by 2 %. One that is missing on either side is a fault, so that none is lost unseen.

use crate::process::root;
use anyhow::{Context as _, Result};
use std::fmt;
use std::path::PathBuf;

/// What a figure may grow by, in percent.
const MARGIN: u64 = 2;

const HEAD: &str = "\
# What validation costs: accepted by `cargo xtask bench --accept`, compared by `cargo xtask bench` and by CI.
# Built by Debian's toolchain (LOCKDEP_TOOLCHAIN=debian), counted in QEMU with -icount shift=0.
";

/// A number of a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub(crate) board: String,
    pub(crate) name: String,
    pub(crate) value: u64,
    pub(crate) unit: String,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BENCH {} {} {} {}", self.board, self.name, self.value, self.unit)
    }
}

impl Figure {
    /// Reads what `Display` wrote.
    fn parse(line: &str) -> Option<Figure> {
        let mut parts = line.strip_prefix("BENCH ")?.split(' ');
        let mut next = || parts.next().map(str::to_owned);
        let figure = Figure { board: next()?, name: next()?, value: next()?.parse().ok()?, unit: next()? };
        parts.next().is_none().then_some(figure)
    }

    fn is(&self, other: &Figure) -> bool {
        (&self.board, &self.name, &self.unit) == (&other.board, &other.name, &other.unit)
    }
}

fn path() -> PathBuf {
    root().join("benches/baseline.txt")
}

/// Makes these figures the accepted ones.
pub(crate) fn write(figures: &[Figure]) -> Result<()> {
    let lines: String = figures.iter().map(|figure| format!("{figure}\n")).collect();
    std::fs::write(path(), format!("{HEAD}{lines}")).with_context(|| format!("{} cannot be written", path().display()))
}

/// Those that were accepted last.
pub(crate) fn read() -> Result<Vec<Figure>> {
    let text = std::fs::read_to_string(path())
        .with_context(|| format!("{} cannot be read: `cargo xtask bench --accept` makes it", path().display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Figure>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Figure::parse(line).with_context(|| format!("benches/baseline.txt: no figure: {line}"))).collect()
}

/// What is wrong with the figures of today, a line each.
pub(crate) fn compare(accepted: &[Figure], today: &[Figure]) -> Vec<String> {
    let mut faults = Vec::new();
    for figure in today {
        match accepted.iter().find(|other| other.is(figure)) {
            None => faults.push(format!("NEW     {figure}: not in the baseline")),
            Some(old) if figure.value * 100 > old.value * (100 + MARGIN) => {
                faults.push(format!("GROWN   {figure}: it was {}", old.value));
            }
            Some(_) => {}
        }
    }
    let lost = accepted.iter().filter(|old| !today.iter().any(|figure| figure.is(old)));
    faults.extend(lost.map(|old| format!("MISSING {old}")));
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &str, value: u64) -> Figure {
        Figure { board: "b".to_owned(), name: name.to_owned(), value, unit: "instructions".to_owned() }
    }

    #[test]
    fn what_is_written_reads_back() {
        let figures = vec![figure("pair.depth1", 50), figure("irq.toggle", 0)];
        let text = format!("{HEAD}{}\n{}\n", figures[0], figures[1]);
        assert_eq!(parse(&text).expect("sound"), figures);
        for line in ["pair.depth1 50", "BENCH b pair 5", "BENCH b pair five instructions", "BENCH b pair 5 bytes more"]
        {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_figure_may_shrink_and_grow_by_a_fiftieth() {
        let old = [figure("pair", 100)];
        assert!(compare(&old, &[figure("pair", 102)]).is_empty());
        assert!(compare(&old, &[figure("pair", 7)]).is_empty());
        assert_eq!(compare(&old, &[figure("pair", 103)]).len(), 1);
        assert_eq!(compare(&[figure("off", 0)], &[figure("off", 1)]).len(), 1, "nothing stays nothing");
    }

    #[test]
    fn a_figure_that_is_missing_on_either_side_is_a_fault() {
        let faults = compare(&[figure("old", 1)], &[figure("new", 1)]);
        assert!(faults.len() == 2 && faults[0].starts_with("NEW") && faults[1].starts_with("MISSING"), "{faults:?}");
        let bytes = Figure { unit: "bytes".to_owned(), ..figure("old", 1) };
        assert_eq!(compare(&[figure("old", 1)], &[bytes]).len(), 2, "another unit is another figure");
    }
}
