//! The locks of `lock_api`, tracked, over raw locks that spin and over a zero-sized one: the same tests for both
//! versions, which differ in what a raw lock is (`v04.rs`, `v05.rs`).

#[path = "../support/fake.rs"]
mod fake;
mod raw;
mod v04;
mod v05;
