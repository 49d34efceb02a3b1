//! The order of the folders: a file imports from its own folder and from those below it in the list.
//!
//! [`ORDER`] is the design. It is read against the sources themselves: every `crate::…` outside of tests, in `use` or in the
//! middle of a line. A folder or a file at the top that the list does not name fails, so that a new one finds its place first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// From the lowest. What is on one line does not import one another.
const ORDER: [&[&str]; 13] = [
    &["atomic", "symbol"],
    &["lock"],
    &["context"],
    &["graph"],
    &["rules", "report"],
    &["engine", "watch"],
    &["port"],
    &["stat"],
    &["runtime"],
    &["hooks"],
    &["asserts", "host", "sync"],
    &["selftest"],
    &["lib"],
];

fn floor_of(folder: &str) -> Option<usize> {
    ORDER.iter().position(|line| line.contains(&folder))
}

/// All sources, as paths from `src`, with their texts.
fn sources() -> BTreeMap<PathBuf, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut left) = (BTreeMap::new(), vec![src.clone()]);
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).expect("src can be read") {
            let path = entry.expect("src can be read").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source can be read");
                found.insert(path.strip_prefix(&src).expect("it is below src").to_path_buf(), text);
            }
        }
    }
    found
}

/// The folder, or the file at the top, that a path belongs to: `report` for `report/text/kinds.rs`.
fn folder_of(path: &Path) -> String {
    let first = path.components().next().map(|component| component.as_os_str().to_string_lossy().into_owned());
    first.unwrap_or_default().trim_end_matches(".rs").to_string()
}

/// Whether a file is for tests alone.
fn is_test(path: &Path) -> bool {
    path.components().any(|component| matches!(component.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// The lines of a source that are code, and not of its tests, which end the file.
fn code(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().take_while(|line| *line != "mod tests {");
    lines.map(|line| line.split("//").next().unwrap_or_default())
}

/// The paths that follow `crate::` in a line, to the end of their words: `rules::circular` of `crate::rules::circular::check`.
fn imports(line: &str) -> Vec<&str> {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let paths = line.split("crate::").skip(1).filter(|_| !line.contains("$crate::"));
    paths.map(|rest| &rest[..rest.find(|c| !is_path(c)).unwrap_or(rest.len())]).collect()
}

fn first_word(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

#[test]
fn every_folder_has_its_place() {
    let folders: BTreeSet<String> = sources().keys().map(|path| folder_of(path)).collect();
    for folder in &folders {
        assert!(floor_of(folder).is_some(), "src/{folder}: put it into ORDER of tests/floors.rs, as low as it can be");
    }
    for folder in ORDER.concat() {
        assert!(folders.contains(folder), "src/{folder}: is in ORDER of tests/floors.rs, and not there");
    }
}

#[test]
fn a_file_imports_from_below_or_from_its_own_folder() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let folder = folder_of(path);
        let Some(own) = floor_of(&folder) else { continue };
        for (number, line) in code(text).enumerate() {
            for import in imports(line) {
                seen += 1;
                let other = floor_of(first_word(import));
                if first_word(import) != folder && other.is_none_or(|other| other >= own) {
                    wrong.push(format!("src/{}:{}: imports `{import}`", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} imports were seen: is `crate::` no longer how modules name one another?");
}

/// `super::` of a file at the top is the crate, which this test could not see through.
#[test]
fn a_file_at_the_top_says_crate_and_not_super() {
    for (path, text) in sources().iter().filter(|(path, _)| path.components().count() == 1) {
        let line = code(text).find(|line| line.contains("super::") && !line.starts_with(' '));
        assert_eq!(line, None, "src/{}", path.display());
    }
}

#[test]
fn rules_do_not_know_one_another() {
    for (path, text) in sources().iter().filter(|(path, _)| folder_of(path) == "rules" && !path.ends_with("mod.rs")) {
        for line in code(text) {
            let knows = line.contains("super::") || imports(line).iter().any(|import| first_word(import) == "rules");
            assert!(!knows, "src/{}: `{}`: a rule names another", path.display(), line.trim());
        }
    }
}

#[test]
fn imports_are_seen_wherever_they_are() {
    assert_eq!(imports("use crate::rules::circular;"), ["rules::circular"]);
    assert_eq!(imports("use crate::context::hold::{Acquire, Hold};"), ["context::hold::"]);
    assert_eq!(
        imports("let x = f(crate::lock::site::Site::caller(), &crate::lock::mode::Mode::WRITE);"),
        ["lock::site::Site::caller", "lock::mode::Mode::WRITE"]
    );
    assert_eq!(imports("$crate::__private::Runtime::new()"), [""; 0]);
}
