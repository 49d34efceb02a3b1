//! The locks of `lock_api`, tracked, over raw locks that spin and over one of no size: the same tests for both versions, which
//! differ in what a raw lock is (`v04.rs`, `v05.rs`).

#[path = "../fake/mod.rs"]
mod fake;
mod raw;
mod v04;
mod v05;
