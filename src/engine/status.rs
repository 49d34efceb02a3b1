//! The state of a validator as data: its status, findings and counts, read from the tables.
//!
//! Invariant: it changes nothing.
//!
//! What it does not do: count what happened outside the engine, or print. The data is in `report/status.rs`.

use crate::engine::Engine;
use crate::report::status::{State, Status};

impl Engine<'_> {
    /// The present state. The runtime, which counts them, fills in `early` and `unchecked`.
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
            first: findings.first.zip(findings.ids().next()),
            findings: findings.ids().len(),
            waiting: self.outbox.queue.waiting(),
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
