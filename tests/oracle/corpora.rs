//! The files of traces that lie beside the tests.

use lockdep_cli::trace::Trace;
use std::fs;
use std::path::Path;

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
    assert!(all.len() >= 4866, "only {} traces", all.len());
    all
}
