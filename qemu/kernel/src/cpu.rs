//! What belongs to one CPU: its contexts, and whether it is up.
//!
//! The board keeps one word a CPU, and the kernel keeps the current context in it. So nobody reads a CPU's number, is
//! moved, and looks at the wrong CPU's flags: the context goes with the task.

use crate::board::Board;
use core::sync::atomic::{AtomicBool, AtomicUsize};
use lockdep::context::Context;
use lockdep::runtime::ContextCell;

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
    /// A softirq waits to be run.
    pub softirq_pending: AtomicBool,
    /// How often its flag and the validator's differed.
    pub untrue: AtomicUsize,
    /// Which of its tasks it runs, or none of them.
    pub task: AtomicUsize,
}

impl Cpu {
    const fn new() -> Cpu {
        Cpu {
            idle: ContextCell::new(0),
            hardirq: ContextCell::new(0),
            softirq: ContextCell::new(0),
            up: AtomicBool::new(false),
            ticks: AtomicUsize::new(0),
            softirq_pending: AtomicBool::new(false),
            untrue: AtomicUsize::new(0),
            task: AtomicUsize::new(usize::MAX),
        }
    }
}

/// All of them.
pub static CPUS: [Cpu; MAX] = [const { Cpu::new() }; MAX];

/// This one.
pub fn this<B: Board>() -> &'static Cpu {
    &CPUS[B::cpu()]
}

/// The CPU begins to run in its idle context. Interrupts are disabled.
pub fn begin<B: Board>() {
    // SAFETY: this CPU alone runs in its own idle context.
    let idle = unsafe { this::<B>().idle.get() };
    B::set_current(word_of_context(idle));
    lockdep::hooks::irqs_off();
}

/// The word for a context.
#[inline(always)]
pub fn word_of_context(context: &'static Context) -> usize {
    core::ptr::from_ref(context).expose_provenance()
}

/// The context of a word: none for 0.
#[inline(always)]
pub fn context_of_word(word: usize) -> Option<&'static Context> {
    let context = core::ptr::with_exposed_provenance::<Context>(word);
    // SAFETY: the word is 0, or came from `word_of_context`, whose context is static.
    unsafe { context.as_ref() }
}

/// Whether this CPU runs in a context of the validator that the self-tests have for themselves.
pub fn in_self_test<B: Board>() -> bool {
    context_of_word(B::current()).is_some_and(|context| context.validator() != 0)
}
