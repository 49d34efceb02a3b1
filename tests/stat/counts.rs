//! What is counted and measured: holds, waits, bounces, points of contention; what is not, and what clearing leaves.

use crate::machine::*;
use crate::plain::IRQS;
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::stat::{self, Recording};
use lockdep::{Level, LockMap};
use lockdep::{Mode, Site};
use lockdep_cli::sites;

#[test]
fn holds_are_counted_and_measured_and_the_longest_names_its_line() {
    let _turn = begin();
    let map = lock("a");
    for (line, units) in [(1, 5), (2, 9), (3, 2), (1, 5)] {
        hold(&map, line, units);
        pass(100);
    }
    let times = times();
    assert_eq!(times.write.hold, lengths(4, 0, 21, (2, 9), Some(2)));
    assert_eq!(times.write.hold.average(), 5);
    assert_eq!((times.write.wait.count, times.read.hold.count), (0, 0));
    assert_eq!(times.class.name, Some("a"));
}

#[test]
fn reading_and_writing_are_counted_apart() {
    let _turn = begin();
    let map = lock("a");
    hold(&map, 1, 3);
    for mode in [Mode::READ, Mode::RECURSIVE_READ] {
        hooks::acquire(&map, mode, sites::of_line(2));
        pass(4);
        release(&map);
    }
    let times = times();
    assert_eq!(times.write.hold, lengths(1, 0, 3, (3, 3), Some(1)));
    assert_eq!(times.read.hold, lengths(2, 0, 8, (4, 4), Some(2)));
}

#[test]
fn each_hold_has_its_own_time_also_out_of_order() {
    let _turn = begin();
    let (a, b, c) = (lock("a"), lock("b"), lock("c"));
    for _ in 0..2 {
        for map in [&a, &b, &c] {
            take(map, 1);
            pass(1);
        }
        // The holds above are taken again by this.
        release(&a);
        pass(10);
        release(&c);
        release(&b);
    }
    let totals = all_times().iter().map(|times| times.write.hold.total).collect::<Vec<_>>();
    assert_eq!(totals, [2 * 3, 2 * 12, 2 * 11]);
}

#[test]
fn an_interrupt_counts_and_an_nmi_does_not() {
    let _turn = begin();
    let (a, b) = (lock("a"), lock("b"));
    take(&a, 1);
    for (level, units) in [(Level::Hardirq, 4), (Level::Nmi, 8)] {
        hooks::irq_enter(level, new_cell());
        IRQS.set(false);
        hold(&b, 2, units);
        hooks::irq_exit();
        IRQS.set(true);
    }
    release(&a);
    let all = all_times();
    assert_eq!(all[0].write.hold.total, 12);
    assert_eq!(all[1].write.hold, lengths(1, 0, 4, (4, 4), Some(2)));
}

#[test]
fn a_lock_bounces_between_cpus_and_their_tables_are_summed() {
    let _turn = begin();
    let map = lock("a");
    for (cpu, units) in [(0, 7), (0, 5), (1, 3), (1, 9), (0, 1)] {
        CPU.set(cpu);
        hold(&map, 1 + cpu as usize, units);
    }
    assert_eq!(times().write.hold, lengths(5, 2, 25, (1, 9), Some(2)));
}

#[test]
fn what_happens_on_cpus_that_port_was_not_told_of_is_counted_as_such() {
    let _turn = begin();
    CPU.set(2);
    hold(&lock("a"), 1, 1);
    assert_eq!((all_times().len(), stat::sums().outside), (0, 1));
}

#[test]
fn a_wait_ends_where_the_hold_begins_and_names_both_parties() {
    let _turn = begin();
    let map = lock("a");
    hold(&map, 1, 5);
    CPU.set(1);
    wait(&map, 2, 30, 4);
    wait(&map, 2, 20, 4);
    CPU.set(0);
    wait(&map, 3, 10, 4);
    let times = times();
    assert_eq!(times.write.wait, lengths(3, 2, 60, (10, 30), Some(2)));
    assert_eq!(times.write.hold, lengths(4, 2, 17, (4, 5), Some(1)), "a wait is no part of a hold");
    let lines = |points: &[lockdep::stat::Point]| points.iter().map(|p| (p.site, p.count)).collect::<Vec<_>>();
    assert_eq!(lines(times.waiters()), [(sites::of_line(2), 2), (sites::of_line(3), 1)]);
    assert_eq!(lines(times.holders()), [(sites::of_line(1), 1), (sites::of_line(2), 2)]);
}

