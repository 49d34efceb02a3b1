//! Faked logs: one that is right, and one for every way to be wrong.

use super::*;
use lockdep_proto::{Counts, Outcome, Word};
use std::time::Duration;

const GREEN: How = How::Code(33);

fn expected() -> Expectation {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let (cases, reports, figures) = (names(&["aa", "bb", "abba"]), names(&["abba"]), names(&["static-memory"]));
    Expectation { board: "b".to_owned(), smp: 2, cases, reports, figures }
}

/// The log of a good boot, one line an item, with the kernel's free text in between.
fn good() -> Vec<String> {
    let failed_none = Counts { passed: 3, failed: 0, skipped: 0 };
    let ok = |name| Word::Case { name, outcome: Outcome::Ok }.to_string();
    vec![
        "SeaBIOS".to_owned(),
        Word::Begin { board: "b", smp: 2, plan: 3 }.to_string(),
        "  | spin |".to_owned(),
        ok("aa"),
        ok("bb"),
        Word::ReportBegin { name: "abba" }.to_string(),
        "possible circular locking".to_owned(),
        Word::ReportEnd { name: "abba" }.to_string(),
        ok("abba"),
        Word::Figure { name: "static-memory", value: 7, unit: "bytes" }.to_string(),
        Word::End(failed_none).to_string(),
    ]
}

fn text(lines: &[String]) -> Vec<u8> {
    lines.iter().map(|line| format!("{line}\n")).collect::<String>().into_bytes()
}

/// The good log with the lines that start with `old` replaced by `new` (none: left out).
fn with(old: &str, new: &[&str]) -> Vec<u8> {
    let mut found = false;
    let mut lines = Vec::new();
    for line in good() {
        if line.starts_with(old) {
            found = true;
            lines.extend(new.iter().map(|&line| line.to_owned()));
        } else {
            lines.push(line);
        }
    }
    assert!(found, "{old}");
    text(&lines)
}

#[track_caller]
fn faults(log: &[u8], how: How, wanted: &[Fault]) {
    assert_eq!(judge(log, how, &expected()).faults, wanted);
}

#[test]
fn a_good_boot_is_green() {
    let verdict = judge(&text(&good()), GREEN, &expected());
    assert_eq!(verdict.faults, []);
    assert!(verdict.green());
    assert_eq!(verdict.tally(), Tally { passed: 3, failed: 0, skipped: 0 });
    assert_eq!(verdict.reports["abba"], "possible circular locking\n");
    assert_eq!(verdict.figures, [("static-memory".to_owned(), 7, "bytes".to_owned())]);
}

#[test]
fn carriage_returns_do_not_matter() {
    let log = String::from_utf8(text(&good())).expect("it is UTF-8").replace('\n', "\r\n");
    faults(log.as_bytes(), GREEN, &[]);
}

#[test]
fn a_skipped_case_is_a_failure_and_needs_no_report() {
    let mut lines = good();
    lines.retain(|line| !line.contains("report") && !line.contains("circular"));
    lines[5] = "@lockdep case abba skipped reason=one CPU only".to_owned();
    *lines.last_mut().expect("there are lines") = "@lockdep end passed=2 failed=0 skipped=1".to_owned();
    let verdict = judge(&text(&lines), GREEN, &expected());
    assert_eq!(verdict.faults, [Fault::CaseSkipped { name: "abba".into(), reason: "one CPU only".into() }]);
    assert_eq!(verdict.tally(), Tally { passed: 2, failed: 1, skipped: 0 });
}

#[test]
fn a_figure_that_is_missing() {
    let missing = Fault::NoFigure { name: "static-memory".into() };
    faults(&with("@lockdep figure", &[]), GREEN, std::slice::from_ref(&missing));
    faults(&with("@lockdep figure", &["@lockdep figure other 7 bytes"]), GREEN, &[missing]);
    assert_eq!(judge(&text(&good()), GREEN, &expected()).figure("static-memory").as_deref(), Some("7 bytes"));
}

#[test]
fn a_failed_case_is_one_failure() {
    let mut lines = good();
    lines[4] = "@lockdep case bb failed expected=circular got=none".to_owned();
    *lines.last_mut().expect("there are lines") = "@lockdep end passed=2 failed=1 skipped=0".to_owned();
    let case = Fault::CaseFailed { name: "bb".into(), expected: "circular".into(), got: "none".into() };
    let verdict = judge(&text(&lines), How::Code(35), &expected());
    assert_eq!(verdict.faults, std::slice::from_ref(&case));
    assert_eq!(verdict.tally(), Tally { passed: 2, failed: 1, skipped: 0 });
    faults(&text(&lines), GREEN, &[case, Fault::Ended { how: GREEN, failed: 1 }]);
}

