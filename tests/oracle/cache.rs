//! The chain cache is invisible, and so is the fast path: every verdict is the same without them.

use super::agreement::opinion;
use super::{corpora, day, strategy};
use lockdep_cli::replay::{How, Replayer};
use lockdep_cli::trace::Trace;
use proptest::prelude::*;
use std::cell::RefCell;

/// The same tables in four ways. Without the cache there is one slot for chains, and it is taken.
struct FourWays {
    with_both: Replayer<128, 1024, 4096>,
    without_fast_path: Replayer<128, 1024, 4096>,
    without_cache: Replayer<128, 1024, 1>,
    without_either: Replayer<128, 1024, 1>,
}

impl FourWays {
    fn new() -> Self {
        let how = |fast_path, chain_cache| How { fast_path, chain_cache };
        FourWays {
            with_both: Replayer::new(how(true, true)),
            without_fast_path: Replayer::new(how(false, true)),
            without_cache: Replayer::new(how(true, false)),
            without_either: Replayer::new(how(false, false)),
        }
    }

    /// Returns the difference.
    fn difference(&mut self, trace: &Trace) -> Option<String> {
        let with_both = opinion(&self.with_both.run(trace));
        let others = [
            ("the fast path", opinion(&self.without_fast_path.run(trace))),
            ("the cache", opinion(&self.without_cache.run(trace))),
            ("either", opinion(&self.without_either.run(trace))),
        ];
        let (what, other) = others.into_iter().find(|(_, other)| *other != with_both)?;
        Some(format!("{with_both:?} with both, {other:?} without {what}: {}", trace.name))
    }
}

#[test]
fn cache_and_fast_path_change_no_verdict_of_the_corpora() {
    let mut ways = FourWays::new();
    let differences: Vec<String> = corpora::share().iter().filter_map(|trace| ways.difference(trace)).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn cache_and_fast_path_change_no_verdict_of_random_traces() {
    let ways = RefCell::new(FourWays::new());
    day::run(2_000, &strategy::cases(32), |case| {
        let difference = ways.borrow_mut().difference(&case.trace());
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        Ok(())
    });
}

/// Without this the properties above could hold because nothing is ever cached.
#[test]
fn the_corpora_do_use_the_cache() {
    let (mut known, mut filled) = (0, 0);
    let mut ways = FourWays::new();
    for trace in corpora::share() {
        assert_eq!(ways.difference(&trace), None);
        known += ways.with_both.occupancy().chains.used;
        filled += ways.without_cache.occupancy().chains.rejected as usize;
        assert_eq!(ways.without_cache.occupancy().chains.used, 1, "{}: a chain got in", trace.name);
    }
    assert!(filled > known && known > 10_000 / day::SHARE, "{filled} chains checked again, {known} kept");
}
