//! The board: `qemu-system-aarch64 -M virt,gic-version=3 -cpu max`, at most four CPUs, at exception level 1.
//!
//! This file implements [`Board`] and calls the file that answers. Invariants of all files: the board takes
//! no lock and allocates nothing; memory is mapped one to one; of the interrupt masks it touches only the one for
//! IRQs; it is built for a target without floating point, so no such registers are saved.

mod boot;
mod command_line;
mod console;
mod cpu;
mod exception;
mod exit;
mod irq;
mod smp;
mod stack;
mod timer;

#[cfg(not(feature = "bench"))]
use kernel as program;
use kernel::board::{Board, Exit};
#[cfg(feature = "bench")]
use lockdep_bench as program;

/// QEMU's `virt` machine.
struct Virt;

impl Board for Virt {
    const NAME: &'static str = "virt-aarch64";

    #[inline(always)]
    fn cpu() -> usize {
        cpu::number()
    }

    fn command_line() -> &'static str {
        command_line::get()
    }

    #[inline(always)]
    fn current() -> usize {
        cpu::current()
    }

    #[inline(always)]
    fn set_current(word: usize) {
        cpu::set_current(word);
    }

    #[inline(always)]
    fn irqs_enabled() -> bool {
        cpu::irqs_enabled()
    }

    #[inline(always)]
    fn irqs_disable() {
        cpu::irqs_disable();
    }

    #[inline(always)]
    fn irqs_enable() {
        cpu::irqs_enable();
    }

    #[inline(always)]
    fn instructions() -> u64 {
        cpu::instructions()
    }

    fn wait_for_irq() {
        cpu::wait_for_irq();
    }

    fn start_timer() {
        timer::start();
    }

    fn start_cpu(cpu: usize) -> bool {
        smp::start(cpu)
    }

    fn write(bytes: &[u8]) {
        console::write(bytes);
    }

    fn exit(how: Exit) -> ! {
        exit::exit(how)
    }

    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize {
        // SAFETY: the caller keeps the contract of `Board::new_stack`, which is the same.
        unsafe { stack::new(top, entry) }
    }

    unsafe fn switch(save: *mut usize, load: usize) {
        // SAFETY: the caller keeps the contract of `Board::switch`, which is the same.
        unsafe { stack::switch(save, load) }
    }
}

program::run_on!(Virt);
