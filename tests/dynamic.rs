//! Classes that come and go: keys that are made at run time and unregistered, locks that change their class before they
//! are used, and locks that are never checked.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::__private::Validator;
use lockdep::hooks;
use lockdep::{Acquire, Context, DynamicKey, Level, LockClassKey, LockMap, Subclass};
use lockdep::{Kind, Mode, Site, WaitType, WaitTypes};

use std::cell::Cell;

use port::{IRQS, ON_SHOW, begin, context, new_cell, new_context, shown, the_report};

thread_local! {
    /// What was taken while something was shown.
    static TAKEN: Cell<Option<&'static [LockMap; 4]>> = const { Cell::new(None) };
}

fn taken<const C: usize, const D: usize, const K: usize>(
    tables: &mut Validator<C, D, K>,
    context: &Context,
    maps: &[&LockMap],
) {
    for map in maps {
        tables.acquire(context, &Acquire::new(map, Mode::WRITE, Site::caller()));
    }
    for map in maps.iter().rev() {
        tables.release(context, map, None);
    }
}

fn unregister<const C: usize, const D: usize, const K: usize>(
    tables: &mut Validator<C, D, K>,
    context: &Context,
    key: &DynamicKey,
) {
    tables.engine().unregister_key(context, key, Site::caller());
}

/// A driver is loaded and unloaded ten thousand times. In every second life its locks are taken in the other order, and
/// in the other contexts: whatever was left of the life before would be reported.
#[test]
fn nothing_is_left_of_a_key_and_its_room_is_used_again() {
    let mut tables = Box::new(Validator::<6, 6, 16>::new());
    let task = new_context();
    let kernel = LockMap::named("kernel", WaitTypes::SPIN);
    lockdep::__private::engine::irqs_off(task, Site::caller());
    for life in 0..10_000 {
        let keys = [DynamicKey::new(), DynamicKey::named("port")];
        let [driver, port] = keys.each_ref().map(|key| LockMap::with_dynamic_key(key, WaitTypes::SPIN));
        if life % 2 == 0 {
            let interrupt = new_context();
            lockdep::__private::engine::enter(interrupt, Level::Hardirq, task, Site::caller());
            taken(&mut tables, interrupt, &[&driver]);
            tables.engine().leave(interrupt, Site::caller());
            taken(&mut tables, task, &[&kernel, &driver, &port]);
            taken(&mut tables, task, &[&kernel, &port]);
        } else {
            taken(&mut tables, task, &[&port, &driver, &kernel]);
            taken(&mut tables, task, &[&port, &kernel]);
            tables.engine().irqs_on(task, Site::caller());
            taken(&mut tables, task, &[&driver]);
            lockdep::__private::engine::irqs_off(task, Site::caller());
        }
        let now = tables.engine().occupancy();
        assert_eq!((now.classes.used, now.dependencies.used), (3, 3), "life {life}");
        keys.iter().for_each(|key| unregister(&mut tables, task, key));
        let now = tables.engine().occupancy();
        assert_eq!((now.classes.used, now.dependencies.used), (1, 0), "life {life}");
        let rejected = now.classes.rejected + now.dependencies.rejected + now.chains.rejected;
        assert_eq!((tables.found(), rejected, tables.take_notice()), (None, 0, None), "life {life}");
    }
    // And the slots that were used so often are as good as new.
    let [a, b] = [DynamicKey::new(), DynamicKey::new()];
    let [a, b] = [&a, &b].map(|key| LockMap::with_dynamic_key(key, WaitTypes::SPIN));
    taken(&mut tables, task, &[&a, &b]);
    assert_eq!(tables.found(), None);
    taken(&mut tables, task, &[&b, &a]);
    assert_eq!(tables.found(), Some(Kind::Circular));
}

/// A hint in a lock that is left over, and a chain that was known, are not believed.
#[test]
fn a_lock_that_outlives_its_key_is_classified_again() {
    let mut tables = Box::new(Validator::<8, 8, 16>::new());
    let task = new_context();
    let kernel = LockMap::named("kernel", WaitTypes::SPIN);
    let key = DynamicKey::new();
    let old = LockMap::with_dynamic_key(&key, WaitTypes::SPIN);
    taken(&mut tables, task, &[&kernel, &old]);
    unregister(&mut tables, task, &key);
    let other = DynamicKey::new();
    let new = LockMap::with_dynamic_key(&other, WaitTypes::SPIN);
    taken(&mut tables, task, &[&new, &kernel]);
    assert_eq!(tables.engine().occupancy().classes.used, 2, "the slot is used again");
    taken(&mut tables, task, &[&kernel, &old]);
    assert_eq!((tables.found(), tables.engine().occupancy().classes.used), (None, 3));
    taken(&mut tables, task, &[&old, &kernel]);
    assert_eq!(tables.found(), Some(Kind::Circular), "what was known of the chain is learned again");
}

