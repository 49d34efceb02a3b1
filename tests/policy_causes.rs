//! What a report says so that one can act on it: findings of one cause are one report and a line each; classes of one name can
//! be told apart; a finding has places also where a guard knows no line; numbers of tasks and CPUs are right; the callers are
//! shown, if the port knows them.

#[path = "support/port/caused.rs"]
mod caused;
#[path = "support/port/machine.rs"]
mod machine;

use caused::{INTERRUPT, TASK};
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep::{Accepted, Mode, Policy, Site, TaskInfo};
use lockdep::{Level, LockMap};
use machine::{IRQS, WHO, begin, context, host_port, new_cell, shown};
use std::cell::Cell;

thread_local! {
    /// How many callers the port returns.
    static CALLERS: Cell<usize> = const { Cell::new(0) };
}

host_port! {
    const POLICY: Policy = Policy::ALL;
    const ACCEPTED: &'static [Accepted] = &[Accepted::sites(TASK, INTERRUPT, "the interrupt cannot come yet")];

    fn backtrace(addresses: &mut [usize]) -> usize {
        addresses.iter_mut().zip(0xabcd_0000..).for_each(|(place, address)| *place = address);
        CALLERS.get()
    }
}

fn lock(name: &'static str) -> LockMap {
    LockMap::named(name, WaitTypes::SPIN)
}

#[track_caller]
fn take(map: &LockMap) {
    hooks::acquire(map, Mode::WRITE, Site::caller());
}

fn release(map: &LockMap) {
    hooks::release(map, Some(Site::caller()));
}

fn interrupt(work: impl FnOnce()) {
    let were_on = IRQS.replace(false);
    hooks::irq_enter(Level::Hardirq, new_cell());
    work();
    hooks::irq_exit();
    IRQS.set(were_on);
}

fn irqs(on: bool) {
    if on {
        hooks::irqs_enabled()
    } else {
        hooks::irqs_disabled()
    }
    IRQS.set(on);
}

/// Takes one lock under another, with interrupts off.
fn nest(outer: &LockMap, inner: &LockMap) {
    irqs(false);
    take(outer);
    take(inner);
    release(inner);
    release(outer);
    irqs(true);
}

fn use_in_interrupt(map: &LockMap) {
    interrupt(|| {
        take(map);
        release(map);
    });
}

/// The id in the last line of a report.
fn id(report: &str) -> &str {
    let (_, rest) = report.rsplit_once("finding 0x").expect("its last line has an id");
    &rest[..16]
}

fn verdict(report: &str) -> &'static str {
    let kinds = ["inconsistent lock state", "lock order detected", "lock inversion", "circular", "also: "];
    kinds.into_iter().find(|kind| report.contains(kind)).unwrap_or("?")
}

#[test]
fn what_has_the_cause_of_another_finding_is_one_line() {
    let _turn = begin();
    let (rx, tx, log) = (lock("rx"), lock("tx"), lock("log"));
    use_in_interrupt(&rx);
    use_in_interrupt(&tx);
    take(&log);
    release(&log);
    nest(&rx, &log); // rx is used in interrupts, log is held with them enabled
    nest(&tx, &log); // the same log at the same place
    use_in_interrupt(&log); // and the plain case of it
    nest(&tx, &log);
    let shown = shown().clone();
    let kinds: Vec<&str> = shown.iter().map(|text| verdict(text)).collect();
    assert_eq!(kinds, ["lock order detected", "also: ", "inconsistent lock state"], "{shown:#?}");
    let told = format!("same cause as finding 0x{}: finding 0x{} between ", id(&shown[0]), id(&shown[1]));
    assert!(shown[1].starts_with("also: irq-order from `tx` to `log`, ") && shown[1].contains(&told), "{}", shown[1]);
    assert_eq!(shown[1].lines().count(), 1);
    let before = format!("the cause is that of finding 0x{}, which was reported before", id(&shown[0]));
    assert!(shown[2].contains(&before), "{}", shown[2]);
}

#[test]
fn what_comes_after_the_plain_finding_refers_to_it() {
    let _turn = begin();
    let (rx, log) = (lock("rx"), lock("log"));
    use_in_interrupt(&rx);
    use_in_interrupt(&log);
    take(&log);
    release(&log);
    nest(&rx, &log);
    let shown = shown().clone();
    assert_eq!(shown.iter().map(|text| verdict(text)).collect::<Vec<_>>(), ["inconsistent lock state", "also: "]);
    assert!(shown[1].contains(&format!("same cause as finding 0x{}: ", id(&shown[0]))), "{}", shown[1]);
}

