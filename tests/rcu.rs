//! RCU read sections: a protected pointer read outside of them is reported, and so is a wait that they do not allow.

#[path = "support/fake.rs"]
mod fake;

use lockdep::LockMap;
use lockdep::Mode;
use lockdep::hooks;
use lockdep::rcu;
use lockdep::{Kind, Site, WaitTypes};

type Enter = fn() -> rcu::ReadSection;

#[test]
fn a_pointer_read_outside_a_read_section_is_reported_with_its_line() {
    fake::run(fake::task(0));
    drop(rcu::read());
    rcu::assert_read_held();
    let line = line!() - 1;
    assert_eq!(hooks::first_finding(), Some(Kind::Rcu));
    let reports = fake::reports();
    let (_, text) = &reports[0];
    assert!(text.contains("suspicious RCU usage") && text.contains(&format!("tests/rcu.rs:{line}:")), "{text}");
}

#[test]
fn every_kind_of_section_allows_it_and_they_nest() {
    fake::run(fake::task(1));
    for enter in [rcu::read, rcu::read_bh, rcu::read_sched] {
        let outer = enter();
        let inner = rcu::read();
        rcu::assert_read_held();
        drop(inner);
        rcu::assert_read_held();
        drop(outer);
    }
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn a_section_is_no_place_to_sleep_and_the_strictest_none_for_a_lock_that_may() {
    let sections: [(Enter, WaitTypes, Option<Kind>); 6] = [
        (rcu::read, WaitTypes::SLEEP, Some(Kind::WaitContext)),
        (rcu::read, WaitTypes::CONFIG, None),
        (rcu::read_bh, WaitTypes::SLEEP, Some(Kind::WaitContext)),
        (rcu::read_bh, WaitTypes::CONFIG, None),
        (rcu::read_sched, WaitTypes::CONFIG, Some(Kind::WaitContext)),
        (rcu::read_sched, WaitTypes::SPIN, None),
    ];
    for (number, (enter, waits, found)) in sections.into_iter().enumerate() {
        fake::run(fake::task(2 + number as u8));
        let lock = LockMap::new(waits);
        let section = enter();
        hooks::acquire(&lock, Mode::WRITE, Site::caller());
        hooks::release(&lock, None);
        drop(section);
        assert_eq!(hooks::first_finding(), found, "{number}");
    }
}

#[test]
fn a_section_orders_nothing() {
    fake::run(fake::task(8));
    let lock = LockMap::new(WaitTypes::SPIN);
    for section_first in [true, false] {
        let outer = section_first.then(rcu::read);
        hooks::acquire(&lock, Mode::WRITE, Site::caller());
        let inner = (!section_first).then(rcu::read);
        drop(inner);
        hooks::release(&lock, None);
        drop(outer);
    }
    assert_eq!(hooks::first_finding(), None);
}
