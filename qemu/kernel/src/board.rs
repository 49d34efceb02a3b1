//! What the kernel asks of a board: one trait, one implementation for a program, in the board's crate.
//!
//! All functions are associated, none takes `self`: the machine is there once. The kernel is generic over the board,
//! so that everything inlines. A board holds no lock and knows nothing of the validator.

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

/// A machine that the kernel runs on.
pub trait Board: Sized + 'static {
    /// The board's name, as in `--board`.
    const NAME: &'static str;

    /// The number of this CPU: 0 for the one that booted, then 1, 2, ….
    fn cpu() -> usize;

    /// What the runner passed with `-append`, without a trailing NUL.
    fn command_line() -> &'static str;

    /// The word that belongs to this CPU alone. The kernel keeps its current context there; the board begins with
    /// [`crate::cpu::first_word`], before anything that may fail, since a panic looks at it.
    fn current() -> usize;
    /// Sets the word of this CPU.
    fn set_current(word: usize);

    /// Whether this CPU takes interrupts, read from the CPU's own flag.
    fn irqs_enabled() -> bool;
    /// Disables interrupts on this CPU. A compiler barrier.
    fn irqs_disable();
    /// Enables interrupts on this CPU. A compiler barrier.
    fn irqs_enable();
    /// A counter of this CPU's own, for `cargo xtask bench`: with QEMU's `-icount shift=0` it goes up by one with each
    /// instruction, and otherwise with time.
    fn instructions() -> u64;
    /// Sleeps until an interrupt is pending. Interrupts are enabled.
    fn wait_for_irq();

    /// Starts this CPU's periodic timer interrupt, 100 a second; each calls [`crate::timer_interrupt`].
    fn start_timer();

    /// Starts CPU number `cpu`, which calls [`crate::secondary`]; returns whether it was started.
    fn start_cpu(cpu: usize) -> bool;

    /// Writes to the serial console, polled. Takes no lock.
    fn write(bytes: &[u8]);
    /// Ends QEMU with `how.code()`.
    fn exit(how: Exit) -> !;

    /// Prepares a stack on which [`Board::switch`] begins at `entry`, and returns what `switch` loads.
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
