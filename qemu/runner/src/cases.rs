//! The host's own list of what a boot must judge.
//!
//! The kernel says how many cases it will judge and what became of each; were that the only list, a kernel that forgot
//! half of its cases would be green. So the names are taken from the same crate, but on the host.

use lockdep::selftest::CASES;
use lockdep_proto::{ALL_TRIALS, FIGURES, KERNEL_CASES, SCENARIOS, SOAK, STACK_WORST, TRIALS};

/// The names of all cases of a boot, in any order: with `scenario` that one alone, or all trials; otherwise all self-tests
/// and all live scenarios.
pub(crate) fn expected_cases(scenario: Option<&str>) -> Vec<String> {
    match scenario {
        Some(ALL_TRIALS) => TRIALS.into_iter().filter(|name| *name != SOAK).map(str::to_owned).collect(),
        Some(name) => vec![name.to_owned()],
        None => selftests().into_iter().chain(SCENARIOS.map(str::to_owned)).collect(),
    }
}

/// The names of the self-tests, and of the kernel's own cases.
fn selftests() -> Vec<String> {
    CASES.iter().map(ToString::to_string).chain(KERNEL_CASES.map(str::to_owned)).collect()
}

/// The live scenarios of a boot: each leaves a report that has a golden text. A trial leaves none.
pub(crate) fn expected_reports(scenario: Option<&str>) -> Vec<String> {
    match scenario {
        Some(name) => SCENARIOS.into_iter().filter(|own| *own == name).map(str::to_owned).collect(),
        None => SCENARIOS.map(str::to_owned).to_vec(),
    }
}

/// The figures of a boot: a scenario alone does not measure the stack.
pub(crate) fn expected_figures(scenario: Option<&str>) -> Vec<String> {
    let stack = scenario.is_none().then_some(STACK_WORST);
    FIGURES.into_iter().chain(stack).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_has_a_report_and_a_trial_has_none() {
        assert_eq!(expected_reports(Some("abba")), ["abba"]);
        assert_eq!(
            (expected_reports(Some("sched")).len(), expected_cases(Some("sched"))),
            (0, vec!["sched".to_owned()])
        );
        assert_eq!(expected_cases(Some(ALL_TRIALS)), ["sched", "locks", "memory", "shell"]);
        assert!(expected_reports(Some(ALL_TRIALS)).is_empty());
        assert!(!expected_cases(None).iter().any(|name| TRIALS.contains(&name.as_str())));
    }
}
