//! The locks of `std::sync`, tracked: a `use` line and nothing else, poison and condition variables included.

#[path = "support/threads.rs"]
mod threads;

use lockdep::Kind;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::spin;
use lockdep::std_sync::{Arc, Condvar, Mutex, OnceLock, RwLock, RwLockWriteGuard, TryLockError, mpsc};
use std::thread;
use std::time::Duration;

use threads::{begin, in_thread, shown};

/// How many locks the running thread is recorded to hold.
fn held() -> usize {
    threads::context().depth()
}

#[test]
fn the_path_of_the_standard_library_has_all_that_it_has_there() {
    let _turn = begin();
    static SHARED: OnceLock<Arc<Mutex<u32>>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| Arc::new(Mutex::new(1)));
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| sender.send(*shared.lock().unwrap() + 1).unwrap());
    });
    *shared.lock().unwrap() = receiver.recv().unwrap();
    assert_eq!((format!("{shared:?}"), held()), ("Mutex { data: 2, poisoned: false, .. }".into(), 0));
    assert_eq!(*Mutex::from(7).lock().unwrap() + Mutex::<u32>::default().into_inner().unwrap(), 7);
    assert_eq!(*RwLock::from(7).read().unwrap() + RwLock::<u32>::default().into_inner().unwrap(), 7);
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn two_orders_are_found_whichever_thread_made_them() {
    let _turn = begin();
    let (accounts, log) = (Mutex::named("accounts", ()), RwLock::named("log", ()));
    in_thread("teller", || drop((accounts.lock().unwrap(), log.write().unwrap()))).unwrap();
    in_thread("auditor", || drop((log.read().unwrap(), accounts.lock().unwrap()))).unwrap();
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    assert!(shown()[0].contains("auditor/") && shown()[0].contains("(accounts)"), "{}", shown()[0]);
}

#[test]
fn a_reader_waits_behind_a_writer_so_reading_twice_is_found() {
    let _turn = begin();
    let lock = RwLock::new(());
    let first = lock.read().unwrap();
    drop(lock.read().unwrap()); // with a writer between the two, it would never come back
    drop(first);
    assert_eq!((hooks::first_finding(), held()), (Some(Kind::Recursive), 0));
}

#[test]
fn a_lock_that_was_tried_is_tracked_and_waited_for_nobody() {
    let _turn = begin();
    let (a, b) = (Mutex::new(()), RwLock::new(()));
    drop((a.lock().unwrap(), b.write().unwrap()));
    let second = b.try_read().unwrap();
    let first = a.try_lock().unwrap();
    assert_eq!(held(), 2);
    assert!(matches!(a.try_lock(), Err(TryLockError::WouldBlock)) && b.try_write().is_err());
    assert_eq!((hooks::first_finding(), held()), (None, 2), "what was not had is not on them");
    drop((first, second));
    assert_eq!(held(), 0);
}

#[test]
fn a_thread_that_panics_poisons_the_lock_and_tracking_stays_right() {
    let _turn = begin();
    let (mutex, lock) = (Mutex::new(1), RwLock::new(1));
    let ended = in_thread("clumsy", || {
        let _both = (mutex.lock().unwrap(), lock.write().unwrap());
        panic!("on purpose");
    });
    assert!(ended.is_err() && mutex.is_poisoned() && lock.is_poisoned());
    assert_eq!(hooks::first_finding(), None, "it held nothing any more when it ended");
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    let guard = mutex.lock().unwrap_err().into_inner();
    assert_eq!((*guard, held()), (1, 1), "the guard of a poisoned lock is a guard");
    drop(guard);
    mutex.clear_poison();
    lock.clear_poison();
    drop((mutex.lock().unwrap(), lock.read().unwrap()));
    assert_eq!((hooks::first_finding(), held()), (None, 0));
}

#[test]
fn a_writer_goes_on_as_a_reader() {
    let _turn = begin();
    let lock = RwLock::new(1);
    let mut writer = lock.write().unwrap();
    *writer = 2;
    let reader = RwLockWriteGuard::downgrade(writer);
    lockdep::asserts::assert_held_read(lock.map());
    assert_eq!(in_thread("other", || lock.read().map(|guard| *guard).unwrap()).unwrap(), 2);
    drop(reader);
    assert_eq!((hooks::first_finding(), held()), (None, 0));
}

#[test]
fn a_wait_releases_the_mutex_and_acquires_it_again() {
    let _turn = begin();
    let (ready, turned) = (Mutex::named("ready", false), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let guard = turned.wait_while(ready.lock().unwrap(), |ready| !*ready).unwrap();
            assert!(*guard);
            lockdep::asserts::assert_held(ready.map());
            drop(guard);
            assert_eq!(held(), 0);
        });
        *ready.lock().unwrap() = true;
        turned.notify_all();
    });
    let limit = Duration::from_millis(1);
    let (guard, result) = turned.wait_timeout(ready.lock().unwrap(), limit).unwrap();
    let (guard, _) = turned.wait_timeout_while(guard, limit, |ready| *ready).unwrap();
    assert!(result.timed_out() && held() == 1);
    drop(guard);
    assert_eq!((hooks::first_finding(), held()), (None, 0));
}

#[test]
fn a_wait_with_another_lock_held_is_an_order_like_any() {
    let _turn = begin();
    let (a, b, turned) = (Mutex::named("a", ()), Mutex::named("b", ()), Condvar::new());
    let guard = a.lock().unwrap();
    let inner = b.lock().unwrap();
    assert_eq!(hooks::first_finding(), None);
    // To come back it takes `a` while it holds `b`: the thread that notifies it may be waiting for `b` with `a`.
    let (guard, _) = turned.wait_timeout(guard, Duration::ZERO).unwrap();
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    assert!(shown()[0].contains("tests/std_sync.rs:"), "{}", shown()[0]);
    drop((guard, inner));
    assert_eq!(held(), 0);
}

#[test]
fn to_sleep_with_a_spinning_lock_held_is_found() {
    let _turn = begin();
    let (spinning, mutex, turned) = (spin::Mutex::new(()), Mutex::new(()), Condvar::new());
    let guard = mutex.lock().unwrap();
    let held = spinning.lock();
    drop(turned.wait_timeout(guard, Duration::ZERO).unwrap());
    assert_eq!(hooks::first_finding(), Some(Kind::SleepAtomic));
    drop(held);
}

#[test]
fn a_sleeping_lock_inside_a_spinning_one_is_found() {
    let _turn = begin();
    let (spinning, mutex) = (spin::Mutex::new(()), Mutex::new(()));
    drop((spinning.lock(), mutex.lock().unwrap()));
    assert_eq!(hooks::first_finding(), Some(Kind::WaitContext));
}

#[test]
fn the_locks_can_be_asked_about() {
    let _turn = begin();
    let (mutex, rwlock) = (Mutex::new(()), RwLock::new(()));
    let (_mutex, _reader) = (mutex.lock().unwrap(), rwlock.read().unwrap());
    asserts::assert_held_write(&mutex);
    asserts::assert_held_read(&rwlock);
    assert_eq!((hooks::holds(&mutex), hooks::first_finding()), (true, None));
    asserts::assert_not_held(&mutex);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion));
}
