//! The seed of the day: every property runs on other cases each day, and all day on the same.
//!
//! What fails today can be run again tomorrow: the failure names the seed, and `SEED=N` sets it. `CASES=N` multiplies the
//! number of cases, for a long run.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};
use std::env;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

/// Runs a property on `cases` cases.
pub(crate) fn run<S>(cases: u32, strategy: &S, property: impl Fn(S::Value) -> TestCaseResult)
where
    S: Strategy,
    S::Value: Debug,
{
    let cases = cases.saturating_mul(number("CASES").unwrap_or(1) as u32);
    run_with(seed(), cases, strategy, property);
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

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}
