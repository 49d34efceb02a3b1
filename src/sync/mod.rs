//! The locks that people use: each with the name and the methods of what it replaces.

#[cfg(feature = "critical-section")]
pub mod critical_section;
pub mod rcu;
pub mod spin;
pub mod ww;
