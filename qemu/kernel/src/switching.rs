//! Two tasks of a CPU, and on each CPU at once: both hold a lock, take turns, and release it. A context is switched
//! with its task, so each sees its own lock alone, and releases it cleanly though the other took one in between.

use crate::board::Board;
use crate::scenario::Body;
use crate::{cpu, judge, task};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep_proto::TASK_SWITCH;

/// The lock of the first and that of the second task of each CPU.
static FIRST: [Mutex<()>; cpu::MAX] = [const { Mutex::named("first_task_lock", ()) }; cpu::MAX];
static SECOND: [Mutex<()>; cpu::MAX] = [const { Mutex::named("second_task_lock", ()) }; cpu::MAX];

/// What was not as it must be, and how many tasks came to their ends.
static WRONG: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// Runs two tasks on each CPU, and judges what they saw.
pub(crate) fn run<B: Board>(smp: usize) {
    let all = [first::<B>, second::<B>].map(|body| [body as Body; cpu::MAX]);
    let mut bodies = [first::<B> as Body; task::TASKS * cpu::MAX];
    for (body, wanted) in bodies.iter_mut().zip(all.iter().flat_map(|of_each| &of_each[..smp])) {
        *body = *wanted;
    }
    let count = smp * task::TASKS;
    task::run_to_end::<B>(&bodies[..count]);
    let apart = WRONG.load(Ordering::Relaxed) == 0 && ENDED.load(Ordering::Relaxed) == count;
    judge::case::<B>(&TASK_SWITCH, "apart", if apart { "apart" } else { "mixed" });
}

/// Takes its lock first, and releases it while the other task holds one as well.
fn first<B: Board>() {
    let (own, other) = (&FIRST[B::cpu()], &SECOND[B::cpu()]);
    let held = own.lock();
    while !other.is_locked() {
        sees(own);
        task::pause::<B>();
    }
    sees(own);
    drop(held);
    none();
    ENDED.fetch_add(1, Ordering::Relaxed);
}

/// Takes its lock while the first holds one, and releases it after that one has.
fn second<B: Board>() {
    let (own, other) = (&SECOND[B::cpu()], &FIRST[B::cpu()]);
    while !other.is_locked() {
        task::pause::<B>();
    }
    none();
    let held = own.lock();
    while other.is_locked() {
        sees(own);
        task::pause::<B>();
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
