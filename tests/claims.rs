//! Statements about locks: assertions, pins, `might_…`; and the notices when a table is full.

mod port;

use lockdep::WaitTypes;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::report::HOLDS;
use lockdep::spin::{Mutex, RwLock};
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
