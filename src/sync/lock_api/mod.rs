//! The locks of `lock_api` over any raw lock, tracked, in both versions: `locks.rs` is one source for the two.

#[cfg(feature = "lock_api")]
pub mod v04;
#[cfg(feature = "lock_api_05")]
pub mod v05;
