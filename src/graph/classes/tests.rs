//! Tests of the table of classes and of its usage words.

use super::*;
use crate::atomic::word64::AtomicWord64;
use crate::graph::usage_words::{ALL_BITS, RETIRED};
use crate::lock::usage::Irqs;
use crate::lock::usage::UsageMask;

const SIZE: usize = 6;

fn tables() -> (UsageWords<[AtomicWord64; SIZE]>, Classes<[Class; SIZE]>) {
    (UsageWords::new(), Classes::new())
}

#[test]
#[cfg(target_pointer_width = "64")]
fn a_class_keeps_to_its_budget() {
    assert!(size_of::<Class>() + size_of::<AtomicWord64>() <= 160, "{}", size_of::<Class>());
}

#[test]
fn one_line_is_one_class_and_each_level_another() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let [a, b] = [(); 2].map(|()| LockMap::new(WaitTypes::SPIN));
    let other = LockMap::new(WaitTypes::SPIN);
    let first = classes.find_or_enter(usage_words, &a, Subclass::ZERO, Site::caller());
    assert_eq!(first, classes.find_or_enter(usage_words, &b, Subclass::ZERO, Site::caller()));
    assert_ne!(first, classes.find_or_enter(usage_words, &a, Subclass::new(1), Site::caller()));
    assert_ne!(first, classes.find_or_enter(usage_words, &other, Subclass::ZERO, Site::caller()));
    assert_eq!(classes.used(), 3);
    assert_eq!(Some(a.hint(Subclass::ZERO)), first);
}

#[test]
fn locks_that_the_library_constructs_are_classed_by_where_they_are_first_taken() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let [a, b, c] = [WaitTypes::SPIN; 3].map(LockMap::new);
    assert!(!a.has_class(), "its site is a line inside `array::map`");
    let here = Site::caller();
    let first = classes.find_or_enter(usage_words, &a, Subclass::ZERO, here);
    assert_eq!(first, classes.find_or_enter(usage_words, &b, Subclass::ZERO, here));
    assert_eq!(first, classes.find_or_enter(usage_words, &a, Subclass::ZERO, Site::caller()), "it stays what it is");
    assert_ne!(first, classes.find_or_enter(usage_words, &c, Subclass::ZERO, Site::caller()));
    assert!(first.is_some_and(|id| classes.get(id.slot()).origin == Origin::Library));
    let third = Subclass::new(3);
    let deep = classes.find_or_enter(usage_words, &a, third, Site::caller());
    assert_eq!(deep, classes.find_or_enter(usage_words, &b, third, Site::caller()), "all levels go by the first line");
}

#[test]
fn a_lock_of_a_constant_is_its_own_class_at_every_level_and_wherever_it_is_moved() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let [a, b] = [(); 2].map(|()| LockMap::of_first_use(WaitTypes::SPIN));
    let here = Site::caller();
    let deep = classes.find_or_enter(usage_words, &a, Subclass::new(3), here).unwrap();
    assert_eq!(classes.used(), 2, "level 0 remembers the key");
    assert_eq!(classes.get(deep.slot()).origin, Origin::Constant);
    let other = classes.find_or_enter(usage_words, &b, Subclass::ZERO, here);
    assert_ne!(classes.find_or_enter(usage_words, &a, Subclass::ZERO, here), other, "one line, two classes");
    let moved = Box::new(a);
    assert_eq!(classes.find_or_enter(usage_words, &moved, Subclass::new(3), Site::caller()), Some(deep));
    let key = classes.own_key(usage_words, &moved).unwrap();
    let mut gone = 0;
    while let Some(slot) = classes.any_of(key) {
        classes.remove(usage_words, slot);
        gone += 1;
    }
    assert_eq!((gone, classes.used(), classes.own_key(usage_words, &moved)), (2, 1, None));
    assert_ne!(
        classes.find_or_enter(usage_words, &moved, Subclass::new(3), here),
        Some(deep),
        "a class of its own, again"
    );
}

#[test]
fn without_room_no_two_locks_of_constants_are_one_class() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let full = LockMap::new(WaitTypes::NONE);
    (0..8).for_each(|level| _ = classes.find_or_enter(usage_words, &full, Subclass::new(level), Site::caller()));
    let [a, b] = [(); 2].map(|()| LockMap::of_first_use(WaitTypes::SPIN));
    let here = Site::caller();
    assert_eq!([&a, &b].map(|map| classes.find_or_enter(usage_words, map, Subclass::ZERO, here)), [None, None]);
    assert_ne!(classes.key_at(usage_words, &a, here), classes.key_at(usage_words, &b, here));
    assert_eq!(classes.key_at(usage_words, &a, here), classes.key_at(usage_words, &a, Site::caller()));
}

#[test]
fn a_full_table_is_a_value() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let map = LockMap::new(WaitTypes::NONE);
    let known: [_; SIZE - 1] =
        core::array::from_fn(|i| classes.find_or_enter(usage_words, &map, Subclass::new(i as u8), Site::caller()));
    assert!(known.iter().all(Option::is_some));
    assert_eq!(classes.find_or_enter(usage_words, &map, Subclass::new(7), Site::caller()), None);
    assert_eq!(classes.rejected(), 1);
    assert_eq!(
        classes.find_or_enter(usage_words, &map, Subclass::new(2), Site::caller()),
        known[2],
        "what is known stays known"
    );
}

#[test]
fn a_slot_that_used_all_its_generations_is_passed_over() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let map = LockMap::new(WaitTypes::NONE);
    for generation in [RETIRED - 2, RETIRED - 1] {
        usage_words.store(ClassId::new(1, generation), ALL_BITS);
        let last = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
        assert_eq!(last, Some(ClassId::new(1, generation)));
        classes.remove(usage_words, 1);
    }
    let next = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
    assert_eq!(next, Some(ClassId::new(2, 1)));
    classes.clear(usage_words);
    let next = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
    assert_eq!(next, Some(ClassId::new(2, 2)), "also after all was forgotten");
}

#[test]
fn an_old_id_is_not_believed() {
    let (usage_words, mut classes) = tables();
    let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
    let map = LockMap::new(WaitTypes::NONE);
    let old = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap();
    let taken = UsageMask::new(Usage::empty(), Irqs::Off);
    assert!(
        usage_words.is_marked(old, UsageMask::EXISTENCE) && !usage_words.is_marked(old, taken),
        "it was only named"
    );
    usage_words.mark_taken(old.slot());
    usage_words.mark(old.slot(), Usage::IN_HARDIRQ);
    assert!(
        usage_words.is_marked(old, UsageMask::new(Usage::empty(), Irqs::Off))
            && usage_words.is_marked(old, UsageMask::new(Usage::IN_HARDIRQ, Irqs::Off))
    );
    assert!(!usage_words.is_marked(old, UsageMask::new(Usage::HARDIRQ_ON, Irqs::Off)));
    assert!(
        usage_words.is_marked(ClassId::NONE, UsageMask::new(Usage::HARDIRQ_ON, Irqs::Off)),
        "a chain with it is what is not known"
    );
    classes.clear(usage_words);
    assert!(!usage_words.is_marked(old, UsageMask::new(Usage::empty(), Irqs::Off)));
    let new = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap();
    assert_ne!(old, new);
    assert_eq!(usage_words.usage(new.slot()), Usage::empty());
}
