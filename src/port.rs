//! The port: the one page that a kernel implements.
//!
//! ```
//! use lockdep::Context;
//! use lockdep::Message;
//! use lockdep::{IrqState, Port};
//! use lockdep::{TaskInfo, report::TaskName};
//! use lockdep::ContextCell;
//!
//! static TASK: ContextCell = ContextCell::new(0);
//!
//! struct Kernel;
//!
//! // SAFETY: one CPU, one task, no interrupts: nobody else is ever in `TASK`, which is a `static`.
//! unsafe impl Port for Kernel {
//!     fn context() -> *const Context {
//!         TASK.get()
//!     }
//!     unsafe fn set_context(_: *const Context) {}
//!     fn irqs_enabled() -> bool {
//!         true
//!     }
//!     fn irqs_disable() -> IrqState {
//!         IrqState(0)
//!     }
//!     fn irqs_restore(_: IrqState) {}
//!     fn who() -> TaskInfo {
//!         TaskInfo { task: TaskName::new("main"), id: 0, cpu: 0 }
//!     }
//!     fn show(message: Message<'_>) {
//!         println!("{message}");
//!     }
//! }
//!
//! lockdep::port!(Kernel);
//! # fn main() {
//! static COUNTER: lockdep::spin::Mutex<u32> = lockdep::spin::Mutex::new(0);
//! *COUNTER.lock() += 1;
//! # assert_eq!(lockdep::hooks::first_finding(), None);
//! # }
//! ```
//!
//! # The two questions about interrupts
//!
//! [`Port::irqs_enabled`] is asked to know what may happen here: *can an interrupt come now?* [`Port::irqs_disable`] and
//! [`Port::irqs_restore`] keep interrupts out for a moment: they save whatever word the machine has and write back that word.
//! On most machines both look at one bit. On a Cortex-M they do not: an exception's entry leaves `PRIMASK` clear, though
//! nothing of the same priority can come until the handler returns. There the answer to the first question is "no" in a
//! handler, and what is restored is `PRIMASK` as it was, which is clear:
//!
//! ```text
//! fn irqs_enabled() -> bool {
//!     primask::read().is_active() && ipsr() == 0      // thread mode, and not masked
//! }
//! fn irqs_disable() -> IrqState {
//!     let were = primask::read().is_active();         // of `cortex_m`: "active" means not masked
//!     cortex_m::interrupt::disable();                 // a compiler barrier
//!     IrqState(usize::from(were))
//! }
//! fn irqs_restore(state: IrqState) {
//!     if state.0 != 0 {
//!         unsafe { cortex_m::interrupt::enable() }    // a compiler barrier
//!     }
//! }
//! ```
//!
//! Handlers of a higher priority that interrupt others nest on purpose there: `NESTED_IRQS` is `true`, and each priority has a
//! context of its own. A section of the kernel's own that saves and restores `PRIMASK` does so by
//! [`hooks::irq_save`](crate::hooks::irq_save) and [`irq_restore`](crate::hooks::irq_restore), which know the difference.
//!
//! # Reading the current context where one may be moved
//!
//! [`Port::context`] is called with interrupts as they are, so a preemptive kernel may move the task to another CPU in the
//! middle of it. A port that first reads the number of the CPU and then an array reads another CPU's word then. It reads the
//! word so that nothing can come between, in one of three ways:
//!
//! - in one instruction relative to a register that each CPU has for itself: `mov rax, gs:[CURRENT]` on x86-64;
//! - from a register that holds the pointer itself and that a task switch changes with the stack: `tp` on riscv64,
//!   `tpidr_el1` on aarch64;
//! - with interrupts off around both steps. The validator needs no word about it.
//!
//! The context that was read stays the right one though the task is moved, since it is the task's.

use crate::context::Context;
use crate::report::TaskInfo;
use crate::report::message::Message;
use crate::report::policy::{Accepted, Policy};

/// What the machine's interrupt flag was, in whatever form the port saves it: all that [`Port::irqs_restore`] needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IrqState(pub usize);

