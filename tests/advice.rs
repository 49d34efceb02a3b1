//! The advice of every kind of finding, followed: each way that a report names is a second program in which nothing is found.
//!
//! A case is a trace with a finding, the ways that its report names, and for each way the trace that follows it. Kinds that
//! the language of traces does not know are made by the events themselves, in `advice/events.rs`.

#[path = "advice/cases.rs"]
mod cases;
#[path = "advice/events.rs"]
mod events;
#[path = "support/port/mod.rs"]
mod port;

use lockdep::Kind;
use lockdep_cli::replay::{How, Outcome, Replayer};
use lockdep_cli::trace::{Trace, Verdict};
use std::collections::BTreeSet;

type Judge = Replayer<64, 256, 256>;

/// A trace of one line, its statements parted by `;`, as a trace of a line each: line 1 is its name.
fn trace(statements: &str) -> Trace {
    let text = format!("trace case\n{}\n", statements.split(';').map(str::trim).collect::<Vec<_>>().join("\n"));
    let mut traces = lockdep_cli::parse::parse_bytes(text.as_bytes()).unwrap_or_else(|wrong| panic!("{wrong}: {text}"));
    traces.remove(0)
}

/// The ways that a report names, without what each begins with.
pub(crate) fn ways(report: &str) -> Vec<String> {
    let begins = ["what to do: ", "        or: "];
    let lines = report.lines().filter_map(|line| begins.iter().find_map(|begin| line.strip_prefix(begin)));
    lines.map(String::from).collect()
}

#[test]
fn each_way_of_each_advice_removes_the_finding() {
    let mut judge = Judge::new(How::AS_IN_A_KERNEL);
    for case in cases::CASES {
        let (outcome, report) = judge.report(&trace(case.finding), "t");
        let report = report.unwrap_or_else(|| panic!("{}: {outcome:?}", case.finding));
        let Outcome::Verdict(Verdict { kind: Some(kind), .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(kind, case.kind, "{}", case.finding);
        let named: Vec<&str> = case.ways.iter().map(|(way, _)| *way).collect();
        assert_eq!(ways(&report), named, "{}\n{report}", case.finding);
        for (way, followed) in case.ways {
            let outcome = judge.run(&trace(followed));
            assert_eq!(outcome, Outcome::Verdict(Verdict::OK), "{way}\n{followed}\nafter\n{report}");
        }
        for said in case.says {
            assert!(report.contains(said), "not said: {said}\n{report}");
        }
    }
}

#[test]
fn every_kind_has_advice_that_was_followed() {
    let by_traces = cases::CASES.iter().map(|case| case.kind.verdict());
    let shown: BTreeSet<&str> = by_traces.chain(events::KINDS.iter().map(|kind| kind.verdict())).collect();
    // Hangs have happened: that their advice is right is shown where they are made, in src/watch/tell/tests.rs.
    let kinds = Kind::ALL.into_iter().filter(|kind| !kind.is_hang());
    let missing: Vec<Kind> = kinds.filter(|kind| !shown.contains(kind.verdict())).collect();
    assert_eq!(missing, []);
}
