//! What the command prints, and with which exit code: the parts that scripts rely on.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

const GOOD: &str = "trace aa\nacquire a\nacquire a\nexpect recursive @2\n\ntrace fine\nacquire a\nexpect ok\n";

/// A file of its own for each test.
fn file(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

fn lockdep(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lockdep")).args(args).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn traces_that_agree_end_in_one_line_and_success() {
    let file = file("good.trace", GOOD);
    let output = lockdep(&["replay", &file, &file]);
    assert_eq!((out(&output).as_str(), output.status.code()), ("AGREE 4 of 4\n", Some(0)));
}

#[test]
fn each_disagreement_has_a_line() {
    let text = "trace kind\nacquire a\nexpect circular @13\ntrace event\nacquire a\nacquire a\nexpect recursive @1\n\
                trace loose\nacquire a\nacquire a\nexpect recursive\ntrace silent\nacquire a\n";
    let file = file("bad.trace", text);
    let output = lockdep(&["replay", &file]);
    let lines = format!(
        "{file}: kind: expected circular @13, got ok\n{file}: event: expected recursive @1, got recursive @2\n\
         {file}: silent: expected nothing (no `expect`), got ok\nAGREE 1 of 4\n"
    );
    assert_eq!((out(&output), output.status.code()), (lines, Some(1)));
}

#[test]
fn a_trace_without_a_verdict_is_refused_by_name_and_counted_apart() {
    let file = file("none.trace", "trace odd\nhardirq-enter\nirq-on\nexpect ok\ntrace fine\nacquire a\nexpect ok\n");
    let output = lockdep(&["replay", &file]);
    let lines = format!("{file}: odd: refused @2: irq-on in a hardirq\nAGREE 1 of 2, 1 refused\n");
    assert_eq!((out(&output), output.status.code()), (lines, Some(1)));
    let output = lockdep(&["replay", "--judge", &file]);
    let lines = format!("{file}: odd: refused @2: irq-on in a hardirq\n{file}: fine: ok\n");
    assert_eq!((out(&output), output.status.code()), (lines, Some(1)));
}

#[test]
fn judge_prints_verdicts_and_asks_for_no_expect() {
    let file = file("judge.trace", "trace aa\nacquire a\nacquire a\ntrace fine\nacquire a\nexpect circular @1\n");
    let output = lockdep(&["replay", "--judge", &file]);
    let lines = format!("{file}: aa: recursive @2\n{file}: fine: ok\n");
    assert_eq!((out(&output), output.status.code()), (lines, Some(0)));
}

#[test]
fn json_is_a_line_a_trace_with_names_escaped() {
    let file = file(
        "json.trace",
        "trace \"q\\\nacquire a\nacquire a\nexpect recursive @2\ntrace odd\nirq-off\nhardirq-exit\n",
    );
    let output = lockdep(&["replay", "--json", &file]);
    let lines: Vec<serde_json::Value> = out(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first = serde_json::json!({
        "file": file, "trace": "\"q\\", "verdict": "recursive", "event": 2, "expected": "recursive @2", "agree": true
    });
    let second = serde_json::json!({
        "file": file, "trace": "odd", "verdict": null, "event": 2, "expected": null, "agree": false,
        "refused": "an exit that does not match the innermost enter"
    });
    assert_eq!((lines, output.status.code()), (vec![first, second], Some(1)));
}

#[test]
fn the_sites_of_a_report_are_lines_of_the_file() {
    let file = file("report.trace", GOOD);
    let output = lockdep(&["replay", "--report", "aa", &file]);
    let text = out(&output);
    assert!(text.contains("possible recursive locking detected"), "{text}");
    assert!(text.contains(&format!("{file}:2")) && text.contains(&format!("{file}:3")), "{text}");
    assert!(!text.contains("sites.rs"), "{text}");
    assert_eq!(output.status.code(), Some(0));
    let output = lockdep(&["replay", "--report", "fine", &file]);
    assert_eq!(out(&output), format!("{file}: fine: ok, nothing to report\n"));
    let output = lockdep(&["replay", "--report", "nobody", &file]);
    assert!(err(&output).contains("no trace `nobody`"));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_malformed_file_is_named_with_its_line_and_nothing_is_run() {
    let good = file("beside.trace", GOOD);
    for (name, bytes, says) in [
        (
            "word.trace",
            &b"trace t\nacqire a\n"[..],
            ":2: `acqire` is no statement; expected one of those in docs/trace-format.md",
        ),
        ("first.trace", b"acquire a\n", ":1: `acquire` before the first trace; expected `trace NAME`"),
        (
            "after.trace",
            b"trace t\nexpect ok\nalloc\n",
            ":3: `alloc` after `expect`, which is a trace's last line; expected `trace NAME`",
        ),
        (
            "twice.trace",
            b"trace t\nacquire a\nclass a\n",
            ":3: `a` is declared twice or after its first use; expected one declaration, before its use",
        ),
        ("bytes.trace", b"trace t\n# \xff\n", ":2: bytes that are no UTF-8; expected text in UTF-8"),
    ] {
        let bad = file(name, bytes);
        let output = lockdep(&["replay", &good, &bad]);
        assert_eq!((err(&output), output.status.code()), (format!("{bad}{says}\n"), Some(2)));
        assert_eq!(out(&output), "");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let output = lockdep(&["replay", "no/such.trace"]);
    assert!(err(&output).starts_with("no/such.trace: cannot be read ("), "{}", err(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn wrong_arguments_say_what_was_expected() {
    for args in [&[][..], &["replay"], &["play", "x"], &["replay", "--jsn", "x"], &["replay", "--json", "--judge", "x"]]
    {
        let output = lockdep(args);
        assert!(err(&output).contains("expected `lockdep replay FILE"), "{args:?}: {}", err(&output));
        assert_eq!(output.status.code(), Some(2));
    }
    let output = lockdep(&["--help"]);
    assert!(out(&output).contains("Usage: lockdep replay") && output.status.success());
}
