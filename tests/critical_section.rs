//! A tracked critical section is interrupts off, and its end is interrupts on for what is still held.

#[path = "support/fake.rs"]
mod fake;

use lockdep::Level;
use lockdep::critical_section;
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep::{ContextCell, Kind, Port};
use std::panic::AssertUnwindSafe;

/// Takes the lock in a hard interrupt.
fn interrupt(lock: &Mutex<()>, validator: u8) {
    fake::Fake::irqs_disable();
    hooks::irq_enter(Level::Hardirq, Box::leak(Box::new(ContextCell::new(validator))));
    drop(lock.lock());
    hooks::irq_exit();
    fake::plain::irqs_enable();
}

#[test]
fn a_lock_of_interrupts_is_safe_inside() {
    fake::run(fake::task(0));
    let lock = Mutex::named("lock", ());
    interrupt(&lock, 0);
    critical_section::with(|_| critical_section::with(|_| drop(lock.lock())));
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn what_is_held_when_it_ends_is_held_with_interrupts_on() {
    fake::run(fake::task(1));
    let lock = Mutex::named("lock", ());
    interrupt(&lock, 1);
    let guard = critical_section::with(|_| lock.lock());
    let line = line!() - 1;
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
    let (_, text) = &fake::reports()[0];
    let place = format!("held with hard interrupts enabled at:\n  tests/critical_section.rs:{line}:");
    assert!(text.contains(&place), "the line of the section, not one of the crate: {text}");
    drop(guard);
}

/// Somebody's own section, of which the validator hears only at the next lock.
fn untold(lock: &Mutex<()>) {
    fake::Fake::irqs_disable();
    drop(lock.lock());
    fake::plain::irqs_enable();
}

#[test]
fn an_untold_section_before_it_changes_nothing() {
    fake::run(fake::task(2));
    let (lock, other) = (Mutex::named("lock", ()), Mutex::named("other", ()));
    interrupt(&lock, 2);
    untold(&other);
    assert!(!hooks::irqs_recorded_on(), "what was told last is old");
    let guard = critical_section::with(|_| lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
    drop(guard);
}

#[test]
fn an_inner_section_leaves_interrupts_off() {
    fake::run(fake::task(3));
    let lock = Mutex::named("lock", ());
    interrupt(&lock, 3);
    critical_section::with(|_| {
        let guard = critical_section::with(|_| lock.lock());
        assert!(!fake::Fake::irqs_enabled() && !hooks::irqs_recorded_on());
        drop(guard);
    });
    assert!(fake::Fake::irqs_enabled() && hooks::irqs_recorded_on());
    fake::Fake::irqs_disable();
    drop(critical_section::with(|_| lock.lock()));
    assert!(!fake::Fake::irqs_enabled(), "as they were");
    fake::plain::irqs_enable();
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn a_panic_inside_restores_interrupts() {
    fake::run(fake::task(4));
    let lock = Mutex::named("lock", ());
    let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
        critical_section::with(|_| {
            let _held = lock.lock();
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err() && fake::Fake::irqs_enabled() && hooks::irqs_recorded_on());
    interrupt(&lock, 4);
    assert_eq!(hooks::first_finding(), None);
    drop(lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent), "with interrupts on, as they are");
}

#[test]
fn where_a_section_is_no_lock_it_has_no_order() {
    fake::run(fake::task(5));
    let lock = Mutex::named("lock", ());
    let before = hooks::occupancy().classes.used;
    let held = lock.lock();
    critical_section::with(|_| ());
    drop(held);
    critical_section::with(|_| drop(lock.lock()));
    assert_eq!((hooks::first_finding(), hooks::occupancy().classes.used), (None, before + 1));
}
