//! The state of a validator, as its tables tell it.

use crate::engine::Engine;
use crate::report::status::{State, Status};

impl Engine<'_> {
    /// The state now. `early` and `unchecked` are its owner's to say.
    pub(crate) fn state(&self) -> State {
        let findings = &self.findings;
        let status = match findings.first {
            Some(_) if self.config.policy.halts() => Status::Halted,
            Some(_) if !self.config.policy.goes_on() => Status::Found,
            _ if !findings.has_begun() => Status::NotBegun,
            _ => Status::On,
        };
        State {
            status,
            since: findings.since,
            first: findings.first.zip(findings.ids().first().copied()),
            findings: findings.ids().len(),
            waiting: self.queue.waiting(),
            repeated: findings.repeated,
            dropped: findings.unknown.saturating_add(findings.unwritten),
            occupancy: self.occupancy(),
            early: 0,
            unchecked: 0,
            list: self.config.accepted,
            accepted: findings.accepted,
            ran: findings.ran,
        }
    }
}
