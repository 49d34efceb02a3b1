//! What every lock has in common, whatever it wraps: guards that are forgotten, locks that are dropped or moved while
//! they are held, interrupts that are saved; and the sequence locks and semaphores.

#[path = "support/fake.rs"]
mod fake;

use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::semaphore::Semaphore;
use lockdep::seqlock::{SeqCount, SeqLock};
use lockdep::spin::{Mutex, RwLock};
use lockdep::ww::{WwClass, WwMutex};
use lockdep::{ContextCell, IrqSave, Kind, Port};
use lockdep::{Level, LockClassKey, LockMap};
use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread;

static KEY: LockClassKey = LockClassKey::named("keyed");

/// This thread becomes a new task on a validator of its own.
fn begin() {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    fake::run(fake::task(NEXT.fetch_add(1, Ordering::Relaxed)));
}

/// This thread becomes another task on the same validator.
fn another_task() {
    fake::run(fake::task(fake::plain::CONTEXT.get().expect("it has begun").validator()));
}

/// Does something in a hard interrupt.
fn in_interrupt(work: impl FnOnce()) {
    let own = Box::leak(Box::new(ContextCell::new(fake::plain::CONTEXT.get().expect("it has begun").validator())));
    let were_on = fake::Fake::irqs_enabled();
    fake::Fake::irqs_disable();
    hooks::irq_enter(Level::Hardirq, own);
    work();
    hooks::irq_exit();
    if were_on {
        fake::plain::irqs_enable();
    }
}

fn held() -> usize {
    let mut count = 0;
    hooks::for_each_held(&mut |_| count += 1);
    count
}

/// The only report, which is of this kind and contains all of this.
#[track_caller]
fn reported(kind: Kind, parts: &[&str]) {
    let reports = fake::reports();
    assert_eq!(reports.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [kind], "{reports:?}");
    for part in parts {
        assert!(reports[0].1.contains(part), "no `{part}` in\n{}", reports[0].1);
    }
}

#[test]
fn a_forgotten_guard_is_found_at_the_end_of_the_task() {
    begin();
    let lock = Mutex::named("forgotten", ());
    let line = line!() + 1;
    forget(lock.lock());
    hooks::task_exit();
    reported(Kind::HeldAtExit, &["(forgotten)", &format!("tests/locks.rs:{line}:")]);
    // SAFETY: the guard was forgotten.
    unsafe { lock.force_unlock() };
    assert_eq!(held(), 0);
}

#[test]
fn a_forgotten_guard_is_found_when_the_lock_is_taken_again() {
    begin();
    let locks = [const { RwLock::new(()) }; 2];
    forget(locks[0].write());
    // Another lock of the class, since the same one would hang after the report.
    drop(locks[1].write());
    reported(Kind::Recursive, &["May be due to missing lock nesting notation"]);
    // SAFETY: the guard was forgotten.
    unsafe { locks[0].force_write_unlock() };
}

#[test]
fn a_lock_that_is_dropped_while_it_is_held_is_reported_and_untracked() {
    begin();
    let line = line!() + 2;
    let lock = Box::new(Mutex::named("dropped", 5));
    forget(lock.lock());
    drop(lock);
    let taken = format!("tests/locks.rs:{line}:");
    reported(Kind::HeldFreed, &["held lock freed", "(dropped)", &taken, "noticed at: the drop of the lock"]);
    assert_eq!(held(), 0);
    hooks::task_exit();
}

#[test]
fn a_lock_that_is_moved_while_it_is_held_is_reported_at_the_end() {
    begin();
    let mut places = [Some(Box::new(Mutex::named("moved", 5))), None];
    let lock = *places[0].take().expect("it is there");
    forget(lock.lock());
    places[1] = Some(Box::new(lock)); // now it is elsewhere
    let moved = places[1].as_ref().expect("it is there");
    assert!(moved.is_locked() && moved.try_lock().is_none());
    drop(places);
    hooks::task_exit();
    reported(Kind::HeldAtExit, &["(moved)"]);
    assert_eq!(held(), 1, "the hold records what was taken, not a pointer to it");
}

#[test]
fn locks_come_and_go_by_the_thousand_and_leave_nothing() {
    begin();
    let outer = Mutex::new(());
    let guard = outer.lock();
    let first = hooks::occupancy();
    for _ in 0..5_000 {
        let lock = Arc::new(Mutex::named("object", [0_u8; 16]));
        lock.lock()[0] += 1;
    }
    let now = hooks::occupancy();
    drop(guard);
    assert_eq!((held(), hooks::first_finding()), (0, None));
    assert_ne!(first, now);
    drop(outer.lock());
    assert_eq!(hooks::occupancy(), now, "one class, one dependency");
}

