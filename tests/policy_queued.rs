//! The policy "report all, queued": what is found waits until the kernel drains it.

#[path = "support/port/machine.rs"]
mod machine;

use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep::{Kind, Mode, Policy, Site};
use lockdep::{Level, LockMap};
use machine::{CONSOLE, IRQS, IRQS_IN_SHOW, ON_SHOW, begin, context, host_port, new_cell, new_context, shown};

host_port! {
    const POLICY: Policy = Policy::ALL.queued();
}

/// Releases a lock of that name, which nobody holds: a finding.
fn find(name: &'static str) {
    hooks::release(&LockMap::named(name, WaitTypes::SPIN), Some(Site::caller()));
}

/// Which of the locks is in the text of what was shown, one by one; a notice is its constant.
fn names() -> Vec<&'static str> {
    let known = ["one", "two", "three", "four", "five", "`hooks::show_pending`"];
    let name_of =
        |text: &String| known.into_iter().find(|name| text.contains(&format!("({name})")) || text.contains(name));
    shown().drain(..).map(|text| name_of(&text).unwrap_or("?")).collect()
}

/// A test whose reports were all drained by the one before.
fn begin_drained() -> std::sync::MutexGuard<'static, ()> {
    let turn = begin();
    assert_eq!(hooks::show_pending(), 0);
    turn
}

#[test]
fn what_is_found_waits_and_comes_in_order() {
    let _turn = begin_drained();
    ["one", "two", "three"].into_iter().for_each(find);
    assert_eq!(names(), [""; 0], "nothing is shown yet");
    assert_eq!(
        (hooks::first_finding(), hooks::state().waiting, hooks::state().findings),
        (Some(Kind::Unbalanced), 3, 3)
    );
    assert_eq!(hooks::show_pending(), 3);
    assert_eq!(names(), ["one", "two", "three"]);
    assert_eq!((hooks::show_pending(), hooks::state().waiting), (0, 0));
    // The ring goes on where it was.
    for round in 0..3 {
        find(["four", "five", "six"][round]);
        assert_eq!((hooks::show_pending(), shown().len()), (1, round + 1));
    }
}

#[test]
fn what_finds_no_room_is_counted_and_told_and_may_come_again() {
    let _turn = begin_drained();
    ["one", "two", "three", "four", "five"].into_iter().for_each(find);
    let reports = hooks::occupancy().reports;
    assert_eq!((reports.used, reports.size, reports.rejected), (3, 3, 2));
    assert_eq!((hooks::state().dropped, hooks::state().findings), (2, 3));
    // What is known already is known without room.
    find("two");
    assert_eq!((hooks::state().dropped, hooks::state().repeated), (2, 1));
    assert_eq!(hooks::show_pending(), 4);
    assert_eq!(names(), ["`hooks::show_pending`", "one", "two", "three"]);
    ["four", "five"].into_iter().for_each(find);
    assert_eq!(hooks::show_pending(), 2);
    assert_eq!(names(), ["four", "five"], "and the notice only once");
}

#[test]
fn one_event_may_find_more_than_there_is_room_for() {
    let _turn = begin_drained();
    ["one", "two"].into_iter().for_each(find);
    let lock = Mutex::named("three", ());
    hooks::irq_enter(Level::Hardirq, new_cell());
    IRQS.set(false);
    drop(lock.lock());
    hooks::irq_exit();
    IRQS.set(true);
    // Nobody handed it over, and it is held with interrupts on: two findings.
    hooks::take_over(lock.map(), Mode::WRITE);
    hooks::release(lock.map(), None);
    assert_eq!((hooks::state().waiting, hooks::state().dropped), (3, 1));
    assert_eq!(hooks::show_pending(), 4);
    assert_eq!(names(), ["`hooks::show_pending`", "one", "two", "three"]);
}

#[test]
fn nothing_that_waits_is_forgotten() {
    let _turn = begin_drained();
    find("one");
    assert!(!hooks::reset());
    assert_eq!(hooks::show_pending(), 1);
    assert!(hooks::reset());
    assert_eq!((hooks::first_finding(), hooks::state().findings), (None, 0));
}

