//! The policy "report all": each finding once, by its id, from a sound state; and the findings that a port accepts.

#[path = "support/port/known.rs"]
mod known;
#[path = "support/port/machine.rs"]
mod machine;

use known::{ONE, OTHER, cycle, locks};
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::report::FindingId;
use lockdep::report::Status;
use lockdep::spin::Mutex;
use lockdep::{Accepted, Kind, Mode, Policy, Site};
use lockdep::{DynamicKey, Level, LockMap};
use machine::{CONTEXT, IRQS, NOW, begin, context, host_port, new_cell, new_context, shown};
use std::sync::atomic::Ordering;

host_port! {
    const POLICY: Policy = Policy::ALL;
    const ACCEPTED: &'static [Accepted] = &[
        Accepted::id(known::ID, "by its id"),
        Accepted::sites(ONE, OTHER, "by its places"),
        Accepted::sites("nowhere.rs:1", "nowhere.rs:2", "a stale one"),
    ];
}

/// Takes two locks in both orders, from this line, and returns the id under which that was reported last.
#[track_caller]
fn both_orders(a: &Mutex<()>, b: &Mutex<()>) -> Option<FindingId> {
    for (outer, inner) in [(a, b), (b, a)] {
        let held = outer.lock();
        drop(inner.lock());
        drop(held);
    }
    last_id()
}

fn one_order(a: &Mutex<()>, b: &Mutex<()>) {
    drop((a.lock(), b.lock()));
}

fn other_order(a: &Mutex<()>, b: &Mutex<()>) {
    drop((b.lock(), a.lock()));
}

/// The id in the last report.
fn last_id() -> Option<FindingId> {
    let shown = shown();
    let (_, rest) = shown.last()?.rsplit_once("\nfinding 0x")?;
    let digits = rest.get(..16)?;
    assert!(!rest[16..].starts_with(|c: char| c.is_ascii_hexdigit()), "{rest}");
    Some(FindingId(u64::from_str_radix(digits, 16).expect("16 digits")))
}

fn accepted() -> Vec<(&'static str, u32)> {
    let mut all = Vec::new();
    hooks::for_each_accepted(&mut |accepted, times| all.push((accepted.reason, times)));
    all
}

#[test]
fn each_finding_is_reported_once() {
    let _turn = begin();
    let [a, b, c] = ["a", "b", "c"].map(|name| Mutex::named(name, ()));
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(both_orders(&a, &b).expect("it is reported"));
        ids.push(both_orders(&a, &c).expect("it is reported"));
    }
    assert_eq!(shown().len(), 2, "{:?}", shown());
    assert!(shown()[0].contains("(b)") && shown()[1].contains("(c)"));
    assert_ne!(ids[0], ids[1]);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let state = hooks::state();
    assert_eq!((state.status, state.findings, state.first), (Status::On, 2, Some((Kind::Circular, ids[0]))));
}

#[test]
fn what_comes_again_is_counted() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    for _ in 0..3 {
        hooks::release(lock.map(), Some(Site::caller()));
    }
    assert!(shown().len() == 1 && shown()[0].contains("bad unlock balance"), "{:?}", shown());
    assert_eq!(hooks::state().repeated, 2);
}

#[test]
fn one_event_may_find_two_things_in_their_order() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    hooks::irq_enter(Level::Hardirq, new_cell());
    IRQS.set(false);
    drop(lock.lock());
    hooks::irq_exit();
    IRQS.set(true);
    assert_eq!(*shown(), [""; 0]);
    // Nobody handed it over; and it is held with interrupts on now.
    hooks::take_over(lock.map(), Mode::WRITE);
    let kinds = ["nobody handed the lock over", "inconsistent lock state"];
    let shown = shown().clone();
    assert_eq!(shown.len(), kinds.len(), "{shown:?}");
    for (text, kind) in shown.iter().zip(kinds) {
        assert!(text.contains(kind), "no `{kind}` in\n{text}");
    }
    hooks::release(lock.map(), None);
    assert_eq!(context().depth(), 0);
}

