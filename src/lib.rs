// Where the links of README.md lead in rustdoc; in the file itself they lead to the pages.
//! [introduction]: crate::_documentation::introduction
//! [embedding]: crate::_documentation::embedding
//! [kernels]: crate::_documentation::kernels
//! [locks]: crate::_documentation::locks
//! [reading]: crate::_documentation::reading
//! [reports]: crate::_documentation::reports
//! [cost]: crate::_documentation::cost
//! [exactness]: crate::_documentation::exactness
//! [semantics]: crate::_documentation::semantics
//! [trace-format]: crate::_documentation::trace_format
//! [design]: crate::_documentation::design
//! [cooperative]: https://docs.rs/crate/lockdep/latest/source/examples/cooperative.rs
//! [smp]: https://docs.rs/crate/lockdep/latest/source/examples/smp.rs
//! [preemptive]: https://docs.rs/crate/lockdep/latest/source/examples/preemptive/kernel.rs
//! [changelog]: https://docs.rs/crate/lockdep/latest/source/CHANGELOG.md
//! [contributing]: https://docs.rs/crate/lockdep/latest/source/CONTRIBUTING.md
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(not(any(test, loom)), no_std)]
// What a feature adds has a badge in the pages that docs.rs builds. `validate` has none: without it the same names are there.
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(feature = "validate", doc))))]
#![deny(unsafe_code)]

#[cfg(feature = "std")]
extern crate std;

// Lowest first: a module imports only from modules above it in this list (`tests/floors.rs`).
#[macro_use]
mod symbol;

mod atomic;

mod lock;

mod context;

mod graph;

mod rules;

pub mod report;

mod engine;

#[cfg(feature = "watch")]
pub mod watch;
#[cfg(not(feature = "watch"))]
#[path = "watch/off.rs"]
pub mod watch;

mod port;

#[cfg(feature = "stat")]
pub mod stat;
#[cfg(not(feature = "stat"))]
mod stat;

mod runtime;

#[cfg(feature = "validate")]
pub mod hooks;
#[cfg(not(feature = "validate"))]
#[path = "hooks/off.rs"]
pub mod hooks;

pub mod asserts;
#[cfg(feature = "std")]
pub mod host;
mod sync;

#[cfg(feature = "selftest")]
pub mod selftest;

pub use context::cell::ContextCell;
pub use context::hold::Acquire;
pub use context::{Context, Level};
pub use lock::as_lock_map::AsLockMap;
pub use lock::class::{DynamicKey, LockClassKey, Subclass};
pub use lock::lock_map::LockMap;
pub use lock::mode::Mode;
pub use lock::site::Site;
pub use lock::usage::Usage;
pub use lock::wait_type::{WaitType, WaitTypes};
pub use port::{IrqState, Port};
pub use report::kind::Kind;
pub use report::message::Message;
pub use report::policy::{Accepted, Policy};
pub use report::{Report, TaskInfo};
pub use runtime::saved_irqs::SavedIrqs;
#[cfg(feature = "critical-section")]
pub use sync::critical_section;
pub use sync::irqsave::IrqSave;
#[cfg(feature = "lock_api")]
pub use sync::lock_api::v04 as lock_api;
#[cfg(feature = "lock_api_05")]
pub use sync::lock_api::v05 as lock_api_05;
#[cfg(feature = "std")]
pub use sync::std_sync;
pub use sync::tracker::{Token, Tracker};
pub use sync::{rcu, semaphore, seqlock, spin, ww};

/// The pages of `docs/`, for rustdoc alone.
#[cfg(all(doc, not(doctest)))]
#[allow(rustdoc::invalid_codeblock_attributes, rustdoc::invalid_rust_codeblocks)] // their blocks are files, outputs and traces
pub mod _documentation {
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/introduction.md")]
    pub mod introduction {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/embedding.md")]
    pub mod embedding {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/kernels.md")]
    pub mod kernels {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/locks.md")]
    pub mod locks {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/reading.md")]
    pub mod reading {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/reports.md")]
    pub mod reports {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/cost.md")]
    pub mod cost {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/exactness.md")]
    pub mod exactness {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/semantics.md")]
    pub mod semantics {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/trace-format.md")]
    pub mod trace_format {}
    #[doc = include_str!("../docs/rustdoc-links.txt")]
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}
}

/// What `port!`, the tool `lockdep` and the tests of this crate need. Not part of the interface: it may change in any
/// version.
#[doc(hidden)]
pub mod __private {
    pub use crate::context::hold::Hold;
    pub use crate::engine::assertions::Claim;
    pub use crate::engine::validator::{Sizes, Validator};
    pub use crate::lock::class::ClassId;
    pub use crate::runtime::Runtime;
    pub use crate::runtime::event::Event;
    pub mod rewrite {
        pub use crate::report::rewrite::{for_each_lock, set_kind, set_who};
    }
    #[cfg(feature = "watch")]
    pub use crate::runtime::watch::Watch;
    pub mod engine {
        pub use crate::engine::{
            Engine, Published, enter, irqs_off, reclaim_enter, reclaim_exit, release_unchecked, softirqs_off,
        };
    }
}
