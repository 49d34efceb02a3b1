//! `nest-not-held`: protects the excuse of a nest lock. A caller that says "this outer lock serialises them" must hold
//! it.
//!
//! ```text
//! acquire a1 nest=n        n is not held
//! ```
//!
//! The nest lock may be held in any context. Linux's `match_held_lock` in `__lock_acquire`.

use crate::context::hold::Hold;

/// Whether the nest lock that the new hold names is among the holds.
pub(crate) fn is_held(mut holds: impl Iterator<Item = Hold>, new: &Hold) -> bool {
    holds.any(|hold| hold.matches(new.nest, new.nest_class, None))
}