#[test]
fn a_lock_that_another_task_holds_may_be_dropped_unseen_and_is_found_there() {
    begin();
    let task = fake::plain::CONTEXT.get().expect("it has begun");
    let lock = Mutex::named("another's", ());
    forget(lock.lock());
    another_task();
    drop(lock);
    assert_eq!(hooks::first_finding(), None);
    fake::run(task);
    hooks::task_exit();
    reported(Kind::HeldAtExit, &["(another's)"]);
}

#[test]
fn a_lock_made_through_a_closure_has_a_class_and_one_used_through_a_closure_its_own() {
    begin();
    let make = || Mutex::new(0);
    let (a, b) = (make(), make());
    assert_eq!(a.map().key(), b.map().key(), "the line in the closure");
    let with = |lock: &Mutex<u32>, work: &mut dyn FnMut(&mut u32)| work(&mut lock.lock());
    let other = Mutex::new(0);
    with(&a, &mut |outer| with(&other, &mut |inner| *inner += *outer + 1));
    assert_eq!((hooks::first_finding(), *other.lock()), (None, 1));
    with(&other, &mut |_| with(&b, &mut |_| {}));
    reported(Kind::Circular, &["tests/locks.rs:"]);
    let made: Vec<Mutex<u32>> = (0..2).map(Mutex::new).collect();
    assert!(!made[0].map().has_class(), "a line of the standard library is no class");
}

#[test]
fn interrupts_are_off_from_before_the_wait_to_after_the_release() {
    begin();
    let (mutex, rwlock) = (Mutex::new(1), RwLock::new(2));
    in_interrupt(|| drop((mutex.lock(), rwlock.read(), rwlock.try_write())));
    let outer = mutex.lock_irqsave();
    assert!(!fake::Fake::irqs_enabled() && !hooks::irqs_recorded_on());
    let mut inner = rwlock.write_irqsave();
    *inner += *outer;
    assert_eq!((format!("{inner:?} {outer}"), held()), ("3 1".into(), 2));
    drop(inner);
    assert!(!fake::Fake::irqs_enabled(), "the outer one restores");
    drop(outer);
    assert!(fake::Fake::irqs_enabled() && hooks::irqs_recorded_on());
    drop(rwlock.read_irqsave());
    drop(mutex.try_lock_irqsave().expect("it is free"));
    let taken = mutex.lock_irqsave();
    assert!(mutex.try_lock_irqsave().is_none() && !fake::Fake::irqs_enabled());
    drop(taken);
    assert_eq!((held(), hooks::first_finding()), (0, None), "never held with interrupts on");
    drop(mutex.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent), "and without it that is found");
}

#[test]
fn saved_interrupts_that_are_restored_too_early_are_found() {
    begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    in_interrupt(|| drop(b.lock()));
    let first = a.lock_irqsave();
    let second = b.lock_irqsave();
    drop(first);
    reported(Kind::Inconsistent, &["(b)"]);
    drop(second);
    let own = IrqSave::begin().with(a.lock()); // what a kernel's own lock does
    assert!(!fake::Fake::irqs_enabled());
    drop(own);
    assert!(fake::Fake::irqs_enabled());
}

#[test]
fn a_sequence_gives_whole_values_while_somebody_writes() {
    static LOCK: SeqLock<[u64; 4]> = SeqLock::new([0; 4]);
    static DONE: AtomicBool = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..20_000 {
                *LOCK.write() = [n; 4];
            }
            DONE.store(true, Ordering::Release);
        });
        let mut last = 0;
        while !DONE.load(Ordering::Acquire) {
            let value = LOCK.read();
            assert!(value == [value[0]; 4] && value[0] >= last, "{value:?} after {last}");
            last = value[0];
        }
    });
    assert_eq!(LOCK.read(), [19_999; 4]);
}

#[test]
fn a_sequence_lock_is_tracked() {
    begin();
    let mut lock = SeqLock::named("sequence", 1);
    *lock.get_mut() += 1;
    let mut guard = lock.write();
    *guard += 1;
    assert_eq!((format!("{guard:?} {lock:?}"), held()), ("3 SeqLock { <being written> }".into(), 1));
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(guard);
    drop(lock.try_write().expect("nobody writes"));
    drop(lock.write_irqsave());
    assert_eq!((lock.read(), lock.try_read(), format!("{lock:?}")), (3, Some(3), "SeqLock { value: 3 }".into()));
    assert_eq!((lock.map().name(), held(), hooks::first_finding()), (Some("sequence"), 0, None));
    let others = [SeqLock::with_key(&KEY, 1), SeqLock::from_map(LockMap::named("mapped", WaitTypes::SPIN), 1)];
    assert_eq!((others.map(SeqLock::into_inner), SeqLock::<u8>::default().read()), ([1, 1], 0));
}

