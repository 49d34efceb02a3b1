//! The state of a validator as text: one line with its status, or the whole state.
//!
//! The whole state is that line, the first finding, the accepted findings, how full the tables are, and how often each
//! rule ran. Print further parts of a dump (statistics, what is held) after this: the figures of a validator that is
//! off have another meaning.

use crate::report::capacity::Fill;
use crate::report::kind::Kind;
use crate::report::status::{State, Status};
use core::fmt::{self, Display, Formatter};

/// Displays a whole state.
struct Dump<'a>(&'a State);

impl State {
    /// Returns a view of the whole state, in several lines.
    pub fn dump(&self) -> impl Display + '_ {
        Dump(self)
    }
}

impl Display for State {
    /// One line: whether the validator is on, since when, and why not.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "lockdep {} is ", env!("CARGO_PKG_VERSION"))?;
        let since = self.since;
        match self.status {
            Status::Unknown => write!(f, "in an unknown state: its internal lock cannot be acquired"),
            Status::Absent => write!(f, "off: it is built without the feature `validate`"),
            Status::NotBegun => write!(f, "off: the port has had no context yet; {} locks taken so far", self.early),
            Status::On => write!(f, "on since {since}"),
            Status::Found => write!(f, "off since {since}: it is silent after the first finding"),
            Status::Halted => write!(f, "off since {since}: it halts after the first finding"),
        }?;
        match self.first {
            Some((kind, id)) => write!(f, ", {} {id}", kind.verdict()),
            None => Ok(()),
        }
    }
}

impl Display for Dump<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let state = self.0;
        writeln!(f, "{state}")?;
        if matches!(state.status, Status::Unknown | Status::Absent) {
            return Ok(());
        }
        let State { findings, waiting, repeated, dropped, early, unchecked, .. } = state;
        writeln!(f, "findings: {findings} reported, {repeated} repeated, {dropped} dropped, {waiting} not shown yet")?;
        writeln!(f, "locks that were not checked: {early} before there was a context, {unchecked} while it was busy")?;
        for (accepted, times) in state.accepted() {
            writeln!(f, "accepted {times} times: {accepted}")?;
        }
        let occupancy = &state.occupancy;
        table(f, "classes", &occupancy.classes)?;
        table(f, "dependencies", &occupancy.dependencies)?;
        table(f, "chains", &occupancy.chains)?;
        table(f, "findings", &occupancy.findings)?;
        table(f, "reports", &occupancy.reports)?;
        write!(f, "rules ran:")?;
        let kinds = Kind::ALL.into_iter().filter(|kind| !kind.is_hang());
        for (i, kind) in kinds.enumerate() {
            let separator = if i == 0 { " " } else { ", " };
            write!(f, "{separator}{} {}", kind.verdict(), state.ran(kind))?;
        }
        writeln!(f)
    }
}

fn table(f: &mut Formatter<'_>, name: &str, fill: &Fill) -> fmt::Result {
    writeln!(f, "table {name}: {} of {}, {} rejected", fill.used, fill.size, fill.rejected)
}
