//! No input makes it panic: arbitrary bytes, arbitrary lines, and good traces with something broken.

use lockdep_cli::judge::Judge;
use lockdep_cli::parse::{parse, parse_bytes};
use lockdep_cli::replay::Outcome;
use lockdep_cli::trace::Trace;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::cell::RefCell;
use std::fs;
use std::path::Path;

thread_local! {
    /// One for all cases, as the command has one for all traces.
    static JUDGE: RefCell<Judge> = RefCell::default();
}

/// Runs whatever can be read, in both ways, and looks that they agree.
fn replay(traces: &[Trace]) -> Result<(), TestCaseError> {
    JUDGE.with_borrow_mut(|judge| {
        for trace in traces {
            let outcome = judge.run(trace);
            let (again, text) = judge.report(trace, "file");
            prop_assert_eq!(&outcome, &again);
            prop_assert_eq!(text.is_some(), matches!(outcome, Outcome::Verdict(verdict) if verdict.kind.is_some()));
        }
        Ok(())
    })
}

/// Words of the language, and some that are nearly so.
fn word() -> impl Strategy<Value = String> {
    let words = "trace class lock task acquire release downgrade irq-off irq-on bh-off bh-on hardirq-enter hardirq-exit \
        softirq-enter softirq-exit reclaim-enter reclaim-exit alloc might-sleep free task-exit user-return expect a b A \
        try read rread nocheck sub=1 sub=9 nest=a nest= wait=spin wait=free:sleep ok circular @3 @ # \u{feff} \u{0}";
    select(words.split(' ').filter(|word| !word.is_empty()).map(String::from).collect::<Vec<_>>())
}

/// Traces of a corpus, as text.
fn good_traces() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces/hand.trace");
    let text = fs::read_to_string(file).expect("the corpora lie in tests/traces");
    parse(&text).expect("a corpus can be read").iter().map(Trace::to_string).collect()
}

/// What breaks a trace: a line that is left out, doubled, moved, replaced, or put in from another.
#[derive(Clone, Debug)]
enum Damage {
    Drop(Index),
    Double(Index),
    Swap(Index, Index),
    Put(Index, String),
    Byte(Index, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    let line = prop::collection::vec(word(), 1..4).prop_map(|words| words.join(" "));
    prop_oneof![
        any::<Index>().prop_map(Damage::Drop),
        any::<Index>().prop_map(Damage::Double),
        any::<(Index, Index)>().prop_map(|(a, b)| Damage::Swap(a, b)),
        (any::<Index>(), line).prop_map(|(at, line)| Damage::Put(at, line)),
        any::<(Index, u8)>().prop_map(|(at, byte)| Damage::Byte(at, byte)),
    ]
}

fn break_it(text: &str, damages: &[Damage]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    for damage in damages.iter().filter(|_| !text.is_empty()) {
        let count = lines.len().max(1);
        match damage {
            _ if lines.is_empty() => {}
            Damage::Drop(at) => drop(lines.remove(at.index(count))),
            Damage::Double(at) => lines.insert(at.index(count), lines[at.index(count)].clone()),
            Damage::Swap(a, b) => lines.swap(a.index(count), b.index(count)),
            Damage::Put(at, line) => lines.insert(at.index(count), line.as_bytes().to_vec()),
            Damage::Byte(at, byte) => {
                let line = &mut lines[at.index(count)];
                let place = at.index(line.len() + 1);
                line.insert(place, *byte);
            }
        }
    }
    lines.join(&b'\n')
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_are_read_or_refused_with_a_line(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        match parse_bytes(&bytes) {
            Ok(traces) => replay(&traces)?,
            Err(wrong) => prop_assert!(wrong.line >= 1 && wrong.line <= bytes.len() + 1),
        }
    }

    #[test]
    fn arbitrary_lines_of_words_are_read_or_refused(
        lines in prop::collection::vec(prop::collection::vec(word(), 0..6), 0..40),
    ) {
        let text: Vec<String> = lines.iter().map(|words| words.join(" ")).collect();
        if let Ok(traces) = parse(&format!("trace t\n{}", text.join("\n"))) {
            replay(&traces)?;
        }
    }

    #[test]
    fn broken_traces_are_read_or_refused(
        text in select(good_traces()),
        damages in prop::collection::vec(damage(), 1..8),
    ) {
        if let Ok(traces) = parse_bytes(&break_it(&text, &damages)) {
            replay(&traces)?;
        }
    }

    #[test]
    fn what_is_read_is_written_back_as_the_same(text in select(good_traces())) {
        let traces = parse(&text).map_err(|wrong| TestCaseError::fail(wrong.to_string()))?;
        prop_assert_eq!(traces[0].to_string(), text);
    }
}

#[test]
fn a_trace_that_holds_more_than_the_validator_has_room_for_is_refused() {
    let refused = |text: &str| match Judge::default().run(&parse(text).unwrap()[0]) {
        Outcome::Refused { event, why } => Some((event, why)),
        Outcome::Verdict(_) => None,
    };
    let many = |count| (0..count).fold(String::from("trace t\n"), |text, i| format!("{text}acquire l{i}\n"));
    let holds = lockdep::report::HOLDS;
    assert_eq!(refused(&many(holds)), None);
    let (event, why) = refused(&many(holds + 1)).unwrap();
    assert_eq!((event, why), (holds as u64 + 1, "more locks held in one context than the validator has room for"));
}

#[test]
fn a_hold_is_counted_as_often_as_the_validator_can_and_no_more() {
    let counted = |times: usize| {
        let again = "acquire a2 nest=n\n".repeat(times - 1);
        let text = format!(
            "trace t\nlock a1 A\nlock a2 A\nacquire n\nacquire a1 nest=n\n{again}{}",
            "release a1\n".repeat(times)
        );
        Judge::default().run(&parse(&format!("{text}release n\ntask-exit\n")).unwrap()[0])
    };
    let most = lockdep_cli::tracked::MOST_TIMES as usize;
    assert_eq!(counted(most), Outcome::Verdict(lockdep_cli::trace::Verdict::OK));
    assert!(matches!(counted(most + 1), Outcome::Refused { .. }));
}

#[test]
fn interrupts_may_nest_as_deep_as_a_trace_says() {
    let depth = 300;
    let text = format!(
        "trace t\n{}{}",
        "hardirq-enter\nacquire a try nocheck\n".repeat(depth),
        "release a\nhardirq-exit\n".repeat(depth)
    );
    let traces = parse(&text).unwrap();
    assert_eq!(Judge::default().run(&traces[0]), Outcome::Verdict(lockdep_cli::trace::Verdict::OK));
}
