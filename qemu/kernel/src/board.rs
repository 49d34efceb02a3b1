//! What the kernel asks of a board: six small traits, one for each part of the machine, and [`Board`] over them.
//!
//! Teaches: how little of a kernel depends on the machine. A board implements each trait in the file that drives the part.
//! All functions are associated, none takes `self`: the machine is there once. What the validator calls is generic over the
//! board, so that it inlines. A board holds no lock and knows nothing of the validator.

use lockdep_proto::exit_code;

/// How a run ended. The board turns it into an exit code of QEMU, the same number on every board: [`Exit::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All that was asked for passed.
    Passed,
    /// The kernel is well, something that it tested is not.
    Failed,
    /// The kernel panicked.
    Panicked,
}

impl Exit {
    /// QEMU's exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Passed => exit_code::PASSED,
            Exit::Failed => exit_code::FAILED,
            Exit::Panicked => exit_code::PANICKED,
        }
    }
}

/// The CPU that runs: who it is, and its word.
pub trait Cpu {
    /// The number of this CPU: 0 for the one that booted, then 1, 2, ….
    fn cpu() -> usize;
    /// The word that belongs to this CPU alone. The kernel keeps its current context there; the board begins with
    /// [`crate::cpu::first_word`], before anything that may fail, since a panic looks at it.
    fn current() -> usize;
    /// Sets the word of this CPU. A compiler barrier.
    fn set_current(word: usize);
}

/// The interrupt flag of this CPU.
pub trait Interrupts {
    /// Whether this CPU takes interrupts, read from the CPU's own flag.
    fn irqs_enabled() -> bool;
    /// Disables interrupts on this CPU. A compiler barrier.
    fn irqs_disable();
    /// Enables interrupts on this CPU. A compiler barrier.
    fn irqs_enable();
    /// Sleeps until an interrupt is pending. Interrupts are enabled.
    fn wait_for_irq();
    /// Interrupts CPU number `cpu`, another one that is up: it calls [`crate::kick_interrupt`]. Interrupts are disabled
    /// here.
    fn kick(cpu: usize);
}

/// Time.
pub trait Clock {
    /// A counter of this CPU's own, for `cargo xtask bench`: with QEMU's `-icount shift=0` it goes up by one with each
    /// instruction, and otherwise with time.
    fn instructions() -> u64;
    /// Nanoseconds since the machine started: the same on all CPUs, and it never goes back.
    fn now() -> u64;
    /// Starts this CPU's periodic timer interrupt, 100 a second; each calls [`crate::timer_interrupt`].
    fn start_timer();
}

/// The other CPUs.
pub trait Smp {
    /// Starts CPU number `cpu`, which calls [`crate::secondary`]; returns whether it was started.
    fn start_cpu(cpu: usize) -> bool;
}

/// The serial line.
pub trait Console {
    /// Writes to the serial console, polled. Takes no lock.
    fn write(bytes: &[u8]);
    /// A byte that came in, if there is one. One task at a time asks.
    fn read() -> Option<u8>;
}

/// Stacks, and the switch between them.
pub trait Stacks {
    /// Prepares a stack on which [`Stacks::switch`] begins at `entry`, and returns what `switch` loads.
    ///
    /// # Safety
    /// `top` is the end of a stack of at least 4 KiB that nothing else uses, aligned to 16.
    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize;

    /// Saves this stack in `*save` and goes on with the stack `load`.
    ///
    /// # Safety
    /// Interrupts are disabled; `load` came from `new_stack` or from an earlier `switch`, and is used once.
    unsafe fn switch(save: *mut usize, load: usize);
}

/// A machine that the kernel runs on, and QEMU around it.
pub trait Board: Cpu + Interrupts + Clock + Smp + Console + Stacks + Sized + 'static {
    /// The board's name, as in `--board`.
    const NAME: &'static str;
    /// What the runner passed with `-append`, without a trailing NUL.
    fn command_line() -> &'static str;
    /// Ends QEMU with `how.code()`.
    fn exit(how: Exit) -> !;
}
