//! Statements about locks: assertions, pins, `might_…`; and the notices when a table is full.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::report::HOLDS;
use lockdep::semaphore::Semaphore;
use lockdep::seqlock::{SeqCount, SeqLock};
use lockdep::spin::lazylock::LazyLock;
use lockdep::spin::mutex::{FairMutex, TicketMutex};
use lockdep::spin::{Mutex, Once, RwLock};
use lockdep::ww::{WwClass, WwMutex};
use lockdep::{Acquire, AsLockMap, Tracker};
use lockdep::{Kind, Mode, Site};
use lockdep::{LockMap, Subclass};

use port::{IRQS, begin, context, shown, the_report};

#[test]
fn a_full_stack_of_holds_is_noticed_once_and_tracking_stays_right() {
    let _turn = begin();
    let locks: Vec<_> = (0..HOLDS + 3).map(|_| LockMap::named("many", WaitTypes::NONE)).collect();
    for lock in &locks {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
    assert_eq!((context().depth(), context().lost()), (HOLDS, 3));
    let notice = the_report();
    assert!(notice.contains("stack of holds is full (32 entries): hold fewer locks at once"), "{notice}");
    for lock in locks.iter().rev() {
        hooks::release(lock, None);
    }
    assert_eq!((context().depth(), context().lost(), hooks::first_finding()), (0, 0, None));
}

#[test]
fn each_full_table_is_noticed_once_by_name() {
    let _turn = begin();
    let locks: Vec<_> =
        (0..70).map(|n| LockMap::of_class(format!("c{n}").leak(), Site::caller(), WaitTypes::NONE)).collect();
    // Each mode is a chain of its own: three times as many as the pairs that are learned, and more than there is room for.
    for mode in [Mode::WRITE, Mode::READ, Mode::RECURSIVE_READ] {
        for held in &locks {
            for new in &locks {
                if held.key() < new.key() {
                    hooks::acquire(held, Mode::WRITE, Site::caller());
                    hooks::acquire(new, mode, Site::caller());
                    hooks::release(new, None);
                    hooks::release(held, None);
                }
            }
        }
    }
    let occupancy = hooks::occupancy();
    for fill in [occupancy.classes, occupancy.dependencies] {
        assert!(fill.used == fill.size && fill.rejected > 0, "{fill:?}");
    }
    let shown = shown().clone();
    assert_eq!(shown.len(), 3, "{shown:?}");
    for constant in ["`Port::CLASSES`", "`Port::DEPENDENCIES`", "`Port::CHAINS`"] {
        assert_eq!(shown.iter().filter(|text| text.contains(constant)).count(), 1, "{constant}");
    }
    // What needs no table goes on.
    hooks::release(&locks[0], None);
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced));
}

#[test]
fn assertions_go_by_the_lock_and_its_mode() {
    type Assert = fn(&LockMap);
    let lock = RwLock::named("lock", ());
    // By what is held (nothing, a read, a write): whether the assertion is true.
    let asserts: [(Assert, &str, [bool; 3]); 4] = [
        (asserts::assert_not_held, "assert_not_held", [true, false, false]),
        (asserts::assert_held, "assert_held:", [false, true, true]),
        (asserts::assert_held_read, "assert_held_read", [false, true, false]),
        (asserts::assert_held_write, "assert_held_write", [false, false, true]),
    ];
    for (assert, note, is_true) in asserts {
        for (held, is_true) in is_true.into_iter().enumerate() {
            let _turn = begin();
            let _reader = (held == 1).then(|| lock.read());
            let _writer = (held == 2).then(|| lock.write());
            assert(lock.map());
            assert_eq!(hooks::first_finding().is_none(), is_true, "{note} with {held}");
            assert!(is_true || the_report().contains(note), "{note} with {held}");
        }
    }
}

/// What is said of a lock is said of the lock itself: the map inside is found by `AsLockMap`.
#[test]
fn every_lock_can_be_asked_about() {
    fn all<L: AsLockMap + ?Sized>(lock: &L, map: &LockMap) {
        assert!(core::ptr::eq(lock.as_lock_map(), map) && core::ptr::eq((&lock).as_lock_map(), map));
        let _turn = begin();
        asserts::assert_not_held(lock);
        asserts::might_lock(lock);
        asserts::might_lock_read(lock);
        hooks::acquire(map, Mode::WRITE, Site::caller());
        asserts::assert_held(lock);
        asserts::assert_held_write(lock);
        asserts::unpin(asserts::pin(lock));
        hooks::hand_over(lock);
        hooks::take_over(lock, Mode::WRITE);
        hooks::downgrade(lock, Mode::READ);
        asserts::assert_held_read(lock);
        assert!(hooks::holds(lock));
        assert_eq!(hooks::first_finding(), None, "all of it is true of {}", map.site());
        hooks::lock_freed(lock);
        assert_eq!(hooks::first_finding(), Some(Kind::HeldFreed), "{}", map.site());
        hooks::release(map, None);
    }
    let (map, tracker) = (LockMap::new(WaitTypes::NONE), Tracker::new(WaitTypes::SPIN));
    all(&map, &map);
    all(&tracker, tracker.map());
    let (mutex, ticket, fair) = (Mutex::new(()), TicketMutex::<_>::new(()), FairMutex::<_>::new(()));
    all(&mutex, mutex.map());
    all(&ticket, ticket.map());
    all(&fair, fair.map());
    let unsized_value: Box<Mutex<dyn Send>> = Box::new(Mutex::new(()));
    all(&*unsized_value, unsized_value.map());
    let (rwlock, once, lazy) = (RwLock::new(()), Once::<()>::new(), LazyLock::<_>::new(|| ()));
    all(&rwlock, rwlock.map());
    all(&once, once.map());
    all(&lazy, lazy.map());
    let (semaphore, count, sequence) = (Semaphore::new(1), SeqCount::new(), SeqLock::new(()));
    all(&semaphore, semaphore.map());
    all(&count, count.map());
    all(&sequence, sequence.map());
    static CLASS: WwClass = WwClass::new("ww mutex", "ww context");
    let ww = WwMutex::new(&CLASS, ());
    all(&ww, ww.map());
}