/// What the validator asks of a kernel.
///
/// None of these functions takes a tracked lock, apart from [`Port::show`], where locks are not checked, unless
/// [`hooks::show_pending`](crate::hooks::show_pending) called it.
///
/// # Safety
/// - [`Port::context`] returns null, or a context that belongs to the caller alone: no other CPU uses it until this one has
///   switched away from it. It stays valid and where it is as long as it is current, and as long as an interrupt that
///   interrupted it has not ended.
/// - [`Port::set_context`] takes effect before it returns: from then on `context` returns what was set, on this CPU.
/// - [`Port::irqs_disable`] and [`Port::irqs_restore`] are compiler barriers: no access to memory moves across them. (An
///   `asm!` block without the options `nomem` and `readonly` is one, and so is `compiler_fence(SeqCst)` on the inner side.)
/// - Between `irqs_disable` and `irqs_restore` no interrupt comes on this CPU that acquires a lock, apart from NMIs, which
///   [enter](crate::hooks::irq_enter) a context of [`Level::Nmi`](crate::context::Level::Nmi).
/// - An interrupt switches to a context of its own, by [`hooks::interrupt`](crate::hooks::interrupt) or
///   [`hooks::irq_enter`](crate::hooks::irq_enter), before it acquires a lock.
#[allow(unsafe_code)] // a wrong `context` would hand one stack of holds to two CPUs
pub unsafe trait Port: 'static {
    /// What is done about findings: the first is reported at once, and then the validator is silent.
    const POLICY: Policy = Policy::FIRST;
    /// The findings that are known and accepted, each with its reason.
    const ACCEPTED: &'static [Accepted] = &[];
    /// Whether hard interrupts nest on purpose: handlers run with interrupts enabled, or those of a higher priority interrupt
    /// others. If not, interrupts that are enabled inside a hard interrupt are reported (`irqs-state`).
    const NESTED_IRQS: bool = false;

    /// Whether a critical section of the crate `critical-section` is a lock beside disabled interrupts, as its implementations
    /// for several CPUs are, and the one for threads: then `lockdep::critical_section::with` (feature `critical-section`) is
    /// checked as a lock, too.
    const SECTION_IS_LOCK: bool = false;

    /// The context that runs on this CPU; null before there is one: then nothing is checked, and that is counted.
    fn context() -> *const Context;
    /// Makes `context` the one that runs on this CPU; null: none does. The validator calls it where an interrupt begins and
    /// ends; the kernel where it switches tasks.
    ///
    /// A kernel switches the context with the stack, with interrupts off: right before or after the stack pointer is
    /// exchanged. It may do so in a task that calls `schedule`, and at the tail of an interrupt (preemption): after the
    /// interrupt's guard was dropped or [`hooks::irq_exit`](crate::hooks::irq_exit) was called, when the context is the interrupted
    /// task's again. It must not do so inside the interrupt: the interrupt's context would stay in use until that task runs
    /// again, so the next interrupt of this CPU would be refused it, which is reported. A run-queue lock that is acquired in
    /// one task and released in the next goes along by [`hooks::hand_over`](crate::hooks::hand_over) and
    /// [`take_over`](crate::hooks::take_over).
    ///
    /// # Safety
    /// The context is null, or valid, and no other CPU uses it, and no interrupt has it, until this CPU has switched away
    /// from it; and it stays in place as long as [`Port::context`] must.
    unsafe fn set_context(context: *const Context);
    /// Whether an interrupt can come on this CPU now. On most machines that is the CPU's own flag; see
    /// [above](self#the-two-questions-about-interrupts).
    fn irqs_enabled() -> bool;
    /// Disables interrupts, without telling the validator; returns what they were. A compiler barrier.
    fn irqs_disable() -> IrqState;
    /// Makes interrupts what they were, without telling the validator. A compiler barrier.
    fn irqs_restore(state: IrqState);
    /// Who runs, for reports. Called with interrupts disabled, apart from what [`Port::CPU`] asks.
    fn who() -> TaskInfo;
    /// Shows a report, or that a table is full; or stops the machine, if [`Port::POLICY`] is to halt. The internal lock is
    /// not held. Interrupts are disabled, unless [`hooks::show_pending`](crate::hooks::show_pending) shows what waited: then they are as
    /// its caller has them.
    fn show(message: Message<'_>);
    /// The return addresses of the one who runs, the innermost first, for the report of a finding: writes as many as there
    /// are and as there is room for, and returns how many those are. Called with interrupts disabled and the internal lock
    /// held, so it must take no tracked lock; it is asked once for each finding, so it may be slow. 0 where nobody knows.
    fn backtrace(_addresses: &mut [usize]) -> usize {
        0
    }
    /// The time of this CPU, in any unit that suits the kernel: for how long a lock was held, and since when something is
    /// so. Never going back. Zero where nobody asks.
    #[inline(always)]
    fn now() -> u64 {
        0
    }
    /// The number of this CPU, for statistics (feature `stat`), which ask at each release, with interrupts as they are: so in a
    /// preemptive kernel the task may be moved in the middle. [`Port::who`] knows the number too, so it need not be given where
    /// `who` may be asked so; but what gives no more than the number, in one instruction, is cheaper.
    const CPU: fn() -> u32 = || Self::who().cpu;
}
