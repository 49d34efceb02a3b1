//! The locks that people use: each with the name and the methods of what it replaces.

mod held;
mod taking;
#[cfg(feature = "validate")]
pub mod tracker;
#[cfg(not(feature = "validate"))]
#[path = "tracker/off.rs"]
pub mod tracker;

#[cfg(feature = "critical-section")]
pub mod critical_section;
pub mod irqsave;
pub mod rcu;
pub mod spin;
pub mod ww;
