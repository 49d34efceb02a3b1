//! The kernel on one page: the port, a lock of its own, interrupts, tasks, the scheduler, and some work.
//!
//! What it owes to the validator, all of it:
//! - the port (below), whose `context` is one word for each CPU, read in one instruction: a task may be moved to another CPU
//!   before and after it, and the context that it read is still its own;
//! - a guard of `hooks::interrupt`, first in the handler and dropped before the scheduler is called;
//! - a `ContextCell` in each task, which `schedule` makes the current one with the stack;
//! - `hand_over` and `take_over` of the run queue's lock, which one task acquires and the next one releases;
//! - `task_exit` where a task ends.

use crate::machine::{self, CPUS, Serial};
use crate::mistakes::{self, Mistake};
use lockdep::asserts;
use lockdep::hooks;
use lockdep::report::TaskName;
use lockdep::spin::Mutex; // was: use spin::Mutex;
use lockdep::{AsLockMap, Context, Level, LockMap};
use lockdep::{ContextCell, IrqState, Message, Mode, Port, Site, TaskInfo};
use lockdep::{Token, Tracker, WaitTypes};
use std::cell::{RefCell, UnsafeCell};
use std::collections::VecDeque;
use std::ffi::c_int;
use std::fmt::Write;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize};

// ---- the port: all that the validator asks of such a kernel

pub(crate) struct Kernel;

// SAFETY: the CPU's word names the context of the task that runs there, which is in no run queue meanwhile and is kept by
// `Cpu::task`, or that of the CPU's own interrupt. It is read and written by one instruction. The two functions that disable and
// restore are barriers, as their assembly may touch any memory.
unsafe impl Port for Kernel {
    const CLASSES: usize = 64;
    const DEPENDENCIES: usize = 256;
    const CHAINS: usize = 1024;

    fn context() -> *const Context {
        machine::context()
    }
    unsafe fn set_context(context: *const Context) {
        machine::set_context(context);
    }
    fn irqs_enabled() -> bool {
        machine::irqs_enabled()
    }
    fn irqs_disable() -> IrqState {
        IrqState(machine::irqs_disable().into())
    }
    fn irqs_restore(state: IrqState) {
        if state.0 != 0 {
            machine::irqs_enable();
        }
    }
    fn who() -> TaskInfo {
        let cpu = machine::cpu() as u32;
        match &*this_cpu().task.borrow() {
            Some(task) => TaskInfo { task: TaskName::new(&task.name), id: task.id, cpu },
            None => TaskInfo { task: "board".into(), id: 0, cpu },
        }
    }
    fn show(message: Message<'_>) {
        mistakes::REPORTS.fetch_add(1, Relaxed);
        let _ = writeln!(Serial, "{message}"); // interrupts are off: the task stays on this CPU
    }
    const CPU: fn() -> u32 = || machine::cpu() as u32; // statistics ask with interrupts on; `who` may not be asked so here
}

lockdep::port!(Kernel);

// ---- a lock of the kernel's own: it gives the CPU away until it is free (xv6: `sleeplock`)

pub(crate) struct SleepLock<T> {
    tracker: Tracker,
    locked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: one guard at a time reaches the value.
unsafe impl<T: Send> Sync for SleepLock<T> {}

impl<T> SleepLock<T> {
    pub(crate) const fn named(name: &'static str, value: T) -> SleepLock<T> {
        SleepLock {
            tracker: Tracker::named(name, WaitTypes::SLEEP),
            locked: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The validator is told before the wait, so that the report comes before the hang: that the lock is acquired, and that the
    /// task may sleep here.
    #[track_caller]
    pub(crate) fn lock(&self) -> SleepGuard<'_, T> {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        while self.locked.swap(true, Acquire) {
            give_cpu_away();
        }
        SleepGuard { lock: self, token }
    }
}

impl<T> AsLockMap for SleepLock<T> {
    fn as_lock_map(&self) -> &LockMap {
        self.tracker.map()
    }
}

pub(crate) struct SleepGuard<'a, T> {
    lock: &'a SleepLock<T>,
    token: Token<'a>,
}

impl<T> Drop for SleepGuard<'_, T> {
    /// The validator is told before the lock is free, so that no other task has it while it is a hold of this one.
    fn drop(&mut self) {
        self.token.release(None);
        self.lock.locked.store(false, Release);
    }
}

impl<T> Deref for SleepGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for SleepGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, by this guard alone.
        unsafe { &mut *self.lock.value.get() }
    }
}

// ---- interrupts

/// What each CPU's interrupts hold. Here they do not nest; where they do, it is one for each level.
static IRQ_CONTEXTS: [ContextCell; CPUS] = [const { ContextCell::new(0) }; CPUS];