#[test]
fn all_levels_and_wait_types_of_a_key_are_unregistered_and_nothing_of_its_line() {
    let mut tables = Box::new(Validator::<64, 8, 64>::new());
    let task = new_context();
    let keys: Vec<DynamicKey> = (0..2).map(|_| DynamicKey::new()).collect();
    let waits = [WaitTypes::NONE, WaitTypes::SPIN, WaitTypes::new(WaitType::Free, WaitType::Sleep)];
    for map in keys.iter().flat_map(|key| waits.map(|waits| LockMap::with_dynamic_key(key, waits))) {
        for subclass in [0, 1, 7].map(Subclass::new) {
            tables.acquire(task, &Acquire::new(&map, Mode::WRITE, Site::caller()).subclass(subclass));
            tables.release(task, &map, None);
        }
    }
    assert_eq!(tables.engine().occupancy().classes.used, 18);
    unregister(&mut tables, task, &keys[0]);
    assert_eq!(tables.engine().occupancy().classes.used, 9);
    unregister(&mut tables, task, &keys[0]);
    assert_eq!(tables.engine().occupancy().classes.used, 9, "once is enough");
    unregister(&mut tables, task, &keys[1]);
    assert_eq!((tables.engine().occupancy().classes.used, tables.found()), (0, None));
}

/// One key after the other, in the only slot that is left, for far longer than 16 bits count.
#[test]
fn a_slot_does_not_wear_out() {
    let mut tables = Box::new(Validator::<3, 2, 2>::new());
    let task = new_context();
    let kernel = LockMap::named("kernel", WaitTypes::NONE);
    taken(&mut tables, task, &[&kernel]);
    for life in 0..140_000 {
        let key = DynamicKey::new();
        taken(&mut tables, task, &[&LockMap::with_dynamic_key(&key, WaitTypes::NONE)]);
        assert_eq!(tables.engine().occupancy().classes.used, 2, "life {life}");
        unregister(&mut tables, task, &key);
    }
    let classes = tables.engine().occupancy().classes;
    assert_eq!((classes.used, classes.rejected, tables.found()), (1, 0, None));
}

/// What a lock remembers of its class is not believed of another one, however many classes were in the slot meanwhile:
/// around 65,536 of them is where 16 bits would begin again.
#[test]
fn a_lock_that_sleeps_through_thousands_of_keys_is_not_taken_for_one_of_another() {
    let mut tables = Box::new(Validator::<8, 8, 16>::new());
    let task = new_context();
    let key = DynamicKey::new();
    let sleepers: Vec<LockMap> = (0..16).map(|_| LockMap::with_dynamic_key(&key, WaitTypes::NONE)).collect();
    sleepers.iter().for_each(|map| taken(&mut tables, task, &[map]));
    unregister(&mut tables, task, &key);
    let mut asleep = sleepers.iter();
    for life in 1..65_544 {
        let other = DynamicKey::new();
        let lock = LockMap::with_dynamic_key(&other, WaitTypes::NONE);
        taken(&mut tables, task, &[&lock]);
        if life >= 65_528 {
            let sleeper = asleep.next().expect("there is one for each life");
            taken(&mut tables, task, &[&lock, sleeper]);
            assert_eq!((tables.found(), tables.engine().occupancy().classes.used), (None, 2), "life {life}");
            unregister(&mut tables, task, &key);
        }
        unregister(&mut tables, task, &other);
    }
    assert_eq!(asleep.len(), 0);
}

/// Fills a table of two classes; returns the key whose class makes room when it is unregistered.
fn fill(tables: &mut Validator<3, 8, 64>, context: &Context) -> DynamicKey {
    let (kernel, key) = (LockMap::named("kernel", WaitTypes::NONE), DynamicKey::new());
    taken(tables, context, &[&kernel]);
    taken(tables, context, &[&LockMap::with_dynamic_key(&key, WaitTypes::NONE)]);
    assert_eq!(tables.engine().occupancy().classes.used, 2);
    key
}

fn take(tables: &mut Validator<3, 8, 64>, context: &Context, map: &LockMap, nest: Option<&LockMap>) {
    let what = Acquire::new(map, Mode::WRITE, Site::caller());
    tables.acquire(context, &nest.map_or(what, |nest| what.nest(nest)));
}

