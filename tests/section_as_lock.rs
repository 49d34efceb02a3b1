//! A critical section that is a lock as well, as between threads: it has an order, nests, and bars what disabled interrupts bar.

#[path = "support/threads.rs"]
mod threads;

use lockdep::Level;
use lockdep::critical_section;
use lockdep::hooks;
use lockdep::host::{self, Host};
use lockdep::spin::Mutex;
use lockdep::std_sync::Mutex as Sleeping;
use lockdep::{Kind, Port};

use threads::{begin, in_thread, shown};

#[test]
fn two_orders_of_a_lock_and_a_section_are_found() {
    let _turn = begin();
    let queue = Sleeping::named("queue", ());
    in_thread("sender", || {
        let _queue = queue.lock();
        critical_section::with(|_| ());
    })
    .unwrap();
    assert_eq!(hooks::first_finding(), None);
    in_thread("receiver", || {
        critical_section::with(|_| drop(queue.lock()));
        assert_eq!(threads::context().depth(), 0, "the section is over");
    })
    .unwrap();
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let text = &shown()[0];
    assert!(text.contains("(critical section)") && text.contains("tests/section_as_lock.rs:"), "{text}");
}

#[test]
fn a_lock_that_sleeps_is_found_inside_and_so_is_a_place_that_may() {
    let sleeps: [fn(); 2] = [|| drop(Sleeping::new(()).lock()), hooks::might_sleep];
    for sleep in sleeps {
        let _turn = begin();
        critical_section::with(|_| sleep());
        assert_eq!(hooks::first_finding(), Some(Kind::SleepAtomic));
    }
}

#[test]
fn a_lock_of_interrupts_is_safe_inside() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    host::interrupt(Level::Hardirq, || critical_section::with(|_| drop(lock.lock())));
    critical_section::with(|_| drop(lock.lock()));
    critical_section::with(|_| critical_section::with(|_| drop(lock.lock())));
    assert_eq!((hooks::first_finding(), Host::irqs_enabled(), hooks::irqs_recorded_on()), (None, true, true));
}

#[test]
fn a_guard_that_leaves_the_section_is_found() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    host::interrupt(Level::Hardirq, || drop(lock.lock()));
    let guard = critical_section::with(|_| lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
    drop(guard);
}

#[test]
fn a_section_in_a_section_and_one_that_panics_leave_nothing_held() {
    let _turn = begin();
    let ended = in_thread("clumsy", || {
        let panicked =
            std::panic::catch_unwind(|| critical_section::with(|_| critical_section::with(|_| panic!("on purpose"))));
        assert!(panicked.is_err());
        let mut held = 0;
        hooks::for_each_held(&mut |_| held += 1);
        (held, Host::irqs_enabled(), hooks::irqs_recorded_on())
    });
    assert_eq!(ended.unwrap(), (0, true, true));
    critical_section::with(|_| critical_section::with(|_| ()));
    assert_eq!(hooks::first_finding(), None, "the next one waits for nobody");
}
