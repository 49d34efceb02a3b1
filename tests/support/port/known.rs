//! Findings that are accepted by their places: the lines of this file are pinned by an id and by two places.
//!
//! An id is made of lines, so a change above `cycle` changes it: `a_finding_is_accepted_by_its_id` then shows the new one.

use lockdep::spin::Mutex;

/// The id of what `cycle` finds.
pub(crate) const ID: u64 = 0xd1ad_feb5_19bc_8603;

/// Two locks of two classes.
pub(crate) fn locks() -> [Mutex<()>; 2] {
    [Mutex::named("a", ()), Mutex::named("b", ())]
}

/// Takes two locks in both orders, so often.
pub(crate) fn cycle(a: &Mutex<()>, b: &Mutex<()>, times: usize) {
    for _ in 0..times {
        drop((a.lock(), b.lock()));
        drop((b.lock(), a.lock()));
    }
}

/// Where the two orders are made: the places that a report names.
pub(crate) const ONE: &str = "port/known.rs:30";
pub(crate) const OTHER: &str = "known.rs:37:12";

/// Takes two locks in the one order.
pub(crate) fn first(a: &Mutex<()>, b: &Mutex<()>) {
    let held = a.lock();
    drop(b.lock());
    drop(held);
}

/// And in the other.
pub(crate) fn second(a: &Mutex<()>, b: &Mutex<()>) {
    let held = b.lock();
    drop(a.lock());
    drop(held);
}
