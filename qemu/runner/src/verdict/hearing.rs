//! Listening to a boot, line by line, and judging it when all is heard.
//!
//! A fault never stops the hearing: what follows is judged as well, so that a person sees all of it at once.

use super::{Expectation, Fault, How, Verdict};
use lockdep_proto::{Counts, Outcome, Word, exit_code};
use std::collections::BTreeSet;

/// What was heard so far.
#[derive(Default)]
pub(super) struct Hearing {
    verdict: Verdict,
    /// Board, number of CPUs and plan, from the first word.
    begin: Option<(String, usize, usize)>,
    cases: BTreeSet<String>,
    counts: Counts,
    /// The scenario whose report is being read.
    open: Option<String>,
    end: Option<Counts>,
    after_end: bool,
}

impl Hearing {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.verdict.faults.push(fault);
    }

    /// Takes one line, with its end.
    pub(super) fn hear(&mut self, number: usize, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        let whole = text.ends_with('\n');
        let text = text.trim_end_matches(['\r', '\n']);
        if std::str::from_utf8(line).is_err() {
            self.fault(Fault::NotUtf8 { number, text: text.to_owned() });
        }
        if self.end.is_some() {
            if !std::mem::replace(&mut self.after_end, true) {
                self.fault(Fault::AfterEnd { text: text.to_owned() });
            }
            return;
        }
        match Word::parse(text) {
            None => self.free_text(text),
            Some(Ok(word)) if whole => self.word(number, text, word),
            Some(Ok(_)) => self.fault(Fault::Malformed { number, text: text.to_owned(), why: "cut off".to_owned() }),
            Some(Err(why)) => self.fault(Fault::Malformed { number, text: text.to_owned(), why: why.to_string() }),
        }
    }

    /// Keeps a line of a report; other free text is for people alone.
    fn free_text(&mut self, text: &str) {
        if let Some(report) = self.open.as_ref().and_then(|name| self.verdict.reports.get_mut(name)) {
            report.push_str(text);
            report.push('\n');
        }
    }

    fn word(&mut self, number: usize, text: &str, word: Word<'_>) {
        let first = self.begin.is_none();
        let closes = matches!((&self.open, word), (Some(open), Word::ReportEnd { name }) if open == name);
        if first != matches!(word, Word::Begin { .. }) || (self.open.is_some() && !closes) {
            self.fault(Fault::OutOfPlace { number, text: text.to_owned() });
            if first {
                // Said once; what follows is judged as if the first word had been there.
                self.begin = Some((String::new(), 0, 0));
            }
        }
        match word {
            Word::Begin { board, smp, plan } if first => self.begin = Some((board.to_owned(), smp, plan)),
            Word::Begin { .. } => {}
            Word::Case { name, outcome } => self.case(name, outcome),
            Word::ReportBegin { name } => self.report(name),
            Word::ReportEnd { .. } if closes => self.open = None,
            Word::ReportEnd { .. } => self.fault(Fault::OutOfPlace { number, text: text.to_owned() }),
            Word::Figure { name, value, unit } => {
                self.verdict.figures.push((name.to_owned(), value, unit.to_owned()));
            }
            Word::End(counts) => self.end = Some(counts),
        }
    }

    fn case(&mut self, name: &str, outcome: Outcome<'_>) {
        self.counts.add(outcome);
        if !self.cases.insert(name.to_owned()) {
            self.fault(Fault::CaseTwice { name: name.to_owned() });
        }
        match outcome {
            Outcome::Ok => drop(self.verdict.passed.insert(name.to_owned())),
            Outcome::Skipped { reason } => {
                let (name, reason) = (name.to_owned(), reason.to_owned());
                self.fault(Fault::CaseSkipped { name, reason });
            }
            Outcome::Failed { expected, got } => {
                let (name, expected, got) = (name.to_owned(), expected.to_owned(), got.to_owned());
                self.fault(Fault::CaseFailed { name, expected, got });
            }
        }
    }

    fn report(&mut self, name: &str) {
        if self.verdict.reports.insert(name.to_owned(), String::new()).is_some() {
            self.fault(Fault::ReportTwice { name: name.to_owned() });
        }
        self.open = Some(name.to_owned());
    }

    /// What can only be judged when all is heard.
    pub(super) fn close(mut self, how: How, expected: &Expectation) -> Verdict {
        if let Some(name) = self.open.take() {
            self.fault(Fault::ReportOpen { name });
        }
        self.check_begin(expected);
        self.check_cases(expected);
        self.check_reports(expected);
        self.check_figures(expected);
        self.check_end();
        self.check_exit(how);
        self.verdict
    }

    /// The first word: the right machine, and a plan of as many cases as the host expects.
    fn check_begin(&mut self, expected: &Expectation) {
        let Some((board, smp, plan)) = self.begin.take() else {
            return self.fault(Fault::NoBegin);
        };
        if board.is_empty() {
            return; // its absence was noticed at the word that came instead
        }
        if board != expected.board {
            self.fault(Fault::OtherBoard { expected: expected.board.clone(), got: board });
        }
        if smp != expected.smp {
            self.fault(Fault::OtherSmp { expected: expected.smp, got: smp });
        }
        if plan != expected.cases.len() {
            self.fault(Fault::OtherPlan { expected: expected.cases.len(), got: plan });
        }
    }

    /// The same cases that the host expects, by name.
    fn check_cases(&mut self, expected: &Expectation) {
        let wanted: BTreeSet<_> = expected.cases.iter().cloned().collect();
        let missing: Vec<_> = wanted.difference(&self.cases).cloned().collect();
        let unknown: Vec<_> = self.cases.difference(&wanted).cloned().collect();
        if !missing.is_empty() {
            self.fault(Fault::CasesMissing { names: missing });
        }
        for name in unknown {
            self.verdict.fail(&name, Fault::CaseUnknown { name: name.clone() });
        }
    }

    /// A report of each scenario that passed, and no other.
    fn check_reports(&mut self, expected: &Expectation) {
        for name in &expected.reports {
            let empty = self.verdict.reports.get(name).is_none_or(|report| report.trim().is_empty());
            if empty && self.verdict.passed.contains(name) {
                self.verdict.fail(name, Fault::NoReport { name: name.clone() });
            }
        }
        let unknown: Vec<_> = self.verdict.reports.keys().filter(|name| !expected.reports.contains(name)).collect();
        let unknown: Vec<_> = unknown.into_iter().map(|name| Fault::ReportUnknown { name: name.clone() }).collect();
        self.verdict.faults.extend(unknown);
    }

    /// Each figure that the host expects.
    fn check_figures(&mut self, expected: &Expectation) {
        for name in &expected.figures {
            if self.verdict.figure(name).is_none() {
                self.fault(Fault::NoFigure { name: name.clone() });
            }
        }
    }

    /// The closing counts: those of the cases that were heard.
    fn check_end(&mut self) {
        match self.end {
            None => self.fault(Fault::NoEnd),
            Some(end) if end != self.counts => self.fault(Fault::OtherCounts { said: end, heard: self.counts }),
            Some(_) => {}
        }
    }

    /// The exit code that fits the kernel's words.
    fn check_exit(&mut self, how: How) {
        let fits = match how {
            How::Code(code) if code == i32::from(exit_code::PASSED) => self.counts.failed == 0,
            How::Code(code) if code == i32::from(exit_code::FAILED) => self.counts.failed > 0,
            _ => false,
        };
        if !fits {
            self.fault(Fault::Ended { how, failed: self.counts.failed });
        }
    }
}