/// Interrupts are enabled under two locks. The lower is looked at first: an interrupt takes it by way of another lock. The
/// upper one is taken in the interrupt itself.
#[test]
fn the_plain_finding_comes_first_if_one_event_finds_several() {
    let _turn = begin();
    let (rx, low, high) = (lock("rx"), lock("low"), lock("high"));
    use_in_interrupt(&rx);
    use_in_interrupt(&high);
    nest(&rx, &low);
    irqs(false);
    take(&low);
    take(&high);
    irqs(true);
    release(&high);
    release(&low);
    let shown = shown().clone();
    let kinds: Vec<&str> = shown.iter().map(|text| verdict(text)).collect();
    assert_eq!(kinds, ["inconsistent lock state", "also: "], "{shown:#?}");
    assert!(shown[0].contains("(high)") && !shown[0].contains("the cause is that"), "{}", shown[0]);
    assert!(shown[1].starts_with("also: irq-inversion from `rx` to `low`, same cause"), "{}", shown[1]);
    assert!(shown[1].contains(id(&shown[0])));
}

/// One section that takes two locks with interrupts enabled: to disable them around it is one change.
#[test]
fn a_lock_inside_of_a_section_has_its_cause() {
    let _turn = begin();
    let (outer, inner) = (lock("outer"), lock("inner"));
    use_in_interrupt(&outer);
    use_in_interrupt(&inner);
    take(&outer);
    take(&inner);
    release(&inner);
    release(&outer);
    let shown = shown().clone();
    assert_eq!(
        shown.iter().map(|text| verdict(text)).collect::<Vec<_>>(),
        ["inconsistent lock state", "also: ", "also: "]
    );
    assert!(shown[1].starts_with("also: inconsistent of `inner`, same cause as finding"), "{}", shown[1]);
    assert!(shown[2].starts_with("also: irq-order from `outer` to `inner`, same cause as finding"), "{}", shown[2]);
}

#[test]
fn other_places_are_other_causes() {
    let _turn = begin();
    let (a, b) = (lock("a"), lock("b"));
    use_in_interrupt(&a);
    use_in_interrupt(&b);
    for map in [&a, &b] {
        take(map);
        release(map);
    }
    let shown = shown().clone();
    assert_eq!(shown.iter().map(|text| verdict(text)).collect::<Vec<_>>(), ["inconsistent lock state"; 2]);
    assert_ne!(id(&shown[0]), id(&shown[1]));
}

#[test]
fn to_accept_the_plain_finding_accepts_what_follows_from_it() {
    let _turn = begin();
    let (rx, log) = (lock("rx"), Mutex::named("log", ()));
    use_in_interrupt(&rx);
    interrupt(|| caused::in_the_interrupt(&log));
    caused::in_the_task(&log);
    nest(&rx, log.map());
    assert_eq!(*shown(), [""; 0]);
    let mut accepted = Vec::new();
    hooks::for_each_accepted(&mut |accept, times| accepted.push((accept.reason, times)));
    assert_eq!(accepted, [("the interrupt cannot come yet", 2)]);
    // Another place is another cause.
    let other = lock("other");
    take(&other);
    release(&other);
    nest(&rx, &other);
    assert_eq!(shown().len(), 1);
}

/// The nearest hold closes a longer cycle than the one below it: to release that alone would leave the other.
#[test]
fn a_cycle_is_told_by_the_hold_that_closes_the_shortest() {
    let _turn = begin();
    let (zone, port, console) = (lock("zone"), lock("port"), lock("console"));
    let offline = || {
        [&zone, &console, &port].into_iter().for_each(take);
        [&port, &console, &zone].into_iter().for_each(release);
    };
    let tty = || nest(&port, &zone);
    offline();
    tty();
    let other_order = shown().pop().expect("it is reported");
    assert!(hooks::reset());
    tty();
    offline();
    let shown = shown().clone();
    assert_eq!(shown.len(), 1, "{shown:#?}");
    assert_eq!(id(&shown[0]), id(&other_order), "it is one finding, whichever order comes last");
    let (_, holding) = shown[0].split_once("but task is already holding lock:\n").expect("it is circular");
    assert!(holding.lines().next().is_some_and(|line| line.contains("(zone)")), "{}", shown[0]);
}

