//! The table of `tests/README.md` (where is a rule tested?) is true: each kind of the crate has its row, and each cell
//! names exactly the files that have something for that kind.

use lockdep::Kind;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Random traces have all verdicts; the table does not list them in every row.
const RANDOM: [&str; 2] = ["long", "short"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the files of a folder with this extension, without it.
fn stems(folder: &str, extension: &str) -> Vec<String> {
    let files = fs::read_dir(root().join(folder)).expect("a folder can be read");
    let names = files.map(|file| file.expect("a folder can be read").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| Some(name.strip_suffix(extension)?.to_string())).collect()
}

/// A row: its kind, and what its other cells name between backticks.
struct Row {
    kind: Kind,
    cells: Vec<BTreeSet<String>>,
}

const RULE: usize = 0;
const TRACES: usize = 1;
const GOLDEN: usize = 2;
const SELF_TEST: usize = 3;
const ADVICE: usize = 4;

fn rows() -> Vec<Row> {
    let text = read("tests/README.md");
    let table = text.lines().skip_while(|line| !line.starts_with("| verdict |")).skip(2);
    table.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Row {
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(String::from).collect::<BTreeSet<_>>();
    let cells: Vec<_> = line.trim_matches('|').split('|').map(names).collect();
    let [verdict, cells @ ..] = cells.as_slice() else { panic!("an empty row") };
    assert_eq!((verdict.len(), cells.len()), (1, 5), "a row is of one verdict and five cells: {line}");
    let verdict = verdict.first().expect("a row has a verdict");
    let kind = Kind::ALL.into_iter().find(|kind| kind.verdict() == verdict);
    Row { kind: kind.unwrap_or_else(|| panic!("`{verdict}` is no kind of the crate")), cells: cells.to_vec() }
}

/// Whether a text has this name as a word.
fn names(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
}

/// The line of a file of self-tests that imports the kinds which its rows expect.
fn kinds_of(text: &str) -> String {
    let line = text.lines().find(|line| line.starts_with("use crate::report::kind::Kind"));
    line.expect("self-tests import kinds").to_string()
}

fn set(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().collect()
}

/// The files of traces that have one with this verdict, as the table names them.
fn with_traces(verdict: &str) -> BTreeSet<String> {
    let shared = stems("tests/traces", ".trace").into_iter().filter(|name| !RANDOM.contains(&name.as_str()));
    let all = shared.map(|name| (format!("tests/traces/{name}.trace"), name));
    let own = stems("tests/cases", ".trace").into_iter();
    let all = all.chain(own.map(|name| (format!("tests/cases/{name}.trace"), format!("cases/{name}"))));
    let expects = |line: &str| line.strip_prefix("expect ").and_then(|rest| rest.split(' ').next()) == Some(verdict);
    set(all.filter(|(path, _)| read(path).lines().any(expects)).map(|(_, name)| name))
}

#[test]
fn each_kind_has_its_row_once_and_in_order() {
    let listed: Vec<Kind> = rows().iter().map(|row| row.kind).collect();
    assert_eq!(listed, Kind::ALL, "tests/README.md: a row a kind");
}

#[test]
fn rules_are_where_the_table_says() {
    for row in rows() {
        assert_eq!(row.cells[RULE].len(), 1, "{:?}", row.kind);
        for path in &row.cells[RULE] {
            assert!(path.starts_with("src/") && root().join(path).exists(), "{:?}: {path}", row.kind);
        }
    }
}

#[test]
fn traces_are_where_the_table_says() {
    for row in rows() {
        let (tests, traces): (BTreeSet<_>, BTreeSet<_>) =
            row.cells[TRACES].iter().cloned().partition(|name| name.ends_with(".rs") || name.ends_with('/'));
        assert_eq!(traces, with_traces(row.kind.verdict()), "{:?}", row.kind);
        assert!(!(tests.is_empty() && traces.is_empty()), "{:?} is tested nowhere", row.kind);
        for test in tests {
            let is_there = root().join("tests").join(&test).exists() || root().join(&test).exists();
            assert!(is_there, "{:?}: {test}", row.kind);
        }
    }
}

#[test]
fn golden_reports_are_where_the_table_says() {
    let rows = rows();
    let hangs = stems("tests/golden/hang", ".txt").into_iter().map(|name| format!("hang/{name}"));
    let files: Vec<_> = stems("tests/golden/reports", ".txt").into_iter().chain(hangs).collect();
    let is_of = |file: &str, row: &Row| {
        row.cells[GOLDEN].iter().any(|name| file.starts_with(name.strip_suffix('*').expect("a name and a `*`")))
    };
    for row in &rows {
        assert!(files.iter().any(|file| is_of(file, row)), "{:?} has no golden report", row.kind);
    }
    for file in &files {
        assert_eq!(rows.iter().filter(|row| is_of(file, row)).count(), 1, "golden/reports/{file}.txt: of which row?");
    }
}

#[test]
fn self_test_rows_and_advice_are_where_the_table_says() {
    let cases = stems("src/selftest/cases", ".rs").into_iter().filter(|name| name != "mod");
    let cases: Vec<_> = cases.map(|name| format!("{name}.rs")).collect();
    for row in rows() {
        let name = format!("{:?}", row.kind);
        let expects = |file: &&String| names(&kinds_of(&read(&format!("src/selftest/cases/{file}"))), &name);
        let rows = cases.iter().filter(expects);
        assert_eq!(row.cells[SELF_TEST], set(rows.cloned()), "{name}");
        let advice = ["advice/cases.rs", "advice/events.rs"]
            .into_iter()
            .filter(|file| read(&format!("tests/{file}")).contains(&format!("Kind::{name}")));
        assert_eq!(row.cells[ADVICE], set(advice.map(String::from)), "{name}");
    }
}
