//! The program `lockdep`: `replay FILE…`, with four ways to print the results.
//!
//! Invariants: every trace of every file is run and is in the output; nothing is run before all files have been read. A
//! file without a trace is an error, so that "all agree" is never printed for nothing. Errors go to `err`, answers to
//! `out`, and the exit code agrees with the last line.

use crate::judge::Judge;
use crate::parse;
use crate::replay::Outcome;
use crate::trace::{Trace, Verdict};
use lexopt::prelude::*;
use serde::Serialize;
use std::ffi::OsString;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// The exit code if all traces agree (or, with `--judge`, have a verdict).
pub const AGREE: u8 = 0;
/// If one does not, says nothing of what is expected, or is refused.
pub const DISAGREE: u8 = 1;
/// If the arguments or a file are wrong: nothing was run.
pub const WRONG: u8 = 2;

/// What is printed for `--help`.
pub const HELP: &str = "\
Runs lock traces through the validator and compares the verdicts with what they expect.

Usage: lockdep replay [--judge | --report NAME | --json] FILE…
       lockdep help | --help | --version

A FILE that is `-` is the standard input.

  (nothing)      a line for each trace that does not agree, and last `AGREE n of m`
  --judge        the verdict of each trace
  --report NAME  the text of what is found in the trace NAME
  --json         a line of JSON for each trace

A trace that does what no trace does (see docs/trace-format.md) has no verdict: it is rejected, and counted as `refused`.
The exit code is 0 if all traces agree (with --judge and --report: if they have a verdict), 1 if not, and 2 if the
arguments or a file are wrong, or a file has no trace.
";

/// What is printed for `--version`.
const VERSION: &str = concat!("lockdep ", env!("CARGO_PKG_VERSION"), "\n");

/// What to print.
enum Show {
    Disagreements,
    Verdicts,
    Report(String),
    Json,
}

