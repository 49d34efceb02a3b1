//! What is shown: limits on holds, the texts, and listings by a caller that takes locks meanwhile.

use crate::machine::*;
use crate::plain::IRQS;
use lockdep::hooks;
use lockdep::stat;
use lockdep::stat::{ChainLine, ClassLine};
use lockdep::{Acquire, Level};
use lockdep::{Kind, Mode};
use lockdep_cli::sites;

#[test]
fn a_hold_longer_than_allowed_is_reported_when_it_ends() {
    let _turn = begin();
    let map = lock("a").with_hold_limit(10);
    hold(&map, 1, 10);
    assert!(shown().is_empty());
    hold(&map, 2, 11);
    let (kind, text) = shown().pop().expect("it is reported");
    assert_eq!(kind, Some(Kind::HoldLimit));
    let text = text.replace(&format!("{:016x}", map.instance()), "0000000000000001");
    // Its id is made of paths, and these are where the test was built.
    let id = text.split("finding 0x").nth(1).and_then(|rest| rest.get(..16)).expect("the last line is the id");
    let text = text.replace(id, &"0".repeat(16));
    golden("hold-limit", &sites::in_trace(&text, "source.rs", 1));
    hold(&map, 2, 12);
    assert!(shown().is_empty(), "each place once");
    hold(&map, 3, 99);
    assert_eq!(shown().pop().and_then(|(kind, _)| kind), Some(Kind::HoldLimit), "another is another");
}

/// The timer comes: it looks at what it interrupted.
fn tick() {
    hooks::irq_enter(Level::Hardirq, new_cell());
    let were_on = IRQS.replace(false);
    hooks::check_holds();
    hooks::irq_exit();
    IRQS.set(were_on);
}

#[test]
fn a_hold_that_lasts_too_long_is_reported_while_it_lasts_and_once() {
    let _turn = begin();
    let (a, b) = (lock("a").with_hold_limit(10), lock("b"));
    for hold in 0..2 {
        take(&a, 1 + hold);
        take(&b, 3);
        pass(10);
        tick();
        assert!(shown().is_empty(), "as long as it may");
        pass(1);
        tick();
        let (kind, text) = shown().pop().expect("it is reported");
        assert_eq!(kind, Some(Kind::HoldLimit));
        assert!(text.contains("held for 11, limit 10") && text.contains("and still held at"), "{text}");
        pass(90);
        tick();
        hooks::check_holds();
        release(&b);
        tick();
        release(&a);
        assert!(shown().is_empty(), "once, also when it ends");
    }
    assert_eq!(hooks::first_finding(), None, "it ends no checking");
}

#[test]
fn what_is_waited_for_or_has_no_limit_is_not_held_too_long() {
    let _turn = begin();
    let (limited, unlimited, longer) = (lock("a").with_hold_limit(10), lock("a"), lock("a").with_hold_limit(30));
    hold(&limited, 1, 1);
    hold(&longer, 2, 1);
    take(&limited, 4);
    stat::contended(&limited);
    pass(1000);
    tick();
    assert!(shown().is_empty(), "it is not held yet");
    stat::acquired(&limited);
    pass(30);
    tick();
    assert!(shown().is_empty(), "of several limits of a class the longest counts while a hold lasts");
    release(&limited);
    assert_eq!(shown().pop().and_then(|(kind, _)| kind), Some(Kind::HoldLimit), "when it ends, its own does");
    take(&unlimited, 3);
    pass(1000);
    tick();
    release(&unlimited);
    assert!(shown().is_empty(), "it has no limit");
}

#[test]
fn a_hold_that_was_too_long_ends_no_checking() {
    let _turn = begin();
    let (a, b) = (lock("a").with_hold_limit(1), lock("b"));
    hold(&a, 1, 5);
    for [outer, inner] in [[&a, &b], [&b, &a]] {
        take(outer, 2);
        hold(inner, 3, 0);
        release(outer);
    }
    let kinds = shown().iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
    assert_eq!(kinds, [Some(Kind::HoldLimit), Some(Kind::Circular)]);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
}

#[test]
fn the_texts_are_the_golden_ones() {
    let _turn = begin();
    let (list, table, irq) = (lock("list"), lock("table"), lock("interrupt"));
    take(&list, 1);
    hold(&table, 2, 5);
    release(&list);
    hooks::acquire(&list, Mode::READ, sites::of_line(3));
    pass(7);
    release(&list);
    CPU.set(1);
    wait(&table, 4, 12, 3);
    hooks::irq_enter(Level::Hardirq, new_cell());
    IRQS.set(false);
    hold(&irq, 5, 2);
    hooks::irq_exit();
    IRQS.set(true);
    for (name, write) in [
        ("lock_stat", stat::write_lock_stat as fn(&mut dyn std::fmt::Write) -> std::fmt::Result),
        ("lockdep", stat::write_classes),
        ("lockdep_chains", stat::write_chains),
        ("lockdep_stats", stat::write_sums),
    ] {
        let mut text = String::new();
        write(&mut text).expect("a string takes all");
        golden(name, &sites::in_trace(&text, "source.rs", 1));
    }
}

#[test]
fn a_class_whose_locks_are_taken_with_interrupts_off_alone_counts_as_used() {
    let _turn = begin();
    let (waited_for, tried, unchecked, nest) = (lock("waited for"), lock("tried"), lock("unchecked"), lock("nest"));
    let were_on = hooks::irq_save();
    hooks::softirqs_off();
    hold(&waited_for, 1, 1);
    hooks::acquire_with(&Acquire::new(&tried, Mode::WRITE, sites::of_line(2)).tried());
    hooks::release(&tried, None);
    hooks::acquire_with(&Acquire::new(&unchecked, Mode::WRITE, sites::of_line(3)).unchecked());
    hooks::release(&unchecked, None);
    assert_eq!(stat::sums().unused, 0);
    // What is named as a nest lock is a class, and used when it is taken, in whatever way.
    hooks::acquire_with(&Acquire::new(&tried, Mode::WRITE, sites::of_line(4)).nest(&nest));
    hooks::release(&tried, None);
    assert_eq!(stat::sums().unused, 1);
    hooks::acquire_with(&Acquire::new(&nest, Mode::WRITE, sites::of_line(5)).tried());
    hooks::release(&nest, None);
    assert_eq!(stat::sums().unused, 0);
    hooks::softirqs_on();
    hooks::irq_restore(were_on);
}

#[test]
fn listings_may_take_locks_while_they_are_shown() {
    let _turn = begin();
    let (a, b) = (lock("a"), lock("b"));
    take(&a, 1);
    hold(&b, 1, 1);
    release(&a);
    let console = lock("console");
    let mut lines = 0;
    stat::for_each_class(&mut |line| {
        hold(&console, 9, 1);
        lines += usize::from(matches!(line, ClassLine::Leads(..)));
    });
    stat::for_each_chain(&mut |line| {
        hold(&console, 9, 1);
        lines += usize::from(matches!(line, ChainLine::Chain { .. }));
    });
    stat::for_each_class_times(&mut |_| {
        hold(&console, 9, 1);
        assert!(!stat::for_each_class_times(&mut |_| {}), "one listing at a time");
        lines += 1;
    });
    // One dependency; the chains of a, of b under a, and of the console; three classes.
    assert_eq!((lines, hooks::first_finding()), (1 + 3 + 3, None));
    assert!(IRQS.get());
}