/// The interrupt moves it on.
static CLOCK: Mutex<u64> = Mutex::named("clock", 0);
/// Rings when it is due, and not at each tick.
pub(crate) static ALARM: Mutex<u32> = Mutex::named("alarm", 0);
pub(crate) static ALARM_IS_DUE: AtomicBool = AtomicBool::new(false);

/// The timer's interrupt. It comes at any instruction, also at those of the validator.
extern "C" fn timer(_signal: c_int) {
    if !machine::irqs_disable() {
        return; // the flag was off: a real CPU would not have come here
    }
    tick();
    // The tail: the interrupt has ended, and the interrupted task's context is the current one again. The task is preempted here
    // and continues here, on this CPU or on another one. (Called inside `tick`, `schedule` would leave the CPU's interrupt
    // context in use; that is reported at the next tick.)
    schedule(Leaving::Ready);
    machine::irqs_enable(); // by the instruction that returns from an interrupt
}

fn tick() {
    let _interrupt = hooks::interrupt(Level::Hardirq, &IRQ_CONTEXTS[machine::cpu()]); // first, so that it is dropped last
    let mut clock = CLOCK.lock();
    *clock += 1;
    if ALARM_IS_DUE.swap(false, Relaxed) {
        *ALARM.lock() += 1;
    }
}

/// What the kernel itself does with interrupts off.
pub(crate) fn without_interrupts<R>(work: impl FnOnce() -> R) -> R {
    let saved = hooks::irq_save();
    let answer = work();
    hooks::irq_restore(saved);
    answer
}

// ---- tasks

pub(crate) struct Task {
    name: String,
    id: u32,
    /// What it holds, as the validator knows it. It goes where the task goes, and is dropped with it.
    context: ContextCell,
    /// Where it goes on, while it does not run.
    stack_pointer: AtomicUsize,
    /// Kept for its memory; none for an idle task, which runs on the stack that the CPU booted with.
    stack: Vec<u128>,
    work: fn(),
}

const STACK: usize = 128 * 1024 / size_of::<u128>();

impl Task {
    fn new(name: &str, stack: usize, work: fn()) -> Arc<Task> {
        static IDS: AtomicU32 = AtomicU32::new(0);
        let id = IDS.fetch_add(1, Relaxed);
        let mut stack = vec![0; stack];
        let stack_pointer = if stack.is_empty() { 0 } else { machine::prepare(&mut stack, begin) };
        let context = ContextCell::new(0);
        Arc::new(Task { name: format!("{name} {id}"), id, context, stack_pointer: stack_pointer.into(), stack, work })
    }

    fn is_idle(&self) -> bool {
        self.stack.is_empty()
    }
}

/// Makes a task and puts it into the run queue.
pub(crate) fn spawn(name: &str, work: fn()) {
    without_interrupts(|| {
        let task = Task::new(name, STACK, work);
        TASKS.fetch_add(1, Relaxed);
        RUN_QUEUE.lock().push_back(task);
    });
}

/// Where a new task begins: as one that comes back from `swtch`, with interrupts off.
extern "C" fn begin() -> ! {
    arrive();
    let work = this_cpu().task.borrow().as_ref().expect("a task runs").work;
    hooks::irqs_enabled(); // before they are
    machine::irqs_enable();
    work();
    machine::irqs_disable();
    hooks::irqs_disabled(); // after they are
    hooks::task_exit(); // does it hold a lock still?
    TASKS.fetch_sub(1, Relaxed);
    schedule(Leaving::Dead);
    unreachable!("a dead task runs");
}

// ---- the scheduler

/// What a CPU has for itself; only used with interrupts off.
struct Cpu {
    /// The task that runs here.
    task: RefCell<Option<Arc<Task>>>,
    idle: RefCell<Option<Arc<Task>>>,
    /// The task that ended here: it is freed by the next one, since a task cannot free the stack that it runs on.
    dead: RefCell<Option<Arc<Task>>>,
}

// SAFETY: a CPU looks at its own one alone, and with interrupts off.
unsafe impl Sync for Cpu {}

/// (The last is the board's.)
static CPU: [Cpu; CPUS + 1] =
    [const { Cpu { task: RefCell::new(None), idle: RefCell::new(None), dead: RefCell::new(None) } }; CPUS + 1];

/// Interrupts are off; after `swtch` it may be another one.
fn this_cpu() -> &'static Cpu {
    &CPU[machine::cpu()]
}

/// Those that are ready. Its lock is acquired by the task that leaves a CPU and released by the one that arrives there: till then
/// the stack that is left is in use, and no other CPU may take that task.
static RUN_QUEUE: Mutex<VecDeque<Arc<Task>>> = Mutex::named("run queue", VecDeque::new());
static TASKS: AtomicUsize = AtomicUsize::new(0);
static SWITCHES: AtomicU64 = AtomicU64::new(0);
static MOVES: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Copy, PartialEq)]
enum Leaving {
    Ready,
    Dead,
}

