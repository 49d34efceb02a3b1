//! The locks that people use: each with the name and the methods of what it replaces.

mod guard;
#[cfg(any(feature = "lock_api", feature = "lock_api_05"))]
mod raw;
mod token;
#[cfg(feature = "validate")]
pub(crate) mod tracker;
#[cfg(not(feature = "validate"))]
#[path = "tracker/off.rs"]
pub(crate) mod tracker;

#[cfg(all(feature = "critical-section", feature = "validate"))]
pub mod critical_section;
#[cfg(all(feature = "critical-section", not(feature = "validate")))]
#[path = "critical_section/off.rs"]
pub mod critical_section;
pub(crate) mod irqsave;
pub(crate) mod lock_api;
pub mod rcu;
pub mod semaphore;
pub mod seqlock;
pub mod spin;
#[cfg(feature = "std")]
pub mod std_sync;
pub mod ww;