#[test]
fn classes_of_one_name_have_numbers_and_lines() {
    let _turn = begin();
    let (one, alone) = (lock("lock"), lock("alone"));
    let other = LockMap::named("lock", WaitTypes::SPIN);
    nest(&one, &other);
    nest(&alone, &one);
    nest(&other, &one);
    let report = shown().last().cloned().expect("it is reported");
    assert!(report.contains("take `lock` before `lock#2`"), "{report}");
    let listed: Vec<&str> = report.lines().filter(|line| line.contains(" is constructed at ")).collect();
    assert_eq!(listed.len(), 2, "{report}");
    assert!(listed[0].starts_with(" `lock` is") || listed[0].starts_with(" `lock#2` is"), "{report}");
    assert_ne!(listed[0].rsplit_once(" at "), listed[1].rsplit_once(" at "));
    assert!(!report.contains("alone#"));
}

#[test]
fn a_finding_of_a_guard_that_knows_no_line_has_two_places() {
    let _turn = begin();
    let map = LockMap::new(WaitTypes::SPIN);
    let line = line!() - 1;
    hooks::release(&map, None);
    let report = shown().pop().expect("it is reported");
    assert!(report.contains("the drop of a guard, which knows no line"), "{report}");
    let place = format!("tests/policy_causes.rs:{line}");
    assert!(report.contains(&format!("the lock is constructed at {place}:")), "{report}");
    assert!(report.ends_with(&format!(" at {place}\n")), "{report}");
    assert!(!report.contains("unknown") && !report.contains("not known"), "{report}");
}

/// What says of a lock which class it is: nothing needs to be said of a line.
#[test]
fn the_note_says_how_the_lock_was_constructed() {
    let by_the_library = [WaitTypes::SPIN].map(LockMap::new);
    let by_a_constant = LockMap::of_first_use(WaitTypes::SPIN);
    let by_a_line = LockMap::new(WaitTypes::SPIN);
    for (map, note) in [
        (&by_the_library[0], Some("was constructed by a line of the standard library")),
        (&by_a_constant, Some("was constructed by a constant, which has no line")),
        (&by_a_line, None),
    ] {
        let _turn = begin();
        take(map);
        take(map);
        let report = shown().pop().expect("it is recursive");
        let notes: Vec<&str> = report.lines().filter(|line| line.starts_with("note: ")).collect();
        assert_eq!(notes.len(), usize::from(note.is_some()), "{report}");
        assert!(note.is_none_or(|note| notes[0].contains(note)), "{report}");
        [map; 2].into_iter().for_each(release);
    }
}

#[test]
fn what_is_taken_again_names_the_lock_that_was_released() {
    let _turn = begin();
    let (list, node) = (lock("list"), lock("node"));
    take(&list);
    let line = line!() - 1;
    hooks::acquire_with(&lockdep::Acquire::new(&node, Mode::WRITE, Site::caller()).nest(&list));
    hooks::release(&list, None);
    let report = shown().pop().expect("it is reported");
    let again = format!("since a lock below it, taken at tests/policy_causes.rs:{line}:");
    assert!(report.contains(&again) && report.contains("was released by the drop of its guard"), "{report}");
    release(&node);
    assert_eq!(context().depth(), 0);
}

#[test]
fn a_dependency_names_the_task_and_the_cpu_that_made_it_however_large_their_numbers() {
    for (id, cpu) in [(7, 0), (70_000, 3), (4_000_000_000, 300)] {
        let _turn = begin();
        WHO.set(TaskInfo { task: "test".into(), id, cpu });
        let (a, b) = (lock("a"), lock("b"));
        nest(&a, &b);
        WHO.set(TaskInfo { task: "other".into(), id: 1, cpu: 1 });
        nest(&b, &a);
        let report = shown().pop().expect("it is reported");
        assert!(report.contains(&format!("first by task {id} on CPU {cpu}\n")), "{report}");
        WHO.set(TaskInfo { task: "test".into(), id: 7, cpu: 0 });
    }
}

#[test]
fn the_callers_are_shown_as_far_as_the_port_knows_them() {
    for (said, kept) in [(0, 0), (3, 3), (16, 16), (usize::MAX, 16)] {
        let _turn = begin();
        CALLERS.set(said);
        let map = lock("a");
        hooks::release(&map, Some(Site::caller()));
        let report = shown().pop().expect("it is reported");
        let addresses: Vec<&str> = report.lines().filter(|line| line.starts_with(" [<")).collect();
        assert_eq!((report.contains("Call trace:"), addresses.len()), (kept > 0, kept), "{report}");
        assert!(addresses.first().is_none_or(|line| line.contains("abcd0000>]")), "{report}");
        CALLERS.set(0);
    }
}
