//! Locks that a constant constructs (`Once::INIT`, `RawMutex::INIT`), which have no line of their own: each is a class of its
//! own, from its first taking until it is dropped. So unlike locks are never one class, whatever line takes them.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::__private::Validator;
use lockdep::hooks;
use lockdep::report::Origin;
use lockdep::spin::{Mutex, Once};
use lockdep::{Acquire, LockMap, Subclass};
use lockdep::{Kind, Mode, Site};
use lockdep::{Tracker, WaitTypes};

use port::{begin, context, the_report};

/// A spin lock of `lock_api`, as a crate makes it that names a raw lock as a type and nothing else.
type Spinlock<T> = lock_api_04::Mutex<Mutex<()>, T>;

/// One line for all: a wrapper that is not `#[track_caller]`.
fn within<T, R>(lock: &Spinlock<T>, work: impl FnOnce() -> R) -> R {
    let _held = lock.lock();
    work()
}

/// How many classes and dependencies are known.
fn known() -> (usize, usize) {
    let now = hooks::occupancy();
    (now.classes.used, now.dependencies.used)
}

#[test]
fn a_lazy_value_that_another_one_needs_is_no_recursion() {
    let _turn = begin();
    static INNER: Once<u32> = Once::INIT;
    static OUTER: Once<u32> = Once::INIT;
    fn get(once: &'static Once<u32>, make: fn() -> u32) -> u32 {
        *once.call_once(make)
    }
    assert_eq!(get(&OUTER, || get(&INNER, || 1) + 1), 2);
    assert_eq!((hooks::first_finding(), known()), (None, (2, 1)), "one line took both");
}

#[test]
fn two_lazy_values_that_need_each_other_are_found() {
    let _turn = begin();
    static A: Once<u32> = Once::INIT;
    static B: Once<u32> = Once::INIT;
    fn need(once: &Once<u32>, other: &Once<u32>) -> Result<u32, ()> {
        once.try_call_once(|| other.try_call_once(|| Err(())).copied()).copied()
    }
    assert!(need(&A, &B).is_err() && hooks::first_finding().is_none());
    assert!(need(&B, &A).is_err());
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "on two CPUs neither would end");
}

