//! Wound/wait mutexes: what they do (back off, wait, guard their value), that right use is silent, and that each broken
//! rule is reported, once, and breaks nothing else.
//!
//! Each test has a validator of its own, and each thread is a CPU. Where one thread plays two tasks, it says so.

#[path = "support/fake.rs"]
mod fake;

use lockdep::hooks;
use lockdep::ww::{WwAcquire, WwAcquireContext, WwClass, WwError, WwMutex, WwMutexGuard};
use lockdep::{Acquire, LockMap};
use lockdep::{Kind, Mode, Port, Site, WaitTypes};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

static CLASS: WwClass = WwClass::new("buffer", "buffer context");
static OTHER: WwClass = WwClass::new("page", "page context");

/// This thread becomes a new task on the validator of this test.
fn begin(validator: u8) {
    fake::run(fake::task(validator));
}

#[test]
fn a_context_takes_many_in_any_order_and_nothing_is_reported() {
    begin(0);
    let (a, b, c) = (WwMutex::new(&CLASS, 1), WwMutex::new(&CLASS, 2), WwMutex::new(&CLASS, 3));
    for order in [[&a, &b, &c], [&c, &b, &a], [&b, &c, &a]] {
        let mut context = WwAcquireContext::new(&CLASS);
        let acquire = context.init();
        let mut guards: Vec<WwMutexGuard<'_, i32>> =
            order.iter().map(|mutex| mutex.lock(&acquire).expect("nobody else has it")).collect();
        acquire.done();
        assert_eq!(acquire.acquired(), 3);
        guards.iter_mut().for_each(|guard| **guard += 1);
        guards.swap(0, 2); // released in another order than taken
        drop(guards);
        assert_eq!(acquire.acquired(), 0);
        acquire.fini();
    }
    assert_eq!(hooks::first_finding(), None);
    assert_eq!((a.into_inner(), b.into_inner(), c.into_inner()), (4, 5, 6));
}

