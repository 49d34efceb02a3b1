//! Reading a line back into a [`Word`].
//!
//! The reader is as narrow as the writer: one space between parts, numbers without sign or leading zeros, nothing
//! behind the last part. So a line that was torn or mixed with another one is refused, and not read as a shorter word.

use crate::word::{is_text, is_token};
use crate::{Counts, MARK, Outcome, Word};
use core::fmt;

/// A line that carries the mark and is no word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Malformed {}

impl<'a> Word<'a> {
    /// Reads a line without its end of line. `None` is free text.
    pub fn parse(line: &'a str) -> Option<Result<Self, Malformed>> {
        let at = line.find(MARK)?;
        if at != 0 {
            return Some(Err(Malformed("the mark is not at the start of the line")));
        }
        Some(parse_marked(&line[MARK.len()..]))
    }
}

/// Reads what follows the mark.
fn parse_marked(line: &str) -> Result<Word<'_>, Malformed> {
    let Some(line) = line.strip_prefix(' ') else {
        return Err(Malformed("no space after the mark"));
    };
    let mut parts = Parts(Some(line));
    let word = match parts.next() {
        Some("begin") => {
            let board = parts.token_of("board=", "begin: no board=NAME")?;
            let smp = parts.number_of("smp=", "begin: no smp=NUMBER")?;
            let plan = parts.number_of("plan=", "begin: no plan=NUMBER")?;
            Word::Begin { board, smp, plan }
        }
        Some("case") => {
            let name = parts.token_of("", "case: no name")?;
            let outcome = parse_outcome(&mut parts)?;
            Word::Case { name, outcome }
        }
        Some("report") => {
            let name = parts.token_of("", "report: no name")?;
            match parts.next() {
                Some("begin") => Word::ReportBegin { name },
                Some("end") => Word::ReportEnd { name },
                _ => return Err(Malformed("report: neither begin nor end")),
            }
        }
        Some("figure") => {
            let name = parts.token_of("", "figure: no name")?;
            let value = parts.number_of("", "figure: no value")?;
            let unit = parts.token_of("", "figure: no unit")?;
            Word::Figure { name, value, unit }
        }
        Some("end") => {
            let passed = parts.number_of("passed=", "end: no passed=NUMBER")?;
            let failed = parts.number_of("failed=", "end: no failed=NUMBER")?;
            let skipped = parts.number_of("skipped=", "end: no skipped=NUMBER")?;
            Word::End(Counts { passed, failed, skipped })
        }
        _ => return Err(Malformed("no such word")),
    };
    if parts.0.is_some() {
        return Err(Malformed("something follows the last part"));
    }
    Ok(word)
}

/// Reads how a case went.
fn parse_outcome<'a>(parts: &mut Parts<'a>) -> Result<Outcome<'a>, Malformed> {
    match parts.next() {
        Some("ok") => Ok(Outcome::Ok),
        Some("failed") => {
            let expected = parts.token_of("expected=", "case failed: no expected=VERDICT")?;
            let got = parts.token_of("got=", "case failed: no got=VERDICT")?;
            Ok(Outcome::Failed { expected, got })
        }
        Some("skipped") => match parts.0.take().and_then(|rest| rest.strip_prefix("reason=")) {
            Some(reason) if is_text(reason) => Ok(Outcome::Skipped { reason }),
            _ => Err(Malformed("case skipped: no reason=TEXT")),
        },
        _ => Err(Malformed("case: neither ok nor failed nor skipped")),
    }
}

/// What of a line is not read yet; `None` behind the last part.
struct Parts<'a>(Option<&'a str>);

impl<'a> Parts<'a> {
    /// The part up to the next space.
    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.take()?;
        match rest.split_once(' ') {
            Some((part, rest)) => {
                self.0 = Some(rest);
                Some(part)
            }
            None => Some(rest),
        }
    }

    /// The next part behind its key, if it is a token.
    fn token_of(&mut self, key: &str, otherwise: &'static str) -> Result<&'a str, Malformed> {
        let value = self.next().and_then(|part| part.strip_prefix(key));
        value.filter(|value| is_token(value)).ok_or(Malformed(otherwise))
    }

    /// The next part behind its key, if it is a number as `Display` writes it.
    fn number_of<N: core::str::FromStr>(&mut self, key: &str, otherwise: &'static str) -> Result<N, Malformed> {
        parse_number(self.token_of(key, otherwise)?).ok_or(Malformed(otherwise))
    }
}

/// A number without sign, leading zeros or anything else that `Display` would not write.
pub(crate) fn parse_number<N: core::str::FromStr>(text: &str) -> Option<N> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
