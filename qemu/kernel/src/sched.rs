//! The scheduler: one run queue for all CPUs, round robin, a tick a turn. Tasks sleep, are woken, end, and go on where a
//! CPU is free, so that they move between CPUs.
//!
//! Teaches: the lock over the switch. The run queue's lock is acquired by the task that leaves a CPU and released by the
//! one that arrives there: until then the stack that is left is in use, and nobody may take that task. The validator is
//! told by `hand_over` and `take_over`; the context is switched with the stack, with interrupts off.
//!
//! No wake-up is lost: a task becomes blocked and leaves under that lock, which it takes *before* it releases the lock of
//! what it waits for ([`block`]). Who wakes it takes both in the same order.

use crate::board::{Cpu as _, Interrupts as _, Stacks as _};
use crate::machine::Machine;
use crate::queue::Queue;
use crate::scenario::Work;
use crate::task::{STACKS, TABLE, TASKS, Task};
use crate::{cpu, flag, task};
use core::fmt;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::spin::{Mutex, MutexGuard};
use lockdep::{Mode, asserts};

/// What a task may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// There is no task in this place.
    Free,
    /// It waits for a CPU, or has one.
    Ready,
    /// It waits for a wake-up, or for its time.
    Blocked,
}

struct Scheduler {
    ready: Queue,
    states: [State; TASKS],
    /// At which tick a blocked task is woken in any case.
    due: [u64; TASKS],
}

type Guard = MutexGuard<'static, Scheduler>;

static SCHEDULER: Mutex<Scheduler> =
    Mutex::named("run_queue", Scheduler { ready: Queue::new(), states: [State::Free; TASKS], due: [u64::MAX; TASKS] });

/// How many are in the run queue, for those who look without its lock.
static READY: AtomicUsize = AtomicUsize::new(0);
/// How many tasks there are.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static TICKS: AtomicU64 = AtomicU64::new(0);

/// What the scheduler has done since the boot.
pub(crate) struct Counts {
    pub(crate) switches: AtomicUsize,
    /// By the tail of an interrupt.
    pub(crate) preemptions: AtomicUsize,
    /// A task went on, on another CPU than before.
    pub(crate) migrations: AtomicUsize,
    pub(crate) wakeups: AtomicUsize,
    pub(crate) kicks: AtomicUsize,
}

pub(crate) static COUNTS: Counts = Counts {
    switches: AtomicUsize::new(0),
    preemptions: AtomicUsize::new(0),
    migrations: AtomicUsize::new(0),
    wakeups: AtomicUsize::new(0),
    kicks: AtomicUsize::new(0),
};

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { switches, preemptions, migrations, wakeups, kicks } = self;
        let [switches, preemptions, migrations, wakeups, kicks] =
            [switches, preemptions, migrations, wakeups, kicks].map(|count| count.load(Ordering::Relaxed));
        write!(f, "{switches} switches, {preemptions} preemptions, {migrations} migrations, ")?;
        write!(f, "{wakeups} wake-ups, {kicks} kicks of an idle CPU")
    }
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// The time in ticks, 100 a second, as the first CPU counts them.
pub(crate) fn ticks() -> u64 {
    TICKS.load(Ordering::Relaxed)
}

/// How many tasks have not ended.
pub(crate) fn live() -> usize {
    LIVE.load(Ordering::Acquire)
}

/// What a task may do next, at this moment.
pub(crate) fn state_of(number: usize) -> State {
    SCHEDULER.lock_irqsave().states[number]
}

/// Calls `look` while the task has no CPU and gets none; returns whether that is so. Interrupts are off meanwhile.
pub(crate) fn with_parked(number: usize, look: impl FnOnce()) -> bool {
    let scheduler = SCHEDULER.lock_irqsave();
    let runs = cpu::CPUS.iter().any(|cpu| cpu.task.load(Ordering::Relaxed) == number);
    if !runs && scheduler.states[number] != State::Free {
        look();
    }
    !runs
}

