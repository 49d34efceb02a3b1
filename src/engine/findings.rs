//! The record of findings: which were reported, how often each accepted one occurred, how often each rule ran.
//!
//! A table like the others: of fixed size, all zeros when empty, changed under the internal lock.
//!
//! Invariants:
//! - An id is entered once, in the order of the reports.
//! - After a finding that ends the checking, the rules that still run are still counted.
//!
//! What it does not do: decide which finding is reported (`reporting.rs`).

use crate::engine::Engine;
use crate::report::fingerprint::Cause;
use crate::report::kind::{KINDS, Kind};
use crate::report::policy::{ACCEPTED, FindingId, Policy};

/// How many findings are known by their ids, so that each is reported once.
pub(crate) const FINDINGS: usize = 64; // a bit of a word each

/// What a finding is in the group of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The plain finding, about one class: the group is shown by it.
    Plain,
    /// Any other.
    Consequence,
}

/// The record.
#[derive(Debug)]
pub(crate) struct Findings {
    /// The kind that was reported first.
    pub(crate) first: Option<Kind>,
    /// Whether there was an event yet.
    begun: bool,
    known: usize,
    ids: [FindingId; FINDINGS],
    /// The cause of each of them.
    causes: [Cause; FINDINGS],
    /// A bit for each that is the plain finding of its cause.
    plain: u64,
    /// When the present status began: at the first event, the last reset, or the finding that ended the checking.
    pub(crate) since: u64,
    /// Findings that were reported before.
    pub(crate) repeated: u32,
    /// Findings for whose ids there was no room.
    pub(crate) unknown: u32,
    /// Findings for whose reports there was no room.
    pub(crate) unwritten: u32,
    /// How often each finding occurred that the port accepts, in its order.
    pub(crate) accepted: [u32; ACCEPTED],
    /// The cause of the plain finding that was last accepted by each of those.
    accepted_causes: [Cause; ACCEPTED],
    /// How often each kind was looked for.
    pub(crate) ran: [u32; KINDS],
}

impl Findings {
    pub(crate) const EMPTY: Findings = Findings {
        first: None,
        begun: false,
        known: 0,
        ids: [FindingId(0); FINDINGS],
        causes: [Cause::OWN; FINDINGS],
        plain: 0,
        since: 0,
        repeated: 0,
        unknown: 0,
        unwritten: 0,
        accepted: [0; ACCEPTED],
        accepted_causes: [Cause::OWN; ACCEPTED],
        ran: [0; KINDS],
    };

    /// Notes the time of the first event.
    #[inline]
    pub(crate) fn begin(&mut self, now: fn() -> u64) {
        if !self.begun {
            (self.begun, self.since) = (true, now());
        }
    }

    /// Whether checking and learning have ended: after a finding, if that is the policy.
    #[inline]
    pub(crate) fn is_silent(&self, policy: Policy) -> bool {
        self.first.is_some() && !policy.goes_on()
    }

    /// Counts that a rule looks for `kind`.
    #[inline]
    pub(crate) fn looks_for(&mut self, kind: Kind) {
        self.ran.get_mut(kind as usize).into_iter().for_each(count);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The ids of the findings that were reported, the oldest first.
    pub(crate) fn ids(&self) -> &[FindingId] {
        self.ids.get(..self.known).unwrap_or_default()
    }

    /// Whether a rule ever found something, reported or not.
    pub(crate) fn has_found(&self) -> bool {
        let dropped = self.unknown > 0 || self.unwritten > 0;
        self.known > 0 || dropped || self.accepted.iter().any(|&times| times > 0)
    }

    /// Enters an id. Returns whether there was room.
    pub(crate) fn enter(&mut self, id: FindingId, cause: Cause, role: Role) -> bool {
        match (self.ids.get_mut(self.known), self.causes.get_mut(self.known)) {
            (Some(place), Some(cause_place)) => {
                (*place, *cause_place) = (id, cause);
                self.plain |= u64::from(role == Role::Plain) << self.known;
                self.known += 1;
                true
            }
            _ => {
                count(&mut self.unknown);
                false
            }
        }
    }

    /// The finding that leads the group of a cause, and its role there: the plain one, or else the first.
    pub(crate) fn leader(&self, cause: Cause) -> Option<(FindingId, Role)> {
        let of_it = self.ids().iter().zip(&self.causes).enumerate();
        let of_it = of_it.filter(|(_, (_, of))| **of == cause && cause != Cause::OWN);
        let role = |index: usize| if self.plain >> index & 1 == 1 { Role::Plain } else { Role::Consequence };
        let mut known = of_it.map(|(index, (id, _))| (*id, role(index)));
        let first = known.next()?;
        if first.1 == Role::Plain { Some(first) } else { known.find(|(_, role)| *role == Role::Plain).or(Some(first)) }
    }

    /// Counts an accepted finding.
    pub(crate) fn count_accepted(&mut self, index: usize, cause: Cause, role: Role) {
        self.accepted.get_mut(index).into_iter().for_each(count);
        if let Some(place) = self.accepted_causes.get_mut(index).filter(|_| role == Role::Plain) {
            *place = cause;
        }
    }

    /// Which of the `length` entries of the accepted list last accepted the plain finding of a cause.
    pub(crate) fn accepted_with(&self, cause: Cause, length: usize) -> Option<usize> {
        self.accepted_causes.iter().take(length).position(|of| *of == cause && cause != Cause::OWN)
    }

    /// Forgets all, in place: it is too large for a kernel's stack.
    pub(crate) fn clear(&mut self, now: fn() -> u64) {
        (self.first, self.begun, self.known, self.since) = (None, true, 0, now());
        (self.repeated, self.unknown, self.unwritten) = (0, 0, 0);
        self.plain = 0;
        self.accepted.fill(0);
        self.accepted_causes.fill(Cause::OWN);
        self.ran.fill(0);
    }
}

/// Counts one more. The counter saturates.
pub(crate) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

impl Engine<'_> {
    /// Counts that a rule looks for `kind`.
    #[inline]
    pub(crate) fn looks_for(&mut self, kind: Kind) {
        self.findings.looks_for(kind);
    }
}
