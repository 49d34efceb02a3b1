//! The twin of `critical_section.rs` for builds without the feature `validate`: the crate itself.

pub use ::critical_section::{CriticalSection, Mutex, with};
