//! What a validator keeps of its findings: which were reported, how often the accepted ones came, how often each rule ran.
//!
//! A table like the others: of fixed size, all zeros when empty, changed under the internal lock. Silence after a finding
//! is for reports alone: all of this counts on.

use crate::policy::{ACCEPTED, FindingId, Policy};
use crate::report::Kind;
use crate::validator::Engine;

/// How many findings are known by their ids, so that each is reported once.
pub(crate) const FINDINGS: usize = 64;

/// Numbers for all kinds; [`Kind`] begins at 1.
pub(crate) const KINDS: usize = Kind::ALL.len() + 1;

/// The ledger.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// What was reported first.
    pub(crate) first: Option<Kind>,
    /// Whether an event has ever come.
    begun: bool,
    known: usize,
    ids: [FindingId; FINDINGS],
    /// When it began, was reset, or fell silent: what is so now is so since then.
    pub(crate) since: u64,
    /// Findings that were reported before.
    pub(crate) repeated: u32,
    /// Findings for whose ids there was no room.
    pub(crate) unknown: u32,
    /// Findings for whose reports there was no room.
    pub(crate) unwritten: u32,
    /// How often each of those came that the port accepts, in its order.
    pub(crate) accepted: [u32; ACCEPTED],
    /// How often each kind was looked for.
    pub(crate) ran: [u32; KINDS],
}

impl Ledger {
    pub(crate) const EMPTY: Ledger = Ledger {
        first: None,
        begun: false,
        known: 0,
        ids: [FindingId(0); FINDINGS],
        since: 0,
        repeated: 0,
        unknown: 0,
        unwritten: 0,
        accepted: [0; ACCEPTED],
        ran: [0; KINDS],
    };

    /// An event has come: the first begins it all.
    #[inline]
    pub(crate) fn begin(&mut self, now: fn() -> u64) {
        if !self.begun {
            (self.begun, self.since) = (true, now());
        }
    }

    /// Whether the rules say nothing any more, and nothing is learned: after a finding, if that is the policy.
    #[inline]
    pub(crate) fn is_silent(&self, policy: Policy) -> bool {
        self.first.is_some() && !policy.goes_on()
    }

    /// A rule looks for `kind` now.
    #[inline]
    pub(crate) fn looks_for(&mut self, kind: Kind) {
        self.ran.get_mut(kind as usize).into_iter().for_each(count);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.begun
    }

    /// The ids of the findings that were reported, the first first.
    pub(crate) fn ids(&self) -> &[FindingId] {
        self.ids.get(..self.known).unwrap_or_default()
    }

    /// Whether a rule ever said something, reported or not.
    pub(crate) fn has_found(&self) -> bool {
        let dropped = self.unknown > 0 || self.unwritten > 0;
        self.known > 0 || dropped || self.accepted.iter().any(|&times| times > 0)
    }

    /// Enters an id; says whether there was room.
    pub(crate) fn enter(&mut self, id: FindingId) -> bool {
        match self.ids.get_mut(self.known) {
            Some(place) => {
                *place = id;
                self.known += 1;
                true
            }
            None => {
                count(&mut self.unknown);
                false
            }
        }
    }

    pub(crate) fn count_accepted(&mut self, index: usize) {
        self.accepted.get_mut(index).into_iter().for_each(count);
    }

    /// Forgets all, in place: it is too large for a kernel's stack.
    pub(crate) fn clear(&mut self, now: fn() -> u64) {
        (self.first, self.begun, self.known, self.since) = (None, true, 0, now());
        (self.repeated, self.unknown, self.unwritten) = (0, 0, 0);
        self.accepted.fill(0);
        self.ran.fill(0);
    }
}

/// One more; it stays at the most that it can say.
pub(crate) fn count(counter: &mut u32) {
    *counter = counter.saturating_add(1);
}

impl Engine<'_> {
    /// A rule looks for `kind` now.
    #[inline]
    pub(crate) fn looks_for(&mut self, kind: Kind) {
        self.ledger.looks_for(kind);
    }
}
