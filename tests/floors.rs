//! The floors of the validator: a module imports from floors below its own, and where the design allows from its own.
//!
//! The table below is the design. It is read against the sources themselves: every `crate::…` outside of tests, in `use` or
//! in the middle of a line. A file that the table does not name fails, so that a new module finds its floor first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A floor: its modules, and whether they may import one another.
struct Floor {
    name: &'static str,
    modules: &'static [&'static str],
    among_themselves: bool,
}

const fn floor(name: &'static str, modules: &'static [&'static str]) -> Floor {
    Floor { name, modules, among_themselves: true }
}

/// From the lowest. The rules never import one another.
const FLOORS: [Floor; 9] = [
    floor("words", &["atomic", "class", "mode", "policy", "site", "symbol", "trail", "usage", "wait_type", "word"]),
    floor("tables", &["chain", "classes", "context", "dependency", "held", "roster", "tally"]),
    floor("search", &["order", "reach", "search"]),
    Floor { name: "rules", modules: &["rules"], among_themselves: false },
    floor(
        "validator",
        &[
            "cause",
            "claims",
            "fast",
            "finding",
            "identity",
            "ledger",
            "limits",
            "listing",
            "marking",
            "news",
            "queue",
            "report",
            "second",
            "state",
            "tables",
            "third",
            "unregister",
            "validator",
        ],
    ),
    floor("views", &["defmt", "text"]),
    floor("runtime", &["asserts", "domain", "hooks", "host", "port", "runtime", "stat"]),
    floor("locks", &["sync"]),
    floor("selftest", &["selftest"]),
];

/// What stands beside the floors: the crate's own page, which has them all.
const BESIDE: [&str; 1] = ["lib"];

fn floor_of(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.modules.contains(&module))
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

/// The top-level module that a file belongs to: `text` for `text/kinds.rs`.
fn module_of(path: &Path) -> String {
    let first = path.components().next().map(|component| component.as_os_str().to_string_lossy().into_owned());
    first.unwrap_or_default().trim_end_matches(".rs").to_string()
}

/// Whether a file is for tests alone.
fn is_test(path: &Path) -> bool {
    path.components().any(|component| matches!(component.as_os_str().to_str(), Some("tests" | "tests.rs")))
}

/// The lines of a source that are code, and not of its tests: those end the file here.
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
fn every_module_has_a_floor() {
    let sources = sources();
    let modules: BTreeSet<String> = sources.keys().map(|path| module_of(path)).collect();
    for module in &modules {
        let known = floor_of(module).is_some() || BESIDE.contains(&module.as_str());
        assert!(known, "src/{module}: has no floor; put it into FLOORS of tests/floors.rs, as low as it can be");
    }
    for module in FLOORS.iter().flat_map(|floor| floor.modules) {
        assert!(modules.contains(*module), "src/{module}: has a floor in tests/floors.rs, and is gone");
    }
}

#[test]
fn a_module_imports_from_below_alone() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let module = module_of(path);
        let Some(own) = floor_of(&module) else { continue };
        for (number, line) in code(text).enumerate() {
            for import in imports(line) {
                seen += 1;
                let Some(other) = floor_of(first_word(import)) else {
                    wrong.push(format!(
                        "src/{}:{}: `crate::{import}` names no module: one `use` for each",
                        path.display(),
                        number + 1
                    ));
                    continue;
                };
                let within = first_word(import) == module || FLOORS[own].among_themselves;
                if other > own || (other == own && !within) {
                    wrong.push(format!(
                        "src/{}:{}: floor {own} ({}) imports `{import}` of floor {other} ({})",
                        path.display(),
                        number + 1,
                        FLOORS[own].name,
                        FLOORS[other].name,
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 100, "only {seen} imports were seen: is `crate::` no longer how modules name one another?");
}

/// `super::` of a module at the top is the crate, which this test could not see through.
#[test]
fn a_module_at_the_top_says_crate_and_not_super() {
    for (path, text) in sources().iter().filter(|(path, _)| path.components().count() == 1) {
        let line = code(text).find(|line| line.contains("super::") && !line.starts_with(' '));
        assert_eq!(line, None, "src/{}", path.display());
    }
}

#[test]
fn rules_do_not_know_one_another() {
    for (path, text) in sources().iter().filter(|(path, _)| module_of(path) == "rules" && !path.ends_with("mod.rs")) {
        for line in code(text) {
            let knows = line.contains("super::") || imports(line).iter().any(|import| first_word(import) == "rules");
            assert!(!knows, "src/{}: `{}`: a rule names another", path.display(), line.trim());
        }
    }
}

#[test]
fn imports_are_seen_wherever_they_stand() {
    assert_eq!(imports("use crate::rules::circular;"), ["rules::circular"]);
    assert_eq!(imports("use crate::held::{Acquire, Hold};"), ["held::"]);
    assert_eq!(
        imports("let x = f(crate::site::Site::caller(), &crate::mode::Mode::WRITE);"),
        ["site::Site::caller", "mode::Mode::WRITE"]
    );
    assert_eq!(imports("$crate::runtime::Runtime::new()"), [""; 0]);
}
