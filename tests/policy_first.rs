//! The policy "first", which is the default: what an accepted finding is to it, and what its state says from boot on.
//!
//! One test, since a program begins once.

#[path = "support/port/machine.rs"]
mod machine;

use lockdep::Level;
use lockdep::hooks;
use lockdep::report::Status;
use lockdep::spin::Mutex;
use lockdep::{Accepted, Kind, Site};
use machine::{CONTEXT, NOW, ON_WHO, begin, context, host_port, new_cell, new_context, shown};
use std::sync::atomic::Ordering;

#[rustfmt::skip] // places and their names on one line
mod place {
    use super::Mutex;
    pub(crate) const ONE: &str = concat!("policy_first.rs:", line!()); pub(crate) fn one(a: &Mutex<()>, b: &Mutex<()>) { drop((a.lock(), b.lock())); }
    pub(crate) const OTHER: &str = concat!("policy_first.rs:", line!()); pub(crate) fn other(a: &Mutex<()>, b: &Mutex<()>) { drop((b.lock(), a.lock())); }
}

host_port! {
    const ACCEPTED: &'static [Accepted] = &[Accepted::sites(place::ONE, place::OTHER, "both on one CPU")];
}

#[test]
fn from_boot_to_silence() {
    let early = Mutex::named("early", ());
    let held = early.lock();
    let state = hooks::state();
    assert_eq!((state.status, state.early), (Status::NotBegun, 1));
    assert!(state.to_string().ends_with("is off: the port has had no context yet; 1 locks taken so far"), "{state}");
    drop(held);

    NOW.store(7, Ordering::Relaxed);
    CONTEXT.set(Some(new_context()));
    let lock = Mutex::named("lock", ());
    drop(lock.lock());
    NOW.store(8, Ordering::Relaxed);
    assert_eq!((hooks::state().status, hooks::state().since), (Status::On, 7));

    // An accepted finding ends nothing: it is counted, and what comes after it is found.
    let [a, b] = ["a", "b"].map(|name| Mutex::named(name, ()));
    place::one(&a, &b);
    place::other(&a, &b);
    assert_eq!((shown().len(), hooks::first_finding(), hooks::state().status), (0, None, Status::On));
    hooks::release(lock.map(), Some(Site::caller()));
    let state = hooks::state();
    assert_eq!((hooks::first_finding(), state.status, state.since), (Some(Kind::Unbalanced), Status::Found, 8));
    assert_eq!(shown().len(), 1);
    let mut times = 0;
    hooks::for_each_accepted(&mut |accepted, so_often| {
        assert_eq!(accepted.reason, "both on one CPU");
        times += so_often;
    });
    assert_eq!(times, 1);

    // Silence is for reports: neither a second finding nor a repetition counts, but holds are recorded.
    hooks::release(a.map(), Some(Site::caller()));
    let held = lock.lock();
    assert_eq!((shown().len(), hooks::state().findings, context().depth()), (1, 1, 1));
    drop(held);

    state_under_the_internal_lock();
}

/// An NMI that interrupts the validator asks for the state: it gets an answer, and no more.
fn state_under_the_internal_lock() {
    let _turn = begin();
    drop(Mutex::named("first", ()).lock()); // a context asks who runs when it enters the list, without the internal lock
    ON_WHO.set(Some(|| {
        hooks::irq_enter(Level::Nmi, new_cell());
        let state = hooks::state();
        assert_eq!((state.status, hooks::show_pending()), (Status::Unknown, 0));
        let mut text = String::new();
        hooks::dump(&mut text).expect("a String takes all");
        assert!(text.ends_with("is in an unknown state: its internal lock cannot be acquired\n"), "{text}");
        hooks::irq_exit();
    }));
    let [a, b] = ["a", "b"].map(|name| Mutex::named(name, ()));
    drop((a.lock(), b.lock()));
    assert!(ON_WHO.get().is_none(), "the NMI came");
    assert_eq!(hooks::state().status, Status::On);
}