#[test]
fn four_points_of_contention_are_kept() {
    let _turn = begin();
    let map = lock("a");
    for line in 1..=6 {
        wait(&map, line, 1, 1);
    }
    let times = times();
    assert_eq!((times.waiters().len(), times.holders().len(), times.write.wait.count), (4, 4, 6));
}

#[test]
fn those_with_the_most_contentions_come_first() {
    let _turn = begin();
    let maps = [lock("never"), lock("once"), lock("twice")];
    for (map, times) in maps.iter().zip([0, 1, 2]) {
        hold(map, 1, 1);
        (0..times).for_each(|_| wait(map, 1, 1, 1));
    }
    let names = all_times().iter().map(|times| times.class.name.unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["twice", "once", "never"]);
}

#[test]
fn contended_only_counts_what_waited_and_nothing_counts_nothing() {
    let _turn = begin();
    let map = lock("a");
    stat::record(Recording::Contended);
    hold(&map, 1, 5);
    assert!(all_times().is_empty());
    wait(&map, 2, 3, 4);
    hold(&map, 1, 5);
    assert_eq!(times().write.wait, lengths(1, 0, 3, (3, 3), Some(2)));
    assert_eq!(times().write.hold, lengths(1, 0, 4, (4, 4), Some(2)));
    stat::record(Recording::Nothing);
    wait(&map, 2, 3, 4);
    hold(&map, 1, 5);
    assert_eq!(times().write.hold.count, 1);
}

#[test]
fn what_is_cleared_is_gone_for_each_cpu_and_counted_again() {
    let _turn = begin();
    let map = lock("a");
    for cpu in [0, 1] {
        CPU.set(cpu);
        wait(&map, 1, 50, 60);
    }
    stat::clear();
    assert!(all_times().is_empty());
    take(&map, 2);
    stat::clear();
    pass(3);
    release(&map);
    assert_eq!(times().write.hold, lengths(1, 0, 3, (3, 3), Some(2)), "a hold that goes on is counted when it ends");
    assert!(times().waiters().is_empty());
}

#[test]
fn another_class_in_the_same_slot_begins_at_nothing() {
    let _turn = begin();
    hold(&lock("a"), 1, 50);
    assert!(hooks::reset());
    assert!(all_times().is_empty());
    hold(&lock("b"), 2, 3);
    assert_eq!((times().class.name, times().write.hold), (Some("b"), lengths(1, 0, 3, (3, 3), Some(2))));
}

#[test]
fn holds_that_are_counted_as_one_are_one_hold() {
    let _turn = begin();
    let nest = lock("nest");
    let locks = [lock("a"), lock("a")];
    take(&nest, 1);
    for map in &locks {
        let what = lockdep::Acquire::new(map, Mode::WRITE, sites::of_line(2));
        hooks::acquire_with(&what.nest(&nest));
        pass(1);
    }
    locks.iter().for_each(release);
    release(&nest);
    let all = all_times();
    assert_eq!(all[1].write.hold.count, 1, "{all:#?}");
}

#[test]
fn a_clock_that_does_not_advance_counts() {
    let _turn = begin();
    (0..3).for_each(|_| hold(&lock("a"), 1, 0));
    assert_eq!(times().write.hold.count, 3);
}

#[test]
fn sites_are_of_the_callers() {
    let _turn = begin();
    let map = LockMap::named("here", WaitTypes::SPIN);
    hooks::acquire(&map, Mode::WRITE, Site::caller());
    pass(1);
    release(&map);
    assert!(times().write.hold.longest_at.unwrap().0.file().ends_with("tests/stat/counts.rs"));
}