#[test]
fn a_nest_lock_is_given_as_itself() {
    let _turn = begin();
    let (tree, nodes) = (Mutex::named("tree", ()), [const { Mutex::named("node", ()) }; 2]);
    let _tree = tree.lock();
    let _nodes = (nodes[0].lock_nest(&tree), nodes[1].lock_nest(&tree));
    let another = Acquire::new(nodes[0].map(), Mode::WRITE, Site::caller()).nest(&tree);
    hooks::acquire_with(&another);
    hooks::release(nodes[0].map(), None);
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn assertions_about_interrupts_go_by_the_machine() {
    for on in [true, false] {
        let _turn = begin();
        IRQS.set(on);
        if on {
            asserts::assert_irqs_enabled()
        } else {
            asserts::assert_irqs_disabled()
        }
        assert_eq!(hooks::first_finding(), None);
        if on {
            asserts::assert_irqs_disabled()
        } else {
            asserts::assert_irqs_enabled()
        }
        assert_eq!(hooks::first_finding(), Some(Kind::Assertion));
        assert!(the_report().contains(if on { "assert_irqs_disabled" } else { "assert_irqs_enabled" }));
    }
}

#[test]
fn a_pinned_lock_must_not_be_released() {
    let _turn = begin();
    let lock = Mutex::named("pinned", ());
    let held = lock.lock();
    asserts::unpin(asserts::pin(lock.map()));
    drop(held);
    assert_eq!(hooks::first_finding(), None);
    let held = lock.lock();
    let pin = asserts::pin(lock.map());
    drop(held);
    assert!(the_report().contains("releasing a pinned lock"));
    assert_eq!(context().depth(), 0, "it is released all the same");
    assert!(hooks::reset());
    shown().clear();
    asserts::unpin(pin);
    assert!(the_report().contains("unpinning an unheld lock"));
}

#[test]
fn might_lock_learns_the_order_without_taking_the_lock() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    asserts::might_lock(b.map());
    drop(held);
    let held = b.lock();
    assert_eq!(hooks::first_finding(), None);
    drop((a.lock(), held));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
}

#[test]
fn might_fault_is_a_sleep_and_a_read_of_the_address_space() {
    let _turn = begin();
    let space = LockMap::named("mmap_lock", WaitTypes::SLEEP);
    asserts::might_fault(&space);
    assert_eq!(hooks::first_finding(), None);
    let spin = Mutex::named("spin", ());
    let held = spin.lock();
    asserts::might_fault(&space);
    assert_eq!(hooks::first_finding(), Some(Kind::SleepAtomic));
    assert!(the_report().contains("release `spin`, taken at"));
    drop(held);
}

#[test]
fn an_upgradeable_read_bars_its_like_and_upgrades_without_a_false_alarm() {
    let _turn = begin();
    let lock = RwLock::named("lock", 1);
    let reader = lock.upgradeable_read();
    assert!(lock.try_upgradeable_read().is_none() && lock.try_read().is_none());
    let writer = reader.upgrade();
    let reader = writer.downgrade();
    assert_eq!(*reader, 1);
    drop(reader);
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0));
}

#[test]
fn levels_of_a_class_are_classes() {
    let _turn = begin();
    let nodes: Vec<_> = (0..2).map(|_| Mutex::new(())).collect();
    let parent = nodes[0].lock();
    drop(nodes[1].lock_nested(Subclass::new(1)));
    assert_eq!(hooks::first_finding(), None);
    drop(nodes[1].lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive), "one line of code is one class");
    drop(parent);
}

#[test]
fn a_downgrade_keeps_the_lock_for_those_that_nest_in_it() {
    let _turn = begin();
    let (outer, inner) = (RwLock::named("outer", ()), Mutex::named("inner", ()));
    let writer = outer.write();
    let held = inner.lock_nest(outer.map());
    let reader = writer.downgrade();
    assert_eq!(hooks::first_finding(), None);
    drop((held, reader));
    assert_eq!(context().depth(), 0);
}

#[test]
fn lost_holds_excuse_and_are_not_used_up_by_asking() {
    let _turn = begin();
    let locks: Vec<_> = (0..=HOLDS).map(|_| LockMap::named("many", WaitTypes::NONE)).collect();
    for lock in &locks {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
    let lost = &locks[HOLDS];
    asserts::assert_held(lost);
    hooks::downgrade(lost, Mode::READ);
    assert!(hooks::holds(lost));
    locks.iter().rev().for_each(|lock| hooks::release(lock, None));
    assert_eq!(hooks::first_finding(), None);
}