#[test]
fn silence() {
    let names = vec!["aa".to_owned(), "abba".to_owned(), "bb".to_owned()];
    let missing = Fault::CasesMissing { names };
    let figure = Fault::NoFigure { name: "static-memory".into() };
    faults(b"", GREEN, &[Fault::Silence, Fault::NoBegin, missing.clone(), figure.clone(), Fault::NoEnd]);
    faults(b"a banner\n", GREEN, &[Fault::NoBegin, missing, figure, Fault::NoEnd]);
}

#[test]
fn truncated() {
    faults(&with("@lockdep end", &[]), GREEN, &[Fault::NoEnd]);
    let mut log = text(&good());
    assert_eq!(log.pop(), Some(b'\n'));
    let closing = good().pop().expect("there are lines");
    let cut = Fault::Malformed { number: 11, text: closing, why: "cut off".into() };
    faults(&log, GREEN, &[cut, Fault::NoEnd]);
}

#[test]
fn no_begin_or_two() {
    let words = "@lockdep case aa ok";
    faults(&with("@lockdep begin", &[]), GREEN, &[Fault::OutOfPlace { number: 3, text: words.into() }]);
    let begin = "@lockdep begin board=b smp=2 plan=3";
    let twice = with("@lockdep begin", &[begin, begin]);
    faults(&twice, GREEN, &[Fault::OutOfPlace { number: 3, text: begin.into() }]);
}

#[test]
fn a_reboot_in_the_middle() {
    let mut lines = good();
    lines.truncate(5);
    lines.extend(good());
    let verdict = judge(&text(&lines), GREEN, &expected());
    assert!(verdict.faults.contains(&Fault::CaseTwice { name: "aa".into() }), "{:?}", verdict.faults);
    assert!(verdict.faults.iter().any(|fault| matches!(fault, Fault::OutOfPlace { number: 7, .. })));
}

#[test]
fn another_machine_than_asked_for() {
    let log = with("@lockdep begin", &["@lockdep begin board=c smp=1 plan=3"]);
    let board = Fault::OtherBoard { expected: "b".into(), got: "c".into() };
    faults(&log, GREEN, &[board, Fault::OtherSmp { expected: 2, got: 1 }]);
}

#[test]
fn another_plan() {
    let log = with("@lockdep begin", &["@lockdep begin board=b smp=2 plan=2"]);
    faults(&log, GREEN, &[Fault::OtherPlan { expected: 3, got: 2 }]);
}

#[test]
fn counts_that_are_not_those_of_the_cases() {
    let said = Counts { passed: 4, failed: 0, skipped: 0 };
    let heard = Counts { passed: 3, failed: 0, skipped: 0 };
    let log = with("@lockdep end", &["@lockdep end passed=4 failed=0 skipped=0"]);
    faults(&log, GREEN, &[Fault::OtherCounts { said, heard }]);
}

#[test]
fn a_case_twice() {
    let mut lines = good();
    lines.insert(4, lines[3].clone());
    *lines.last_mut().expect("there are lines") = "@lockdep end passed=4 failed=0 skipped=0".to_owned();
    faults(&text(&lines), GREEN, &[Fault::CaseTwice { name: "aa".into() }]);
}

#[test]
fn a_case_that_is_missing_or_that_nobody_knows() {
    let log = with("@lockdep case bb", &["@lockdep case cc ok"]);
    let missing = Fault::CasesMissing { names: vec!["bb".into()] };
    faults(&log, GREEN, &[missing, Fault::CaseUnknown { name: "cc".into() }]);
    assert_eq!(judge(&log, GREEN, &expected()).tally(), Tally { passed: 2, failed: 2, skipped: 0 });
}

#[test]
fn a_kernel_that_forgot_a_case_and_its_plan() {
    let mut lines = good();
    lines.remove(4);
    lines[1] = "@lockdep begin board=b smp=2 plan=2".to_owned();
    *lines.last_mut().expect("there are lines") = "@lockdep end passed=2 failed=0 skipped=0".to_owned();
    let missing = Fault::CasesMissing { names: vec!["bb".into()] };
    faults(&text(&lines), GREEN, &[Fault::OtherPlan { expected: 3, got: 2 }, missing]);
}

