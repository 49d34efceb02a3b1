//! The live scenarios: a deadlock that could happen, brought about by real CPUs and real interrupts, and caught.
//!
//! | name | what happens | what must be found |
//! | --- | --- | --- |
//! | `abba` | two CPUs (at smp 1: two tasks) take two locks in opposite orders, one after the other | `circular` |
//! | `irq` | a task takes a lock with interrupts on, later the real timer interrupt takes it | `inconsistent` |
//! | `softirq` | a task takes a lock with softirqs on, later a real softirq takes it | `inconsistent` |
//!
//! None of them ever hangs: the locks are free whenever they are taken. That is the point: the report comes before the
//! deadlock does.

use crate::board::Board;
use crate::scenario::{self, Scenario, Work, nothing};
use crate::{cpu, flag, judge, sched};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::Kind;
use lockdep::hooks;
use lockdep::spin::Mutex;

static SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "abba",
        tasks: &[Work { name: "task-one", body: abba::first }, Work { name: "task-two", body: abba::second }],
        in_hardirq: nothing,
        in_softirq: nothing,
        finds: Some(Kind::Circular),
    },
    Scenario {
        name: "irq",
        tasks: &[Work { name: "task-one", body: irq::task }],
        in_hardirq: irq::tick,
        in_softirq: nothing,
        finds: Some(Kind::Inconsistent),
    },
    Scenario {
        name: "softirq",
        tasks: &[Work { name: "task-one", body: softirq::task }],
        in_hardirq: nothing,
        in_softirq: softirq::run,
        finds: Some(Kind::Inconsistent),
    },
];

/// How far it has come: each scenario counts its own steps.
static STEP: AtomicUsize = AtomicUsize::new(0);
/// How many timer interrupts to wait for a finding, when all tasks are done.
const PATIENCE: usize = 20;

/// Whether there is a scenario of this name.
pub(crate) fn is_known(name: &str) -> bool {
    SCENARIOS.iter().any(|scenario| scenario.name == name)
}

/// Runs the scenarios that `wanted` picks, in their order, and judges what each found.
pub(crate) fn run<B: Board>(wanted: impl Fn(&str) -> bool) {
    for scenario in SCENARIOS.iter().filter(|scenario| wanted(scenario.name)) {
        run_one::<B>(scenario);
    }
}

fn run_one<B: Board>(scenario: &'static Scenario) {
    while !hooks::reset() {
        core::hint::spin_loop();
    }
    // So that every report finds the flags changed by a softirq before, on every run.
    while cpu::this::<B>().ticks.load(Ordering::Relaxed) < 2 {
        B::wait_for_irq();
    }
    // Just after a tick, so that the next one does not come in the middle.
    B::wait_for_irq();
    STEP.store(0, Ordering::Relaxed);
    scenario::set_running(Some(scenario));
    sched::run_to_end(scenario.tasks);
    for _ in 0..PATIENCE {
        if hooks::first_finding().is_some() {
            break;
        }
        B::wait_for_irq();
    }
    scenario::set_running(None);
    judge::case::<B>(&scenario.name, judge::verdict(scenario.finds), judge::verdict(hooks::first_finding()));
}

/// Panics with a lock held.
pub(crate) fn panic_drill() -> ! {
    static HELD: Mutex<()> = Mutex::named("drill_lock", ());
    let _held = HELD.lock();
    panic!("a drill, with a lock held");
}

/// Hangs, with interrupts disabled.
pub(crate) fn hang_drill<B: Board>() -> ! {
    flag::disable::<B>();
    loop {
        // A CPU that never pauses would keep the others from running where QEMU gives them turns.
        core::hint::spin_loop();
    }
}

/// Whether the one task of this scenario has ended.
fn is_over() -> bool {
    STEP.load(Ordering::Acquire) > 0 && sched::live() == 0
}

/// Two locks in opposite orders.
mod abba {
    use super::{Mutex, Ordering, STEP};

    static INODE: Mutex<u32> = Mutex::named("inode_lock", 0);
    static JOURNAL: Mutex<u32> = Mutex::named("journal_lock", 0);

    pub(super) fn first(_: usize) {
        let mut inode = INODE.lock();
        let mut journal = JOURNAL.lock();
        (*inode, *journal) = (1, 1);
        drop((journal, inode));
        STEP.store(1, Ordering::Release);
    }

    pub(super) fn second(_: usize) {
        while STEP.load(Ordering::Acquire) == 0 {
            core::hint::spin_loop();
        }
        let mut journal = JOURNAL.lock();
        let mut inode = INODE.lock();
        (*inode, *journal) = (2, 2);
    }
}

/// A lock of a task that its timer interrupt takes as well.
mod irq {
    use super::{Mutex, Ordering, STEP, is_over};

    static TIMER: Mutex<u64> = Mutex::named("timer_lock", 0);

    pub(super) fn task(_: usize) {
        *TIMER.lock() += 1;
        STEP.store(1, Ordering::Release);
    }

    /// On the CPU of the task, when that is over: nothing hangs, and yet the report is right.
    pub(super) fn tick(cpu: usize) {
        if cpu == 0 && is_over() {
            *TIMER.lock() += 1;
        }
    }
}

/// A lock of a task that a softirq takes as well, on the way out of the timer interrupt.
mod softirq {
    use super::{Mutex, Ordering, STEP, is_over};

    static PACKETS: Mutex<u64> = Mutex::named("packet_lock", 0);

    pub(super) fn task(_: usize) {
        *PACKETS.lock() += 1;
        STEP.store(1, Ordering::Release);
    }

    /// On the CPU of the task, when that is over.
    pub(super) fn run(cpu: usize) {
        if cpu == 0 && is_over() {
            *PACKETS.lock() += 1;
        }
    }
}
