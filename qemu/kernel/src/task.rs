//! Cooperative tasks: two a CPU at most, each with a stack and a context of its own.
//!
//! Invariants: a task runs on the CPU that it was given to, and switches only in [`pause`]. The current context is carried
//! along: it is set while interrupts are off, between the two stacks.

use crate::board::Board;
use crate::{cpu, irq};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::runtime::ContextCell;

const TASKS: usize = 2;
const STACK: usize = 32 * 1024;

/// What a task does.
pub type Body = fn();

/// Where a task stands.
mod state {
    pub(super) const FREE: usize = 0;
    pub(super) const READY: usize = 1;
    pub(super) const DONE: usize = 2;
}

#[repr(C, align(16))]
struct Stack(UnsafeCell<[u8; STACK]>);

// SAFETY: a stack is used by the one who runs on it, through the stack pointer alone.
unsafe impl Sync for Stack {}

struct Task {
    name: &'static str,
    context: ContextCell,
    stack: Stack,
    state: AtomicUsize,
    cpu: AtomicUsize,
    /// The body, as an address.
    body: AtomicUsize,
    /// The stack pointer while it does not run, and that of the idle loop that it goes back to.
    own: AtomicUsize,
    idle: AtomicUsize,
}

impl Task {
    const fn new(name: &'static str) -> Task {
        Task {
            name,
            context: ContextCell::new(0),
            stack: Stack(UnsafeCell::new([0; STACK])),
            state: AtomicUsize::new(state::FREE),
            cpu: AtomicUsize::new(0),
            body: AtomicUsize::new(0),
            own: AtomicUsize::new(0),
            idle: AtomicUsize::new(0),
        }
    }
}

static LIST: [Task; TASKS] = [Task::new("task-one"), Task::new("task-two")];
static SMP: AtomicUsize = AtomicUsize::new(1);

/// How many CPUs share the tasks.
pub fn begin(smp: usize) {
    SMP.store(smp, Ordering::Relaxed);
}

/// Name and number of the task that this CPU runs.
pub fn current<B: Board>() -> (&'static str, u32) {
    let index = cpu::this::<B>().task.load(Ordering::Relaxed);
    LIST.get(index).map_or(("idle", 0), |task| (task.name, index as u32 + 1))
}

/// Makes task `index` ready to run `body`, on the CPU whose turn it is.
pub fn spawn<B: Board>(index: usize, body: Body) {
    let task = &LIST[index];
    let top = task.stack.0.get().cast::<u8>().wrapping_add(STACK);
    // SAFETY: the task is not running, so its stack is unused; it is aligned, and large enough.
    let own = unsafe { B::new_stack(top, first_steps::<B>) };
    // SAFETY: for the same reason its context is unused.
    unsafe { task.context.get() }.reset();
    task.own.store(own, Ordering::Relaxed);
    task.body.store(body as *const () as usize, Ordering::Relaxed);
    task.cpu.store(index % SMP.load(Ordering::Relaxed), Ordering::Relaxed);
    task.state.store(state::READY, Ordering::Release);
}

/// Whether task `index` has ended.
pub fn is_done(index: usize) -> bool {
    LIST[index].state.load(Ordering::Acquire) == state::DONE
}

/// Runs each ready task of this CPU until it pauses or ends. Called by the idle loop, with interrupts on.
pub fn run_ready<B: Board>() {
    for (index, task) in LIST.iter().enumerate() {
        let is_mine = task.cpu.load(Ordering::Relaxed) == B::cpu();
        if task.state.load(Ordering::Acquire) != state::READY || !is_mine {
            continue;
        }
        irq::disable::<B>();
        let idle = B::current();
        cpu::this::<B>().task.store(index, Ordering::Relaxed);
        // SAFETY: a ready task does not run, and this CPU is the one that runs it.
        B::set_current(cpu::word_of_context(unsafe { task.context.get() }));
        // SAFETY: interrupts are disabled; the stack is that of a task that does not run.
        unsafe { B::switch(task.idle.as_ptr(), task.own.load(Ordering::Relaxed)) };
        cpu::this::<B>().task.store(usize::MAX, Ordering::Relaxed);
        B::set_current(idle);
        irq::enable::<B>();
    }
}

/// Hands the lower end of the running task's stack to `f`.
pub(crate) fn with_own_stack<B: Board>(f: impl FnOnce(NonNull<u8>)) {
    if let Some(task) = LIST.get(cpu::this::<B>().task.load(Ordering::Relaxed))
        && let Some(stack) = NonNull::new(task.stack.0.get().cast::<u8>())
    {
        f(stack);
    }
}

/// The running task lets others run, and goes on later.
pub fn pause<B: Board>() {
    let Some(task) = LIST.get(cpu::this::<B>().task.load(Ordering::Relaxed)) else {
        return;
    };
    irq::disable::<B>();
    // SAFETY: interrupts are disabled; the idle loop waits on its stack in `run_ready`.
    unsafe { B::switch(task.own.as_ptr(), task.idle.load(Ordering::Relaxed)) };
    irq::enable::<B>();
}

/// Where a new stack begins: the task's context is current, interrupts are off.
extern "C" fn first_steps<B: Board>() -> ! {
    let task = &LIST[cpu::this::<B>().task.load(Ordering::Relaxed)];
    // The context is new, and says that interrupts are on: so they are from here.
    B::irqs_enable();
    // SAFETY: the address is that of a `Body`, stored by `spawn`.
    let body: Body = unsafe { core::mem::transmute(task.body.load(Ordering::Relaxed) as *const ()) };
    body();
    hooks::task_exit();
    irq::disable::<B>();
    task.state.store(state::DONE, Ordering::Release);
    // SAFETY: as in `pause`; nobody comes back to this stack.
    unsafe { B::switch(task.own.as_ptr(), task.idle.load(Ordering::Relaxed)) };
    unreachable!("a task that has ended runs again")
}
