#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, loom)), no_std)]
#![deny(unsafe_code)]

// Under another name, since `lockdep::std` stands for it.
#[cfg(feature = "std")]
extern crate std as host_std;

// Floor 0: words.
mod atomic;
pub mod class;
pub mod mode;
pub mod policy;
pub mod site;
#[macro_use]
mod symbol;
mod trail;
pub mod usage;
pub mod wait_type;
mod word;

// Floor 1: tables.
mod chain;
mod classes;
pub mod context;
mod dependency;
pub mod held;
mod roster;
#[cfg(feature = "stat")]
pub mod tally;

// Floor 2: search.
mod order;
mod reach;
mod search;

// Floor 3: rules.
mod rules;

// Floor 4: the validator.
mod cause;
pub mod claims;
mod fast;
mod finding;
mod identity;
mod ledger;
pub mod limits;
#[cfg(feature = "stat")]
pub mod listing;
mod marking;
pub mod news;
mod queue;
pub mod report;
mod second;
pub mod state;
pub mod tables;
mod third;
mod unregister;
pub mod validator;

// Floor 5: views.
#[cfg(feature = "defmt")]
mod defmt;
mod text;

// Floor 6: runtime.
pub mod asserts;
mod domain;
#[cfg(feature = "validate")]
pub mod hooks;
#[cfg(not(feature = "validate"))]
#[path = "hooks/off.rs"]
pub mod hooks;
#[cfg(feature = "std")]
pub mod host;
pub mod port;
pub mod runtime;
pub mod stat;

// Floor 7: locks.
mod sync;
#[cfg(feature = "critical-section")]
pub use sync::critical_section;
#[cfg(feature = "lock_api")]
pub use sync::lock_api;
#[cfg(feature = "lock_api_05")]
pub use sync::lock_api_05;
#[cfg(feature = "std")]
pub use sync::std;
pub use sync::{irqsave, rcu, semaphore, seqlock, spin, tracker, ww};

// Floor 8: self-tests.
pub mod selftest;
