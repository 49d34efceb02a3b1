//! Lock statistics, by a port whose clock and CPU are variables: counts, times, bounces, waits, limits, and the texts.
//!
//! `BLESS=1 cargo test --features stat --test stat` rewrites the golden texts: read the difference before you commit it.

mod counts;
mod machine;
#[path = "../support/plain.rs"]
mod plain;
mod shown;
mod waits;