#[test]
fn a_guard_guards_the_value_and_releases_when_it_is_dropped() {
    begin(1);
    static MUTEX: WwMutex<u32> = WwMutex::new(&CLASS, 0);
    let mut guard = MUTEX.lock_alone();
    *guard += 7;
    assert!(MUTEX.is_locked() && MUTEX.try_lock().is_none());
    drop(guard);
    assert!(!MUTEX.is_locked());
    assert_eq!(MUTEX.try_lock().as_deref(), Some(&7));
    let mut mutex = WwMutex::new(&CLASS, 1);
    *mutex.get_mut() = 2;
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn what_the_context_has_already_is_said_so_and_stays_as_it_is() {
    begin(2);
    let mutex = WwMutex::new(&CLASS, ());
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    let guard = mutex.lock(&acquire).expect("it is free");
    assert_eq!(mutex.lock(&acquire).err(), Some(WwError::Already));
    assert_eq!(acquire.acquired(), 1);
    drop(guard);
    assert!(!mutex.is_locked());
    drop(acquire); // which ends it
    assert_eq!(hooks::first_finding(), None);
}

/// One thread plays two tasks: the older has `b`, the younger has `a` and wants `b`.
#[test]
fn the_younger_backs_off_releases_and_takes_the_contended_one_with_lock_slow() {
    let (older, younger) = (fake::task(3), fake::task(3));
    let (a, b) = (WwMutex::new(&CLASS, ()), WwMutex::new(&CLASS, ()));
    let (mut first, mut second) = (WwAcquireContext::new(&CLASS), WwAcquireContext::new(&CLASS));
    fake::run(older);
    let first = first.init();
    let theirs = b.lock(&first).expect("it is free");
    fake::run(younger);
    let second = second.init();
    let mine = a.lock(&second).expect("it is free");
    assert_eq!(b.lock(&second).err(), Some(WwError::Deadlock));
    fake::run(older);
    drop(theirs);
    first.fini();
    fake::run(younger);
    drop(mine);
    let contended = b.lock_slow(&second).expect("nothing is held, so it waits for everybody");
    let again = a.lock(&second).expect("it is free");
    drop((contended, again));
    second.fini();
    assert_eq!(hooks::first_finding(), None);
    assert!(older.holds_nothing() && younger.holds_nothing());
}

#[test]
fn the_older_waits_for_the_younger() {
    static GONE: AtomicBool = AtomicBool::new(false);
    begin(4);
    let (a, b) = (WwMutex::new(&CLASS, ()), WwMutex::new(&CLASS, ()));
    let taken = Barrier::new(2);
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    let _mine = a.lock(&acquire).expect("it is free");
    thread::scope(|scope| {
        scope.spawn(|| {
            begin(4);
            let mut context = WwAcquireContext::new(&CLASS);
            let acquire = context.init();
            let guard = b.lock(&acquire).expect("it is free");
            taken.wait();
            thread::sleep(Duration::from_millis(20));
            GONE.store(true, Ordering::Relaxed);
            drop(guard);
        });
        taken.wait();
        let _other = b.lock(&acquire).expect("an older context waits");
        assert!(GONE.load(Ordering::Relaxed));
    });
    assert_eq!(hooks::first_finding(), None);
}

/// Adds 1 to each, whatever it takes. This is the loop that every user writes.
fn add_to_all(mutexes: [&WwMutex<u64>; 3]) {
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    let mut contended: Option<usize> = None;
    let mut guards: Vec<WwMutexGuard<'_, u64>> = 'again: loop {
        let mut guards = Vec::new();
        if let Some(first) = contended {
            guards.push(mutexes[first].lock_slow(&acquire).expect("nothing is held"));
        }
        for (index, mutex) in mutexes.iter().enumerate() {
            match mutex.lock(&acquire) {
                Ok(guard) => guards.push(guard),
                Err(WwError::Already) => assert_eq!(contended, Some(index)),
                Err(WwError::Deadlock) => {
                    contended = Some(index);
                    continue 'again;
                }
            }
        }
        break guards;
    };
    acquire.done();
    guards.iter_mut().for_each(|guard| **guard += 1);
}

#[test]
fn threads_that_take_the_same_in_other_orders_all_come_through() {
    const ROUNDS: u64 = 300;
    begin(5);
    let mutexes = [0; 3].map(|zero| WwMutex::new(&CLASS, zero));
    let [a, b, c] = &mutexes;
    thread::scope(|scope| {
        for order in [[a, b, c], [c, b, a], [b, a, c]] {
            scope.spawn(move || {
                begin(5);
                (0..ROUNDS).for_each(|_| add_to_all(order));
            });
        }
    });
    assert_eq!(mutexes.map(WwMutex::into_inner), [3 * ROUNDS; 3]);
    assert_eq!(hooks::first_finding(), None);
}

// ---- misuse

/// Runs what breaks a rule on two tasks of this validator, and sees that it is reported, once and in these words, and
/// that the mutexes are free after.
fn misuse(validator: u8, note: &str, work: impl FnOnce(&[WwMutex<()>; 3], &dyn Fn(usize))) {
    let tasks = [fake::task(validator), fake::task(validator)];
    let mutexes = [(); 3].map(|value| WwMutex::new(&CLASS, value));
    fake::run(tasks[0]);
    work(&mutexes, &|number| fake::run(tasks[number]));
    assert_eq!(hooks::first_finding(), Some(Kind::WwMisuse), "{note}");
    let reports = fake::reports();
    assert!(matches!(&reports[..], [(Kind::WwMisuse, text)] if text.contains(note)), "{note}: {reports:#?}");
    assert!(mutexes.iter().all(|mutex| !mutex.is_locked()), "{note}: a mutex is left locked");
    assert!(tasks.iter().all(|task| task.holds_nothing()), "{note}: a hold is left");
}

#[test]
fn a_context_of_another_class_is_reported() {
    misuse(6, "a mutex of another class than its context", |[a, ..], _| {
        let mut context = WwAcquireContext::new(&OTHER);
        let acquire = context.init();
        let _guard = a.lock(&acquire).expect("it is taken all the same");
    });
}

#[test]
fn a_mutex_after_done_is_reported() {
    misuse(7, "a mutex taken after done", |[a, b, _], _| {
        let mut context = WwAcquireContext::new(&CLASS);
        let acquire = context.init();
        let _a = a.lock(&acquire).expect("it is free");
        acquire.done();
        let _b = b.lock(&acquire).expect("it is taken all the same");
    });
}

#[test]
fn done_twice_is_reported() {
    misuse(8, "done twice", |_, _| {
        let mut context = WwAcquireContext::new(&CLASS);
        let acquire = context.init();
        acquire.done();
        acquire.done();
    });
}

#[test]
fn a_slow_lock_without_a_deadlock_is_reported() {
    misuse(10, "lock_slow without a deadlock before", |[a, ..], _| {
        let mut context = WwAcquireContext::new(&CLASS);
        let acquire = context.init();
        let _guard = a.lock_slow(&acquire).expect("it is free");
    });
}

/// What the second task does when `b`, which the first has, answered `Deadlock` while it had `a`.
fn after_a_deadlock(validator: u8, note: &str, wrong: fn(&[WwMutex<()>; 3], &WwAcquire<'_>)) {
    misuse(validator, note, |mutexes, go_on_as| {
        let [a, b, _] = mutexes;
        let (mut older, mut younger) = (WwAcquireContext::new(&CLASS), WwAcquireContext::new(&CLASS));
        let older = older.init();
        let theirs = b.lock(&older).expect("it is free");
        go_on_as(1);
        let younger = younger.init();
        let mine = a.lock(&younger).expect("it is free");
        assert_eq!(b.lock(&younger).err(), Some(WwError::Deadlock));
        go_on_as(0);
        drop(theirs);
        older.fini();
        go_on_as(1);
        wrong(mutexes, &younger);
        drop(mine);
        younger.fini();
    });
}

#[test]
fn another_mutex_than_the_contended_one_is_reported() {
    let note = "after a deadlock, another mutex taken than the contended one";
    after_a_deadlock(11, note, |[_, _, c], acquire| drop(c.lock(acquire)));
    after_a_deadlock(12, note, |[_, _, c], acquire| drop(c.lock_slow(acquire)));
}

#[test]
fn the_contended_one_with_others_still_held_is_reported() {
    let note = "after a deadlock, the contended mutex taken with others still held";
    after_a_deadlock(13, note, |[_, b, _], acquire| drop(b.lock(acquire)));
    after_a_deadlock(14, note, |[_, b, _], acquire| drop(b.lock_slow(acquire)));
}

/// No guard outlives its context, so this one was forgotten. If there were room to record the mutex, its nest lock
/// would be missed first, as `nest-not-held`; so the stack of holds is full here.
#[test]
fn a_context_that_ends_before_its_mutexes_is_reported() {
    begin(9);
    let full: Vec<LockMap> = (1..lockdep::report::HOLDS).map(|_| LockMap::new(WaitTypes::NONE)).collect();
    // Tried, since they are of one class.
    let tried = |map| Acquire::new(map, Mode::WRITE, Site::caller()).tried();
    full.iter().for_each(|map| hooks::acquire_with(&tried(map)));
    let mutex = WwMutex::new(&CLASS, ());
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    std::mem::forget(mutex.lock(&acquire));
    acquire.fini();
    assert_eq!(hooks::first_finding(), Some(Kind::WwMisuse));
    assert!(fake::reports()[0].1.contains("the context ends before its mutexes are released"));
}

#[test]
fn two_contexts_of_one_task_are_recursive() {
    begin(15);
    let (mut one, mut two) = (WwAcquireContext::new(&CLASS), WwAcquireContext::new(&CLASS));
    let _both = (one.init(), two.init());
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
}

/// While mutexes are taken with a context, one beside it is `recursive`, however free it is.
#[test]
fn a_mutex_taken_alone_beside_a_context_is_recursive() {
    begin(16);
    let (a, b) = (WwMutex::new(&CLASS, ()), WwMutex::new(&CLASS, ()));
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    let _a = a.lock(&acquire).expect("it is free");
    let _b = b.lock_alone();
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
}

/// It waits by sleeping, as far as the validator is told.
#[test]
fn a_mutex_taken_with_interrupts_off_is_reported_with_the_callers_line() {
    begin(17);
    let mutex = WwMutex::new(&CLASS, ());
    let mut context = WwAcquireContext::new(&CLASS);
    let acquire = context.init();
    fake::Fake::irqs_disable();
    let line = line!() + 1;
    drop(mutex.lock(&acquire));
    fake::plain::irqs_enable();
    assert_eq!(hooks::first_finding(), Some(Kind::SleepAtomic));
    let (_, text) = &fake::reports()[0];
    assert!(text.contains(&format!("tests/ww.rs:{line}:")), "{text}");
}
