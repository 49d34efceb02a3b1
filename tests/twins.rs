//! The twins for builds without the feature `validate` have the same functions as what they stand for: read from the
//! sources, so that a function that is added to one only fails here, and not in somebody's build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The files and their twins.
const TWINS: [(&str, &str); 3] = [
    ("src/hooks.rs", "src/hooks/off.rs"),
    ("src/sync/tracker.rs", "src/sync/tracker/off.rs"),
    ("src/watch/api.rs", "src/watch/off.rs"),
];

/// The public functions of a file: from `pub` to the result, in one line, without the underscores of unused arguments.
/// Code inside `port!` is no function of the file.
fn functions(path: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a source can be read");
    let text = text.split("macro_rules!").next().unwrap_or_default();
    let starts = text.match_indices("pub").filter(|(at, _)| text[..*at].trim_end_matches(' ').ends_with('\n'));
    let heads = starts.filter_map(|(at, _)| text[at..].split_once(" {").map(|(head, _)| head));
    let words =
        |head: &str| head.split_whitespace().collect::<Vec<_>>().join(" ").replace(",)", ")").replace("( ", "(");
    heads.filter(|head| head.contains("fn ")).map(|head| words(head).replace("(_", "(").replace(" _", " ")).collect()
}

#[test]
fn twins_have_the_same_functions() {
    for (real, off) in TWINS {
        let (real_has, off_has) = (functions(real), functions(off));
        let lacks: Vec<_> = real_has.difference(&off_has).collect();
        assert!(lacks.is_empty(), "{off} lacks what {real} has: {lacks:#?}");
        let left: Vec<_> = off_has.difference(&real_has).collect();
        assert!(left.is_empty(), "{off} has what {real} has not: {left:#?}");
    }
    assert!(functions("src/hooks.rs").len() > 20 && functions("src/sync/tracker.rs").len() > 5);
}
