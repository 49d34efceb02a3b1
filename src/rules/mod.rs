//! The rules, one a file: pure functions of what is known and what happens, which return a finding or nothing.
//!
//! All of them are cases of [`Mode::blocks`](crate::lock::mode::Mode::blocks): a finding is a closed path in which
//! every wait is blocked by the next hold.
//!
//! Invariant: a rule changes nothing but the scratch of a search.
//!
//! What they do not do: they do not know one another. The engine decides in which order they are asked
//! (`engine/acquire.rs`), and the report how a finding reads.

pub(crate) mod circular;
pub(crate) mod ends;
pub(crate) mod inconsistent;
pub(crate) mod irq_inversion;
pub(crate) mod irq_order;
pub(crate) mod nest_lock;
pub(crate) mod recursive;
pub(crate) mod sleep_atomic;
pub(crate) mod unbalanced;
pub(crate) mod wait_context;
