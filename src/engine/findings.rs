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

/// A finding that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    id: FindingId,
    cause: Cause,
    role: Role,
}

/// What a finding is in the group of its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The plain finding, about one class: the group is shown by it.
    Plain,
    /// Any other.
    Consequence,
}

impl Known {
    const EMPTY: Known = Known { id: FindingId(0), cause: Cause::OWN, role: Role::Plain };
}

/// The record. `S` is the storage of the ids: an array where it is made, a slice where it is used.
#[derive(Debug)]
pub(crate) struct Findings<S: ?Sized = [Known]> {
    /// The kind that was reported first.
    pub(crate) first: Option<Kind>,
    /// Whether there was an event yet.
    begun: bool,
    /// How many of `table` are in use.
    known: usize,
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
    /// The findings that were reported, the oldest first: so each is reported once.
    table: S,
}

impl<const N: usize> Findings<[Known; N]> {
    pub(crate) const fn new() -> Self {
        Findings {
            first: None,
            begun: false,
            known: 0,
            since: 0,
            repeated: 0,
            unknown: 0,
            unwritten: 0,
            accepted: [0; ACCEPTED],
            accepted_causes: [Cause::OWN; ACCEPTED],
            ran: [0; KINDS],
            table: [Known::EMPTY; N],
        }
    }
}

impl Findings {
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
    pub(crate) fn ids(&self) -> impl ExactSizeIterator<Item = FindingId> {
        self.known().iter().map(|known| known.id)
    }

    fn known(&self) -> &[Known] {
        self.table.get(..self.known).unwrap_or_default()
    }

    /// How many findings can be known.
    pub(crate) fn capacity(&self) -> usize {
        self.table.len()
    }

    /// Whether a rule ever found something, reported or not.
    pub(crate) fn has_found(&self) -> bool {
        let dropped = self.unknown > 0 || self.unwritten > 0;
        self.known > 0 || dropped || self.accepted.iter().any(|&times| times > 0)
    }

    /// Enters an id. Returns whether there was room.
    pub(crate) fn enter(&mut self, id: FindingId, cause: Cause, role: Role) -> bool {
        let Some(place) = self.table.get_mut(self.known) else {
            count(&mut self.unknown);
            return false;
        };
        *place = Known { id, cause, role };
        self.known += 1;
        true
    }

    /// The finding that leads the group of a cause, and its role there: the plain one, or else the first.
    pub(crate) fn leader(&self, cause: Cause) -> Option<(FindingId, Role)> {
        let of_it = self.known().iter().filter(|known| known.cause == cause && cause != Cause::OWN);
        let mut known = of_it.map(|known| (known.id, known.role));
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
