//! `wait-context`: protects against waiting in a way that the present context does not allow.
//!
//! ```text
//! acquire spin
//! acquire mutex        sleeps under a lock that spins
//! ```
//!
//! The outer type of a lock must not be above the limit: the least of the context's limit and of the inner types of the
//! holds of the run. A try-lock does not wait. Linux's `check_wait_context`.

use crate::context::hold::Hold;
use crate::lock::wait_type::WaitType;

/// The limit, if the new lock is above it.
pub(crate) fn check(context_limit: u8, run: impl Iterator<Item = Hold>, new: &Hold) -> Option<u8> {
    if new.inner() == WaitType::None || new.tried() {
        return None;
    }
    let limit = run.fold(context_limit, |limit, hold| under(limit, &hold));
    is_above(limit, new).then_some(limit)
}

/// The limit under a hold.
#[inline(always)]
pub(crate) fn under(limit: u8, hold: &Hold) -> u8 {
    match hold.inner() {
        WaitType::None => limit,
        inner => limit.min(inner as u8),
    }
}

/// Whether a lock that is waited for is above the limit.
#[inline(always)]
pub(crate) fn is_above(limit: u8, new: &Hold) -> bool {
    new.inner() != WaitType::None && new.outer() as u8 > limit
}
