//! The state of a validator, as every dump says it first: whether it is on, since when, why not, how often each rule ran, what
//! was found, dropped and accepted, how full the tables are.
//!
//! A copy, as plain data; the view is in `report/text/dump.rs`. Further parts of a dump (statistics, what each task holds) are
//! values of their own beside it.

use crate::report::capacity::Occupancy;
use crate::report::kind::{KINDS, Kind};
use crate::report::policy::{ACCEPTED, Accepted, FindingId};

/// Whether a validator is on, and why not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The internal lock cannot be had: by one who does not let go, or by us, whom an NMI or a panic came upon. Nothing
    /// else of the state is known.
    #[default]
    Unknown,
    /// There is none: the crate is built without the feature `validate`.
    Absent,
    /// Off: it has heard of nothing, since the port has never had a context.
    NotBegun,
    /// On: it checks and learns.
    On,
    /// Off: it has reported its first finding, and the policy is to be silent then. The books go on.
    Found,
    /// Off: it has reported a finding, and the policy is to halt.
    Halted,
}

/// The state of a validator.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Whether it is on.
    pub status: Status,
    /// When that became so, by [`Port::now`](crate::port::Port::now).
    pub since: u64,
    /// What was reported first, and its id.
    pub first: Option<(Kind, FindingId)>,
    /// How many findings were reported, or wait to be shown.
    pub findings: usize,
    /// How many of them wait.
    pub waiting: usize,
    /// How often a finding came again that was reported before.
    pub repeated: u32,
    /// How many findings were dropped, since there was no room for their reports or their ids.
    pub dropped: u32,
    /// How full the tables are.
    pub occupancy: Occupancy,
    /// How many locks were taken before there was a context, and have not been let go since; in all validators.
    pub early: u32,
    /// How many locks went on the books unchecked, as in an NMI or while a report was shown; in all validators.
    pub unchecked: u32,
    pub(crate) list: &'static [Accepted],
    pub(crate) accepted: [u32; ACCEPTED],
    pub(crate) ran: [u32; KINDS],
}

impl State {
    /// Of which nothing is known.
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

    /// Without a validator.
    #[cfg(not(feature = "validate"))]
    pub(crate) const ABSENT: State = State { status: Status::Absent, ..State::UNKNOWN };

    /// Whether it checks and learns.
    pub fn is_on(&self) -> bool {
        self.status == Status::On
    }

    /// How often it was looked for `kind`, on the slow path: the fast path and the common case of `might_sleep` have their
    /// answers without. Of [`Kind::Rcu`], [`Kind::IrqsState`] and [`Kind::WwMisuse`], which no rule of the validator
    /// looks for: how often others came with one.
    pub fn ran(&self, kind: Kind) -> u32 {
        self.ran.get(kind as usize).copied().unwrap_or_default()
    }

    /// The findings that the port accepts, each with how often it came: 0 if it may be gone.
    pub fn accepted(&self) -> impl Iterator<Item = (&'static Accepted, u32)> {
        self.list.iter().zip(self.accepted)
    }
}
