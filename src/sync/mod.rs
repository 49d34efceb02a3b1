//! The locks that people use: each with the name and the methods of what it replaces.

mod held;
mod taking;
#[cfg(any(feature = "lock_api", feature = "lock_api_05"))]
mod tracked;
#[cfg(feature = "validate")]
pub mod tracker;
#[cfg(not(feature = "validate"))]
#[path = "tracker/off.rs"]
pub mod tracker;
mod waiting;

#[cfg(all(feature = "critical-section", feature = "validate"))]
pub mod critical_section;
#[cfg(all(feature = "critical-section", not(feature = "validate")))]
#[path = "critical_section/off.rs"]
pub mod critical_section;
pub mod irqsave;
#[cfg(feature = "lock_api")]
pub mod lock_api;
#[cfg(feature = "lock_api_05")]
pub mod lock_api_05;
pub mod rcu;
pub mod semaphore;
pub mod seqlock;
pub mod spin;
#[cfg(feature = "std")]
pub mod std;
pub mod ww;