enum Asked {
    /// A text that is known: the help, the version.
    Text(&'static str),
    Replay(Show, Vec<PathBuf>),
}

/// A file as it was read.
struct File {
    name: String,
    traces: Vec<Trace>,
}

/// Runs the command with the arguments of a program, the program's name first. The answer is the exit code.
///
/// # Errors
/// What is printed cannot be written.
pub fn run(args: impl IntoIterator<Item = OsString>, out: &mut impl Write, err: &mut impl Write) -> io::Result<u8> {
    let (show, files) = match arguments(lexopt::Parser::from_iter(args)) {
        Ok(Asked::Replay(show, files)) => (show, files),
        Ok(Asked::Text(text)) => {
            out.write_all(text.as_bytes())?;
            return Ok(AGREE);
        }
        Err(error) => {
            writeln!(err, "lockdep: {error}; expected `lockdep replay FILE…` (see lockdep --help)")?;
            return Ok(WRONG);
        }
    };
    let Some(files) = read(&files, err)? else { return Ok(WRONG) };
    match show {
        Show::Disagreements => disagreements(&files, out),
        Show::Verdicts => verdicts(&files, out),
        Show::Json => json(&files, out),
        Show::Report(name) => report(&files, &name, out, err),
    }
}

fn arguments(mut parser: lexopt::Parser) -> Result<Asked, lexopt::Error> {
    match parser.next()? {
        Some(Value(verb)) if verb == "replay" => {}
        Some(Value(verb)) if verb == "help" => return Ok(Asked::Text(HELP)),
        Some(Long("help") | Short('h')) => return Ok(Asked::Text(HELP)),
        Some(Long("version") | Short('V')) => return Ok(Asked::Text(VERSION)),
        Some(other) => return Err(other.unexpected()),
        None => return Err("no command".into()),
    }
    let (mut show, mut files) = (None, Vec::new());
    while let Some(arg) = parser.next()? {
        let way = match arg {
            Long("judge") => Show::Verdicts,
            Long("json") => Show::Json,
            Long("report") => Show::Report(parser.value()?.string()?),
            Long("help") | Short('h') => return Ok(Asked::Text(HELP)),
            Value(file) => {
                files.push(file.into());
                continue;
            }
            _ => return Err(arg.unexpected()),
        };
        if show.replace(way).is_some() {
            return Err("more than one of --judge, --report and --json".into());
        }
    }
    if files.is_empty() {
        return Err("no file".into());
    }
    Ok(Asked::Replay(show.unwrap_or(Show::Disagreements), files))
}

/// Reads all files; `None` if one of them is no file of traces.
fn read(paths: &[PathBuf], err: &mut impl Write) -> io::Result<Option<Vec<File>>> {
    let mut files = Vec::new();
    for path in paths {
        let (name, bytes) = bytes(path);
        match bytes.map(|bytes| parse::parse_bytes(&bytes)) {
            Ok(Ok(traces)) if traces.is_empty() => writeln!(err, "{name}: no trace in it; expected `trace NAME`")?,
            Ok(Ok(traces)) => files.push(File { name, traces }),
            Ok(Err(malformed)) => writeln!(err, "{name}:{malformed}")?,
            Err(error) => writeln!(err, "{name}: cannot be read ({error}); expected a file of traces")?,
        }
    }
    Ok((files.len() == paths.len()).then_some(files))
}

/// The name of a file as it is printed, and what is in it.
fn bytes(path: &Path) -> (String, io::Result<Vec<u8>>) {
    if path.as_os_str() != "-" {
        return (path.display().to_string(), std::fs::read(path));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    ("<stdin>".into(), read.map(|_| bytes))
}

fn all(files: &[File]) -> impl Iterator<Item = (&str, &Trace)> {
    files.iter().flat_map(|file| file.traces.iter().map(|trace| (file.name.as_str(), trace)))
}

/// Whether a replay came to what the trace expects. Who expects nothing agrees with nothing.
fn agrees(trace: &Trace, outcome: &Outcome) -> bool {
    match (trace.expect, outcome) {
        (Some(expect), Outcome::Verdict(got)) => expect.allows(got),
        _ => false,
    }
}

fn disagreements(files: &[File], out: &mut impl Write) -> io::Result<u8> {
    let (mut judge, mut agree, mut refused, mut count) = (Judge::default(), 0, 0, 0);
    for (file, trace) in all(files) {
        count += 1;
        let name = &trace.name;
        let outcome = judge.run(trace);
        match (&outcome, trace.expect) {
            _ if agrees(trace, &outcome) => agree += 1,
            (Outcome::Refused { event, why }, _) => {
                refused += 1;
                writeln!(out, "{file}: {name}: refused @{event}: {why}")?;
            }
            (Outcome::Verdict(got), Some(expect)) => writeln!(out, "{file}: {name}: expected {expect}, got {got}")?,
            (Outcome::Verdict(got), None) => {
                writeln!(out, "{file}: {name}: expected nothing (no `expect`), got {got}")?
            }
        }
    }
    match refused {
        0 => writeln!(out, "AGREE {agree} of {count}")?,
        _ => writeln!(out, "AGREE {agree} of {count}, {refused} refused")?,
    }
    Ok(if agree == count { AGREE } else { DISAGREE })
}

fn verdicts(files: &[File], out: &mut impl Write) -> io::Result<u8> {
    let (mut judge, mut code) = (Judge::default(), AGREE);
    for (file, trace) in all(files) {
        match judge.run(trace) {
            Outcome::Verdict(verdict) => writeln!(out, "{file}: {}: {verdict}", trace.name)?,
            Outcome::Refused { event, why } => {
                code = DISAGREE;
                writeln!(out, "{file}: {}: refused @{event}: {why}", trace.name)?;
            }
        }
    }
    Ok(code)
}

/// A line of JSON.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    trace: &'a str,
    /// `null` if the trace is refused.
    verdict: Option<&'static str>,
    /// The event of the verdict or of the refusal; `null` for `ok`.
    event: Option<u64>,
    /// In the words of a trace: `circular @13`. `null` if the trace has no `expect`.
    expected: Option<String>,
    agree: bool,
    /// Why the trace has no verdict; left out if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
}

fn json(files: &[File], out: &mut impl Write) -> io::Result<u8> {
    let (mut judge, mut code) = (Judge::default(), AGREE);
    for (file, trace) in all(files) {
        let outcome = judge.run(trace);
        let agree = agrees(trace, &outcome);
        let (verdict, event, refused) = match outcome {
            Outcome::Verdict(verdict) => (Some(verdict.name()), verdict.event, None),
            Outcome::Refused { event, why } => (None, Some(event), Some(why)),
        };
        let expected = trace.expect.map(|expect: Verdict| expect.to_string());
        serde_json::to_writer(&mut *out, &Line { file, trace: &trace.name, verdict, event, expected, agree, refused })?;
        writeln!(out)?;
        if !agree {
            code = DISAGREE;
        }
    }
    Ok(code)
}

fn report(files: &[File], name: &str, out: &mut impl Write, err: &mut impl Write) -> io::Result<u8> {
    let (mut judge, mut code, mut known) = (Judge::default(), AGREE, false);
    for (file, trace) in all(files).filter(|(_, trace)| trace.name == name) {
        known = true;
        match judge.report(trace, file) {
            (_, Some(text)) => write!(out, "{text}")?,
            (Outcome::Verdict(verdict), None) => writeln!(out, "{file}: {name}: {verdict}, nothing to report")?,
            (Outcome::Refused { event, why }, None) => {
                code = DISAGREE;
                writeln!(out, "{file}: {name}: refused @{event}: {why}")?;
            }
        }
    }
    if known {
        return Ok(code);
    }
    writeln!(err, "lockdep: no trace `{name}` in the files; expected the name of one of them (--judge lists all)")?;
    Ok(WRONG)
}