#[test]
fn a_reader_of_a_sequence_that_interrupts_a_writer_is_found() {
    begin();
    let lock = SeqLock::named("sequence", 1);
    drop(lock.write());
    in_interrupt(|| assert_eq!(lock.read(), 1));
    reported(Kind::Inconsistent, &["(sequence)", "IN-HARDIRQ-R", "{HARDIRQ-ON-W}"]);
}

#[test]
fn readers_of_a_sequence_may_nest_and_come_in_interrupts() {
    begin();
    let (lock, outer) = (SeqLock::new(1), Mutex::new(()));
    let guard = outer.lock();
    assert_eq!(lock.read(), 1);
    drop(guard);
    in_interrupt(|| assert_eq!(lock.read(), 1));
    let count = SeqCount::new();
    let begun = count.read_begin();
    drop(outer.lock());
    assert!(!count.read_retry(begun));
    assert_eq!((held(), hooks::first_finding()), (0, None));
}

#[test]
fn a_sequence_alone_says_when_somebody_wrote() {
    begin();
    let count = SeqCount::with_key(&KEY);
    let begun = count.read_begin();
    let writer = count.write();
    assert_eq!(held(), 1);
    assert!(count.read_retry(begun), "somebody writes");
    drop(writer);
    assert!(count.read_retry(begun), "somebody wrote");
    assert!(!count.read_retry(count.read_begin()));
    let table = Mutex::named("table", ());
    drop((count.write(), table.lock()));
    let guard = table.lock();
    assert_ne!(count.read_begin(), begun);
    drop(guard);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "a reader waits for the writer, who waits for the table");
    assert_eq!(SeqCount::from_map(LockMap::named("mapped", WaitTypes::SPIN)).map().name(), Some("mapped"));
    assert_eq!(SeqCount::default().read_begin(), 0);
}

#[test]
fn a_semaphore_is_released_by_anybody() {
    begin();
    let semaphore = Semaphore::named("slots", 2);
    let first = semaphore.acquire();
    semaphore.acquire().forget();
    assert_eq!((semaphore.available(), held(), semaphore.try_acquire().is_none()), (0, 0, true));
    thread::scope(|scope| {
        scope.spawn(|| drop(first)); // a permit is nobody's
    });
    another_task();
    semaphore.release();
    assert_eq!(semaphore.available(), 2);
    drop(semaphore.try_acquire().expect("there are two"));
    let others = [Semaphore::new(1), Semaphore::with_key(&KEY, 1)];
    others.iter().for_each(|semaphore| drop(semaphore.acquire()));
    let mapped = Semaphore::from_map(LockMap::named("mapped", WaitTypes::SLEEP), 0);
    assert_eq!(mapped.map().name(), Some("mapped"));
    let mut asked = 0;
    let permit = mapped.acquire_with(|| {
        asked += 1;
        assert_eq!(held(), 1, "who waits is seen to wait");
        mapped.release();
    });
    assert_eq!(format!("{permit:?} {mapped:?}"), "Permit Semaphore { available: 0, .. }");
    drop(permit);
    hooks::task_exit();
    assert_eq!((asked, held(), hooks::first_finding()), (1, 0, None));
}

#[test]
fn to_wait_for_a_semaphore_where_sleeping_is_not_allowed_is_found() {
    begin();
    let (semaphore, spinning) = (Semaphore::named("slots", 1), Mutex::named("spinning", ()));
    let guard = spinning.lock();
    drop(semaphore.try_acquire());
    assert_eq!(hooks::first_finding(), None, "a try does not wait");
    drop(semaphore.acquire());
    drop(guard);
    reported(Kind::WaitContext, &["(slots)", "(spinning)"]);
}

#[test]
fn a_task_that_waits_for_a_semaphore_with_a_lock_held_teaches_an_order() {
    begin();
    static A: WwClass = WwClass::new("a", "a context");
    static B: WwClass = WwClass::new("b", "b context");
    let (semaphore, outer, inner) = (Semaphore::named("slots", 2), WwMutex::new(&A, ()), WwMutex::new(&B, ()));
    let taken = inner.lock_alone();
    drop(semaphore.acquire());
    drop(taken);
    let before = hooks::occupancy().dependencies.used;
    let taken = outer.lock_alone();
    drop(semaphore.acquire());
    drop(taken);
    assert_eq!((hooks::occupancy().dependencies.used, hooks::first_finding()), (before + 1, None));
}
