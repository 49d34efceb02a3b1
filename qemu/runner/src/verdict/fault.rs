//! Every way in which a boot can be wrong, and how a person is told.

use lockdep_proto::{Counts, exit_code};
use std::fmt;
use std::time::Duration;

/// How QEMU ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not ours.
    Signal(i32),
    /// We killed it, since it did not end within this time.
    TimedOut(Duration),
    /// We killed it, since it printed more than this many bytes.
    Flooded(usize),
}

/// Something that is wrong with a boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Silence,
    NotUtf8 {
        number: usize,
        text: String,
    },
    Malformed {
        number: usize,
        text: String,
        why: String,
    },
    OutOfPlace {
        number: usize,
        text: String,
    },
    NoBegin,
    OtherBoard {
        expected: String,
        got: String,
    },
    OtherSmp {
        expected: usize,
        got: usize,
    },
    OtherPlan {
        expected: usize,
        got: usize,
    },
    CaseFailed {
        name: String,
        expected: String,
        got: String,
    },
    /// No case of ours may be skipped: what a board cannot do, it must not promise.
    CaseSkipped {
        name: String,
        reason: String,
    },
    CaseTwice {
        name: String,
    },
    CaseUnknown {
        name: String,
    },
    CasesMissing {
        names: Vec<String>,
    },
    ReportTwice {
        name: String,
    },
    ReportOpen {
        name: String,
    },
    ReportUnknown {
        name: String,
    },
    NoReport {
        name: String,
    },
    /// The report of a scenario is not its golden text; the text names the difference.
    NotGolden {
        name: String,
        text: String,
    },
    NoFigure {
        name: String,
    },
    NoEnd,
    OtherCounts {
        said: Counts,
        heard: Counts,
    },
    AfterEnd {
        text: String,
    },
    /// QEMU's exit code does not fit the kernel's words: `failed` is the number of its cases that failed.
    Ended {
        how: How,
        failed: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Silence => write!(f, "the kernel printed nothing"),
            Fault::NotUtf8 { number, text } => write!(f, "line {number} is not UTF-8: {text}"),
            Fault::Malformed { number, text, why } => {
                write!(f, "line {number} is no word of the protocol ({why}): {text}")
            }
            Fault::OutOfPlace { number, text } => write!(f, "line {number} is out of place: {text}"),
            Fault::NoBegin => write!(f, "the first word, `begin`, is missing"),
            Fault::OtherBoard { expected, got } => write!(f, "the board {expected} was asked for, {got} answered"),
            Fault::OtherSmp { expected, got } => write!(f, "{expected} CPUs were asked for, the kernel runs on {got}"),
            Fault::OtherPlan { expected, got } => {
                write!(f, "the host expects {expected} cases, the kernel plans {got}")
            }
            Fault::CaseFailed { name, expected, got } => write!(f, "{name}: expected {expected}, got {got}"),
            Fault::CaseSkipped { name, reason } => write!(f, "{name}: skipped, and it must not be: {reason}"),
            Fault::CaseTwice { name } => write!(f, "{name}: judged twice"),
            Fault::CaseUnknown { name } => write!(f, "{name}: the host knows no such case"),
            Fault::CasesMissing { names } => write!(f, "{} cases were not judged: {}", names.len(), names.join(", ")),
            Fault::ReportTwice { name } => write!(f, "{name}: reported twice"),
            Fault::ReportOpen { name } => write!(f, "{name}: the report has no end"),
            Fault::ReportUnknown { name } => write!(f, "{name}: a report of no scenario that was asked for"),
            Fault::NoReport { name } => write!(f, "{name}: passed, and left no report"),
            Fault::NotGolden { name, text } => write!(f, "{name}: {text}"),
            Fault::NoFigure { name } => write!(f, "the figure {name} is missing"),
            Fault::NoEnd => write!(f, "the closing word, `end`, is missing"),
            Fault::OtherCounts { said, heard } => {
                write!(f, "the closing word says {}, but it was {}", Shown(said), Shown(heard))
            }
            Fault::AfterEnd { text } => write!(f, "something follows the closing word: {text}"),
            Fault::Ended { how, failed } => explain(f, *how, *failed),
        }
    }
}

/// Counts as a person reads them.
struct Shown<'a>(&'a Counts);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { passed, failed, skipped } = self.0;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Why this end of QEMU is wrong, given how many cases failed.
fn explain(f: &mut fmt::Formatter<'_>, how: How, failed: usize) -> fmt::Result {
    let code = match how {
        How::TimedOut(limit) => return write!(f, "no end within {} s: it hangs, and was killed", limit.as_secs_f32()),
        How::Flooded(limit) => return write!(f, "more than {limit} bytes of output: it was killed"),
        How::Signal(signal) => return write!(f, "QEMU was killed by signal {signal}"),
        How::Code(code) => code,
    };
    match u8::try_from(code) {
        Ok(0) => write!(f, "exit code 0: the machine was reset or switched off (a triple fault?), which is no success"),
        Ok(1) => write!(f, "exit code 1: QEMU itself failed, or did not like its arguments"),
        Ok(exit_code::PASSED) => write!(f, "exit code {code}, success, though {failed} cases failed"),
        Ok(exit_code::FAILED) => write!(f, "exit code {code}, failure, though no case failed"),
        Ok(exit_code::PANICKED) => write!(f, "exit code {code}: the kernel panicked"),
        _ => write!(f, "exit code {code}: the kernel has no such code"),
    }
}
