//! The sizes of the tables are constants of the port: each turns its table, and the notice that the table is full names it.

#[path = "support/plain.rs"]
mod plain;

use lockdep::{Context, Kind, LockMap, Message, Mode, Policy, Port, Site, TaskInfo, WaitTypes, hooks};
use plain::CONTEXT;
use std::sync::{Mutex, MutexGuard, PoisonError};

static SHOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Small;

// SAFETY: each test makes a context of its own, and no other thread runs in it.
unsafe impl Port for Small {
    const POLICY: Policy = Policy::ALL.queued();
    const CLASSES: usize = 5;
    const DEPENDENCIES: usize = 3;
    const CHAINS: usize = 8;
    const REPORTS: usize = 1;
    const FINDINGS: usize = 2;

    plain::functions!(plain);

    fn who() -> TaskInfo {
        TaskInfo::UNKNOWN
    }
    fn show(message: Message<'_>) {
        shown().push(message.to_string());
    }
}

lockdep::port!(Small);

fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins a test: a task of its own, nothing learned, nothing that waits.
fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    CONTEXT.set(Some(Box::leak(Box::new(Context::of(0)))));
    while hooks::show_pending() > 0 {}
    assert!(hooks::reset());
    shown().clear();
    turn
}

/// So many locks, each of a class of its own.
fn locks<const N: usize>() -> [LockMap; N] {
    const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    std::array::from_fn(|n| LockMap::of_class(NAMES[n], Site::caller(), WaitTypes::NONE))
}

fn hold(maps: &[&LockMap], mode: Mode) {
    maps.iter().for_each(|map| hooks::acquire(map, mode, Site::caller()));
    maps.iter().rev().for_each(|map| hooks::release(map, None));
}

/// What is shown, to the end of the remedy.
fn notices() -> Vec<String> {
    hooks::show_pending();
    let texts: Vec<String> = shown().drain(..).collect();
    let notices = texts.iter().filter(|text| text.contains(" is full "));
    notices.map(|text| text.split("; until then").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn the_sizes_are_the_constants() {
    let _turn = begin();
    let occupancy = hooks::occupancy();
    let sizes = [occupancy.classes, occupancy.dependencies, occupancy.chains, occupancy.reports, occupancy.findings];
    assert_eq!(sizes.map(|fill| fill.size), [5, 3, 8, 1, 2]);
}

#[test]
fn a_full_table_of_classes_names_its_constant() {
    let _turn = begin();
    for map in &locks::<6>() {
        hold(&[map], Mode::WRITE);
    }
    let classes = hooks::occupancy().classes;
    assert_eq!((classes.used, classes.rejected), (5, 1));
    assert_eq!(notices(), ["lockdep: the table of classes is full (5 entries): raise `Port::CLASSES`"]);
}

#[test]
fn a_full_table_of_dependencies_names_its_constant() {
    let _turn = begin();
    let [a, b, c, d, e] = &locks();
    [b, c, d].iter().for_each(|map| hold(&[a, map], Mode::WRITE));
    assert_eq!(notices(), [""; 0], "all have room");
    hold(&[a, e], Mode::WRITE);
    let dependencies = hooks::occupancy().dependencies;
    assert_eq!((dependencies.used, dependencies.rejected), (3, 1));
    assert_eq!(notices(), ["lockdep: the table of dependencies is full (3 entries): raise `Port::DEPENDENCIES`"]);
}

#[test]
fn a_full_set_of_chains_names_its_constant() {
    let _turn = begin();
    for mode in [Mode::WRITE, Mode::READ, Mode::RECURSIVE_READ] {
        locks::<3>().iter().for_each(|map| hold(&[map], mode));
    }
    let chains = hooks::occupancy().chains;
    assert!(chains.rejected > 0 && chains.size == 8, "{chains:?}");
    let notices = notices();
    let set = "lockdep: the set of checked chains is full (8 entries): raise `Port::CHAINS`";
    assert!(notices.contains(&set.to_string()), "{notices:?}");
    assert!(notices.iter().all(|notice| notice.ends_with("raise `Port::CHAINS`")), "{notices:?}");
}

#[test]
fn full_tables_of_findings_and_reports_name_their_constants() {
    let _turn = begin();
    let maps = locks::<5>();
    let find = |map: &LockMap| hooks::release(map, Some(Site::caller())); // nobody holds it
    // One waits; the next is dropped, and found again when there is room.
    maps[..2].iter().for_each(find);
    assert_eq!((hooks::state().waiting, hooks::state().dropped), (1, 1));
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced));
    let of_reports = "lockdep: the queue of reports is full (1 entries): call `hooks::show_pending` more often, or raise \
                      `Port::REPORTS`";
    assert_eq!(notices(), [of_reports]);
    find(&maps[1]);
    assert_eq!(hooks::show_pending(), 1);
    // Two are known, and there is no room for the id of a third.
    find(&maps[2]);
    let findings = hooks::occupancy().findings;
    assert_eq!((findings.used, findings.rejected), (2, 1));
    let of_findings = "lockdep: the table of findings is full (2 entries): fix some of them, accept them in \
                       `Port::ACCEPTED`, or raise `Port::FINDINGS`";
    shown().clear();
    assert_eq!(notices(), [of_findings]);
    // What is known is still known.
    maps[..2].iter().for_each(find);
    assert_eq!((hooks::state().repeated, hooks::show_pending()), (2, 0));
}
