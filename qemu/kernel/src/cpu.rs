//! What belongs to one CPU: its contexts, what it runs, and whether it is up.
//!
//! Teaches: how a CPU knows what runs on it. The board keeps one word a CPU, and the kernel keeps the current context in
//! it. So nobody reads a CPU's number, is moved, and looks at the wrong CPU's flags: the context goes with the task.

use crate::board::Board;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use lockdep::{Context, ContextCell};

/// How many CPUs the kernel serves.
pub const MAX: usize = 4;

/// One CPU.
pub struct Cpu {
    /// Runs where no task does: at boot, and idle.
    pub idle: ContextCell,
    /// Its hard interrupts. They do not nest, since they run with interrupts off.
    pub hardirq: ContextCell,
    /// Its softirqs. They do not nest either.
    pub softirq: ContextCell,
    /// It has arrived.
    pub up: AtomicBool,
    /// How many timer interrupts it has had.
    pub ticks: AtomicUsize,
    /// The softirqs that wait to be run, a bit each.
    pub softirq_pending: AtomicU32,
    /// How often its flag and the validator's differed.
    pub untrue: AtomicUsize,
    /// Which task it runs; `usize::MAX` where it idles.
    pub task: AtomicUsize,
    /// Where no task runs, it has nothing better to do than to run one. At boot it has.
    pub idles: AtomicBool,
    /// The stack pointer of where it idles, while a task runs.
    pub idle_stack_pointer: AtomicUsize,
}

impl Cpu {
    const fn new() -> Cpu {
        Cpu {
            idle: ContextCell::new(0),
            hardirq: ContextCell::new(0),
            softirq: ContextCell::new(0),
            up: AtomicBool::new(false),
            ticks: AtomicUsize::new(0),
            softirq_pending: AtomicU32::new(0),
            untrue: AtomicUsize::new(0),
            task: AtomicUsize::new(usize::MAX),
            idles: AtomicBool::new(false),
            idle_stack_pointer: AtomicUsize::new(0),
        }
    }
}

/// All of them.
pub static CPUS: [Cpu; MAX] = [const { Cpu::new() }; MAX];

/// This one.
pub fn this<B: Board>() -> &'static Cpu {
    &CPUS[B::cpu()]
}

/// The CPU that panicked stops all others: each at its next interrupt.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Stops all other CPUs, as soon as they take interrupts. Interrupts are disabled.
pub(crate) fn stop_others<B: Board>() {
    STOPPED.store(true, Ordering::Release);
    let others = CPUS.iter().enumerate().filter(|(other, cpu)| *other != B::cpu() && cpu.up.load(Ordering::Acquire));
    others.for_each(|(other, _)| B::kick(other));
}

/// Whether this CPU is to go no further.
pub(crate) fn is_stopped() -> bool {
    STOPPED.load(Ordering::Acquire)
}

/// The CPU begins to run, in its idle context. Interrupts are disabled.
pub fn begin<B: Board>() {
    lockdep::hooks::irqs_disabled();
}

/// The word with which a CPU begins: that of its idle context.
pub fn first_word(cpu: usize) -> usize {
    word_of_context(CPUS[cpu].idle.get())
}

/// The context that runs on this CPU. There is one from the board's first steps on, so nobody asks whether there is.
#[inline(always)]
pub fn current<B: Board>() -> &'static Context {
    let context = core::ptr::with_exposed_provenance::<Context>(B::current());
    // SAFETY: the word came from `word_of_context`, whose context is static: `Board::current` promises that.
    unsafe {
        // What the compiler cannot see in a word, so that nobody asks.
        core::hint::assert_unchecked(!context.is_null());
        &*context
    }
}

/// The word for a context.
#[inline(always)]
pub fn word_of_context(context: *const Context) -> usize {
    context.expose_provenance()
}

/// Whether this CPU runs in a context of the validator that the self-tests have for themselves.
pub fn in_self_test<B: Board>() -> bool {
    current::<B>().validator() != 0
}