#[test]
fn two_orders_of_two_locks_are_found_though_one_line_takes_both() {
    let _turn = begin();
    static A: Spinlock<u32> = Spinlock::new(1);
    static B: Spinlock<u32> = Spinlock::new(2);
    within(&A, || within(&B, || ()));
    assert_eq!(hooks::first_finding(), None, "not recursion");
    within(&B, || within(&A, || ()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    assert!(!the_report().contains("standard library"), "{}", the_report());
}

#[test]
fn a_lock_that_is_taken_twice_is_found() {
    let _turn = begin();
    static A: Spinlock<u32> = Spinlock::new(1);
    let held = A.lock();
    // SAFETY: it is looked at.
    hooks::acquire(unsafe { A.raw() }.map(), Mode::WRITE, Site::caller());
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
    // SAFETY: as above.
    hooks::release(unsafe { A.raw() }.map(), None);
    drop(held);
}

#[test]
fn a_lock_that_is_moved_stays_the_class_that_it_is_and_what_comes_to_its_place_is_another() {
    let _turn = begin();
    let other = Mutex::named("other", ());
    let mut place = Spinlock::new(1);
    within(&place, || drop(other.lock()));
    let moved = Box::new(core::mem::replace(&mut place, Spinlock::new(2)));
    {
        let _held = other.lock();
        within(&place, || ());
    }
    assert_eq!(hooks::first_finding(), None, "the new lock in the old place");
    let _held = other.lock();
    within(&moved, || ());
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "the old one in the new place");
}

#[test]
fn the_class_of_a_dropped_lock_is_unregistered_with_it() {
    let _turn = begin();
    let other = Mutex::named("other", ());
    drop(other.lock());
    for round in 0..1_000 {
        let (lock, once) = (Box::new(Spinlock::new(())), Once::<u32>::INIT);
        // In every second life in the other order: anything left of the life before would be reported.
        if round % 2 == 0 {
            within(&lock, || drop(other.lock()));
            once.call_once(|| {
                drop(other.lock());
                1
            });
        } else {
            let _held = other.lock();
            within(&lock, || ());
            once.call_once(|| 1);
        }
        assert_eq!(known(), (3, 2), "round {round}");
        drop((lock, once));
        assert_eq!((known(), hooks::first_finding()), ((1, 0), None), "round {round}");
    }
    assert_eq!(hooks::occupancy().classes.rejected, 0);
}

#[test]
fn a_lock_whose_memory_is_freed_without_a_drop_is_forgotten_by_a_call() {
    let _turn = begin();
    let map = LockMap::of_first_use(WaitTypes::SPIN);
    assert_eq!((map.origin(), map.has_class()), (Origin::Constant, false));
    for _ in 0..2 {
        hooks::acquire(&map, Mode::WRITE, Site::caller());
        hooks::release(&map, None);
        assert_eq!(known(), (1, 0));
        hooks::lock_freed(&map);
        assert_eq!(known(), (0, 0));
    }
}

#[test]
fn a_lock_that_is_dropped_while_its_guard_is_forgotten_is_reported_and_forgotten() {
    let _turn = begin();
    let lock = Box::new(Spinlock::new(()));
    core::mem::forget(lock.lock());
    drop(lock);
    assert_eq!((hooks::first_finding(), context().depth()), (Some(Kind::HeldFreed), 0));
    assert_eq!(known(), (0, 0), "it is no longer held, so its class is unregistered as well");
}

#[test]
fn a_lock_that_is_never_taken_or_has_a_line_costs_no_event_when_it_is_dropped() {
    let _turn = begin();
    let taken = Mutex::new(());
    drop(taken.lock());
    let before = known();
    drop((taken, Spinlock::new(()), Once::<u32>::INIT, Tracker::from_map(LockMap::of_first_use(WaitTypes::NONE))));
    assert_eq!(known(), before, "the class of a line stays");
}

/// A table with room for two classes: a lock without a class is recorded as held, and nothing is made up about it.
#[test]
fn locks_that_find_no_room_are_not_mixed_up() {
    let mut tables = Box::new(Validator::<3, 8, 64>::new());
    let task = port::new_context();
    let locks: [LockMap; 6] = core::array::from_fn(|_| LockMap::of_first_use(WaitTypes::SPIN));
    let here = Site::caller();
    for round in 0..3 {
        for lock in &locks {
            tables.acquire(task, &Acquire::new(lock, Mode::WRITE, here));
        }
        assert_eq!((tables.found(), task.depth()), (None, locks.len()), "round {round}");
        for lock in locks.iter().rev() {
            tables.release(task, lock, None);
        }
    }
    assert!(tables.take_notice().is_some(), "that the table is full is said");
    assert_eq!((tables.found(), task.depth()), (None, 0));
}

#[test]
fn a_lock_that_is_never_checked_needs_one_class_however_often_it_is_taken() {
    let mut tables = Box::new(Validator::<8, 8, 64>::new());
    let task = port::new_context();
    let lock = LockMap::of_first_use(WaitTypes::SPIN).novalidate();
    let here = Site::caller();
    for level in [0, 0, 0, 1, 1] {
        let subclass = Subclass::new(level);
        tables.acquire(task, &Acquire::new(&lock, Mode::WRITE, here).subclass(subclass));
        tables.release(task, &lock, None);
    }
    assert_eq!(tables.engine().occupancy().classes.used, 2, "one for each level");
}

#[test]
fn locks_of_the_library_of_other_wait_types_are_other_classes() {
    let mut tables = Box::new(Validator::<8, 8, 64>::new());
    let task = port::new_context();
    let here = Site::caller();
    let [spins] = [WaitTypes::SPIN].map(LockMap::new);
    let [sleeps] = [WaitTypes::SLEEP].map(LockMap::new);
    assert_eq!(spins.origin(), Origin::Library);
    for lock in [&sleeps, &spins] {
        tables.acquire(task, &Acquire::new(lock, Mode::WRITE, here));
    }
    assert_eq!((tables.found(), tables.engine().occupancy().classes.used), (None, 2));
}
