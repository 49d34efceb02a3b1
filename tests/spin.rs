//! The locks of `spin`, tracked: every method does what `spin` does and records the hold, and a fault is reported with
//! the user's line.

#[path = "support/fake.rs"]
mod fake;

use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::spin::relax::{Loop, RelaxStrategy};
use lockdep::spin::{
    Barrier, Lazy, LazyLock, Mutex, MutexGuard, Once, RwLock, RwLockReadGuard, lazy, lazylock, mutex, once, rwlock,
};
use lockdep::{ContextCell, Kind, Port};
use lockdep::{Level, LockClassKey, LockMap, Subclass};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

static KEY: LockClassKey = LockClassKey::named("keyed");

/// This thread becomes a new task on a validator of its own.
fn begin() {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    fake::run(fake::task(NEXT.fetch_add(1, Ordering::Relaxed)));
}

/// How many locks the running task holds.
fn held() -> usize {
    let mut count = 0;
    hooks::for_each_held(&mut |_| count += 1);
    count
}

#[test]
fn a_mutex_does_what_spins_does() {
    begin();
    static STATIC: Mutex<u32> = Mutex::new(1);
    *STATIC.lock() += 1;
    assert_eq!(*STATIC.lock(), 2);
    let mut all = [
        Mutex::new(5),
        Mutex::named("named", 5),
        Mutex::with_key(&KEY, 5),
        Mutex::with_waits(&KEY, WaitTypes::NONE, 5),
        Mutex::from_map(LockMap::named("mapped", WaitTypes::SPIN), 5),
        Mutex::from(5),
        Mutex::<u32>::default(),
    ];
    for lock in &mut all {
        *lock.get_mut() = 6;
        let guard: MutexGuard<'_, u32> = lock.lock();
        assert_eq!(
            (held(), lock.is_locked(), lock.try_lock().is_none(), lock.try_lock_irqsave().is_none()),
            (1, true, true, true)
        );
        assert_eq!((format!("{guard} {guard:?} {lock:?}"), held()), ("6 6 Mutex { <locked> }".into(), 1));
        drop(guard);
        assert_eq!((held(), format!("{lock:?}")), (0, "Mutex { data: 6 }".into()));
        drop((lock.try_lock().unwrap(), lock.map()));
        drop(lock.lock_nested(Subclass::new(1)));
        let nest = STATIC.lock();
        drop((lock.lock_nest(STATIC.map()), nest));
    }
    assert_eq!(all.map(Mutex::into_inner), [6; 7]);
    let unsized_one: &Mutex<[u32]> = &Mutex::new([1, 2]);
    assert_eq!(unsized_one.lock().len(), 2);
    let other_strategy: mutex::Mutex<u32, Loop> = mutex::Mutex::new(3);
    assert_eq!(*other_strategy.lock(), 3);
    let by_its_path: mutex::spin::SpinMutex<u32> = mutex::SpinMutex::new(4);
    assert_eq!(*by_its_path.lock(), 4);
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_leaked_guard_is_untracked_and_may_be_released_by_force() {
    begin();
    let (mutex, rwlock) = (Mutex::new(1), RwLock::new(1));
    *MutexGuard::leak(mutex.lock()) += 1;
    assert!(mutex.is_locked() && held() == 0);
    // SAFETY: the lock is held, its guard is gone, and so is the reference.
    unsafe { mutex.force_unlock() };
    assert_eq!(mutex.into_inner(), 2);
    assert_eq!(*RwLockReadGuard::leak(rwlock.read()), 1);
    // SAFETY: as above.
    unsafe { rwlock.force_read_decrement() };
    *rwlock::RwLockWriteGuard::leak(rwlock.write()) += 1;
    // SAFETY: as above.
    unsafe { rwlock.force_write_unlock() };
    assert_eq!(*rwlock::RwLockUpgradableGuard::leak(rwlock.upgradeable_read()), 2);
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_readers_writer_lock_does_what_spins_does() {
    begin();
    let mut lock = RwLock::named("rwlock", 1);
    *lock.get_mut() += 1;
    let (first, second) = (lock.read(), lock.read());
    assert_eq!((held(), lock.reader_count(), lock.writer_count()), (2, 2, 0));
    assert!(lock.try_write().is_none() && lock.try_write_weak().is_none());
    assert_eq!((format!("{first} {first:?} {lock:?}"), *second), ("2 2 RwLock { data: 2 }".into(), 2));
    drop((first, second));
    let mut writer = lock.write();
    *writer += 1;
    assert_eq!((lock.writer_count(), format!("{writer} {writer:?}")), (1, "3 3".into()));
    assert!(lock.try_read().is_none() && lock.try_upgradeable_read().is_none());
    drop(writer.downgrade());
    drop((lock.try_read().unwrap(), lock.try_read().unwrap()));
    drop(lock.try_write().unwrap());
    while lock.try_write_weak().is_none() {}
    drop(lock.try_upgradeable_read().unwrap());
    // SAFETY: nobody else has a reference.
    unsafe { *lock.as_mut_ptr() += 1 };
    assert_eq!((held(), hooks::first_finding(), lock.into_inner()), (0, None, 4));
    let more =
        [RwLock::new(1), RwLock::with_key(&KEY, 1), RwLock::with_waits(&KEY, WaitTypes::CONFIG, 1), RwLock::from(1)];
    assert!(more.iter().all(|lock| *lock.read() == 1) && *RwLock::<u8>::default().read() == 0);
    assert_eq!(*RwLock::from_map(LockMap::named("mapped", WaitTypes::SPIN), 7).write(), 7);
    assert_eq!(*rwlock::RwLock::<u32, Loop>::new(3).read(), 3);
}

#[test]
fn upgrades_and_downgrades_are_tracked() {
    begin();
    let lock = RwLock::new(1);
    let upgradeable = lock.upgradeable_read();
    assert_eq!(format!("{upgradeable} {upgradeable:?} {}", *upgradeable), "1 1 1");
    let writer = upgradeable.upgrade();
    lockdep::asserts::assert_held_write(lock.map());
    let upgradeable = writer.downgrade_to_upgradeable();
    let Ok(writer) = upgradeable.try_upgrade() else { panic!("there is no reader") };
    let mut upgradeable = writer.downgrade_to_upgradeable();
    let writer = loop {
        match upgradeable.try_upgrade_weak() {
            Ok(writer) => break writer,
            Err(guard) => upgradeable = guard,
        }
    };
    let reader = writer.downgrade_to_upgradeable().downgrade();
    lockdep::asserts::assert_held_read(lock.map());
    assert_eq!(held(), 1);
    let upgradeable = lock.try_upgradeable_read().unwrap();
    let upgradeable = upgradeable.try_upgrade().unwrap_err();
    drop((reader, upgradeable));
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn nesting_levels_and_nest_locks_of_a_readers_writer_lock_are_believed() {
    begin();
    let locks = [const { RwLock::new(()) }; 2];
    let outer = Mutex::named("outer", ());
    drop((locks[0].write(), locks[1].write_nested(Subclass::new(1))));
    drop((locks[0].write(), locks[1].read_nested(Subclass::new(1))));
    let serialised = outer.lock();
    drop((locks[0].write(), locks[1].write_nest(outer.map())));
    drop((locks[0].write(), locks[1].read_nest(outer.map())));
    drop(serialised);
    assert_eq!(hooks::first_finding(), None);
    drop((locks[0].write(), locks[1].write()));
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive), "and without them it is found");
}

#[test]
fn a_value_is_made_once_and_then_the_validator_is_not_asked() {
    begin();
    let once = Once::new();
    assert!(once.get().is_none() && once.poll().is_none() && !once.is_completed());
    assert_eq!(once.try_call_once(|| Err::<u32, _>("no")), Err("no"));
    assert_eq!(once.try_call_once(|| Ok::<_, ()>(5)), Ok(&5));
    let before = hooks::occupancy();
    assert_eq!((once.call_once(|| 6), once.wait(), once.poll(), once.get()), (&5, &5, Some(&5), Some(&5)));
    assert_eq!((once.init_from_ref(&7), format!("{once:?}"), once.is_completed()), (&5, "Once(5)".into(), true));
    assert_eq!(hooks::occupancy(), before);
    let (mut by_reference, mut ready) = (Once::with_key(&KEY), Once::from(2));
    assert_eq!(*by_reference.init_from_ref(&1), 1);
    *by_reference.get_mut().unwrap() += 1;
    // SAFETY: all values are there.
    unsafe {
        *ready.get_mut_unchecked() += 1;
        *ready.as_mut_ptr() += 1;
        assert_eq!((*ready.get_unchecked(), ready.into_inner_unchecked()), (4, 4));
    }
    assert_eq!((by_reference.try_into_inner(), Once::<u8>::default().try_into_inner()), (Some(2), None));
    assert_eq!(*Once::initialized(3).wait(), 3);
    let several = [Once::<u32>::INIT, Once::INIT];
    several.iter().for_each(|once| assert_eq!(*once.call_once(|| 1), 1));
    Once::<()>::from_map(LockMap::named("mapped", WaitTypes::SPIN)).call_once(|| assert_eq!(held(), 1));
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_lazy_value_is_made_by_the_first_access() {
    begin();
    static LAZY: Lazy<u32> = Lazy::new(|| 5);
    static OLD_PATH: lazy::Lazy<String> = lazy::Lazy::new(|| "made".to_string());
    assert_eq!(
        (format!("{LAZY:?}"), *LAZY, OLD_PATH.len(), format!("{LAZY:?}")),
        ("LazyLock(<uninit>)".into(), 5, 4, "LazyLock(5)".into())
    );
    let captured = 7;
    let keyed = LazyLock::with_key(&KEY, || captured);
    let mapped = LazyLock::from_map(LockMap::named("mapped", WaitTypes::SPIN), || captured + held());
    assert_eq!((LazyLock::force(&keyed), *mapped, mapped.map().name()), (&7, 8, Some("mapped")));
    assert!(!keyed.as_mut_ptr().is_null() && *LazyLock::<u32>::default() == 0);
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

/// Two of one class: one line makes them.
fn two<T>() -> [Once<T>; 2] {
    [const { Once::new() }; 2]
}

#[test]
fn an_initialiser_that_takes_a_lock_in_the_wrong_order_is_found() {
    begin();
    let table = Mutex::named("table", 1);
    let [first, second] = two();
    assert_eq!(*first.call_once(|| *table.lock()), 1);
    let guard = table.lock();
    assert_eq!(*first.wait(), 1, "it is made already: nobody waits, and nothing is learned");
    assert_eq!(hooks::first_finding(), None);
    // Somebody else's initialiser, for which this would wait, may be waiting for the table.
    let line = line!() + 1;
    assert_eq!(*second.call_once(|| 2), 2);
    drop(guard);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let (_, text) = &fake::reports()[0];
    assert!(text.contains(&format!("tests/spin.rs:{line}:")), "{text}");
}

/// Stops waiting: the lock is not taken.
struct GiveUp;

impl RelaxStrategy for GiveUp {
    fn relax() {
        panic!("this would wait for ever");
    }
}

#[test]
fn an_initialiser_that_asks_for_its_own_value_is_found_before_it_hangs() {
    begin();
    let once = once::Once::<u32, GiveUp>::new();
    let hangs = catch_unwind(AssertUnwindSafe(|| *once.call_once(|| *once.call_once(|| 1))));
    assert!(hangs.is_err());
    assert_eq!((hooks::first_finding(), held()), (Some(Kind::Recursive), 0));
    begin();
    static LAZY: lazylock::LazyLock<u32, fn() -> u32, GiveUp> = lazylock::LazyLock::new(|| *LAZY + 1);
    assert!(catch_unwind(AssertUnwindSafe(|| *LAZY)).is_err());
    assert_eq!((hooks::first_finding(), held()), (Some(Kind::Recursive), 0));
}

#[test]
fn a_lazy_value_that_an_interrupt_asks_for_is_found() {
    begin();
    let [in_task, in_interrupt] = two();
    in_task.call_once(|| ());
    let interrupt =
        Box::leak(Box::new(ContextCell::new(fake::plain::CONTEXT.get().expect("it has begun").validator())));
    fake::Fake::irqs_disable();
    hooks::irq_enter(Level::Hardirq, interrupt);
    in_interrupt.call_once(|| ());
    hooks::irq_exit();
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
}

#[test]
fn a_barrier_is_spins_own() {
    let barrier = Barrier::new(2);
    let leaders: usize = thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait().is_leader());
        usize::from(barrier.wait().is_leader()) + usize::from(other.join().unwrap())
    });
    assert_eq!(leaders, 1);
}
