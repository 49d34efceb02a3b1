//! The port for threads, as a program has it.

#[path = "support/threads.rs"]
mod threads;

use lockdep::Level;
use lockdep::hooks;
use lockdep::host;
use lockdep::spin::Mutex;
use lockdep::{ContextCell, Kind, Port};
use std::collections::BTreeSet;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use threads::{begin, in_thread, shown};

#[test]
fn two_threads_that_never_meet_show_the_deadlock() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    in_thread("one", || drop((a.lock(), b.lock()))).unwrap();
    in_thread("two", || drop((b.lock(), a.lock()))).unwrap();
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let shown = shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert!(shown[0].contains("possible circular locking") && shown[0].contains("two/"), "{}", shown[0]);
}

#[test]
fn a_thread_that_ends_with_a_lock_is_reported() {
    let _turn = begin();
    let lock = Mutex::named("forgotten", ());
    in_thread("forgetful", || core::mem::forget(lock.lock())).unwrap();
    assert_eq!(hooks::first_finding(), Some(Kind::HeldAtExit));
    assert!(shown()[0].contains("forgetful/"));
}

#[test]
fn the_context_of_a_thread_that_ended_serves_the_next_as_new() {
    let _turn = begin();
    let mut contexts = BTreeSet::new();
    for _ in 0..100 {
        let kept = Mutex::named("kept", ());
        let (context, depth, irqs_on) = in_thread("one of many", || {
            let context = threads::context();
            let as_new = (ptr::from_ref(context).addr(), context.depth(), context.irqs_on());
            host::disable_irqs();
            core::mem::forget(kept.lock());
            as_new
        })
        .unwrap();
        assert_eq!((depth, irqs_on), (0, true));
        contexts.insert(context);
    }
    // Not one for certain: threads of other tests come and go meanwhile.
    assert!(contexts.len() < 50, "{} contexts for a hundred threads, one at a time", contexts.len());
}

#[test]
fn what_runs_when_a_thread_is_past_its_end_is_tracked() {
    let _turn = begin();
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            assert!(host::Host::context().is_null(), "the thread is past its end");
            drop(LOCK.lock());
            RAN.store(true, Ordering::Relaxed);
        }
    }
    static RAN: AtomicBool = AtomicBool::new(false);
    static LOCK: Mutex<()> = Mutex::named("late", ());
    thread_local! {
        static LATE: Last = const { Last };
    }
    let early = hooks::memory_footprint().early;
    in_thread("late", || {
        LATE.with(|_| ()); // registered first, so it is dropped last
        drop(LOCK.lock());
    })
    .unwrap();
    assert!(RAN.load(Ordering::Relaxed));
    assert_eq!((hooks::first_finding(), hooks::memory_footprint().early), (None, early));
}

#[test]
fn an_interrupt_that_takes_a_lock_held_with_interrupts_on() {
    let _turn = begin();
    let lock = Mutex::named("shared", ());
    assert_eq!(host::interrupt(Level::Hardirq, || drop(lock.lock())), Some(()));
    host::disable_irqs();
    assert_eq!(host::interrupt(Level::Hardirq, || ()), None, "the flag keeps it out");
    drop(lock.lock());
    assert_eq!(hooks::first_finding(), None, "the flag counts, though the hooks heard nothing of it");
    host::enable_irqs();
    drop(lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
}

#[test]
fn an_interrupt_whose_handler_panics_leaves_the_thread_as_it_was() {
    let _turn = begin();
    let before = ptr::from_ref(threads::context());
    let ended = panic::catch_unwind(|| host::interrupt(Level::Hardirq, || panic!("on purpose")));
    assert!(ended.is_err());
    assert!(ptr::eq(threads::context(), before));
    assert!(host::Host::irqs_enabled() && !threads::context().in_hardirq());
}

#[test]
fn an_interrupt_entered_in_a_handler_and_not_left_ends_with_the_handler() {
    let _turn = begin();
    static INNER: ContextCell = ContextCell::new(0);
    let before = ptr::from_ref(threads::context());
    let mut own = ptr::null();
    host::interrupt(Level::Hardirq, || {
        own = host::Host::context();
        hooks::irq_enter(Level::Nmi, &INNER);
    });
    assert!(ptr::eq(host::Host::context(), before), "the thread goes on in its own context, not in one of the pool");
    // So the context that went back to the pool is another thread's now, and this one's flags and holds stay its own.
    let lock = Mutex::named("lock", ());
    let held = lock.lock();
    in_thread("another", || {
        let other = Mutex::named("other", ());
        let _held = other.lock();
        assert_eq!(threads::context().depth(), 1);
    })
    .unwrap();
    assert_eq!(threads::context().depth(), 1);
    drop(held);
}

#[test]
fn a_report_may_panic_and_tracking_is_right_after_it() {
    let _turn = begin();
    host::set_handler(host::panic);
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    drop((a.lock(), b.lock()));
    let ended = panic::catch_unwind(AssertUnwindSafe(|| drop((b.lock(), a.lock()))));
    let text = *ended.expect_err("a report panics").downcast::<String>().expect("with its text");
    assert!(text.contains("possible circular locking"), "{text}");
    let context = threads::context();
    assert!(host::Host::irqs_enabled(), "the flag is restored");
    // `a` was announced and not taken: the code that caught the panic releases it.
    hooks::release(a.map(), None);
    assert_eq!(context.depth(), 0);
    assert!(hooks::reset(), "and what was shown is over");
}

#[test]
fn time_does_not_go_back() {
    let first = host::Host::now();
    assert!(host::Host::now() >= first);
}

#[test]
#[cfg(not(feature = "stat"))] // which has a table more, the members of chains
fn the_default_configuration_keeps_to_its_budget() {
    assert!(hooks::memory_footprint().validator <= 600 * 1024, "{}", hooks::memory_footprint().validator);
}