/// Two locks of one class are of one class, though there was no room for it when the first was taken.
#[test]
fn a_hold_that_found_no_room_is_of_its_class_when_there_is_room() {
    let make = || LockMap::named("late", WaitTypes::NONE);
    for in_interrupt in [false, true] {
        let mut tables = Box::new(Validator::<3, 8, 64>::new());
        let (task, interrupt, other) = (new_context(), new_context(), new_context());
        let key = fill(&mut tables, task);
        let (first, second) = (make(), make());
        take(&mut tables, task, &first, None);
        assert_eq!(tables.engine().occupancy().classes.rejected, 1);
        unregister(&mut tables, task, &key);
        // Somebody else takes one of the class, so it has a slot and all is known of it.
        lockdep::__private::engine::irqs_off(other, Site::caller());
        taken(&mut tables, other, &[&second]);
        taken(&mut tables, other, &[&second]);
        lockdep::__private::engine::irqs_off(task, Site::caller());
        let here = if in_interrupt {
            lockdep::__private::engine::enter(interrupt, Level::Softirq, task, Site::caller());
            interrupt
        } else {
            task
        };
        take(&mut tables, here, &second, None);
        assert_eq!(tables.found(), Some(Kind::Recursive), "in an interrupt: {in_interrupt}");
    }
}

/// And so are those that were merged, whichever of them is released.
#[test]
fn merged_holds_that_found_no_room_are_released_when_there_is_room() {
    let mut tables = Box::new(Validator::<3, 8, 64>::new());
    let (task, other) = (new_context(), new_context());
    let nest = LockMap::named("kernel", WaitTypes::NONE);
    let key = fill(&mut tables, task);
    let maps: Vec<LockMap> = (0..3).map(|_| LockMap::named("late", WaitTypes::NONE)).collect();
    take(&mut tables, task, &nest, None);
    maps.iter().for_each(|map| take(&mut tables, task, map, Some(&nest)));
    assert_eq!(task.depth(), 2, "three are one");
    unregister(&mut tables, task, &key);
    taken(&mut tables, other, &[&maps[2]]);
    for map in [&maps[2], &maps[0], &maps[1], &nest] {
        tables.release(task, map, None);
    }
    assert_eq!((tables.found(), task.depth()), (None, 0));
}

/// What is taken while the validator runs is not checked, and is what it is all the same: holds of several classes do
/// not become one when what is below them is released.
#[test]
fn unchecked_holds_of_several_classes_stay_several() {
    let _turn = begin();
    ON_SHOW.set(Some(|| {
        let maps: &'static [LockMap; 4] =
            Box::leak(Box::new(["below", "n", "a", "b"].map(|name| LockMap::named(name, WaitTypes::SPIN))));
        let [below, n, a, b] = maps;
        for (map, nest) in [(below, None), (n, None), (a, Some(n)), (b, Some(n))] {
            let what = Acquire::new(map, Mode::WRITE, Site::caller());
            hooks::acquire_with(&nest.map_or(what, |nest| what.nest(nest)));
        }
        TAKEN.set(Some(maps));
    }));
    // Nobody holds it: that is shown at once.
    hooks::release(&LockMap::named("nobody's", WaitTypes::SPIN), None);
    let [below, n, a, b] = TAKEN.take().expect("it was shown");
    assert_eq!(context().depth(), 4);
    hooks::release(below, None);
    assert_eq!(context().depth(), 3, "each is taken again as what it is");
    assert!([n, a, b].into_iter().all(hooks::holds));
    [n, b, a].into_iter().for_each(|map| hooks::release(map, None));
    assert_eq!((context().depth(), shown().len()), (0, 1));
}

#[test]
fn the_key_of_a_held_lock_stays_and_that_is_reported() {
    for in_interrupt in [false, true] {
        let _turn = begin();
        let key = DynamicKey::named("driver");
        let (lock, kernel) = (LockMap::with_dynamic_key(&key, WaitTypes::SPIN), LockMap::named("k", WaitTypes::SPIN));
        hooks::acquire(&lock, Mode::WRITE, Site::caller());
        hooks::acquire(&kernel, Mode::WRITE, Site::caller());
        let learned = || {
            let o = hooks::occupancy();
            (o.classes, o.dependencies, o.chains)
        };
        let before = learned();
        if in_interrupt {
            IRQS.set(false);
            hooks::irq_enter(Level::Hardirq, new_cell());
        }
        hooks::unregister_key(&key);
        if in_interrupt {
            hooks::irq_exit();
            IRQS.set(true);
        }
        let report = the_report();
        assert!(report.contains("held lock freed") && report.contains("driver"), "{report}");
        assert_eq!(hooks::first_finding(), Some(Kind::HeldFreed));
        assert_eq!(learned(), before, "nothing went");
        assert!(hooks::holds(&lock) && hooks::holds(&kernel) && context().depth() == 2);
        hooks::release(&kernel, None);
        hooks::release(&lock, None);
        // Nothing is found any more, and the key can go.
        hooks::unregister_key(&key);
        assert_eq!(hooks::occupancy().classes.used, before.0.used - 1);
        assert_eq!(hooks::occupancy().dependencies.used, 0);
        assert_eq!(shown().len(), 1);
    }
}

