//! The tests, for the version of `lock_api` that the module above names.

use super::la::{
    MappedMutexGuard, Mutex, MutexGuard, ReentrantMutex, ReentrantMutexGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard, Tracked,
};
use super::{FIRST, RawNothing, RawRw, RawSpin, Thread, bare};
use crate::fake;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::{Kind, Port, WaitTypes};
use lockdep::{LockClassKey, LockMap, Subclass};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;

static KEY: LockClassKey = LockClassKey::named("keyed");

type Spin<T> = Mutex<RawSpin, T>;
type Rw<T> = RwLock<RawRw, T>;
type Reentrant<T> = ReentrantMutex<RawSpin, Thread, T>;

/// This thread becomes a new task on a validator of its own.
pub(super) fn begin() {
    static NEXT: AtomicU8 = AtomicU8::new(FIRST);
    fake::run(fake::task(NEXT.fetch_add(1, Ordering::Relaxed)));
}

fn held() -> usize {
    let mut count = 0;
    hooks::for_each_held(&mut |_| count += 1);
    count
}

#[test]
fn a_mutex_does_what_lock_apis_does() {
    begin();
    static STATIC: Spin<u32> = Spin::new(1);
    *STATIC.lock() += 1;
    let mut all = [
        Spin::new(5),
        Spin::named("named", 5),
        Spin::with_waits(&KEY, WaitTypes::SPIN, 5),
        Spin::from_map(LockMap::named("mapped", WaitTypes::NONE), 5),
        Spin::from_raw(super::la::RawMutex::INIT, 5),
        Spin::const_new(super::la::RawMutex::INIT, 5),
        Spin::from(5),
        Spin::default(),
    ];
    for lock in &mut all {
        *lock.get_mut() = 6;
        let guard: MutexGuard<'_, RawSpin, u32> = lock.lock();
        assert_eq!((*guard, held(), lock.is_locked(), lock.try_lock().is_none()), (6, 1, true, true));
        let mapped: MappedMutexGuard<'_, RawSpin, u32> = MutexGuard::map(guard, |value| value);
        assert_eq!((*mapped, held()), (6, 1));
        drop(mapped);
        drop(lock.try_lock().expect("it is free"));
        drop(lock.try_lock_for(()).expect("it is free"));
        drop(lock.try_lock_until(()).expect("it is free"));
        MutexGuard::unlock_fair(lock.lock());
        let mut guard = lock.lock();
        MutexGuard::bump(&mut guard);
        MutexGuard::unlocked(&mut guard, || assert_eq!(held(), 0));
        assert_eq!(held(), 1);
        drop(guard);
        drop(lock.lock_nested(Subclass::new(1)));
        let nest = STATIC.lock();
        drop((lock.lock_nest(STATIC.map()), nest));
        assert_eq!((held(), lock.is_locked(), format!("{lock:?}")), (1 - 1, false, "Mutex { data: 6 }".into()));
    }
    assert_eq!(all.map(Mutex::into_inner), [6; 8]);
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_cycle_names_the_lines_of_the_user() {
    begin();
    let (a, b) = (Spin::new(()), Spin::new(()));
    let line = line!() + 1;
    drop((a.lock(), b.lock()));
    let other = line!() + 1;
    drop((b.lock(), a.lock()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let (_, text) = &fake::reports()[0];
    let made = format!("body.rs:{}:", line - 2);
    for part in [made, format!("body.rs:{line}:"), format!("body.rs:{other}:")] {
        assert!(text.contains(&part), "no `{part}` in\n{text}");
    }
    assert!(!text.contains("lock_api-0"), "a line of lock_api in\n{text}");
}

#[test]
fn a_zero_sized_raw_lock_is_watched_as_well() {
    begin();
    assert_eq!(size_of::<RawNothing>(), 0);
    let locks = [const { Mutex::<RawNothing, u32>::new(1) }; 2];
    drop(locks[0].lock());
    assert_eq!((locks[0].is_locked(), held()), (false, 0));
    let first = locks[0].lock();
    assert_eq!((*first, held()), (1, 1));
    drop(locks[1].lock());
    drop(first);
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive), "two of one class");
}

#[test]
fn lock_apis_own_type_over_a_tracked_lock_works_too() {
    begin();
    let made_without_a_line = [const { bare::Mutex::<Tracked<RawSpin>, u32>::new(1) }; 2];
    drop((made_without_a_line[0].lock(), bare::RwLock::<Tracked<RawRw>, u32>::new(1).read()));
    let first = made_without_a_line[1].lock();
    assert_eq!((*first, held(), hooks::first_finding()), (1, 1, None));
    drop(first);
    let tracked = Tracked::named("raw", RawNothing);
    super::la::RawMutex::lock(&tracked);
    assert_eq!(tracked.map().name(), Some("raw"));
    hooks::task_exit();
    assert_eq!(hooks::first_finding(), Some(Kind::HeldAtExit), "a raw lock is tracked as well");
}

#[test]
fn a_readers_writer_lock_does_what_lock_apis_does() {
    begin();
    let mut lock = Rw::named("rwlock", 1);
    *lock.get_mut() += 1;
    drop((lock.try_read(), lock.read_nested(Subclass::new(1))));
    let reader: RwLockReadGuard<'_, RawRw, u32> = lock.read();
    asserts::assert_held_read(lock.map());
    assert_eq!((*reader, held(), lock.try_write().is_none(), lock.is_locked_exclusive()), (2, 1, true, false));
    RwLockReadGuard::unlock_fair(reader);
    let mut writer: RwLockWriteGuard<'_, RawRw, u32> = lock.write();
    *writer += 1;
    asserts::assert_held_write(lock.map());
    assert!(lock.try_read().is_none() && lock.try_upgradable_read().is_none());
    RwLockWriteGuard::bump(&mut writer);
    let mut reader = RwLockWriteGuard::downgrade(writer);
    asserts::assert_held_read(lock.map());
    RwLockReadGuard::bump(&mut reader);
    drop(reader);
    drop((lock.try_read_for(()), lock.try_read_until(())));
    drop(lock.try_write_for(()).expect("it is free"));
    drop(lock.try_write_until(()).expect("it is free"));
    RwLockWriteGuard::unlock_fair(lock.try_write().expect("it is free"));
    drop(lock.write_nested(Subclass::new(1)));
    let outer = Spin::new(());
    let serialised = outer.lock();
    drop(lock.read_nest(outer.map()));
    drop(lock.write_nest(outer.map()));
    drop(serialised);
    assert_eq!((held(), hooks::first_finding(), format!("{lock:?}")), (0, None, "RwLock { data: 3 }".into()));
    let others = [
        Rw::new(1),
        Rw::with_waits(&KEY, WaitTypes::SLEEP, 1),
        Rw::from_map(LockMap::named("mapped", WaitTypes::NONE), 1),
        Rw::from_raw(super::la::RawRwLock::INIT, 1),
        Rw::const_new(super::la::RawRwLock::INIT, 1),
        Rw::from(1),
    ];
    assert_eq!((others.map(RwLock::into_inner), *Rw::<u8>::default().read()), ([1; 6], 0));
}

#[test]
fn upgrades_are_tracked() {
    begin();
    let lock = Rw::new(1);
    let upgradable: RwLockUpgradableReadGuard<'_, RawRw, u32> = lock.upgradable_read();
    let reader = lock.try_read().expect("readers come beside it");
    let Err(upgradable) = RwLockUpgradableReadGuard::try_upgrade(upgradable) else { panic!("there is a reader") };
    assert_eq!(held(), 2);
    drop(reader);
    let writer = RwLockUpgradableReadGuard::upgrade(upgradable);
    asserts::assert_held_write(lock.map());
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
    asserts::assert_held_read(lock.map());
    let Ok(writer) = RwLockUpgradableReadGuard::try_upgrade(upgradable) else { panic!("there is no reader") };
    asserts::assert_held_write(lock.map());
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
    let Ok(writer) = RwLockUpgradableReadGuard::try_upgrade_for(upgradable, ()) else { panic!("there is no reader") };
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
    let Ok(writer) = RwLockUpgradableReadGuard::try_upgrade_until(upgradable, ()) else { panic!("no reader") };
    let mut upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
    RwLockUpgradableReadGuard::bump(&mut upgradable);
    drop(RwLockUpgradableReadGuard::downgrade(upgradable));
    RwLockUpgradableReadGuard::unlock_fair(lock.try_upgradable_read().expect("it is free"));
    drop(lock.try_upgradable_read_for(()).expect("it is free"));
    drop(lock.try_upgradable_read_until(()).expect("it is free"));
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_reentrant_mutex_is_held_from_the_first_to_the_last() {
    begin();
    let mut lock = Reentrant::named("reentrant", 1);
    *lock.get_mut() += 1;
    let line = line!() + 1;
    let outer: ReentrantMutexGuard<'_, RawSpin, Thread, u32> = lock.lock();
    let inner = (lock.lock(), lock.try_lock(), lock.try_lock_for(()), lock.try_lock_until(()));
    assert_eq!((held(), lock.is_locked(), lock.is_owned_by_current_thread()), (1, true, true));
    thread::scope(|scope| {
        scope.spawn(|| assert!(lock.try_lock().is_none() && !lock.is_owned_by_current_thread()));
    });
    drop(inner);
    let mut taken_at = String::new();
    hooks::for_each_held(&mut |lock| taken_at = format!("{lock}"));
    assert!(taken_at.contains(&format!("body.rs:{line}:")), "{taken_at}");
    let mut outer = outer;
    ReentrantMutexGuard::unlocked(&mut outer, || assert_eq!(held(), 0));
    assert_eq!((held(), *outer), (1, 2));
    drop(outer);
    for guard in [lock.try_lock(), None, lock.try_lock_for(()), lock.try_lock_until(())] {
        assert!(guard.is_none() || held() == 1);
    }
    assert!(!lock.data_ptr().is_null() && lock.map().name() == Some("reentrant"));
    assert_eq!((held(), hooks::first_finding(), format!("{lock:?}")), (0, None, "ReentrantMutex { data: 2 }".into()));
    let others = [
        Reentrant::new(1),
        Reentrant::with_waits(&KEY, WaitTypes::SLEEP, 1),
        Reentrant::from_map(LockMap::named("mapped", WaitTypes::NONE), 1),
        Reentrant::from(1),
    ];
    assert_eq!((others.map(ReentrantMutex::into_inner), *Reentrant::<u8>::default().lock()), ([1; 4], 0));
}

#[test]
fn the_order_of_reentrant_mutexes_is_learned_once_they_are_held() {
    begin();
    let (a, b) = (Reentrant::named("a", ()), Reentrant::named("b", ()));
    drop((a.lock(), b.lock(), a.lock()));
    assert_eq!(hooks::first_finding(), None, "the second `a` waits for nobody");
    drop((b.lock(), a.lock()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
}

#[test]
fn interrupts_are_saved_around_all_of_them() {
    begin();
    let (mutex, rwlock, reentrant) = (Spin::new(1), Rw::new(2), Reentrant::new(3));
    let outer = mutex.lock_irqsave();
    let read = *rwlock.read_irqsave();
    let written = *rwlock.write_irqsave();
    assert!(*outer + read + written + *reentrant.lock_irqsave() == 8);
    assert!(!fake::Fake::irqs_enabled() && !hooks::irqs_recorded_on());
    drop(outer);
    assert!(fake::Fake::irqs_enabled() && hooks::irqs_recorded_on());
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn wait_types_are_checked_where_they_are_given() {
    begin();
    let (unknown, spins) = (Spin::new(()), Spin::with_waits(&KEY, WaitTypes::SPIN, ()));
    let sleeps = Rw::with_waits(&KEY, WaitTypes::SLEEP, ());
    drop((unknown.lock(), sleeps.write()));
    assert_eq!(hooks::first_finding(), None);
    drop((spins.lock(), sleeps.write()));
    assert_eq!(hooks::first_finding(), Some(Kind::WaitContext));
}

#[test]
fn the_locks_can_be_asked_about() {
    begin();
    let (mutex, rwlock, reentrant) = (Spin::new(()), Rw::new(()), Reentrant::new(()));
    let _held = (mutex.lock(), rwlock.read(), reentrant.lock());
    asserts::assert_held_write(&mutex);
    asserts::assert_held_read(&rwlock);
    asserts::assert_held(&reentrant);
    let tracked = Tracked::new(RawNothing);
    asserts::assert_not_held(&tracked);
    assert_eq!((hooks::holds(&mutex), hooks::first_finding()), (true, None));
    asserts::assert_not_held(&mutex);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion));
}