#[test]
fn a_lock_left_behind_by_an_interrupt_is_one_finding_and_says_nothing_about_its_class() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    for _ in 0..3 {
        IRQS.set(false);
        hooks::irq_enter(Level::Hardirq, new_cell());
        let guard = lock.lock();
        hooks::irq_exit(); // the trap: the guard is dropped after it
        IRQS.set(true);
        hooks::might_sleep(); // compares the flag, over what is left
        drop(guard);
        assert_eq!(context().depth(), 0);
    }
    let shown = shown().clone();
    assert!(shown.iter().any(|text| text.contains("returns from an interrupt with a lock")), "{shown:?}");
    assert!(!shown.iter().any(|text| text.contains("inconsistent")), "{shown:?}");
    assert_eq!(shown.iter().filter(|text| text.contains("still has locks held")).count(), 1);
}

#[test]
fn tracking_is_sound_after_a_finding() {
    let _turn = begin();
    let [a, b, c] = ["a", "b", "c"].map(|name| Mutex::named(name, ()));
    both_orders(&a, &b);
    assert_eq!(shown().len(), 1);
    // The dependency b -> a was not added, so what leads to b leads not to a; a -> b is there.
    drop((b.lock(), c.lock()));
    drop((c.lock(), a.lock()));
    assert_eq!(shown().len(), 2, "a -> b -> c -> a");
    let report = shown()[1].clone();
    assert!(report.contains("-> #2 (c)") && report.contains("-> #1 (b)"), "{report}");
    assert_eq!(context().depth(), 0);
    let before = hooks::occupancy().dependencies.used;
    assert_eq!(before, 2, "a -> b and b -> c");
}

/// The cycle a -> driver -> b -> a is reported, and b -> a is not added. With the driver's class unregistered it is no
/// cycle, and b -> a must be learned: its chain does not count as checked for ever.
#[test]
fn what_was_in_the_way_of_a_dependency_may_go() {
    let _turn = begin();
    let key = DynamicKey::new();
    let driver = LockMap::with_dynamic_key(&key, WaitTypes::SPIN);
    let [a, b] = ["a", "b"].map(|name| LockMap::named(name, WaitTypes::SPIN));
    let nest = |outer: &LockMap, inner: &LockMap| {
        hooks::acquire(outer, Mode::WRITE, Site::caller());
        hooks::acquire(inner, Mode::WRITE, Site::caller());
        hooks::release(inner, None);
        hooks::release(outer, None);
    };
    nest(&a, &driver);
    nest(&driver, &b);
    nest(&b, &a);
    assert_eq!((shown().len(), hooks::occupancy().dependencies.used), (1, 2));
    hooks::unregister_key(&key);
    nest(&b, &a);
    assert_eq!((shown().len(), hooks::occupancy().dependencies.used), (1, 1), "b -> a");
    nest(&a, &b);
    assert_eq!(shown().len(), 2, "a -> b -> a");
}

#[test]
fn an_id_is_the_same_in_another_boot() {
    let _turn = begin();
    let boots = [0, 5].map(|others| {
        let first: Vec<_> = (0..others).map(|_| Box::new([0; 100])).collect();
        // Classes that come before ours, so that it has other slots, and other tasks and addresses.
        for name in ["x", "y", "z"].into_iter().take(others) {
            drop(Mutex::named(name, ()).lock());
        }
        CONTEXT.set(Some(new_context()));
        let (a, b) = (Box::new(Mutex::named("a", ())), Box::new(Mutex::named("b", ())));
        let id = both_orders(&a, &b);
        let report = shown().pop().expect("it is reported");
        assert!(hooks::reset());
        drop(first);
        (id, report, [&raw const *a as usize, &raw const *b as usize], (a, b))
    });
    let [one, other] = boots;
    assert_ne!(one.2, other.2, "the addresses are others");
    assert_ne!(one.1, other.1, "and so is the text");
    assert!(one.0.is_some() && one.0 == other.0, "{one:?} {other:?}");
}

#[test]
fn a_cycle_has_one_id_whichever_order_comes_last() {
    let _turn = begin();
    let [a, b] = ["a", "b"].map(|name| Mutex::named(name, ()));
    type Order = fn(&Mutex<()>, &Mutex<()>);
    let orders: [Order; 2] = [one_order, other_order];
    let ids = [[0, 1], [1, 0]].map(|which| {
        which.into_iter().for_each(|n| orders[n](&a, &b));
        let id = last_id();
        assert!(hooks::reset());
        id
    });
    assert!(ids[0].is_some() && ids[0] == ids[1], "{ids:?}");
    let elsewhere = both_orders(&a, &b);
    assert_ne!(elsewhere, ids[0], "the same classes at other places are another finding");
}

