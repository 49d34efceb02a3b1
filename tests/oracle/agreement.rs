//! The oracle agrees with every trace of the corpora, and the validator with the oracle on random traces.

use super::run::{Opinion, judge};
use super::{corpora, day, strategy};
use lockdep_cli::replay::{How, Outcome, Replayer};
use lockdep_cli::trace::{Trace, Verdict};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What the replay came to, in the oracle's words.
pub(crate) fn opinion(outcome: &Outcome) -> Opinion {
    match outcome {
        Outcome::Verdict(Verdict { kind: Some(kind), event }) => Opinion::Report(kind.verdict(), event.unwrap_or(0)),
        Outcome::Verdict(Verdict { kind: None, .. }) => Opinion::Ok,
        Outcome::Refused { event, .. } => Opinion::Undefined(*event),
    }
}

#[test]
fn the_oracle_agrees_with_every_trace_of_the_corpora() {
    let disagreements: Vec<String> = corpora::traces().iter().filter_map(disagreement).collect();
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}

fn disagreement(trace: &Trace) -> Option<String> {
    let expect = trace.expect.expect("a trace of the corpora says what is expected");
    let agrees = match judge(trace) {
        Opinion::Ok => expect.kind.is_none(),
        Opinion::Report(kind, event) => expect.name() == kind && expect.event.is_none_or(|expected| expected == event),
        Opinion::Undefined(_) => false,
    };
    (!agrees).then(|| format!("{}: expected {expect}, the oracle says {:?}", trace.name, judge(trace)))
}

#[test]
fn the_validator_agrees_with_the_oracle_on_random_traces() {
    let replayer = RefCell::new(Replayer::<64, 512, 1024>::new(How::AS_IN_A_KERNEL));
    day::run(4_000, &strategy::cases(32), |case| {
        let trace = case.trace();
        let (got, want) = (opinion(&replayer.borrow_mut().run(&trace)), judge(&trace));
        prop_assert!(got == want, "the oracle says {want:?}, the validator {got:?}");
        Ok(())
    });
}

#[test]
fn what_the_strategy_gives() {
    let counts = RefCell::new(BTreeMap::<&str, usize>::new());
    let cases = 1_500;
    day::run_with(0, cases, &strategy::cases(32), |case| {
        let name = match judge(&case.trace()) {
            Opinion::Ok => "ok",
            Opinion::Report(kind, _) => kind,
            Opinion::Undefined(_) => "(none)",
        };
        *counts.borrow_mut().entry(name).or_default() += 1;
        Ok(())
    });
    let counts = counts.into_inner();
    let percent = |count: &usize| 100.0 * *count as f64 / cases as f64;
    counts.iter().for_each(|(name, count)| println!("{name:15} {:4.1} %", percent(count)));
    assert_eq!(counts.len(), 14, "twelve kinds, ok, and traces without a verdict: {counts:?}");
    assert!(counts["ok"] < cases as usize / 2, "half of the traces find nothing: {counts:?}");
    for kind in ["circular", "inconsistent", "irq-order", "irq-inversion", "recursive"] {
        assert!(counts[kind] >= cases as usize / 200, "{kind} is hardly ever met: {counts:?}");
    }
}
