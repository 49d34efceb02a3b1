//! `wait-context`: protects against waiting in a way that is not allowed where one is.
//!
//! ```text
//! acquire spin
//! acquire mutex        sleeps under a lock that spins
//! ```
//!
//! The outer type of a lock must not be above the limit: the least of the context's and of the inner types held in the
//! run. A try-lock does not wait. Linux's `check_wait_context`.

use crate::held::Hold;
use crate::wait_type::WaitType;

/// The limit that the new lock is above.
pub(crate) fn check(context_limit: u8, run: impl Iterator<Item = Hold>, new: &Hold) -> Option<u8> {
    if new.inner() == WaitType::None || new.tried() {
        return None;
    }
    let limit = run.map(|hold| hold.inner()).filter(|&inner| inner != WaitType::None).map(|inner| inner as u8);
    let limit = limit.fold(context_limit, u8::min);
    (new.outer() as u8 > limit).then_some(limit)
}
