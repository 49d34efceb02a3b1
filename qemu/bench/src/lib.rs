//! What validation costs: instructions, counted one by one, and bytes. `cargo xtask bench` boots this on each board.
//!
//! QEMU runs with `-icount shift=0`, so that the counter that [`Board::instructions`] reads goes up by one with each
//! instruction. All is counted once, warm, on one CPU without a timer: figures are exact, and the same in every run.
//! A figure is what validation *adds*: the same code over bare locks is counted as well, and subtracted.
//!
//! | file | what |
//! | --- | --- |
//! | `count` | how instructions are counted |
//! | `hot` | what repeats: pairs of all kinds, interrupts |
//! | `cold` | what is seen for the first time: classes, chains, dependencies |
//! | `sizes` | how large the tables are |
//!
//! There is no architecture code here, and no threshold: the runner compares (`benches/musts.txt`, `benches/baseline/`).
#![no_std]

mod cold;
mod count;
mod hot;
mod sizes;

/// For [`run_on!`].
#[doc(hidden)]
pub use {kernel, lockdep};

use core::marker::PhantomData;
use count::figure;
use kernel::board::{Board, Exit};
use kernel::port::KernelPort;
use kernel::{console, cpu, flag};
use lockdep::Context;
use lockdep::hooks;
use lockdep::{IrqState, Message, Port, TaskInfo};
use lockdep_proto::{Counts, Word};

/// The bench, on the first CPU.
pub fn main<B: Board>() -> ! {
    console::word::<B>(&Word::Begin { board: B::NAME, smp: 1, plan: 0 });
    flag::enable::<B>();
    if !sizes::VALIDATES {
        hot::switched_off::<B>();
    } else if sizes::WIDE {
        cold::wide::<B>();
    } else if sizes::STAT {
        figure::<B>("tables.stat", hooks::memory_footprint().statistics as u64, "bytes");
        figure::<B>("task.stat", hooks::memory_footprint().context as u64, "bytes");
        hot::with_statistics::<B>();
    } else {
        let costs = hooks::memory_footprint();
        figure::<B>("tables.default", costs.validator as u64, "bytes");
        figure::<B>("task", costs.context as u64, "bytes");
        hot::run::<B>();
        cold::run::<B>();
    }
    flag::disable::<B>();
    console::word::<B>(&Word::End(Counts::default()));
    B::exit(Exit::Passed)
}

/// The kernel's own port, but for what it shows: here a report is a mistake in what is measured, and a table that is full
/// is part of it.
pub struct BenchPort<B>(PhantomData<B>);

// SAFETY: the context is the one that the kernel's port has.
unsafe impl<B: Board> Port for BenchPort<B> {
    const CLASSES: usize = sizes::CLASSES;
    const DEPENDENCIES: usize = sizes::DEPENDENCIES;
    const CHAINS: usize = sizes::CHAINS;

    #[inline(always)]
    fn context() -> *const Context {
        KernelPort::<B>::context()
    }

    #[inline(always)]
    unsafe fn set_context(context: *const Context) {
        // SAFETY: the promise that is asked for is the one that was given.
        unsafe { KernelPort::<B>::set_context(context) };
    }

    #[inline(always)]
    fn irqs_enabled() -> bool {
        KernelPort::<B>::irqs_enabled()
    }

    #[inline(always)]
    fn irqs_disable() -> IrqState {
        KernelPort::<B>::irqs_disable()
    }

    #[inline(always)]
    fn irqs_restore(state: IrqState) {
        KernelPort::<B>::irqs_restore(state);
    }

    fn who() -> TaskInfo {
        KernelPort::<B>::who()
    }

    const CPU: fn() -> u32 = KernelPort::<B>::CPU;

    fn now() -> u64 {
        B::instructions()
    }

    fn show(message: Message<'_>) {
        match message {
            Message::Report(report) if !cpu::in_self_test::<B>() => panic!("what is measured is wrong:\n{report}"),
            _ => {}
        }
    }
}

/// Makes the bench of a board's machine: the validator's port with one validator, and what every program has.
#[macro_export]
macro_rules! run_on {
    ($board:ty) => {
        #[cfg(target_os = "none")]
        $crate::lockdep::port!($crate::BenchPort<$board>);
        $crate::kernel::program!($board, $crate::main);
    };
}