/// Makes a task and lets it run. Returns its number.
pub(crate) fn spawn(work: &'static Work, argument: usize) -> usize {
    static IDS: AtomicUsize = AtomicUsize::new(1);
    let were_on = flag::save::<Machine>();
    let mut scheduler = SCHEDULER.lock();
    let place = scheduler.states.iter().position(|state| *state == State::Free);
    let Some(number) = place else { panic!("no room for the task {}", work.name) };
    let task = &TABLE[number];
    // SAFETY: the place is free, so no CPU runs on this stack; it is aligned, and large enough.
    let stack_pointer = unsafe { Machine::new_stack(STACKS[number].top(), begin) };
    // SAFETY: for the same reason its context is unused.
    unsafe { task.context.reset() };
    task.stack_pointer.store(stack_pointer, Ordering::Relaxed);
    task.id.store(IDS.fetch_add(1, Ordering::Relaxed) as u32, Ordering::Relaxed);
    task.argument.store(argument, Ordering::Relaxed);
    task.last_cpu.store(usize::MAX, Ordering::Relaxed);
    task.set_work(work);
    LIVE.fetch_add(1, Ordering::Relaxed);
    make_ready(&mut scheduler, number);
    drop(scheduler);
    flag::restore::<Machine>(were_on);
    number
}

/// Where a new task begins: as one that comes back from the switch, with interrupts off.
extern "C" fn begin() -> ! {
    hooks::irqs_disabled();
    arrive();
    flag::enable::<Machine>();
    let Some(task) = task::current().and_then(|number| TABLE.get(number)) else {
        unreachable!("a stack without a task")
    };
    (task.work().body)(task.argument.load(Ordering::Relaxed));
    flag::disable::<Machine>();
    hooks::task_exit();
    leave(SCHEDULER.lock(), State::Free);
    unreachable!("a task that has ended runs again")
}

/// Lets others run. May be called where a CPU idles, too.
pub(crate) fn yield_now() {
    flag::disable::<Machine>();
    leave(SCHEDULER.lock(), State::Ready);
    flag::enable::<Machine>();
}

/// The running task sleeps for that many ticks.
#[track_caller]
pub(crate) fn sleep(ticks_to_sleep: u64) {
    hooks::might_sleep();
    flag::disable::<Machine>();
    block((), ticks() + ticks_to_sleep);
    flag::enable::<Machine>();
}

/// The running task leaves, until it is woken or tick `due` has come. `inner`, the guard of what it waits for, is dropped
/// when nobody can miss it any more. Interrupts are off.
pub(crate) fn block<G>(inner: G, due: u64) {
    asserts::assert_irqs_disabled();
    let mut scheduler = SCHEDULER.lock();
    let Some(number) = task::current() else { panic!("only a task may sleep") };
    assert!(TABLE[number].may_be_preempted(), "a task sleeps that said it keeps its CPU");
    scheduler.due[number] = due;
    drop(inner);
    leave(scheduler, State::Blocked);
}

/// Wakes a task, if it is blocked. Interrupts are off; any context may do it.
pub(crate) fn wake(number: usize) {
    let mut scheduler = SCHEDULER.lock();
    if scheduler.states[number] == State::Blocked {
        count(&COUNTS.wakeups);
        make_ready(&mut scheduler, number);
    }
}

fn make_ready(scheduler: &mut Scheduler, number: usize) {
    scheduler.states[number] = State::Ready;
    scheduler.due[number] = u64::MAX;
    scheduler.ready.push(number);
    READY.fetch_add(1, Ordering::Relaxed);
    let this = Machine::cpu();
    let is_idle = |cpu: &cpu::Cpu| cpu.up.load(Ordering::Acquire) && cpu.task.load(Ordering::Relaxed) == usize::MAX;
    let idle = cpu::CPUS.iter().enumerate().find(|(other, cpu)| *other != this && is_idle(cpu));
    if let Some((idle, _)) = idle {
        count(&COUNTS.kicks);
        Machine::kick(idle);
    }
}

/// A tick of CPU `cpu`, in its interrupt. The first CPU keeps the time, and wakes whose time has come.
pub(crate) fn tick(cpu: usize) {
    if cpu != 0 {
        return;
    }
    let now = TICKS.fetch_add(1, Ordering::Relaxed) + 1;
    let mut scheduler = SCHEDULER.lock();
    for number in 0..TASKS {
        if scheduler.states[number] == State::Blocked && scheduler.due[number] <= now {
            count(&COUNTS.wakeups);
            make_ready(&mut scheduler, number);
        }
    }
}

