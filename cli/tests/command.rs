//! What the command prints, and with which exit code: the parts that scripts rely on.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

/// The same with this text on its standard input.
fn lockdep_reads(args: &[&str], text: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockdep"));
    let mut child =
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
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
fn a_dash_is_the_standard_input() {
    let beside = file("dash.trace", GOOD);
    let output = lockdep_reads(&["replay", "-", &beside], GOOD);
    assert_eq!((out(&output).as_str(), output.status.code()), ("AGREE 4 of 4\n", Some(0)));
    let output = lockdep_reads(&["replay", "--judge", "-"], "trace aa\nacquire a\nacquire a\n");
    assert_eq!(out(&output), "<stdin>: aa: recursive @2\n");
    let output = lockdep_reads(&["replay", "--report", "aa", "-"], GOOD);
    assert!(out(&output).contains("<stdin>:3"), "{}", out(&output));
    let output = lockdep_reads(&["replay", "-"], "trace t\nacqire a\n");
    assert!(err(&output).starts_with("<stdin>:2: `acqire`"), "{}", err(&output));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_byte_order_mark_does_not_matter() {
    let file = file("bom.trace", format!("\u{feff}{GOOD}"));
    let output = lockdep(&["replay", &file]);
    assert_eq!((out(&output).as_str(), output.status.code()), ("AGREE 2 of 2\n", Some(0)));
}

#[test]
fn a_file_without_a_trace_is_an_error_and_no_agreement() {
    let good = file("not-empty.trace", GOOD);
    for (name, bytes) in [("empty.trace", ""), ("comment.trace", "# a comment\n\n"), ("mark.trace", "\u{feff}")] {
        let empty = file(name, bytes);
        for args in [&["replay", &empty][..], &["replay", &good, &empty], &["replay", "--json", &empty]] {
            let output = lockdep(args);
            assert_eq!(err(&output), format!("{empty}: no trace in it; expected `trace NAME`\n"));
            assert_eq!((out(&output).as_str(), output.status.code()), ("", Some(2)));
        }
    }
    let output = lockdep_reads(&["replay", "-"], "");
    assert_eq!((err(&output).contains("no trace"), output.status.code()), (true, Some(2)));
}

#[test]
fn a_number_that_no_event_has_is_named() {
    let file = file("number.trace", "trace t\nacquire a\nexpect circular @99999999999999999999\n");
    let output = lockdep(&["replay", &file]);
    let says = "`@99999999999999999999` is beyond the last event that a trace can have; expected a number below 2^64";
    assert_eq!((err(&output), output.status.code()), (format!("{file}:3: {says}\n"), Some(2)));
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
}

#[test]
fn help_and_version_are_answered() {
    for args in [&["--help"][..], &["-h"], &["help"], &["replay", "--help"], &["replay", "x", "-h"]] {
        let output = lockdep(args);
        assert!(out(&output).contains("Usage: lockdep replay") && output.status.success(), "{args:?}");
    }
    for args in [["--version"], ["-V"]] {
        let output = lockdep(&args);
        assert_eq!(out(&output), concat!("lockdep ", env!("CARGO_PKG_VERSION"), "\n"));
        assert_eq!(output.status.code(), Some(0));
    }
}