#[test]
fn something_after_the_end() {
    for after in ["panicked at src/x.rs", "", "@lockdep case aa ok"] {
        let mut lines = good();
        lines.extend([after.to_owned(), "more".to_owned()]);
        faults(&text(&lines), GREEN, &[Fault::AfterEnd { text: after.into() }]);
    }
}

#[test]
fn end_then_panic() {
    let mut lines = good();
    lines.push("panicked at src/x.rs".to_owned());
    let after = Fault::AfterEnd { text: "panicked at src/x.rs".into() };
    faults(&text(&lines), How::Code(37), &[after, Fault::Ended { how: How::Code(37), failed: 0 }]);
}

#[test]
fn every_other_end_of_qemu() {
    let timed_out = How::TimedOut(Duration::from_secs(60));
    for how in [0, 1, 2, 35, 37, 127, -1, 33 + 256].map(How::Code) {
        faults(&text(&good()), how, &[Fault::Ended { how, failed: 0 }]);
    }
    for how in [How::Signal(11), How::Signal(9), timed_out, How::Flooded(1 << 20)] {
        faults(&text(&good()), how, &[Fault::Ended { how, failed: 0 }]);
    }
}

#[test]
fn each_end_is_explained() {
    for (how, explained) in [
        (How::Code(0), "triple fault"),
        (How::Code(1), "QEMU itself"),
        (How::Code(33), "though 2 cases failed"),
        (How::Code(35), "though no case failed"),
        (How::Code(37), "panicked"),
        (How::Code(99), "no such code"),
        (How::Signal(9), "signal 9"),
        (How::TimedOut(Duration::from_secs(60)), "within 60 s"),
    ] {
        let text = Fault::Ended { how, failed: 2 }.to_string();
        assert!(text.contains(explained), "{text}");
    }
}

#[test]
fn malformed_words() {
    for line in ["@lockdep case aa okay", "ab@lockdep case aa ok", "@lockdep boast"] {
        let mut lines = good();
        lines.insert(3, line.to_owned());
        let verdict = judge(&text(&lines), GREEN, &expected());
        assert!(
            matches!(&verdict.faults[..], [Fault::Malformed { number: 4, text, .. }] if text == line),
            "{verdict:?}"
        );
    }
}

#[test]
fn bytes_that_are_no_text() {
    let mut log = b"\xff\xfe\n".to_vec();
    log.extend(text(&good()));
    let text = "\u{fffd}\u{fffd}".to_owned();
    faults(&log, GREEN, &[Fault::NotUtf8 { number: 1, text }]);
}

#[test]
fn reports_that_are_not_as_they_should() {
    let name = || "abba".to_owned();
    let end = "@lockdep report abba end";
    faults(&with("possible", &[]), GREEN, &[Fault::NoReport { name: name() }]);
    assert_eq!(judge(&with("possible", &[]), GREEN, &expected()).tally().passed, 2);

    let case = "@lockdep case abba ok";
    let unclosed = [Fault::OutOfPlace { number: 8, text: case.into() }];
    assert_eq!(judge(&with(end, &[]), GREEN, &expected()).faults[..1], unclosed);
    assert!(judge(&with(end, &[]), GREEN, &expected()).faults.contains(&Fault::ReportOpen { name: name() }));

    let again = with(end, &[end, "@lockdep report abba begin", "other", end]);
    faults(&again, GREEN, &[Fault::ReportTwice { name: name() }]);
    let alone = with(end, &[end, "@lockdep report irq end"]);
    faults(&alone, GREEN, &[Fault::OutOfPlace { number: 9, text: "@lockdep report irq end".into() }]);
    let other = with(end, &[end, "@lockdep report irq begin", "text", "@lockdep report irq end"]);
    faults(&other, GREEN, &[Fault::ReportUnknown { name: "irq".into() }]);
}

#[test]
fn a_fault_found_later_takes_the_case_from_those_that_passed() {
    let mut verdict = judge(&text(&good()), GREEN, &expected());
    verdict.fail("abba", Fault::NotGolden { name: "abba".into(), text: "differs".into() });
    assert_eq!(verdict.tally(), Tally { passed: 2, failed: 1, skipped: 0 });
    assert!(!verdict.green());
}
