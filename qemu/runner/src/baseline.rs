//! What the figures of today are compared with: the baseline of the compiler that made them, and the musts of all.
//!
//! - `benches/baseline/COMPILER.txt` has the accepted figures of one compiler, exactly. A figure may shrink; it may
//!   grow by 2 %. A compiler without such a file has no baseline, and a person is told how to record one.
//! - `benches/musts.txt` has what each figure may be at most, whichever compiler made it. It is edited by hand.
//!
//! A figure that is missing on either side is a fault, so that none is lost unseen.

use crate::process::root;
use anyhow::{Context as _, Result};
use std::fmt;
use std::io::ErrorKind;
use std::path::PathBuf;

/// What a figure may grow by, in percent.
const MARGIN: u64 = 2;

/// The limits for all compilers, from the root.
pub(crate) const MUSTS: &str = "benches/musts.txt";

/// The prefix of the board in a line of figures, and in one of limits.
const FIGURE: &str = "BENCH";
const MUST: &str = "MUST";

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
        write!(f, "{FIGURE} {} {} {} {}", self.board, self.name, self.value, self.unit)
    }
}

impl Figure {
    /// Reads what `Display` wrote, or a limit.
    fn parse(kind: &str, line: &str) -> Option<Figure> {
        let mut parts = line.split(' ');
        if parts.next() != Some(kind) {
            return None;
        }
        let mut next = || parts.next().map(str::to_owned);
        let figure = Figure { board: next()?, name: next()?, value: next()?.parse().ok()?, unit: next()? };
        parts.next().is_none().then_some(figure)
    }

    fn is(&self, other: &Figure) -> bool {
        (&self.board, &self.name, &self.unit) == (&other.board, &other.name, &other.unit)
    }
}

/// The baseline of a compiler, from the root.
pub(crate) fn file_of(compiler: &str) -> String {
    format!("benches/baseline/{compiler}.txt")
}

fn path(file: &str) -> PathBuf {
    root().join(file)
}

/// Makes these figures the accepted ones of a compiler.
pub(crate) fn write(compiler: &str, figures: &[Figure]) -> Result<()> {
    let head = format!(
        "# What validation costs: figures of the compiler {compiler}, counted in QEMU with -icount shift=0.\n\
         # Written by `cargo xtask bench --bless`, compared by `cargo xtask bench` and by CI.\n"
    );
    let lines: String = figures.iter().map(|figure| format!("{figure}\n")).collect();
    let path = path(&file_of(compiler));
    path.parent().map_or(Ok(()), std::fs::create_dir_all).context("benches/baseline cannot be made")?;
    std::fs::write(&path, head + &lines).with_context(|| format!("{} cannot be written", path.display()))
}

/// The accepted figures of a compiler; `None` if there are none.
pub(crate) fn read(compiler: &str) -> Result<Option<Vec<Figure>>> {
    let file = file_of(compiler);
    match std::fs::read_to_string(path(&file)) {
        Ok(text) => parse(FIGURE, &file, &text).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{file} cannot be read")),
    }
}

/// What each figure may be at most.
pub(crate) fn musts() -> Result<Vec<Figure>> {
    let text = std::fs::read_to_string(path(MUSTS)).with_context(|| format!("{MUSTS} cannot be read"))?;
    parse(MUST, MUSTS, &text)
}

fn parse(kind: &str, file: &str, text: &str) -> Result<Vec<Figure>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| Figure::parse(kind, line).with_context(|| format!("{file}: no figure: {line}"))).collect()
}

/// Which figures of today are above what they may be at most, a line each.
pub(crate) fn exceed(musts: &[Figure], today: &[Figure]) -> Vec<String> {
    let mut faults = Vec::new();
    for figure in today {
        match musts.iter().find(|must| must.is(figure)) {
            None => faults.push(format!("NO MUST {figure}: {MUSTS} has no line for it")),
            Some(must) if figure.value > must.value => {
                faults.push(format!("ABOVE   {figure}: it must be at most {}", must.value));
            }
            Some(_) => {}
        }
    }
    let lost = musts.iter().filter(|must| !today.iter().any(|figure| figure.is(must)));
    faults.extend(lost.map(|must| format!("MISSING {} {}: {MUSTS} has a line for it", must.board, must.name)));
    faults
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
        let text = format!("# a comment\n{}\n\n{}\n", figures[0], figures[1]);
        assert_eq!(parse(FIGURE, "file", &text).expect("sound"), figures);
        let must = parse(MUST, "file", "MUST b pair.depth1 50 instructions\n");
        assert_eq!(must.expect("sound"), figures[..1]);
        for line in [
            "pair.depth1 50",
            "BENCH b pair 5",
            "BENCH b pair five instructions",
            "BENCH b pair 5 bytes more",
            "MUST b pair 5 bytes",
        ] {
            let error = parse(FIGURE, "file", line).expect_err(line);
            assert!(error.to_string().starts_with("file: "), "{error}");
        }
    }

    #[test]
    fn the_files_of_the_project_can_be_read_and_name_the_same_figures() {
        let musts = musts().expect("the musts are there");
        let mut compilers = 0;
        for entry in std::fs::read_dir(path("benches/baseline")).expect("baselines are there") {
            let name = entry.expect("an entry").file_name().into_string().expect("a name in UTF-8");
            let compiler = name.strip_suffix(".txt").expect("nothing else is there");
            let figures = read(compiler).expect("a baseline can be read").expect("it is there");
            assert_eq!(exceed(&musts, &figures), [""; 0], "{name}");
            compilers += 1;
        }
        assert!(compilers > 0);
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
    fn no_figure_is_above_its_must_by_one() {
        let musts = [figure("pair", 100)];
        assert!(exceed(&musts, &[figure("pair", 100)]).is_empty());
        let faults = exceed(&musts, &[figure("pair", 101)]);
        assert!(faults.len() == 1 && faults[0].starts_with("ABOVE"), "{faults:?}");
        assert!(faults[0].contains("at most 100"), "{faults:?}");
    }

    #[test]
    fn a_figure_that_is_missing_on_either_side_is_a_fault() {
        for faults in
            [compare(&[figure("old", 1)], &[figure("new", 1)]), exceed(&[figure("old", 1)], &[figure("new", 1)])]
        {
            assert!(faults.len() == 2 && faults[0].starts_with('N') && faults[1].starts_with("MISSING"), "{faults:?}");
        }
        let bytes = Figure { unit: "bytes".to_owned(), ..figure("old", 1) };
        assert_eq!(compare(&[figure("old", 1)], &[bytes]).len(), 2, "another unit is another figure");
    }
}
