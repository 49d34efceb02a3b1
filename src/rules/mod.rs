//! The rules, one a file: pure functions of what is known and what happens, which give a finding or nothing.
//!
//! All of them read as cases of [`Mode::blocks`](crate::lock::mode::Mode::blocks): a finding is a closed path in which every
//! wait is blocked by the next hold. They do not know one another; in which order they are asked is the validator's
//! business (`engine/mod.rs`), and what a finding looks like that of the report.

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
