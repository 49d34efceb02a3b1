//! Lock statistics, by a port whose clock and CPU are variables: counts, times, bounces, waits, limits, and the texts.
//!
//! `BLESS=1 cargo test --features stat --test stat` writes the golden texts anew: look at the difference before it goes in.

mod counts;
mod machine;
#[path = "../plain/mod.rs"]
mod plain;
mod shown;
mod waits;
