//! What the validator asks of the kernel: the page that every user of `lockdep` writes.
//!
//! Teaches: the port, and how a report gets out: with interrupts off, through a console whose lock is not checked then.

use crate::board::Board;
use crate::{console, cpu, scenario, task};
use core::marker::PhantomData;
use lockdep::report::TaskName;
use lockdep::{Context, IrqState, Message, Port, Report, TaskInfo};
use lockdep_proto::Word;

/// The port of a kernel on board `B`.
pub struct KernelPort<B>(PhantomData<B>);

// SAFETY: the word that `Board::current` reads belongs to the CPU. It names the context of the task or of the interrupt
// that runs there; a task is run by one CPU, and the contexts of interrupts are each CPU's own.
unsafe impl<B: Board> Port for KernelPort<B> {
    const VALIDATORS: usize = 2; // the second is the one that the self-tests run on
    const CPUS: usize = cpu::MAX;

    #[inline(always)]
    fn context() -> *const Context {
        cpu::current::<B>()
    }

    #[inline(always)]
    unsafe fn set_context(context: *const Context) {
        B::set_current(cpu::word_of_context(context));
    }

    #[inline(always)]
    fn irqs_enabled() -> bool {
        B::irqs_enabled()
    }

    #[inline(always)]
    fn irqs_disable() -> IrqState {
        let were_on = B::irqs_enabled();
        B::irqs_disable();
        IrqState(usize::from(were_on))
    }

    #[inline(always)]
    fn irqs_restore(state: IrqState) {
        if state.0 != 0 {
            B::irqs_enable();
        }
    }

    fn who() -> TaskInfo {
        let (task, id) = task::name_on(cpu::this::<B>());
        TaskInfo { task: TaskName::new(task), id, cpu: B::cpu() as u32 }
    }

    const CPU: fn() -> u32 = || B::cpu() as u32;

    #[inline(always)]
    fn now() -> u64 {
        B::now()
    }

    fn show(message: Message<'_>) {
        match message {
            Message::Report(_) if cpu::in_self_test::<B>() => {}
            Message::Report(report) => show::<B>(report),
            // With `const POLICY: Policy = Policy::HALT` this is how the kernel halts.
            Message::Halt => panic!("{message}"),
            message => console::print_uninterrupted::<B>(format_args!("{message}\n")),
        }
    }
}

/// Prints a report. That of a scenario comes between the words that tell the runner whose it is.
fn show<B: Board>(report: &Report) {
    match scenario::running().map(|scenario| scenario.name) {
        None => console::print_uninterrupted::<B>(format_args!("{report}")),
        Some(name) => {
            let (begin, end) = (Word::ReportBegin { name }, Word::ReportEnd { name });
            console::print_uninterrupted::<B>(format_args!("{begin}\n{report}{end}\n"));
        }
    }
}
