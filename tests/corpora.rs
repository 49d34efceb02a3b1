//! Every trace of the corpora agrees, verdict and event, through the real validator with the fast path on.
//!
//! One test a file, so that a failure names it; and one that no file is left out. `traces/` has the shared corpora,
//! `cases/` our own, a file for each verdict.

use lockdep_cli::replay::{How, Outcome, Replayer};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Replays a file; returns how many traces it has.
fn replay(file: &str) -> usize {
    let path = tests().join(file);
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let traces = lockdep_cli::parse::parse_bytes(&bytes).unwrap_or_else(|wrong| panic!("{}:{wrong}", path.display()));
    let mut replayer = Replayer::<1024, 8192, 1024>::new(How::AS_IN_A_KERNEL);
    let mut disagreements = Vec::new();
    for trace in &traces {
        let expect = trace.expect.expect("a trace of the corpora says what is expected");
        match replayer.run(trace) {
            Outcome::Verdict(got) if expect.allows(&got) => {}
            other => disagreements.push(format!("{}: expected {expect}, got {other:?}", trace.name)),
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    traces.len()
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

macro_rules! corpora {
    ($($name:ident: $file:literal, $count:literal;)*) => {
        /// The files that have a test.
        const FILES: &[&str] = &[$($file),*];

        $(
            #[test]
            fn $name() {
                assert_eq!(replay($file), $count);
            }
        )*
    };
}

corpora! {
    hand: "traces/hand.trace", 235;
    incidents: "traces/incidents.trace", 20;
    linux_cases: "traces/linux-cases.trace", 45;
    linux_matrix: "traces/linux-matrix.trace", 379;
    long: "traces/long.trace", 1000;
    quirks: "traces/quirks.trace", 89;
    reclaim: "traces/reclaim.trace", 58;
    short: "traces/short.trace", 3000;
    sleep: "traces/sleep.trace", 40;
    circular: "cases/circular.trace", 5;
    held_at_exit: "cases/held-at-exit.trace", 1;
    held_freed: "cases/held-freed.trace", 1;
    inconsistent: "cases/inconsistent.trace", 3;
    nest_not_held: "cases/nest-not-held.trace", 3;
    ok: "cases/ok.trace", 4;
    recursive: "cases/recursive.trace", 3;
}

#[test]
fn a_case_is_in_the_file_of_its_verdict() {
    for file in FILES.iter().filter(|file| file.starts_with("cases/")) {
        let verdict = file.trim_start_matches("cases/").trim_end_matches(".trace");
        let text = fs::read_to_string(tests().join(file)).expect("a file of cases can be read");
        for line in text.lines().filter_map(|line| line.strip_prefix("expect ")) {
            assert_eq!(line.split(' ').next(), Some(verdict), "{file}: `expect {line}`");
        }
    }
}

#[test]
fn no_file_of_traces_is_left_out() {
    let mut found = BTreeSet::new();
    for dir in ["traces", "cases"] {
        for entry in fs::read_dir(tests().join(dir)).expect("the directory is there") {
            let name = entry.expect("the directory can be read").file_name().to_string_lossy().into_owned();
            if name.ends_with(".trace") {
                found.insert(format!("{dir}/{name}"));
            }
        }
    }
    assert!(found.iter().eq(FILES.iter().copied().collect::<BTreeSet<_>>()), "{found:?}");
}
