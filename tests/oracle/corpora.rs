//! The files of traces that lie beside the tests.

use super::day;
use lockdep_cli::trace::Trace;
use std::fs;
use std::path::Path;

/// How many traces there are at least.
pub(crate) const TRACES: usize = 4866;

/// The traces that this build runs: all in a release build, and in a debug build a share of them, others each day.
/// `corpora.rs` beside this folder replays all of them in every build.
pub(crate) fn share() -> Vec<Trace> {
    day::share(traces())
}

/// All traces of `tests/traces` and `tests/cases`, each with its file's name before its own.
pub(crate) fn traces() -> Vec<Trace> {
    let mut all = Vec::new();
    for dir in ["traces", "cases"] {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(dir);
        for entry in fs::read_dir(&dir).expect("tests/traces and tests/cases are there") {
            let path = entry.expect("the directory can be read").path();
            if path.extension().is_none_or(|extension| extension != "trace") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("a trace file can be read");
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let traces = lockdep_cli::parse::parse(&text).unwrap_or_else(|wrong| panic!("{}:{wrong}", path.display()));
            all.extend(traces.into_iter().map(|trace| Trace { name: format!("{stem}: {}", trace.name), ..trace }));
        }
    }
    assert!(all.len() >= TRACES, "only {} traces", all.len());
    all
}
