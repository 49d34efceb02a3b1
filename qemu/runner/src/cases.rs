//! The host's own list of what a boot must judge.
//!
//! The kernel says how many cases it will judge and what became of each; were that the only list, a kernel that forgot
//! half of its cases would be green. So the names are taken from the same crate, but on the host.

use lockdep::selftest::CASES;
use lockdep_proto::{
    ALL_TRIALS, FIGURES, INCIDENTS, KERNEL_CASES, SCENARIOS, SOAK, STACK_WORST, TELLINGS, TRIALS, Telling,
};

/// A boot, as far as it decides on its cases.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) scenario: Option<&'a str>,
    pub(crate) smp: usize,
    /// Without the validator no incident is told.
    pub(crate) off: bool,
}

impl Asked<'_> {
    /// The tellings of the incidents that are asked for.
    fn tellings(self) -> impl Iterator<Item = Telling> {
        let named =
            move |telling: &Telling| self.scenario.is_some_and(|name| name == telling.incident || name == ALL_TRIALS);
        TELLINGS.into_iter().filter(named).filter(move |telling| !self.off && telling.cpus <= self.smp)
    }
}

/// The names of all cases of a boot, in any order: with `scenario` that one alone, or all trials and incidents; otherwise
/// all self-tests and all live scenarios.
pub(crate) fn expected_cases(asked: Asked<'_>) -> Vec<String> {
    let tellings = asked.tellings().map(|telling| telling.name.to_owned());
    match asked.scenario {
        Some(ALL_TRIALS) => {
            TRIALS.into_iter().filter(|name| *name != SOAK).map(str::to_owned).chain(tellings).collect()
        }
        Some(name) if INCIDENTS.contains(&name) => tellings.collect(),
        Some(name) => vec![name.to_owned()],
        None => selftests().into_iter().chain(SCENARIOS.map(str::to_owned)).collect(),
    }
}

/// The names of the self-tests, and of the kernel's own cases.
fn selftests() -> Vec<String> {
    CASES.iter().map(ToString::to_string).chain(KERNEL_CASES.map(str::to_owned)).collect()
}

/// The live scenarios of a boot, and the tellings in which something is found: each leaves a report that has a golden
/// text. A trial leaves none.
pub(crate) fn expected_reports(asked: Asked<'_>) -> Vec<String> {
    let tellings = asked.tellings().filter(|telling| telling.is_reported).map(|telling| telling.name);
    match asked.scenario {
        Some(name) => SCENARIOS.into_iter().filter(|own| *own == name).chain(tellings).map(str::to_owned).collect(),
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

    fn on(scenario: Option<&str>, smp: usize) -> Asked<'_> {
        Asked { scenario, smp, off: false }
    }

    #[test]
    fn a_scenario_has_a_report_and_a_trial_has_none() {
        assert_eq!(expected_reports(on(Some("abba"), 1)), ["abba"]);
        assert_eq!(expected_reports(on(Some("sched"), 1)).len(), 0);
        assert_eq!(expected_cases(on(Some("sched"), 1)), ["sched"]);
        assert_eq!(
            expected_cases(Asked { off: true, ..on(Some(ALL_TRIALS), 2) }),
            ["sched", "locks", "memory", "shell"]
        );
        assert!(!expected_cases(on(None, 2)).iter().any(|name| TRIALS.contains(&name.as_str())));
    }

    #[test]
    fn the_page_of_the_incidents_lists_each_telling_with_what_is_found() {
        let page = include_str!("../../../docs/incidents.md");
        for telling in TELLINGS {
            let rows: Vec<_> = page.lines().filter(|line| line.contains(&format!("`{}`", telling.name))).collect();
            let is_right = |row: &&str| row.contains("| nothing") != telling.is_reported;
            assert!(rows.last().is_some_and(is_right), "{}: {rows:?}", telling.name);
        }
        assert!(INCIDENTS.iter().all(|name| page.contains(&format!("\n| `{name}` | "))));
    }

    #[test]
    fn an_incident_is_told_several_times_on_enough_cpus() {
        assert_eq!(expected_cases(on(Some("hugetlbfs"), 1)), ["hugetlbfs", "hugetlbfs-fixed"]);
        assert_eq!(expected_reports(on(Some("hugetlbfs"), 1)), ["hugetlbfs"]);
        assert_eq!(expected_reports(on(Some("nfs-writeback"), 2)).len(), 0);
        assert_eq!(expected_cases(on(Some("stale-cpu"), 1)).len(), 0);
        assert_eq!(expected_cases(on(Some("stale-cpu"), 2)), ["stale-cpu", "stale-cpu-fixed"]);
        assert_eq!(expected_cases(on(Some(ALL_TRIALS), 2)).len(), TRIALS.len() - 1 + TELLINGS.len());
        assert!(INCIDENTS.iter().all(|name| !expected_cases(on(Some(name), 2)).is_empty()));
    }
}
