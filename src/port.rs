//! The port: what the validator needs from a kernel. It is the only trait that a kernel implements.
//!
//! The documentation that users read is that of [`Port`]. Invariant: the validator uses the kernel only through it. What
//! it does not do: choose the port; `port!` does.

use crate::context::Context;
use crate::report::TaskInfo;
use crate::report::message::Message;
use crate::report::policy::{Accepted, Policy};

/// The machine's interrupt state, in any form that the port likes: all that [`Port::irqs_restore`] needs. The validator
/// never interprets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IrqState(pub usize);

/// What the validator needs from a kernel.
///
/// A wrong port can break memory safety, so the trait is `unsafe`. [`Port::context`] and [`Port::irqs_enabled`] are called
/// at every acquisition: make them fast.
///
/// None of these functions may take a tracked lock. The exception is [`Port::show`]: locks that it takes are recorded
/// and not checked, or, if [`hooks::show_pending`](crate::hooks::show_pending) called it, checked like any others.
///
/// # Example
///
/// ```
/// use lockdep::{Context, ContextCell, IrqState, Message, Port, TaskInfo, report::TaskName};
///
/// static TASK: ContextCell = ContextCell::new(0);
///
/// struct Kernel;
///
/// // SAFETY: one CPU, one task, no interrupts: nobody else is ever in `TASK`, which is a `static`.
/// unsafe impl Port for Kernel {
///     fn context() -> *const Context {
///         TASK.get()
///     }
///     unsafe fn set_context(_: *const Context) {}
///     fn irqs_enabled() -> bool {
///         true
///     }
///     fn irqs_disable() -> IrqState {
///         IrqState(0)
///     }
///     fn irqs_restore(_: IrqState) {}
///     fn who() -> TaskInfo {
///         TaskInfo { task: TaskName::new("main"), id: 0, cpu: 0 }
///     }
///     fn show(message: Message<'_>) {
///         println!("{message}");
///     }
/// }
///
/// lockdep::port!(Kernel);
/// # fn main() {
/// static COUNTER: lockdep::spin::Mutex<u32> = lockdep::spin::Mutex::new(0);
/// *COUNTER.lock() += 1;
/// # assert_eq!(lockdep::hooks::first_finding(), None);
/// # }
/// ```
///
/// # Safety
/// - [`Port::context`] returns null, or a context that belongs to the caller alone: no other CPU uses it until this CPU
///   has switched away from it. It stays valid and in place as long as it is current, and as long as an interrupt that
///   interrupted it has not ended. If it is in a [`ContextCell`](crate::ContextCell), it stays so until the cell is
///   dropped, since other CPUs look at it: a cell that was current is not moved, and its memory is not used for anything
///   else before its drop.
/// - [`Port::set_context`] takes effect before it returns: from then on `context` returns that pointer on this CPU.
/// - [`Port::irqs_disable`] and [`Port::irqs_restore`] are compiler barriers: no memory access moves across them. (An
///   `asm!` block without the options `nomem` and `readonly` is one, and so is `compiler_fence(SeqCst)` on the inner
///   side.)
/// - Between `irqs_disable` and `irqs_restore` no interrupt that acquires a lock comes on this CPU, except an NMI,
///   which [enters](crate::hooks::irq_enter) a context of [`Level::Nmi`](crate::context::Level::Nmi).
/// - An interrupt switches to a context of its own, by [`hooks::interrupt`](crate::hooks::interrupt) or
///   [`hooks::irq_enter`](crate::hooks::irq_enter), before it acquires a lock.
///
/// # The two questions about interrupts
///
/// [`Port::irqs_enabled`] answers what may happen here: *can an interrupt come now?* [`Port::irqs_disable`] and
/// [`Port::irqs_restore`] exclude interrupts for a moment: they save the machine's word for the flag and write that
/// word back. On most machines both look at the same bit.
///
/// On a Cortex-M they do not: the entry of an exception leaves `PRIMASK` clear, though nothing of the same priority can
/// come until the handler returns. In a handler `irqs_enabled` must return `false` there, while `irqs_restore` restores
/// `PRIMASK` as it was, which is clear:
///
/// ```text
/// fn irqs_enabled() -> bool {
///     primask::read().is_active() && ipsr() == 0      // thread mode, and not masked
/// }
/// fn irqs_disable() -> IrqState {
///     let were = primask::read().is_active();         // of `cortex_m`: "active" means not masked
///     cortex_m::interrupt::disable();                 // a compiler barrier
///     IrqState(usize::from(were))
/// }
/// fn irqs_restore(state: IrqState) {
///     if state.0 != 0 {
///         unsafe { cortex_m::interrupt::enable() }    // a compiler barrier
///     }
/// }
/// ```
///
/// Handlers of a higher priority interrupt others on purpose on such a machine: set `NESTED_IRQS` to `true`, and give
/// each priority a context of its own. A kernel section that saves and restores `PRIMASK` does so through
/// [`hooks::irq_save`](crate::hooks::irq_save) and [`irq_restore`](crate::hooks::irq_restore), which know the
/// difference.
///
/// # Reading the current context in a preemptive kernel
///
/// [`Port::context`] is called with interrupts in any state, so a preemptive kernel may move the task to another CPU in
/// the middle of it. A port that first reads the CPU's number and then an array would then read the word of another
/// CPU. It must read the word so that nothing can come in between, in one of three ways:
///
/// - in one instruction, relative to a per-CPU register: `mov rax, gs:[CURRENT]` on x86-64;
/// - from a register that holds the pointer itself and that a task switch changes with the stack: `tp` on riscv64,
///   `tpidr_el1` on aarch64;
/// - with interrupts disabled around both steps. The validator need not be told about it.
///
/// The context stays the right one even if the task is moved afterwards, since it belongs to the task.
#[allow(unsafe_code)] // a wrong `context` would hand one stack of holds to two CPUs
pub unsafe trait Port: 'static {
    /// What happens after a finding. By default the first is reported at once, and then the rules are silent, as in
    /// Linux.
    const POLICY: Policy = Policy::FIRST;
    /// Known findings that are accepted, each with its reason. They are counted and not reported. At most 64.
    const ACCEPTED: &'static [Accepted] = &[];
    /// Whether hard interrupts nest on purpose: handlers run with interrupts enabled, or those of a higher priority
    /// interrupt others. If `false`, interrupts that are enabled inside a hard interrupt are reported (`irqs-state`).
    const NESTED_IRQS: bool = false;

    /// Whether a critical section of the crate `critical-section` also excludes other CPUs or threads, like a lock. If
    /// `true`, `lockdep::critical_section::with` (feature `critical-section`) is checked as a lock, too. If `false`, it
    /// only disables interrupts.
    const SECTION_IS_LOCK: bool = false;

    /// Room for classes of locks, 1 to 65,533: locks that are constructed at one line are of one class. 180 bytes each
    /// on 64-bit machines. When it is full, locks of further classes are recorded, and their order is not checked.
    ///
    /// Of each table that is full a [notice](crate::report::capacity::Notice) is shown once, which names its constant;
    /// [`hooks::occupancy`](crate::hooks::occupancy) tells how full they are. `docs/cost.md` has the bytes of all.
    const CLASSES: usize = 1024;
    /// Room for dependencies, 1 to 65,533: pairs of classes of which one was acquired while the other was held. 32 bytes
    /// each. When it is full, further pairs are not learned, and cycles through them are not found.
    const DEPENDENCIES: usize = 8192;
    /// Slots for checked chains, a power of two: combinations of locks held at once, with their usage. 8 bytes each
    /// (26 with the feature `stat`). When it is full, further combinations are checked again each time they occur:
    /// nothing is missed, but their acquisitions are slower.
    const CHAINS: usize = 16384;
    /// How many validators there are, 1 to 256, each with tables of its own. More than one is for kernels that test the
    /// validator itself, in contexts of [`Context::of`].
    const VALIDATORS: usize = 1;
    /// For how many CPUs there are statistics, from [`Port::CPU`] 0 on (feature `stat`; without it this costs nothing).
    /// Events on other CPUs are not counted, and the listing tells how many they were.
    const CPUS: usize = 1;
    /// How many reports may wait to be shown, at least 1. Over 4 KB each on 64-bit machines, and as much for one more,
    /// in which the next is written. When it is full, a finding is dropped and counted, and reported when it occurs
    /// again. More than one occurs with a [queued](Policy::queued) policy, or where one event has several findings.
    const REPORTS: usize = 3;
    /// How many findings are known by their ids until a reset, at least 1, so that each is reported once. 16 bytes each.
    /// When it is full, further findings are counted and not reported.
    const FINDINGS: usize = 64;
    /// For how long a task may wait for a lock before [`watch::tick`](crate::watch::tick) reports it as `hung-task`
    /// (feature `watch`), in the unit of [`Port::now`]. 0, the default, is never: `now` has no unit that the validator
    /// knows. Linux's `hung_task_timeout_secs`, 120 seconds. A wait that may last as long as it likes, such as that of an
    /// idle worker for its next work, is announced as [`WaitKind::Timed`](crate::hooks::WaitKind::Timed).
    const HUNG_TASK: u64 = 0;
    /// How many units of [`Port::now`] a second has: for the text of hangs. Nanoseconds by default.
    const SECOND: u64 = 1_000_000_000;

    /// Returns the context that runs on this CPU, or null before there is one: then nothing is checked, and locks that
    /// are acquired are counted. Linux's `current`. Called at every event, with interrupts in any state.
    fn context() -> *const Context;
    /// Makes `context` the current one of this CPU; null: none. The validator calls it where an interrupt begins and
    /// ends, the kernel where it switches tasks.
    ///
    /// A kernel switches the context with the stack, with interrupts disabled: right before or after it exchanges the
    /// stack pointer. It may do so in a task that calls `schedule`, and at the tail of an interrupt (preemption): after
    /// the interrupt's guard was dropped or [`hooks::irq_exit`](crate::hooks::irq_exit) was called, when the current
    /// context is that of the interrupted task again.
    ///
    /// It must not do so inside the interrupt: the interrupt's context would stay in use until that task runs again, so
    /// the next interrupt of this CPU would be refused it, which is reported. A run-queue lock that is acquired in one
    /// task and released in the next is passed on with [`hooks::hand_over`](crate::hooks::hand_over) and
    /// [`take_over`](crate::hooks::take_over).
    ///
    /// # Safety
    /// The context is null or valid. No other CPU uses it, and no interrupt runs in it, until this CPU has switched
    /// away from it. It stays in place as long as [`Port::context`] requires.
    unsafe fn set_context(context: *const Context);
    /// Returns whether an interrupt can come on this CPU now. On most machines that is the CPU's own flag; see
    /// [above](Port#the-two-questions-about-interrupts). Linux's `!irqs_disabled()`.
    fn irqs_enabled() -> bool;
    /// Disables interrupts without telling the validator, and returns the state before. A compiler barrier. Linux's
    /// `raw_local_irq_save`.
    fn irqs_disable() -> IrqState;
    /// Restores the state that [`Port::irqs_disable`] returned, without telling the validator. A compiler barrier.
    /// Linux's `raw_local_irq_restore`.
    fn irqs_restore(state: IrqState);
    /// Returns the running task and CPU, for reports. Called with interrupts disabled, except by the default of
    /// [`Port::CPU`].
    fn who() -> TaskInfo;
    /// Shows a report or a notice, or stops the machine (`Message::Halt`) if [`Port::POLICY`] is [`Policy::HALT`]. The
    /// internal lock is not held. Interrupts are disabled, unless [`hooks::show_pending`](crate::hooks::show_pending)
    /// called this: then they are as its caller has them.
    fn show(message: Message<'_>);
    /// Writes the return addresses of the running code, the innermost first, for a finding's report, and returns how
    /// many it wrote. Optional: the default returns 0. Called with interrupts disabled and the internal lock held, so
    /// it must not take a tracked lock. Called once for each finding, so it may be slow.
    fn backtrace(_addresses: &mut [usize]) -> usize {
        0
    }
    /// Returns this CPU's time, in any unit that suits the kernel: it measures how long locks are held (feature `stat`)
    /// and dates the validator's state. It must never go back. The default returns 0: no times.
    #[inline(always)]
    fn now() -> u64 {
        0
    }
    /// Returns the number of this CPU, for statistics (feature `stat`). They ask at each release, with interrupts in
    /// any state, so in a preemptive kernel the task may be moved in the middle. The default asks [`Port::who`];
    /// replace it where `who` cannot be called with interrupts enabled, or where one instruction reads the number.
    const CPU: fn() -> u32 = || Self::who().cpu;
}
