//! The graph against a machine that knows the truth: tasks and interrupts over mutexes, readers and writers, and
//! semaphores, under random schedules that go on while the graph looks (`random`). A context is deadlocked if no schedule,
//! of all that there are, ever lets it continue. Here: single tables, and films of what changes meanwhile.

mod facts;
mod machine;
mod random;

use super::*;
use crate::watch::tests::{View, context};
use std::cell::RefCell;
use std::vec;
use std::vec::Vec;

const WRITE: Mode = Mode::WRITE;

/// The addresses of those that are claimed from `start`.
fn claimed(contexts: &Vec<View>, start: usize) -> Vec<usize> {
    WaitGraph::new().deadlock(contexts, start).iter().map(|member| member.address).collect()
}

#[test]
fn a_cycle_is_told_from_the_first_on_with_what_leads_to_it() {
    let contexts = vec![
        context(10, Some((1, WRITE)), &[(2, WRITE)]),
        context(20, Some((2, WRITE)), &[(1, WRITE)]),
        context(30, Some((1, WRITE)), &[]),
        context(40, None, &[(3, WRITE)]),
        context(50, Some((3, WRITE)), &[]),
    ];
    assert_eq!(claimed(&contexts, 10), [10, 20]);
    assert_eq!(claimed(&contexts, 20), [20, 10]);
    assert_eq!(claimed(&contexts, 30), [30, 20, 10]);
    assert_eq!([40, 50, 60].map(|start| claimed(&contexts, start)), [[]; 3], "it runs, waits for it, is not there");
    let mut graph = WaitGraph::new();
    let reasons: Vec<u32> = graph.deadlock(&contexts, 30).iter().map(|member| member.reason).collect();
    assert_eq!(reasons, [0b10, 0b100, 0b10], "as places in the list");
}

#[test]
fn modes_exclude_as_they_do_in_every_lock() {
    let (read, upgradeable) = (Mode::READ, Mode::UPGRADEABLE);
    let excluded = |waits: Mode, held: Mode| {
        let contexts = vec![context(10, Some((1, waits)), &[(2, WRITE)]), context(20, Some((2, WRITE)), &[(1, held)])];
        !claimed(&contexts, 10).is_empty()
    };
    for (waits, by) in [
        (WRITE, [true, true, true, true]),
        (read, [true, false, false, false]),
        (Mode::RECURSIVE_READ, [true, false, false, false]),
        (upgradeable, [true, false, false, true]),
    ] {
        assert_eq!([WRITE, read, Mode::RECURSIVE_READ, upgradeable].map(|held| excluded(waits, held)), by, "{waits:?}");
    }
    let upgrades = vec![context(10, Some((1, WRITE)), &[(1, upgradeable)])];
    assert_eq!(claimed(&upgrades, 10), [], "it waits for the readers");
    assert_eq!(claimed(&vec![context(10, Some((1, WRITE)), &[(1, read)])], 10), [10]);
}

#[test]
fn what_is_told_of_an_interrupt_rests_on_it() {
    // The task has lock 1; its interrupt waits for lock 2, which another CPU has that waits for lock 1.
    let mut contexts = vec![
        context(10, None, &[(1, WRITE), (3, WRITE)]),
        context(11, Some((2, WRITE)), &[]),
        context(20, Some((1, WRITE)), &[(2, WRITE)]),
    ];
    contexts[1].interrupted = Some(10);
    assert_eq!(claimed(&contexts, 20), [20, 10, 11]);
    assert_eq!(claimed(&contexts, 10), [10, 11, 20]);
    contexts[1].doing = Doing::Running;
    assert_eq!(claimed(&contexts, 20), [], "the interrupt will return");
    contexts[1].doing = Doing::Changing;
    assert_eq!(claimed(&contexts, 20), []);
}

/// A cycle of so many contexts, each of which waits for the next.
fn ring(length: usize) -> Vec<View> {
    (0..length).map(|at| context(at, Some(((at + 1) % length, WRITE)), &[(at, WRITE)])).collect()
}

#[test]
fn what_finds_no_room_is_not_told() {
    assert_eq!(claimed(&ring(NODES), 7).len(), NODES);
    assert_eq!(claimed(&ring(NODES + 1), 7), []);
    // Readers for which there is no room do no harm: one that is stuck is enough.
    let mut contexts =
        vec![context(0, Some((1, WRITE)), &[(2, WRITE)]), context(1, Some((2, WRITE)), &[(1, Mode::READ)])];
    contexts.extend((2..100).map(|at| context(at, None, &[(1, Mode::READ)])));
    assert_eq!(claimed(&contexts, 0), [0, 1]);
}

/// What each visit shows, one after the other, and the last one for ever.
struct Film(RefCell<Vec<Vec<View>>>);

impl Film {
    /// Frames that are shown so often each.
    fn new(frames: &[(usize, &[View])]) -> Film {
        let shown = frames.iter().rev().flat_map(|(times, frame)| std::iter::repeat_n(frame.to_vec(), *times));
        Film(RefCell::new(shown.collect()))
    }
}

impl Contexts for Film {
    type One = View;

    fn visit(&self, mut visit: impl FnMut(View) -> ControlFlow<()>) {
        let frame = self.0.borrow().last().expect("a film has a frame").clone();
        if self.0.borrow().len() > 1 {
            self.0.borrow_mut().pop();
        }
        let _ = frame.iter().try_for_each(|view| visit(*view));
    }
}

/// One look of three contexts has five visits: one to find the first, one for each, and one that reads the waits again.
const LOOK: usize = 5;

#[test]
fn one_look_is_not_enough() {
    let waiter = context(20, Some((1, WRITE)), &[(2, WRITE)]);
    let (before, after) = (context(10, None, &[(1, WRITE), (3, WRITE)]), context(10, None, &[]));
    let mut interrupt = context(11, Some((2, WRITE)), &[]);
    interrupt.interrupted = Some(10);
    // Between the second visit and the third, the task releases lock 1, and is interrupted. The waiter has yet to run.
    let torn = Film::new(&[(2, &[waiter, before]), (1, &[waiter, after, interrupt])]);
    assert_eq!(WaitGraph::new().deadlock(&torn, 20), []);
    let still = Film::new(&[(1, &[waiter, before, interrupt])]);
    assert_eq!(WaitGraph::new().deadlock(&still, 20).len(), 3, "as if the task had not released it");
}

#[test]
fn a_wait_that_ended_meanwhile_is_none() {
    let [one, other] = [context(10, Some((1, WRITE)), &[(2, WRITE)]), context(20, Some((2, WRITE)), &[(1, WRITE)])];
    let (both, ended): (&[View], &[View]) = (&[one, other], &[one, context(20, None, &[(1, WRITE), (2, WRITE)])]);
    let of_two = LOOK - 1;
    assert_eq!(WaitGraph::new().deadlock(&Film::new(&[(2 * of_two, both), (1, ended)]), 10).len(), 2);
    for visits in 0..2 * of_two {
        let film = Film::new(&[(visits, both), (1, ended)]);
        assert_eq!(WaitGraph::new().deadlock(&film, 10), [], "it ends after {visits} visits");
    }
    let mut again = other;
    again.doing = Doing::Waiting(Wait { number: 3, ..other.doing.wait().expect("it waits") });
    let film = Film::new(&[(of_two, both), (1, &[one, again])]);
    assert_eq!(WaitGraph::new().deadlock(&film, 10), [], "another wait for the same lock");
}
