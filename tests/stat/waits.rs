//! Every kind of lock reports a wait: with real threads.

use crate::machine::*;
use crate::plain::CONTEXT;
use lockdep::hooks;
use lockdep::stat;
use lockdep::stat::ClassTimes;

/// One thread holds a lock while another, on another CPU, waits for it; when the wait is seen, the lock is released.
fn contend<G>(hold: impl FnOnce() -> G, wait: impl FnOnce() + Send) -> ClassTimes {
    std::thread::scope(|scope| {
        let held = hold();
        scope.spawn(|| {
            CONTEXT.set(Some(new_context()));
            CPU.set(1);
            wait();
        });
        let waits = |all: Vec<ClassTimes>| all.iter().any(|times| !times.waiters().is_empty());
        let seen = (0..1_000_000).any(|_| {
            std::thread::yield_now();
            waits(all_times())
        });
        assert!(seen, "nobody waits");
        drop(held);
    });
    let mut all = all_times();
    all.swap_remove(0)
}

#[test]
fn each_kind_of_lock_says_that_it_is_waited_for() {
    let _turn = begin();
    let mutex = lockdep::spin::Mutex::named("mutex", ());
    let rwlock = lockdep::spin::RwLock::named("rwlock", ());
    let sequence = lockdep::seqlock::SeqLock::named("sequence", 0);
    let semaphore = lockdep::semaphore::Semaphore::named("semaphore", 1);
    let contended: [(&str, &dyn Fn() -> ClassTimes); 5] = [
        ("mutex", &|| contend(|| mutex.lock(), || drop(mutex.lock()))),
        ("rwlock", &|| contend(|| rwlock.read(), || drop(rwlock.write()))),
        ("rwlock", &|| contend(|| rwlock.write(), || drop(rwlock.read()))),
        ("sequence", &|| contend(|| sequence.write(), || drop(sequence.write()))),
        ("semaphore", &|| contend(|| semaphore.acquire(), || drop(semaphore.acquire()))),
    ];
    for (name, contend) in contended {
        stat::clear();
        let times = contend();
        assert_eq!((times.class.name, times.contentions()), (Some(name), 1));
        assert_eq!(times.waiters()[0].count, 1);
    }
    assert_eq!(hooks::first_finding(), None);
}
