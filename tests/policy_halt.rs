//! The policy "halt": the report, and then the word to stop, which is the last.

#[path = "support/port/machine.rs"]
mod machine;

use lockdep::LockMap;
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::report::Status;
use lockdep::spin::Mutex;
use lockdep::{Accepted, Kind, Policy, Site};
use machine::{NOW, begin, context, host_port, shown};
use std::sync::atomic::Ordering;

#[rustfmt::skip] // a place and its name on one line
mod place {
    use super::{LockMap, Site, hooks};
    pub(crate) const HERE: &str = concat!(file!(), ":", line!()); pub(crate) fn accepted(map: &LockMap) { hooks::release(map, Some(Site::caller())); }
}

host_port! {
    const POLICY: Policy = Policy::HALT;
    const ACCEPTED: &'static [Accepted] = &[Accepted::sites(place::HERE, place::HERE, "one place, twice")];
}

#[test]
fn the_report_comes_first_and_the_word_to_stop_last() {
    let _turn = begin();
    let map = LockMap::named("lock", WaitTypes::SPIN);
    NOW.store(3, Ordering::Relaxed);
    for _ in 0..2 {
        place::accepted(&map);
    }
    assert_eq!((shown().len(), hooks::first_finding()), (0, None), "an accepted finding halts nothing");
    assert_eq!(hooks::state().accepted().map(|(_, times)| times).collect::<Vec<_>>(), [2]);
    NOW.store(5, Ordering::Relaxed);
    hooks::release(&map, Some(Site::caller()));
    let texts = shown().clone();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("bad unlock balance"), "{}", texts[0]);
    assert!(texts[1].starts_with("lockdep: halting"), "{}", texts[1]);
    let state = hooks::state();
    assert_eq!((state.status, state.since, state.is_on()), (Status::Halted, 5, false));
    assert!(state.to_string().contains(" is off since 5: it halts after the first finding, unbalanced 0x"));

    // If the port does not stop, the validator is silent, and holds are still recorded.
    let [a, b] = ["a", "b"].map(|name| Mutex::named(name, ()));
    drop((a.lock(), b.lock()));
    drop((b.lock(), a.lock()));
    place::accepted(&map);
    assert_eq!((shown().len(), hooks::first_finding(), context().depth()), (2, Some(Kind::Unbalanced), 0));
    let held = a.lock();
    let mut count = 0;
    hooks::for_each_held(&mut |_| count += 1);
    assert_eq!(count, 1, "a dump after a report is whole");
    drop(held);
    assert_eq!(hooks::state().accepted().map(|(_, times)| times).collect::<Vec<_>>(), [2]);

    assert!(hooks::reset());
    assert_eq!((hooks::state().status, hooks::state().since, hooks::first_finding()), (Status::On, 5, None));
    shown().clear();
    drop((a.lock(), b.lock()));
    assert_eq!(hooks::state().findings, 0);
}
