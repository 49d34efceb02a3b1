//! Pairs of tasks, one for each CPU: both tasks of a pair hold a lock, take turns, and release it. A context is switched
//! with its task, so each sees its own lock alone, and releases it cleanly though the other took one in between, and
//! though both may be moved.

use crate::machine::Machine;
use crate::scenario::Work;
use crate::{cpu, judge, sched};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep_proto::TASK_SWITCH;

/// The lock of the first and that of the second task of each pair.
static FIRST: [Mutex<()>; cpu::MAX] = [const { Mutex::named("first_task_lock", ()) }; cpu::MAX];
static SECOND: [Mutex<()>; cpu::MAX] = [const { Mutex::named("second_task_lock", ()) }; cpu::MAX];

/// What was not as it must be, and how many tasks came to their ends.
static WRONG: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

static TASKS: [Work; 2] = [Work { name: "first", body: first }, Work { name: "second", body: second }];

/// Runs a pair for each CPU, and judges what the tasks saw.
pub(crate) fn run(smp: usize) {
    for pair in 0..smp {
        for work in &TASKS {
            sched::spawn(work, pair);
        }
    }
    sched::idle_until(|| sched::live() == 0);
    let apart = WRONG.load(Ordering::Relaxed) == 0 && ENDED.load(Ordering::Relaxed) == smp * TASKS.len();
    judge::case::<Machine>(&TASK_SWITCH, "apart", if apart { "apart" } else { "mixed" });
}

/// Takes its lock first, and releases it while the other task holds one as well.
fn first(pair: usize) {
    let (own, other) = (&FIRST[pair], &SECOND[pair]);
    let held = own.lock();
    while !other.is_locked() {
        sees(own);
        sched::yield_now();
    }
    sees(own);
    drop(held);
    none();
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// Takes its lock while the first holds one, and releases it after that one has.
fn second(pair: usize) {
    let (own, other) = (&SECOND[pair], &FIRST[pair]);
    while !other.is_locked() {
        sched::yield_now();
    }
    none();
    let held = own.lock();
    while other.is_locked() {
        sees(own);
        sched::yield_now();
    }
    sees(own);
    drop(held);
    none();
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// The running task holds its own lock alone, whatever the other does.
fn sees(own: &Mutex<()>) {
    let right = hooks::holds(own.map()) && held() == 1;
    WRONG.fetch_add(usize::from(!right), Ordering::Relaxed);
}

/// The running task holds nothing.
fn none() {
    WRONG.fetch_add(held(), Ordering::Relaxed);
}

/// How many locks the running task holds.
fn held() -> usize {
    let mut count = 0;
    hooks::for_each_held(&mut |_| count += 1);
    count
}