#[test]
fn a_finding_is_accepted_by_its_id() {
    let _turn = begin();
    let [a, b] = locks();
    cycle(&a, &b, 2);
    assert_eq!(*shown(), [""; 0], "the id in tests/support/port/known.rs must be that of this report");
    assert_eq!(accepted(), [("by its id", 1), ("by its places", 0), ("a stale one", 0)]);
    assert_eq!((hooks::first_finding(), hooks::state().findings), (None, 0));
}

#[test]
fn a_finding_is_accepted_by_its_places_in_either_order() {
    let _turn = begin();
    for turned in [false, true] {
        let [a, b] = locks();
        if turned {
            known::second(&a, &b)
        } else {
            known::first(&a, &b)
        }
        if turned {
            known::first(&a, &b)
        } else {
            known::second(&a, &b)
        }
        assert_eq!((shown().len(), hooks::first_finding()), (0, None), "{:?}", shown());
        assert_eq!(accepted()[1], ("by its places", 1));
        assert!(hooks::reset());
    }
    let [a, b] = locks();
    known::first(&a, &b);
    drop((b.lock(), a.lock()));
    assert_eq!(shown().len(), 1, "with another place it is another finding");
}

#[test]
fn a_full_table_of_findings_says_so_once_and_counts() {
    let _turn = begin();
    let maps: Vec<LockMap> = (0..70).map(|n| LockMap::named(format!("lock {n}").leak(), WaitTypes::SPIN)).collect();
    for map in &maps {
        hooks::release(map, Some(Site::caller()));
    }
    let findings = hooks::occupancy().findings;
    assert_eq!((findings.used, findings.size, findings.rejected), (64, 64, 6));
    assert_eq!(hooks::state().dropped, 6);
    let notices: Vec<String> = shown().iter().filter(|text| !text.contains("WARNING")).cloned().collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].contains("(64 entries): fix some of them, accept them in `Port::ACCEPTED`, or"),
        "{}",
        notices[0]
    );
    assert_eq!(shown().len(), 65);
}

#[test]
fn a_dump_shows_the_status_and_how_often_each_rule_ran() {
    let _turn = begin();
    NOW.store(17, Ordering::Relaxed);
    assert!(hooks::reset());
    let dump = || {
        let mut text = String::new();
        hooks::dump(&mut text).expect("a String takes all");
        text
    };
    assert!(dump().starts_with(concat!("lockdep ", env!("CARGO_PKG_VERSION"), " is on since 17\n")), "{}", dump());
    assert!(dump().contains("accepted 0 times: nowhere.rs:1 and nowhere.rs:2: a stale one\n"));
    let [a, b] = ["a", "b"].map(|name| Mutex::named(name, ()));
    NOW.store(18, Ordering::Relaxed);
    let before = Kind::ALL.map(|kind| hooks::state().ran(kind));
    let id = both_orders(&a, &b).expect("it is reported");
    let ran = |kind| hooks::state().ran(kind) - before[kind as usize - 1];
    assert_eq!((ran(Kind::Circular), ran(Kind::IrqOrder)), (2, 1), "each new dependency, the second was not added");
    assert_eq!(ran(Kind::Recursive), ran(Kind::WaitContext));
    assert_eq!(ran(Kind::Unbalanced), 0, "a release from the top takes the fast path");
    hooks::release(a.map(), None);
    assert_eq!(ran(Kind::Unbalanced), 1);
    hooks::task_exit();
    assert_eq!((ran(Kind::HeldAtExit), ran(Kind::HeldToUser)), (1, 0));
    let text = dump();
    for part in [
        format!(" is on since 17, circular {id}\n"),
        "findings: 2 reported, 0 repeated, 0 dropped, 0 not shown yet\n".into(),
        "table dependencies: 1 of 128, 0 rejected\n".into(),
        "table findings: 2 of 64, 0 rejected\n".into(),
        ", held-at-exit 1, held-to-user 0, ".into(),
    ] {
        assert!(text.contains(&part), "no `{part}` in\n{text}");
    }
    hooks::acquire(a.map(), Mode::WRITE, Site::caller());
    hooks::release(a.map(), None);
}
