//! A lock that sleeps is not waited for where the CPU must not be given away: every kind of waiting for such a lock asks, as
//! Linux's `mutex_lock` calls `might_sleep`, and no try does.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::Kind;
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::semaphore::Semaphore;
use lockdep::std_sync::{Mutex, RwLock};
use lockdep::ww::{WwAcquireContext, WwClass, WwMutex};
use lockdep::{Level, LockClassKey};
use lockdep::{lock_api, spin};

use port::{IRQS, begin, context, new_cell, the_report};

static KEY: LockClassKey = LockClassKey::named("raw");
static BUFFERS: WwClass = WwClass::new("buffer", "buffer context");

type Raw = lock_api::Mutex<::spin::Mutex<()>, ()>;
type RawRw = lock_api::RwLock<::spin::RwLock<()>, ()>;

/// One of each lock that sleeps.
struct Locks {
    mutex: Mutex<()>,
    rwlock: RwLock<()>,
    semaphore: Semaphore,
    ww: WwMutex<()>,
    raw: Raw,
    raw_rw: RawRw,
}

impl Locks {
    fn new() -> Locks {
        Locks {
            mutex: Mutex::new(()),
            rwlock: RwLock::new(()),
            semaphore: Semaphore::new(1),
            ww: WwMutex::new(&BUFFERS, ()),
            raw: Raw::with_waits(&KEY, WaitTypes::SLEEP, ()),
            raw_rw: RawRw::with_waits(&KEY, WaitTypes::SLEEP, ()),
        }
    }
}

/// A way to wait for one of them, and its name.
type Way = (&'static str, fn(&Locks));

/// All ways.
const WAYS: [Way; 12] = [
    ("Mutex::lock", |locks| drop(locks.mutex.lock())),
    ("Mutex::lock_nested", |locks| drop(locks.mutex.lock_nested(lockdep::Subclass::new(1)))),
    ("RwLock::read", |locks| drop(locks.rwlock.read())),
    ("RwLock::write", |locks| drop(locks.rwlock.write())),
    ("Semaphore::acquire", |locks| drop(locks.semaphore.acquire())),
    ("WwMutex::lock_alone", |locks| drop(locks.ww.lock_alone())),
    ("lock_api::Mutex::lock", |locks| drop(locks.raw.lock())),
    ("lock_api::Mutex::lock_nested", |locks| drop(locks.raw.lock_nested(lockdep::Subclass::new(1)))),
    ("lock_api::RwLock::read", |locks| drop(locks.raw_rw.read())),
    ("lock_api::RwLock::write", |locks| drop(locks.raw_rw.write())),
    ("lock_api::RwLock::upgradable_read", |locks| drop(locks.raw_rw.upgradable_read())),
    ("WwMutex::lock", |locks| {
        let mut context = WwAcquireContext::new(&BUFFERS);
        let acquire = context.init();
        drop(locks.ww.lock(&acquire));
    }),
];

/// What is found when `around` runs each way to wait, by locks that were waited for before, with nothing in the way.
#[track_caller]
fn all_find(expected: Option<Kind>, around: fn(&dyn Fn())) {
    for (name, way) in WAYS {
        assert!(hooks::reset());
        port::shown().clear();
        let locks = Locks::new();
        (0..3).for_each(|_| way(&locks));
        assert_eq!((hooks::first_finding(), context().depth()), (None, 0), "{name}, with nothing in the way");
        around(&|| way(&locks));
        assert_eq!((hooks::first_finding(), context().depth()), (expected, 0), "{name}");
        if expected.is_some() {
            assert!(the_report().contains("tests/sleeping.rs:"), "{name}: the line that waits\n{}", the_report());
        }
    }
}

#[test]
fn with_interrupts_disabled_and_told() {
    let _turn = begin();
    all_find(Some(Kind::SleepAtomic), |wait| {
        IRQS.set(false);
        hooks::irqs_disabled();
        wait();
        hooks::irqs_enabled();
        IRQS.set(true);
    });
}

#[test]
fn with_interrupts_disabled_by_the_machine_alone() {
    let _turn = begin();
    all_find(Some(Kind::SleepAtomic), |wait| {
        IRQS.set(false);
        wait();
        IRQS.set(true);
    });
}

#[test]
fn with_softirqs_disabled() {
    let _turn = begin();
    all_find(Some(Kind::SleepAtomic), |wait| {
        hooks::softirqs_off();
        wait();
        hooks::softirqs_on();
    });
}

#[test]
fn in_an_interrupt_it_is_the_wait_type_that_is_reported() {
    let _turn = begin();
    all_find(Some(Kind::WaitContext), |wait| {
        IRQS.set(false);
        hooks::irq_enter(Level::Hardirq, new_cell());
        wait();
        hooks::irq_exit();
        IRQS.set(true);
    });
}

#[test]
fn under_a_spinning_lock_it_is_the_wait_type_that_is_reported() {
    let _turn = begin();
    static SPINS: spin::Mutex<()> = spin::Mutex::new(());
    all_find(Some(Kind::WaitContext), |wait| {
        let held = SPINS.lock_irqsave();
        wait();
        drop(held);
    });
}

#[test]
fn where_nothing_bars_it_nothing_is_reported() {
    let _turn = begin();
    let outer = Mutex::new(());
    all_find(None, |wait| (0..3).for_each(|_| wait()));
    let held = outer.lock();
    WAYS.iter().for_each(|(_, way)| way(&Locks::new()));
    drop(held);
    assert_eq!(hooks::first_finding(), None, "a lock that sleeps inside of another");
}

#[test]
fn a_try_may_be_made_anywhere() {
    let _turn = begin();
    let locks = Locks::new();
    IRQS.set(false);
    hooks::softirqs_off();
    drop((locks.mutex.try_lock(), locks.rwlock.try_read(), locks.semaphore.try_acquire(), locks.ww.try_lock()));
    drop((locks.raw.try_lock(), locks.raw_rw.try_write()));
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn a_raw_lock_that_does_not_say_that_it_sleeps_is_believed() {
    let _turn = begin();
    static SPINS: LockClassKey = LockClassKey::named("spins");
    let locks = [Raw::new(()), Raw::with_waits(&SPINS, WaitTypes::SPIN, ())];
    IRQS.set(false);
    locks.iter().for_each(|lock| drop(lock.lock()));
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn before_there_is_a_context_nothing_is_asked() {
    let _turn = begin();
    let task = context();
    port::CONTEXT.set(None); // a boot with interrupts disabled
    IRQS.set(false);
    let locks = Locks::new();
    WAYS.iter().for_each(|(_, way)| way(&locks));
    IRQS.set(true);
    port::CONTEXT.set(Some(task));
    assert_eq!(hooks::first_finding(), None);
}
