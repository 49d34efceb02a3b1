//! The seed of the day: every property runs on other cases each day, and all day on the same.
//!
//! What fails today can be run again tomorrow: the failure names the seed, and `SEED=N` sets it. `CASES=N` multiplies the
//! number of cases, for a long run. A debug build, which is slow, runs a share of them: one in [`SHARE`].

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use std::env;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

/// A build with debug assertions runs one in so many of the cases that a release build runs. `CASES=8` makes up for it.
pub(crate) const SHARE: usize = if cfg!(debug_assertions) { 8 } else { 1 };

/// What is run of a list: all of it in a release build, and one in [`SHARE`] in a debug build, others each day.
pub(crate) fn share<T>(all: Vec<T>) -> Vec<T> {
    let each = SHARE.div_ceil(multiple()).max(1);
    all.into_iter().skip(seed() as usize % each).step_by(each).collect()
}

/// Runs a property on `cases` cases, or on their share.
pub(crate) fn run<S>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let cases = (cases as usize).saturating_mul(multiple()) / SHARE;
    run_with(seed(), cases as u32, strategy, property);
}

/// The same with a seed of its own.
pub(crate) fn run_with<S>(seed: u64, cases: u32, strategy: &S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 100_000, ..Config::default() };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    if let Err(failure) = runner.run(strategy, property) {
        panic!("with SEED={seed}: {failure}");
    }
}

/// `SEED`, or the number of the day.
fn seed() -> u64 {
    let day = Duration::from_secs(24 * 60 * 60);
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    number("SEED").unwrap_or(since_1970.as_secs() / day.as_secs())
}

/// `CASES`, or once.
fn multiple() -> usize {
    number("CASES").unwrap_or(1).max(1) as usize
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}
