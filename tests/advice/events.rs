//! Findings that no trace can make, and hand-overs, which traces do not know: by the hooks themselves.

use crate::port::{IRQS, NOW, begin, context, new_cell, shown, the_report};
use crate::ways;
use lockdep::ww::{WwAcquireContext, WwClass, WwError, WwMutex};
use lockdep::{Kind, Level, LockMap, Mode, Site, WaitTypes};
use lockdep::{asserts, hooks, rcu};
use std::sync::atomic::Ordering;

/// What these find, beside what traces find.
pub(crate) const KINDS: &[Kind] =
    &[Kind::Assertion, Kind::Rcu, Kind::IrqsState, Kind::WwMisuse, Kind::HoldLimit, Kind::Unbalanced, Kind::HeldAtExit];

/// A kind, what makes the finding, a part of the way to remove it, and what follows that way.
type Case = (Kind, fn(&LockMap), &'static str, fn(&LockMap));

fn take(map: &LockMap) {
    hooks::acquire(map, Mode::WRITE, Site::caller());
}

fn release(map: &LockMap) {
    hooks::release(map, Some(Site::caller()));
}

/// Does something with a lock held.
fn with(map: &LockMap, mode: Mode, work: impl FnOnce()) {
    hooks::acquire(map, mode, Site::caller());
    work();
    release(map);
}

fn in_an_interrupt(enter: bool) {
    if enter {
        hooks::irq_enter(Level::Hardirq, new_cell());
    }
    hooks::irq_exit();
}

/// The machine's flag changes, and the validator is told so or not.
fn irqs(on: bool, told: bool) {
    IRQS.set(on);
    match (told, on) {
        (true, true) => hooks::irqs_enabled(),
        (true, false) => hooks::irqs_disabled(),
        (false, _) => {}
    }
}

static BUFFERS: WwClass = WwClass::new("buffer", "buffer context");
static PAGES: WwClass = WwClass::new("page", "page context");

/// Two mutexes that one context takes, and is done, as often.
fn ww(class: &'static WwClass, times: usize, lock_after: bool) {
    let (a, b) = (WwMutex::new(&BUFFERS, ()), WwMutex::new(&BUFFERS, ()));
    let mut context = WwAcquireContext::new(class);
    let acquire = context.init();
    let first = a.lock(&acquire).expect("it is free");
    let before = (!lock_after).then(|| b.lock(&acquire).expect("it is free"));
    (0..times).for_each(|_| acquire.done());
    let after = lock_after.then(|| b.lock(&acquire).expect("it is free"));
    drop((first, before, after));
    acquire.fini();
}

fn lock_slow(slow: bool) {
    let a = WwMutex::new(&BUFFERS, ());
    let mut context = WwAcquireContext::new(&BUFFERS);
    let acquire = context.init();
    let lock = if slow { WwMutex::lock_slow } else { WwMutex::lock };
    assert!(!matches!(lock(&a, &acquire), Err(WwError::Deadlock)));
}

const CASES: &[Case] = &[
    (
        Kind::Assertion,
        |a| asserts::assert_held(a),
        "take `a` on every path to",
        |a| {
            with(a, Mode::WRITE, || asserts::assert_held(a));
        },
    ),
    (
        Kind::Assertion,
        |a| with(a, Mode::WRITE, || asserts::assert_held_read(a)),
        "take `a` for reading on every path to",
        |a| with(a, Mode::READ, || asserts::assert_held_read(a)),
    ),
    (
        Kind::Assertion,
        |a| with(a, Mode::READ, || asserts::assert_held_write(a)),
        "take `a` exclusively on every path to",
        |a| with(a, Mode::WRITE, || asserts::assert_held_write(a)),
    ),
    (
        Kind::Assertion,
        |a| with(a, Mode::WRITE, || asserts::assert_not_held(a)),
        "release `a` on every path to",
        |a| asserts::assert_not_held(a),
    ),
    (
        Kind::Assertion,
        |_| asserts::assert_irqs_disabled(),
        "disable interrupts before the assertion, at",
        |_| {
            irqs(false, true);
            asserts::assert_irqs_disabled();
        },
    ),
    (
        Kind::Assertion,
        |_| {
            irqs(false, true);
            asserts::assert_irqs_enabled();
        },
        "enable interrupts before the assertion, at",
        |_| asserts::assert_irqs_enabled(),
    ),
    (
        Kind::Assertion,
        |a| {
            with(a, Mode::WRITE, || {
                let _pin = asserts::pin(a);
            })
        },
        "unpin the lock before it is released, at",
        |a| with(a, Mode::WRITE, || asserts::unpin(asserts::pin(a))),
    ),
    (
        Kind::Assertion,
        |a| {
            let _pin = asserts::pin(a);
        },
        "take the lock before it is pinned, at",
        |a| with(a, Mode::WRITE, || asserts::unpin(asserts::pin(a))),
    ),
    (
        Kind::Assertion,
        |a| hooks::take_over(a, Mode::WRITE),
        "call `hand_over` in the context that took the lock, before `take_over`, at",
        |a| {
            take(a);
            hooks::hand_over(a);
            hooks::take_over(a, Mode::WRITE);
            release(a);
        },
    ),
    (
        Kind::Assertion,
        |_| in_an_interrupt(false),
        "call `enter` where the interrupt begins, at",
        |_| {
            IRQS.set(false);
            in_an_interrupt(true);
        },
    ),
    (
        Kind::Rcu,
        |_| rcu::assert_read_held(),
        "enter a read section around",
        |_| {
            let _section = rcu::read();
            rcu::assert_read_held();
        },
    ),
    (
        Kind::Rcu,
        |_| rcu::assert_read_held(),
        "where the lock of the writers is held, assert that one instead",
        |a| {
            with(a, Mode::WRITE, || asserts::assert_held(a));
        },
    ),
    (
        Kind::IrqsState,
        |_| {
            irqs(false, false);
            hooks::check_irqs();
        },
        "call `irqs_off` after the interrupt flag is cleared",
        |_| {
            irqs(false, true);
            hooks::check_irqs();
        },
    ),
    (
        Kind::IrqsState,
        |_| {
            irqs(false, true);
            irqs(true, false);
            hooks::check_irqs();
        },
        "call `irqs_on` before the interrupt flag is set",
        |_| {
            irqs(false, true);
            irqs(true, true);
            hooks::check_irqs();
        },
    ),
    (Kind::WwMisuse, |_| ww(&BUFFERS, 2, false), "take all mutexes, then call `done` once", |_| ww(&BUFFERS, 1, false)),
    (
        Kind::WwMisuse,
        |_| ww(&PAGES, 1, false),
        "give the mutex and its context one `WwClass`, at",
        |_| {
            ww(&BUFFERS, 1, false);
        },
    ),
    (
        Kind::WwMisuse,
        |_| ww(&BUFFERS, 1, true),
        "begin a new context for a mutex that is taken after `done`, at",
        |_| {
            ww(&BUFFERS, 1, false);
            ww(&BUFFERS, 1, false);
        },
    ),
    (Kind::WwMisuse, |_| lock_slow(true), "take the mutex with `lock`, at", |_| lock_slow(false)),
    (
        Kind::Unbalanced,
        |a| release(a),
        "if another task took it, announce that with `hand_over` where it is given away",
        |a| {
            take(a);
            hooks::hand_over(a);
            release(a);
        },
    ),
    (
        Kind::HeldAtExit,
        |a| {
            take(a);
            hooks::task_exit();
        },
        "if another task releases it, announce that with `hand_over` before",
        |a| {
            take(a);
            hooks::hand_over(a);
            hooks::task_exit();
        },
    ),
];

#[test]
fn the_advice_of_events_removes_their_findings() {
    for (number, (kind, finding, way, followed)) in CASES.iter().enumerate() {
        let turn = begin();
        let map = LockMap::named("a", WaitTypes::SPIN);
        finding(&map);
        assert_eq!(hooks::first_finding(), Some(*kind), "case {number}: {way}");
        let report = the_report();
        assert!(ways(&report).iter().any(|named| named.contains(way)), "case {number}: {way}\n{report}");
        drop(turn);
        let _turn = begin();
        followed(&map);
        assert_eq!((hooks::first_finding(), context().depth()), (None, 0), "case {number}: {way}\n{report}");
    }
}

/// Needs the clock of the feature `stat`: without it nothing is measured, nor found.
#[test]
fn what_is_held_for_less_time_or_may_be_held_for_more_is_not_found() {
    let hold = |limit: u64, length: u64| {
        let _turn = begin();
        let map = LockMap::named("a", WaitTypes::SPIN).with_hold_limit(limit);
        NOW.store(100, Ordering::Relaxed);
        take(&map);
        NOW.store(100 + length, Ordering::Relaxed);
        release(&map);
        shown().first().cloned()
    };
    let report = hold(10, 11);
    if let Some(report) = report {
        let ways = ways(&report);
        assert!(ways[0].starts_with("do less between taking `a` at ") && ways[1] == "raise the limit of its class");
    }
    assert_eq!((hold(10, 10), hold(11, 11)), (None, None));
}
