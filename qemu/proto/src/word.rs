//! The words of the kernel and how each is written.
//!
//! A name, a verdict or a unit is a *token*: not empty, no white space. A word that holds anything else is refused
//! with [`fmt::Error`], rather than written as a line that reads as another word.

use crate::MARK;
use core::fmt;

/// One line of the protocol, without its end of line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word<'a> {
    /// The first word: the board, and how many cases will be judged.
    Begin {
        /// The board's name, as in `--board`.
        board: &'a str,
        /// How many CPUs the kernel found running.
        smp: usize,
        /// How many [`Word::Case`] follow.
        plan: usize,
    },
    /// A case is judged: a cell of the self-tests, or a live scenario.
    Case {
        /// Its name, the same on every board.
        name: &'a str,
        /// How it went.
        outcome: Outcome<'a>,
    },
    /// The free text up to [`Word::ReportEnd`] is the report of this scenario, as printed.
    ReportBegin {
        /// The scenario.
        name: &'a str,
    },
    /// Closes [`Word::ReportBegin`].
    ReportEnd {
        /// The scenario.
        name: &'a str,
    },
    /// A number worth knowing, such as a table's bytes or the worst use of a stack.
    Figure {
        /// What was measured.
        name: &'a str,
        /// How much it is.
        value: u64,
        /// In which unit.
        unit: &'a str,
    },
    /// The last word: nothing follows it on the line.
    End(Counts),
}

/// How a case went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// The verdict was the expected one.
    Ok,
    /// The verdict was another one.
    Failed {
        /// The verdict that should have been reached.
        expected: &'a str,
        /// The verdict that was reached.
        got: &'a str,
    },
    /// The case was not run.
    Skipped {
        /// Why not: text on one line, not empty.
        reason: &'a str,
    },
}

/// How many cases went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cases that reached the expected verdict.
    pub passed: usize,
    /// Cases that reached another one.
    pub failed: usize,
    /// Cases that were not run.
    pub skipped: usize,
}

impl Counts {
    /// Counts one more case.
    pub fn add(&mut self, outcome: Outcome<'_>) {
        match outcome {
            Outcome::Ok => self.passed += 1,
            Outcome::Failed { .. } => self.failed += 1,
            Outcome::Skipped { .. } => self.skipped += 1,
        }
    }
}

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Word::Begin { board, smp, plan } => write!(f, "{MARK} begin board={} smp={smp} plan={plan}", Token(board)),
            Word::Case { name, outcome } => write!(f, "{MARK} case {} {outcome}", Token(name)),
            Word::ReportBegin { name } => write!(f, "{MARK} report {} begin", Token(name)),
            Word::ReportEnd { name } => write!(f, "{MARK} report {} end", Token(name)),
            Word::Figure { name, value, unit } => write!(f, "{MARK} figure {} {value} {}", Token(name), Token(unit)),
            Word::End(Counts { passed, failed, skipped }) => {
                write!(f, "{MARK} end passed={passed} failed={failed} skipped={skipped}")
            }
        }
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Outcome::Ok => f.write_str("ok"),
            Outcome::Failed { expected, got } => write!(f, "failed expected={} got={}", Token(expected), Token(got)),
            Outcome::Skipped { reason } if is_text(reason) => write!(f, "skipped reason={reason}"),
            Outcome::Skipped { .. } => Err(fmt::Error),
        }
    }
}

/// A string that is written only if it is one token.
struct Token<'a>(&'a str);

impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_token(self.0) { f.write_str(self.0) } else { Err(fmt::Error) }
    }
}

/// Whether a string can come between two spaces of a word.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()) && !text.contains(MARK)
}

/// Whether a string can come at the end of a word.
pub(crate) fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && !text.contains(char::is_control) && !text.contains(MARK)
}