/// This CPU goes on in the next task, if there is one. Interrupts are off.
fn schedule(leaving: Leaving) {
    let mut queue = RUN_QUEUE.lock();
    let cpu = this_cpu();
    let next = match queue.pop_front() {
        Some(next) => next,
        None if leaving == Leaving::Ready => return,
        None => cpu.idle.borrow().clone().expect("each CPU has an idle task"),
    };
    let (context, stack_pointer) = (next.context.get(), next.stack_pointer.load(Relaxed));
    let left = cpu.task.replace(Some(next)).expect("a task runs");
    let save = left.stack_pointer.as_ptr();
    match leaving {
        Leaving::Dead => drop(cpu.dead.replace(Some(left))),
        Leaving::Ready if left.is_idle() => {}
        Leaving::Ready => queue.push_back(left),
    }
    mem::forget(queue);
    if !mistakes::is_planted(Mistake::NoHandOver) {
        hooks::hand_over(&RUN_QUEUE); // no longer a hold of the task that leaves
    }
    SWITCHES.fetch_add(1, Relaxed);
    let number = machine::cpu();
    // SAFETY: the next task was in the run queue, or is this CPU's idle task, so it runs nowhere; `Cpu::task` keeps it. The one
    // that leaves is kept by the queue, which is locked, or by `Cpu::dead` or `Cpu::idle`.
    unsafe {
        Kernel::set_context(context);
        machine::swtch(save, stack_pointer);
    }
    arrive();
    MOVES.fetch_add((number != machine::cpu()).into(), Relaxed);
}

/// The first that a task does where it goes on: the run queue is locked, by the task that was here before.
fn arrive() {
    if !mistakes::is_planted(Mistake::NoHandOver) {
        hooks::take_over(&RUN_QUEUE, Mode::WRITE); // a hold of this task now
    }
    // SAFETY: it is locked, and its guard was forgotten.
    unsafe { RUN_QUEUE.force_unlock() };
    drop(this_cpu().dead.take());
}

/// The task lets others run. It may sleep, so it holds no lock that spins.
#[track_caller]
pub(crate) fn give_cpu_away() {
    hooks::might_sleep();
    without_interrupts(|| schedule(Leaving::Ready));
}

/// One CPU, until all tasks have ended: the idle task, on the stack of the thread.
pub(crate) fn run_cpu(number: usize) {
    machine::become_cpu(number);
    let cpu = this_cpu();
    let idle = Task::new("idle", 0, || ());
    // SAFETY: it is this CPU's alone, and `Cpu::idle` keeps it until the CPU has no context any more.
    unsafe { Kernel::set_context(idle.context.get()) };
    cpu.task.replace(Some(idle.clone()));
    cpu.idle.replace(Some(idle));
    let timer = machine::start_timer(timer);
    while TASKS.load(Relaxed) > 0 {
        machine::irqs_enable();
        std::hint::spin_loop(); // or the tick comes here
        give_cpu_away();
        machine::irqs_disable();
    }
    drop(timer);
    // SAFETY: no context is always right.
    unsafe { Kernel::set_context(std::ptr::null()) };
    cpu.task.take();
    cpu.idle.take();
}

pub(crate) static STOP: AtomicBool = AtomicBool::new(false);

// ---- the kernel's work

static FILES: [SleepLock<u64>; 8] = [const { SleepLock::named("file", 0) }; 8];
static DISK: SleepLock<u64> = SleepLock::named("disk", 0);
static ROUNDS: AtomicU64 = AtomicU64::new(0);

/// Works for some rounds, and makes a task that continues.
pub(crate) fn worker() {
    for _ in 0..1000 {
        round();
    }
    if !STOP.load(Relaxed) {
        spawn("worker", worker);
    }
}

/// A file before the disk, and what the interrupt takes with interrupts off.
fn round() {
    let number = ROUNDS.fetch_add(1, Relaxed);
    let mut file = FILES[number as usize % FILES.len()].lock();
    *file += 1;
    if number.is_multiple_of(16) {
        let mut disk = DISK.lock();
        *disk = *file + *CLOCK.lock_irqsave();
    }
    asserts::assert_held(&file.lock); // whatever came in between
}

/// What was done, and that nothing of it was lost.
pub(crate) fn summary() -> String {
    let done: u64 = FILES.iter().map(|file| *file.lock()).sum();
    let rounds = ROUNDS.load(Relaxed);
    assert_eq!(done, rounds, "two tasks had a file at once");
    let [switches, moves] = [&SWITCHES, &MOVES].map(|count| count.load(Relaxed));
    let ticks = *CLOCK.lock_irqsave();
    format!("{ticks} ticks, {switches} switches, {moves} to another CPU, {rounds} rounds")
}
