//! A tracked critical section is interrupts off, and its end is interrupts on for what is still held.

mod fake;

use lockdep::context::Level;
use lockdep::critical_section;
use lockdep::hooks;
use lockdep::port::Port;
use lockdep::report::Kind;
use lockdep::runtime::ContextCell;
use lockdep::spin::Mutex;

/// Takes the lock in a hard interrupt.
fn interrupt(lock: &Mutex<()>, validator: u8) {
    fake::Fake::irqs_disable();
    hooks::enter(Level::Hardirq, Box::leak(Box::new(ContextCell::new(validator))));
    drop(lock.lock());
    hooks::leave();
    fake::plain::irqs_enable();
}

#[test]
fn a_lock_of_interrupts_is_safe_inside() {
    fake::run(fake::task(0));
    let lock = Mutex::named("lock", ());
    interrupt(&lock, 0);
    fake::Fake::irqs_disable(); // as the program's implementation would
    critical_section::with(|_| critical_section::with(|_| drop(lock.lock())));
    fake::plain::irqs_enable();
    assert_eq!(hooks::found(), None);
}

#[test]
fn what_is_held_when_it_ends_is_held_with_interrupts_on() {
    fake::run(fake::task(1));
    let lock = Mutex::named("lock", ());
    interrupt(&lock, 1);
    fake::Fake::irqs_disable();
    let guard = critical_section::with(|_| lock.lock());
    fake::plain::irqs_enable();
    assert_eq!(hooks::found(), Some(Kind::Inconsistent));
    let (_, text) = &fake::reports()[0];
    assert!(text.contains("tests/critical_section.rs:"), "{text}");
    drop(guard);
}
