//! A preemptive kernel for several CPUs, and the validator in it. `cargo run --example smp` prints the report.
//!
//! Threads stand for CPUs: each has a flag for interrupts, a word that names the context it runs in (a kernel: `gs`,
//! `tpidr_el1`, `tp`), and a timer. All from "the port" on is what a kernel has.

use lockdep::hooks;
use lockdep::report::TaskName;
use lockdep::spin::Mutex; // was: use spin::Mutex;
use lockdep::{Context, Level};
use lockdep::{ContextCell, IrqState, Message, Port, TaskInfo};
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

const CPUS: usize = 2;

// ---- the machine

thread_local! {
    static CPU: Cell<usize> = const { Cell::new(0) };
    static FLAG: Cell<bool> = const { Cell::new(false) };
    static CURRENT: Cell<*const Context> = const { Cell::new(ptr::null()) };
    static TASK: Cell<&'static Task> = const { Cell::new(&IDLE[0]) };
}

static TIMERS: [AtomicBool; CPUS] = [const { AtomicBool::new(false) }; CPUS];

/// `cli`
fn disable() {
    FLAG.set(false);
}

/// `sti`: what is pending comes at once.
fn enable() {
    FLAG.set(true);
    if TIMERS[CPU.get()].swap(false, Ordering::Relaxed) {
        FLAG.set(false);
        timer_interrupt();
        FLAG.set(true);
    }
}

// ---- the port: all that the validator asks of such a kernel

struct Kernel;

// SAFETY: `CURRENT` is the CPU's own word. It names the context of the task that runs there, which is in no run queue
// meanwhile, or that of the CPU's own interrupt.
unsafe impl Port for Kernel {
    const CLASSES: usize = 64;
    const DEPENDENCIES: usize = 256;
    const CHAINS: usize = 1024;

    fn context() -> *const Context {
        CURRENT.get()
    }
    unsafe fn set_context(context: *const Context) {
        CURRENT.set(context);
    }
    fn irqs_enabled() -> bool {
        FLAG.get()
    }
    fn irqs_disable() -> IrqState {
        IrqState(FLAG.replace(false).into())
    }
    fn irqs_restore(state: IrqState) {
        if state.0 != 0 {
            enable();
        }
    }
    fn who() -> TaskInfo {
        TaskInfo { task: TaskName::new(TASK.get().name), id: TASK.get().id, cpu: CPU.get() as u32 }
    }
    fn show(message: Message<'_>) {
        println!("{message}"); // a kernel: to its serial port
    }
}

lockdep::port!(Kernel);

// ---- interrupts

/// What each CPU's interrupts hold. Here they do not nest; where they do, it is one for each level.
static IRQ_CONTEXTS: [ContextCell; CPUS] = [const { ContextCell::new(0) }; CPUS];

thread_local! {
    static PREEMPT: Cell<bool> = const { Cell::new(false) };
}

/// The entry code comes here, with interrupts off by the machine.
fn timer_interrupt() {
    let _interrupt = hooks::interrupt(Level::Hardirq, &IRQ_CONTEXTS[CPU.get()]); // first, so that it is dropped last
    let mut clock = CLOCK.lock();
    *clock += 1;
    PREEMPT.set(true);
}

/// What the kernel itself does with interrupts off.
fn without_interrupts<R>(work: impl FnOnce() -> R) -> R {
    let were_on = FLAG.get();
    disable();
    hooks::irqs_disabled();
    let answer = work();
    if were_on {
        hooks::irqs_enabled();
        enable();
    }
    answer
}

// ---- tasks

struct Task {
    name: &'static str,
    id: u32,
    context: ContextCell,
    step: fn(),
}

const fn task(name: &'static str, id: u32, step: fn()) -> Task {
    Task { name, id, context: ContextCell::new(0), step }
}

static IDLE: [Task; CPUS] = [task("idle", 0, || ()), task("idle", 1, || ())];
static TASKS: [Task; 3] = [task("careful", 2, careful), task("careless", 3, careless), task("careful", 4, careful)];
static RUN_QUEUE: Mutex<Vec<&'static Task>> = Mutex::new(Vec::new());

/// This CPU goes on in another task: its context is the current one from now on, and that is all.
fn switch_to(task: &'static Task) {
    TASK.set(task);
    // SAFETY: the task was taken out of the run queue by this CPU, or is its own idle task.
    unsafe { Kernel::set_context(task.context.get()) };
}

/// One CPU, until the clock has come so far. A task runs until the timer preempts it.
fn cpu(number: usize) {
    CPU.set(number);
    switch_to(&IDLE[number]);
    enable();
    while ENOUGH.load(Ordering::Relaxed) < 4 {
        let Some(task) = without_interrupts(|| RUN_QUEUE.lock().pop()) else { continue };
        switch_to(task);
        while !PREEMPT.take() {
            (task.step)();
        }
        switch_to(&IDLE[number]);
        without_interrupts(|| RUN_QUEUE.lock().insert(0, task));
    }
}

// ---- the kernel's work

/// The interrupt moves it on.
static CLOCK: Mutex<u64> = Mutex::new(0);
static LOG: Mutex<u64> = Mutex::new(0);
/// How often each kind of task had its turn, for an end.
static ENOUGH: AtomicU32 = AtomicU32::new(0);

/// Reads the clock as it must be done: without interrupts, and the log comes before the clock.
fn careful() {
    without_interrupts(|| {
        let mut log = LOG.lock();
        *log = *CLOCK.lock();
    });
}

/// Reads the clock with interrupts on. If the timer came just here, it would spin for a lock that its own CPU holds.
fn careless() {
    let now = *CLOCK.lock();
    if now > 0 {
        ENOUGH.fetch_add(1, Ordering::Relaxed);
    }
    without_interrupts(|| ()); // a place at which the timer may come
}

fn main() {
    RUN_QUEUE.lock().extend(&TASKS); // before there is any context: counted, and not checked
    thread::scope(|scope| {
        let cpus = [0, 1].map(|number| scope.spawn(move || cpu(number)));
        while cpus.iter().any(|cpu| !cpu.is_finished()) {
            TIMERS.iter().for_each(|timer| timer.store(true, Ordering::Relaxed));
            thread::yield_now();
        }
    });
    switch_to(&IDLE[0]);
    println!("Nothing hung. What was found: {:?}", hooks::first_finding());
}

#[test]
fn the_interrupt_that_did_not_come_just_then_is_found() {
    main();
    assert_eq!(hooks::first_finding(), Some(lockdep::Kind::Inconsistent));
}