/// Whether another task could run here, now, in the place of what was interrupted.
pub(crate) fn wants_to_preempt() -> bool {
    READY.load(Ordering::Relaxed) > 0
        && match task::current() {
            Some(number) => TABLE[number].may_be_preempted(),
            None => {
                let cpu = cpu::this::<Machine>();
                // Not the boot, nor a softirq.
                cpu.idles.load(Ordering::Relaxed) && cpu.idle.is(cpu::current::<Machine>())
            }
        }
}

/// The tail of an interrupt: what was interrupted goes to the end of the queue. Interrupts are off.
pub(crate) fn preempt() {
    count(&COUNTS.preemptions);
    leave(SCHEDULER.lock(), State::Ready);
}

/// This CPU goes on in the next task, or idles; what runs here now becomes `state`. Comes back when it is its turn again,
/// perhaps on another CPU. Interrupts are off.
fn leave(mut scheduler: Guard, state: State) {
    let cpu = cpu::this::<Machine>();
    let own = cpu.task.load(Ordering::Relaxed);
    let next = match scheduler.ready.pop() {
        Some(next) => {
            READY.fetch_sub(1, Ordering::Relaxed);
            next
        }
        None if state == State::Ready => return,
        None => usize::MAX,
    };
    let left = TABLE.get(own);
    if left.is_some() {
        scheduler.states[own] = state;
        match state {
            State::Ready => {
                scheduler.ready.push(own);
                READY.fetch_add(1, Ordering::Relaxed);
            }
            State::Blocked => {}
            // Nobody sees the place until the next task has arrived and unlocked the queue.
            State::Free => {
                LIVE.fetch_sub(1, Ordering::Release);
            }
        }
    }
    cpu.task.store(next, Ordering::Relaxed);
    let next = TABLE.get(next);
    if let Some(next) = next {
        let here = Machine::cpu();
        let last = next.last_cpu.swap(here, Ordering::Relaxed);
        if last != here && last != usize::MAX {
            count(&COUNTS.migrations);
        }
    }
    count(&COUNTS.switches);
    core::mem::forget(scheduler);
    hooks::hand_over(SCHEDULER.map());
    switch(cpu, left, next);
    arrive();
}

/// Exchanges stack and context. `None` is where this CPU idles.
fn switch(cpu: &cpu::Cpu, left: Option<&Task>, next: Option<&Task>) {
    let save = left.map_or(&cpu.idle_stack_pointer, |left| &left.stack_pointer).as_ptr();
    let load = next.map_or(&cpu.idle_stack_pointer, |next| &next.stack_pointer).load(Ordering::Relaxed);
    let context = next.map_or(&cpu.idle, |next| &next.context).get();
    Machine::set_current(cpu::word_of_context(context));
    // SAFETY: interrupts are disabled. The stack was left by `switch` or is a new one, and nobody else takes it: the
    // task was in the run queue, whose lock is held until `arrive`, or it is this CPU's own idle stack.
    unsafe { Machine::switch(save, load) };
}

/// The first that runs after a switch: the queue is locked, by what was on this CPU before.
fn arrive() {
    hooks::take_over(SCHEDULER.map(), Mode::WRITE);
    // SAFETY: it is locked, and its guard was forgotten.
    unsafe { SCHEDULER.force_unlock() };
}

/// Runs these tasks until all tasks have ended. Called where the first CPU booted, which idles meanwhile. However long
/// they take: who booted this ends it when something hangs.
pub(crate) fn run_to_end(works: &'static [Work]) {
    for (index, work) in works.iter().enumerate() {
        spawn(work, index);
    }
    idle_until(|| live() == 0);
}

/// Idles, and so lets tasks run, until `done`. Each interrupt's tail looks whether there is something to run.
pub(crate) fn idle_until(done: impl Fn() -> bool) {
    let cpu = cpu::this::<Machine>();
    cpu.idles.store(true, Ordering::Relaxed);
    yield_now();
    while !done() {
        Machine::wait_for_irq();
    }
    cpu.idles.store(false, Ordering::Relaxed);
    // Once more through the queue's lock: who ended has left its stack, and holds that lock no longer.
    yield_now();
}
