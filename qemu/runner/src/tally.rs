//! Counting what passed and what failed, for the last line and the exit code.

use std::fmt;
use std::ops::AddAssign;

/// How many things went which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    pub(crate) const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };
    pub(crate) const SKIPPED: Self = Self { passed: 0, failed: 0, skipped: 1 };

    /// Whether something passed and nothing failed: a run in which nothing happened is not green.
    pub(crate) const fn green(self) -> bool {
        self.failed == 0 && self.passed > 0
    }

    /// Prints the last line; returns whether all is green.
    pub(crate) fn finish(self) -> bool {
        println!("{self}");
        self.green()
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Adds up the lines `test result: ok. 3 passed; 0 failed; 1 ignored; …` of `cargo test`.
pub(crate) fn of_cargo_test(stdout: &str) -> Tally {
    let mut sum = Tally::default();
    for line in stdout.lines().filter_map(|line| line.trim_start().strip_prefix("test result: ")) {
        let counts = line.split_once(". ").map_or("", |(_, counts)| counts);
        for part in counts.split("; ") {
            match part.split_once(' ').map(|(number, what)| (number.parse(), what)) {
                Some((Ok(number), "passed")) => sum += Tally { passed: number, ..Tally::default() },
                Some((Ok(number), "failed")) => sum += Tally { failed: number, ..Tally::default() },
                Some((Ok(number), "ignored")) => sum += Tally { skipped: number, ..Tally::default() },
                _ => {}
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_names_skips_only_when_there_are_any() {
        assert_eq!(Tally { passed: 3, failed: 0, skipped: 0 }.to_string(), "3 passed, 0 failed");
        assert_eq!(Tally { passed: 3, failed: 1, skipped: 2 }.to_string(), "3 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn nothing_at_all_is_not_green() {
        assert!(!Tally::default().green());
        assert!(!Tally::SKIPPED.green());
        assert!(Tally::PASSED.green());
        assert!(!Tally { passed: 9, failed: 1, skipped: 0 }.green());
    }

    #[test]
    fn the_results_of_cargo_test_add_up() {
        let stdout = "\
running 4 tests
test a ... ok
test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.50s
";
        assert_eq!(of_cargo_test(stdout), Tally { passed: 7, failed: 2, skipped: 1 });
        assert_eq!(of_cargo_test("error: could not compile"), Tally::default());
    }
}
