//! Cooperative tasks: two a CPU, each with a stack and a context of its own.
//!
//! Invariants: a task runs on the CPU that it was given to, and switches only in [`pause`] and at its end. The current
//! context is switched with the task, while interrupts are off, between the two stacks. A task is done only when no CPU
//! runs on its stack any more: the idle loop marks it so, not the task.
//!
//! Tasks are numbered round the CPUs: with two of them, 0 and 2 are the tasks of CPU 0, 1 and 3 those of CPU 1.

use crate::board::Board;
use crate::scenario::Body;
use crate::{cpu, irq};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use lockdep::ContextCell;
use lockdep::hooks;

/// How many tasks a CPU has.
pub(crate) const TASKS: usize = 2;
const STACK: usize = 32 * 1024;

/// The state of a task.
mod state {
    /// It may be spawned.
    pub(super) const FREE: u8 = 0;
    /// It runs, or may go on.
    pub(super) const READY: u8 = 1;
    /// It is through, and still on its stack.
    pub(super) const ENDING: u8 = 2;
    /// It is off its stack, and may be spawned again.
    pub(super) const DONE: u8 = 3;
}

#[repr(C, align(16))]
struct Stack(UnsafeCell<[u8; STACK]>);

// SAFETY: a stack is used only by the task that runs on it, through the stack pointer.
unsafe impl Sync for Stack {}

struct Task {
    context: ContextCell,
    stack: Stack,
    state: AtomicU8,
    /// The body, as an address.
    body: AtomicUsize,
    /// The stack pointer while it does not run, and that of the idle loop that it goes back to.
    own: AtomicUsize,
    idle: AtomicUsize,
}

impl Task {
    const fn new() -> Task {
        Task {
            context: ContextCell::new(0),
            stack: Stack(UnsafeCell::new([0; STACK])),
            state: AtomicU8::new(state::FREE),
            body: AtomicUsize::new(0),
            own: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
        }
    }
}

/// Those of each CPU.
static LIST: [[Task; TASKS]; cpu::MAX] = [const { [const { Task::new() }; TASKS] }; cpu::MAX];
const NAMES: [&str; TASKS * cpu::MAX] =
    ["task-one", "task-two", "task-three", "task-four", "task-five", "task-six", "task-seven", "task-eight"];
static SMP: AtomicUsize = AtomicUsize::new(1);

/// How many CPUs share the tasks.
pub fn begin(smp: usize) {
    SMP.store(smp, Ordering::Relaxed);
}

/// Name and number of the task that this CPU runs.
pub fn current<B: Board>() -> (&'static str, u32) {
    let slot = cpu::this::<B>().task.load(Ordering::Relaxed);
    let index = slot.saturating_mul(SMP.load(Ordering::Relaxed)).saturating_add(B::cpu());
    NAMES.get(index).map_or(("idle", 0), |name| (name, index as u32 + 1))
}

/// The task that this CPU runs.
fn running<B: Board>() -> Option<&'static Task> {
    LIST[B::cpu()].get(cpu::this::<B>().task.load(Ordering::Relaxed))
}

/// The task of this number.
fn numbered(index: usize) -> &'static Task {
    let smp = SMP.load(Ordering::Relaxed);
    &LIST[index % smp][index / smp]
}

/// Makes task `index`, which does not run, ready to run `body` on the CPU whose turn it is.
pub fn spawn<B: Board>(index: usize, body: Body) {
    let task = numbered(index);
    let state = task.state.load(Ordering::Acquire);
    assert!(matches!(state, state::FREE | state::DONE), "task {index} is spawned while it runs");
    let top = task.stack.0.get().cast::<u8>().wrapping_add(STACK);
    // SAFETY: the task is not running, so its stack is unused; it is aligned, and large enough.
    let own = unsafe { B::new_stack(top, first_steps::<B>) };
    // SAFETY: for the same reason its context is unused.
    unsafe { task.context.reset() };
    task.own.store(own, Ordering::Relaxed);
    task.body.store(body as *const () as usize, Ordering::Relaxed);
    task.state.store(state::READY, Ordering::Release);
}

/// Whether task `index` has ended, and left its stack.
pub fn is_done(index: usize) -> bool {
    numbered(index).state.load(Ordering::Acquire) == state::DONE
}

/// Runs each ready task of this CPU until it pauses or ends. Called by the idle loop, with interrupts on.
pub fn run_ready<B: Board>() {
    irq::check::<B>();
    for (slot, task) in LIST[B::cpu()].iter().enumerate() {
        if task.state.load(Ordering::Acquire) != state::READY {
            continue;
        }
        irq::disable::<B>();
        let idle = B::current();
        cpu::this::<B>().task.store(slot, Ordering::Relaxed);
        // A ready task does not run, and this CPU is the one that runs it.
        B::set_current(cpu::word_of_context(task.context.get()));
        // SAFETY: interrupts are disabled; the stack is that of a task that does not run.
        unsafe { B::switch(task.idle.as_ptr(), task.own.load(Ordering::Relaxed)) };
        cpu::this::<B>().task.store(usize::MAX, Ordering::Relaxed);
        B::set_current(idle);
        if task.state.load(Ordering::Relaxed) == state::ENDING {
            // From here on any CPU that sees it may give stack and context to another task.
            task.state.store(state::DONE, Ordering::Release);
        }
        irq::enable::<B>();
    }
}

/// Spawns these tasks and runs this CPU's share, until all are done. Called by the idle loop of the first CPU. However
/// long they take: who booted this ends it when something hangs.
pub fn run_to_end<B: Board>(bodies: &[Body]) {
    for (index, &body) in bodies.iter().enumerate() {
        spawn::<B>(index, body);
    }
    while !(0..bodies.len()).all(is_done) {
        run_ready::<B>();
        core::hint::spin_loop();
    }
}

/// Hands the lower end of the running task's stack to `f`.
pub(crate) fn with_own_stack<B: Board>(f: impl FnOnce(NonNull<u8>)) {
    if let Some(task) = running::<B>()
        && let Some(stack) = NonNull::new(task.stack.0.get().cast::<u8>())
    {
        f(stack);
    }
}

/// The running task lets others run, and goes on later.
pub fn pause<B: Board>() {
    let Some(task) = running::<B>() else { return };
    irq::disable::<B>();
    // SAFETY: interrupts are disabled; the idle loop waits on its stack in `run_ready`.
    unsafe { B::switch(task.own.as_ptr(), task.idle.load(Ordering::Relaxed)) };
    irq::enable::<B>();
}

/// Where a new stack begins: the task's context is current, interrupts are off.
extern "C" fn first_steps<B: Board>() -> ! {
    let Some(task) = running::<B>() else { unreachable!("a stack without a task") };
    // The context is new, and says that interrupts are on: so they are from here.
    B::irqs_enable();
    // SAFETY: the address is that of a `Body`, stored by `spawn`.
    let body: Body = unsafe { core::mem::transmute(task.body.load(Ordering::Relaxed) as *const ()) };
    body();
    hooks::task_exit();
    irq::disable::<B>();
    task.state.store(state::ENDING, Ordering::Relaxed);
    // SAFETY: as in `pause`; nobody comes back to this stack.
    unsafe { B::switch(task.own.as_ptr(), task.idle.load(Ordering::Relaxed)) };
    unreachable!("a task that has ended runs again")
}