#[test]
fn a_key_that_was_never_used_or_whose_table_was_full_can_go() {
    let _turn = begin();
    hooks::unregister_key(&DynamicKey::default());
    let key = DynamicKey::new();
    let many: Vec<_> =
        (0..70).map(|n| LockMap::of_class(format!("m{n}").leak(), Site::caller(), WaitTypes::NONE)).collect();
    many.iter().for_each(|map| {
        hooks::acquire(map, Mode::WRITE, Site::caller());
        hooks::release(map, None);
    });
    let lock = LockMap::with_dynamic_key(&key, WaitTypes::NONE);
    hooks::acquire(&lock, Mode::WRITE, Site::caller());
    hooks::unregister_key(&key);
    hooks::release(&lock, None);
    assert_eq!((hooks::occupancy().classes.used, hooks::first_finding()), (64, None));
}

#[test]
fn a_lock_gets_another_class_before_it_is_used() {
    static OUTER: LockClassKey = LockClassKey::named("outer");
    let _turn = begin();
    let make = || LockMap::new(WaitTypes::NONE);
    let (mut outer, mut middle, inner, key) = (make(), make(), make(), DynamicKey::new());
    outer.set_class(&OUTER);
    middle.set_dynamic_class(&key);
    assert_eq!((outer.name(), inner.name()), (Some("outer"), None));
    for map in [&outer, &middle, &inner] {
        hooks::acquire(map, Mode::WRITE, Site::caller());
    }
    assert_eq!(hooks::first_finding(), None, "one line made all three");
    for map in [&inner, &middle, &outer] {
        hooks::release(map, None);
    }
    assert_eq!(hooks::occupancy().classes.used, 3);
    let again = make();
    hooks::acquire(&inner, Mode::WRITE, Site::caller());
    hooks::acquire(&again, Mode::WRITE, Site::caller());
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
    hooks::release(&again, None);
    hooks::release(&inner, None);
}

/// However it is used and however often, such a lock is recorded as held and no more.
#[test]
fn a_lock_without_validation_is_only_tracked() {
    static KEY: LockClassKey = LockClassKey::new();
    for irqs_on in [true, false] {
        let _turn = begin();
        let mut odd = LockMap::with_key(&KEY, WaitTypes::NONE).novalidate();
        let (twin, a) = (LockMap::with_key(&KEY, WaitTypes::NONE), LockMap::new(WaitTypes::NONE));
        if !irqs_on {
            IRQS.set(false);
            hooks::irqs_disabled();
        }
        for _ in 0..2 {
            for pair in [[&odd, &a], [&a, &odd], [&odd, &odd], [&odd, &twin]] {
                for (tried, map) in pair.into_iter().enumerate() {
                    let what = Acquire::new(map, Mode::WRITE, Site::caller());
                    hooks::acquire_with(&if tried == 1 { what.tried() } else { what });
                }
                assert!(hooks::holds(&odd));
                pair.iter().for_each(|map| hooks::release(map, None));
                pair.iter().for_each(|map| hooks::acquire(map, Mode::WRITE, Site::caller()));
                pair.iter().rev().for_each(|map| hooks::release(map, None));
            }
        }
        assert_eq!((hooks::first_finding(), hooks::occupancy().dependencies.used), (None, 0));
        assert_eq!(hooks::occupancy().classes.used, 3, "its class is another than that of the same key");
        odd.set_class(&KEY);
        assert_ne!(odd.key(), twin.key(), "it stays so with another class");
        hooks::release(&odd, None);
        assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced), "tracking is as strict as ever");
        IRQS.set(true);
    }
}

/// A parent that serialises its children is of their class in a tree of devices: each is held by itself.
#[test]
fn a_child_under_its_parent_as_nest_lock_is_a_hold_of_its_own() {
    let _turn = begin();
    let [parent, child] = [(); 2].map(|()| LockMap::named("device", WaitTypes::SPIN));
    hooks::acquire(&parent, Mode::WRITE, Site::caller());
    hooks::acquire_with(&Acquire::new(&child, Mode::WRITE, Site::caller()).nest(&parent));
    assert_eq!(context().depth(), 2);
    assert!(hooks::holds(&parent) && hooks::holds(&child));
    hooks::release(&child, None);
    assert!(hooks::holds(&parent) && !hooks::holds(&child));
    hooks::release(&parent, None);
    assert_eq!((context().depth(), hooks::first_finding()), (0, None));
}
