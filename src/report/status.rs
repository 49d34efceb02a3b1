//! The state of a validator: whether it is on, since when, why not, how often each rule ran, what was found, dropped
//! and accepted, how full the tables are. Every dump begins with it.
//!
//! A copy, as plain data; the view is in `report/text/dump.rs`. It does not include statistics or what each task holds:
//! those are values of their own.

use crate::report::capacity::Occupancy;
use crate::report::kind::{KINDS, Kind};
use crate::report::policy::{ACCEPTED, Accepted, FindingId};

/// Whether a validator is on, and why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// The internal lock is not available: another CPU has it and does not release it, or an NMI or a panic interrupted
    /// its holder on this CPU. Nothing else of the state is known.
    #[default]
    Unknown,
    /// There is no validator: the crate is built without the feature `validate`.
    Absent,
    /// Off: nothing was checked yet, since the port never had a context.
    NotBegun,
    /// On: it checks and learns.
    On,
    /// Off: it has reported its first finding, and the policy is to be silent then. Holds are still recorded.
    Found,
    /// Off: it has reported a finding, and the policy is to halt.
    Halted,
}

/// The state of a validator.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct State {
    /// Whether it is on.
    pub status: Status,
    /// When this status began, by [`Port::now`](crate::port::Port::now).
    pub since: u64,
    /// What was reported first, and its id.
    pub first: Option<(Kind, FindingId)>,
    /// How many findings were reported or are pending.
    pub findings: usize,
    /// How many of them are pending.
    pub waiting: usize,
    /// How often an already reported finding occurred again.
    pub repeated: u32,
    /// How many findings were dropped because there was no room for their reports or ids.
    pub dropped: u32,
    /// How full the tables are.
    pub occupancy: Occupancy,
    /// How many locks were acquired before there was a context and are not released yet, in all validators.
    pub early: u32,
    /// How many locks were recorded unchecked, as in an NMI or while a report was shown, in all validators.
    pub unchecked: u32,
    pub(crate) list: &'static [Accepted],
    pub(crate) accepted: [u32; ACCEPTED],
    pub(crate) ran: [u32; KINDS],
}

impl State {
    /// An unknown state.
    pub(crate) const UNKNOWN: State = State {
        status: Status::Unknown,
        since: 0,
        first: None,
        findings: 0,
        waiting: 0,
        repeated: 0,
        dropped: 0,
        occupancy: Occupancy::NONE,
        early: 0,
        unchecked: 0,
        list: &[],
        accepted: [0; ACCEPTED],
        ran: [0; KINDS],
    };

    /// The state without a validator.
    #[cfg(not(feature = "validate"))]
    pub(crate) const ABSENT: State = State { status: Status::Absent, ..State::UNKNOWN };

    /// Returns whether the validator checks and learns.
    pub fn is_on(&self) -> bool {
        self.status == Status::On
    }

    /// Returns how often a check for `kind` ran on the slow path; the fast path and the common case of `might_sleep`
    /// are not counted. For [`Kind::Rcu`], [`Kind::IrqsState`] and [`Kind::WwMisuse`], which no rule of the validator
    /// checks, how often they were reported to it.
    pub fn ran(&self, kind: Kind) -> u32 {
        self.ran.get(kind as usize).copied().unwrap_or_default()
    }

    /// Returns the findings that the port accepts, each with how often it occurred: 0 if it may be fixed.
    pub fn accepted(&self) -> impl Iterator<Item = (&'static Accepted, u32)> {
        self.list.iter().zip(self.accepted)
    }
}
