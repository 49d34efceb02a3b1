//! The sizes of the tables change no verdict as long as they are large enough, and what holds where they are not.
//!
//! What a full table rejects is not learned. A validator that has learned less finds less, and finds it later; what it
//! finds by looking at held locks alone it finds as ever. So, for every trace whose exact verdict is V at event N:
//!
//! - nothing is found before event N, and nothing at all where V is `ok`: a full table is no false alarm;
//! - if V is a verdict on held locks (`unbalanced`, `wait-context`, `nest-not-held`, `held-…`, `sleep-atomic`, or
//!   `recursive` by a hold, not by a path), it is found, at event N;
//! - where the verdict differs, a table reports that it rejected something.

use super::{corpora, day};
use lockdep::Kind;
use lockdep::report::Occupancy;
use lockdep_cli::replay::{How, Outcome, Replayer};
use lockdep_cli::trace::{Trace, Verdict};

/// What the traces of the corpora need at most. `large_enough_is_what_the_corpora_need` keeps the numbers sharp. The
/// validator never uses one slot of the tables of classes and of dependencies.
const CLASSES: usize = 31 + 1;
const DEPENDENCIES: usize = 94 + 1;
const CHAINS: usize = 128;

fn verdict<const C: usize, const D: usize, const K: usize>(replayer: &mut Replayer<C, D, K>, trace: &Trace) -> Verdict {
    match replayer.run(trace) {
        Outcome::Verdict(verdict) => verdict,
        refused => panic!("{}: {refused:?}", trace.name),
    }
}

#[test]
fn large_enough_is_what_the_corpora_need() {
    let mut replayer = Replayer::<64, 512, 1024>::new(How::AS_IN_A_KERNEL);
    let mut most = Occupancy::default();
    for trace in corpora::traces() {
        replayer.run(&trace);
        let now = replayer.occupancy();
        let rejected = [now.classes.rejected, now.dependencies.rejected, now.chains.rejected];
        assert_eq!(rejected, [0; 3], "{}: tables of this size are not large enough to measure with", trace.name);
        most.classes.used = most.classes.used.max(now.classes.used);
        most.dependencies.used = most.dependencies.used.max(now.dependencies.used);
        most.chains.used = most.chains.used.max(now.chains.used);
    }
    let needed = (most.classes.used + 1, most.dependencies.used + 1, most.chains.used.next_power_of_two());
    assert_eq!(needed, (CLASSES, DEPENDENCIES, CHAINS), "set the constants to this");
}

#[test]
fn tables_that_are_just_large_enough_change_no_verdict() {
    let mut replayer = Replayer::<CLASSES, DEPENDENCIES, CHAINS>::new(How::AS_IN_A_KERNEL);
    let mut full = (0, 0);
    for trace in corpora::traces() {
        let got = verdict(&mut replayer, &trace);
        assert!(trace.expect.is_some_and(|expect| expect.allows(&got)), "{}: {got}", trace.name);
        let Occupancy { classes, dependencies, .. } = replayer.occupancy();
        assert_eq!((classes.rejected, dependencies.rejected), (0, 0), "{}", trace.name);
        full.0 += usize::from(classes.used == classes.size);
        full.1 += usize::from(dependencies.used == dependencies.size);
    }
    assert!(full.0 > 0 && full.1 > 0, "no trace fills the tables: {full:?}");
}

/// How many verdicts on held locks the corpora have at least.
const MANY: usize = 1000 / day::SHARE;

/// Whether a finding rests on held locks alone. A `recursive` that rests on what was learned has a path.
fn is_of_held_locks(kind: Kind, has_path: bool) -> bool {
    match kind {
        Kind::Recursive => !has_path,
        Kind::Circular | Kind::Inconsistent | Kind::IrqOrder | Kind::IrqInversion => false,
        _ => true,
    }
}

/// What tables of a size come to on the corpora.
#[derive(Debug, Default)]
struct Tally {
    same: usize,
    /// Of them, verdicts on held locks.
    of_held_locks: usize,
    missed: usize,
    /// Of classes, dependencies and chains.
    rejected: [u32; 3],
}

fn through_small_tables<const C: usize, const D: usize, const K: usize>() -> Tally {
    let mut small = Replayer::<C, D, K>::new(How::AS_IN_A_KERNEL);
    let mut exact = Replayer::<64, 512, 1024>::new(How::AS_IN_A_KERNEL);
    let (mut tally, mut wrong) = (Tally::default(), Vec::new());
    for trace in corpora::share() {
        let want = verdict(&mut exact, &trace);
        let has_path = exact.found().is_some_and(|report| !report.path().steps().is_empty());
        let of_held_locks = want.kind.is_some_and(|kind| is_of_held_locks(kind, has_path));
        let got = small.run(&trace);
        let Occupancy { classes, dependencies, chains, .. } = small.occupancy();
        let rejected = [classes.rejected, dependencies.rejected, chains.rejected];
        tally.rejected = [0, 1, 2].map(|table| tally.rejected[table] + rejected[table]);
        let is_full = rejected[0] + rejected[1] > 0;
        let end = match got {
            Outcome::Verdict(got) => got.event,
            // Beyond the event of the verdict, nobody has looked what the trace does.
            Outcome::Refused { event, .. } => Some(event),
        };
        let not_before = want.event.is_some() && end.is_none_or(|event| Some(event) >= want.event);
        if got == Outcome::Verdict(want) {
            tally.same += 1;
            tally.of_held_locks += usize::from(of_held_locks);
        } else if is_full && not_before && !of_held_locks {
            tally.missed += 1;
        } else {
            wrong.push(format!("{want} became {got:?}, rejected {rejected:?}:\n{trace}"));
        }
    }
    println!("{C} classes, {D} dependencies, {K} chains: {tally:?}");
    wrong.sort_by_key(String::len);
    assert!(wrong.is_empty(), "{C} classes: {} wrong verdicts. The shortest: {}", wrong.len(), wrong[0]);
    tally
}

#[test]
fn too_few_classes_cost_only_what_must_be_learned() {
    for tally in [through_small_tables::<2, 512, 1024>(), through_small_tables::<5, 512, 1024>()] {
        assert!(tally.rejected[0] > 0 && tally.missed > 0 && tally.of_held_locks > MANY, "{tally:?}");
    }
}

#[test]
fn too_few_dependencies_cost_only_what_must_be_learned() {
    for tally in [through_small_tables::<64, 2, 1024>(), through_small_tables::<64, 5, 1024>()] {
        assert!(matches!(tally.rejected, [0, 1..=u32::MAX, 0]) && tally.missed > 0, "{tally:?}");
        assert!(tally.of_held_locks > MANY, "{tally:?}");
    }
}

#[test]
fn too_few_chains_cost_no_verdict() {
    for tally in [through_small_tables::<64, 512, 1>(), through_small_tables::<64, 512, 2>()] {
        assert!(tally.missed == 0 && matches!(tally.rejected, [0, 0, 1..=u32::MAX]), "{tally:?}");
    }
}

#[test]
fn tables_that_are_all_too_small_cost_only_what_must_be_learned() {
    let tally = through_small_tables::<5, 5, 1>();
    assert!(tally.missed > 0 && tally.rejected.iter().all(|count| *count > 0), "{tally:?}");
}