#[test]
fn the_console_may_have_a_tracked_lock_and_be_held_when_something_is_found() {
    let _turn = begin_drained();
    let held = CONSOLE.lock();
    find("one");
    drop(held);
    assert_eq!(shown().len(), 0, "to show it there would wait for the console for ever");
    let before = hooks::state().unchecked;
    assert_eq!(hooks::show_pending(), 1);
    assert_eq!(
        (hooks::state().unchecked, names()),
        (before, vec!["one"]),
        "the console's lock is checked like any other"
    );
    assert_eq!((context().depth(), context().irqs_on(), IRQS.get()), (0, true, true));
}

#[test]
fn what_is_found_while_something_is_shown_is_shown_after_it() {
    let _turn = begin_drained();
    find("one");
    ON_SHOW.set(Some(|| {
        find("two");
        assert_eq!((hooks::show_pending(), hooks::reset()), (0, false));
        std::thread::spawn(|| {
            machine::CONTEXT.set(Some(new_context()));
            ["three", "four"].into_iter().for_each(find);
            assert!(!hooks::reset(), "a report is being shown");
            assert_eq!(hooks::show_pending(), 0, "and one at a time is");
            find("five");
        })
        .join()
        .expect("the other CPU is well");
    }));
    assert_eq!(hooks::show_pending(), 4);
    assert_eq!(names(), ["one", "`hooks::show_pending`", "two", "three"]);
    assert_eq!((hooks::state().dropped, context().depth()), (2, 0));
}

/// A console that sleeps is shown nothing with interrupts off, unless the caller of the drain has them off.
#[test]
fn a_drain_shows_as_its_caller_runs() {
    let _turn = begin_drained();
    find("one");
    ON_SHOW.set(Some(|| {
        IRQS.set(true);
        hooks::irqs_enabled();
        let spins = LockMap::named("spins", WaitTypes::SPIN);
        hooks::acquire(&spins, Mode::WRITE, Site::caller());
        hooks::might_sleep();
        hooks::release(&spins, None);
        IRQS.set(false);
        hooks::irqs_disabled();
    }));
    assert_eq!((hooks::show_pending(), IRQS_IN_SHOW.take()), (2, Some(true)));
    assert!(shown().last().is_some_and(|text| text.contains("sleeping function")), "{:?}", shown());
    shown().clear();
    find("two");
    let were_on = hooks::irq_save();
    assert_eq!((hooks::show_pending(), IRQS_IN_SHOW.take()), (1, Some(false)));
    hooks::irq_restore(were_on);
    assert_eq!((names(), context().irqs_on(), IRQS.get()), (vec!["two"], true, true));
}

/// Each showing makes the same mistake with the console's lock: it is a finding like any other, shown once, and after
/// the one that was being shown.
#[test]
fn a_mistake_of_the_console_is_found_by_a_drain_that_ends() {
    static UART: Mutex<()> = Mutex::named("four", ());
    let _turn = begin_drained();
    let before = UART.lock();
    drop(CONSOLE.lock());
    drop(before);
    fn mistake() {
        drop(UART.lock());
        ON_SHOW.set(Some(mistake));
    }
    find("one");
    ON_SHOW.set(Some(mistake));
    assert_eq!(hooks::show_pending(), 2);
    assert_eq!(hooks::show_pending(), 0);
    ON_SHOW.set(None);
    assert_eq!((names(), context().depth()), (vec!["one", "four"], 0));
}

#[test]
fn without_a_context_the_state_is_there_and_a_drain_works() {
    let _turn = begin_drained();
    find("one");
    let lock = Mutex::named("early", ());
    machine::CONTEXT.set(None);
    let held = lock.lock();
    assert_eq!((hooks::state().waiting, hooks::state().early), (1, 1));
    // The console's lock is taken and released, early as well.
    assert_eq!(hooks::show_pending(), 1);
    assert_eq!(hooks::state().early, 1);
    drop(held);
    assert_eq!((names(), hooks::state().early), (vec!["one"], 0));
}
