//! Takings that find no room among the holds are counted, however many there are, and nobody else's release uses them up.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::report::HOLDS;
use lockdep::spin::Mutex;
use lockdep::{Acquire, Level, LockMap};
use lockdep::{Mode, Site};
use port::{IRQS, begin, context, new_cell, the_report};

fn many(count: usize) -> Vec<LockMap> {
    let map = |_| LockMap::named("many", WaitTypes::SPIN);
    (0..count).map(map).collect()
}

/// Takes all of these, as readers, and releases them in this order.
fn take(locks: &[LockMap]) {
    for lock in locks {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
}

fn release(locks: &[LockMap]) {
    for lock in locks.iter().rev() {
        hooks::release(lock, None);
    }
}

#[test]
fn more_lost_holds_than_a_byte_counts_are_released_as_they_were_taken() {
    let _turn = begin();
    let locks = many(HOLDS + 400);
    take(&locks);
    assert_eq!((context().depth(), context().lost()), (HOLDS, 400));
    assert!(the_report().contains("stack of holds is full"), "said once");
    release(&locks);
    assert_eq!((context().depth(), context().lost(), hooks::first_finding()), (0, 0, None));
}

#[test]
fn more_nested_takings_than_one_hold_counts_are_released_in_any_order() {
    let _turn = begin();
    let (nest, locks) = (LockMap::named("nest", WaitTypes::SPIN), many(5_000));
    hooks::acquire(&nest, Mode::WRITE, Site::caller());
    for lock in &locks {
        hooks::acquire_with(&Acquire::new(lock, Mode::WRITE, Site::caller()).nest(&nest));
    }
    for lock in &locks {
        hooks::release(lock, None);
    }
    hooks::release(&nest, None);
    assert_eq!((context().depth(), context().lost(), hooks::first_finding()), (0, 0, None));
}

#[test]
fn a_lock_that_was_never_taken_is_dropped_and_uses_up_no_lost_hold() {
    let _turn = begin();
    let locks = many(HOLDS + 1);
    take(&locks);
    drop(Mutex::new(()));
    assert_eq!(context().lost(), 1);
    release(&locks);
    assert_eq!((context().lost(), hooks::first_finding()), (0, None));
}

#[test]
fn what_a_task_lost_an_interrupt_may_release() {
    let _turn = begin();
    let locks = many(HOLDS + 1);
    take(&locks);
    let task = context();
    IRQS.set(false); // by the machine
    hooks::irq_enter(Level::Hardirq, new_cell());
    hooks::release(&locks[HOLDS], None);
    hooks::irq_exit();
    IRQS.set(true);
    assert_eq!((task.lost(), hooks::first_finding()), (0, None));
}
