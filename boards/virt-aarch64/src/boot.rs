//! From reset to the kernel: the page table, the first stack, and the order in which the devices come up.
//!
//! Each CPU runs `aarch64-rt`'s entry code first. It turns the MMU on with the table below, sets the stack and the
//! exception vectors, and then calls Rust; so Rust never runs with caches off, where atomics do not work. The table
//! is not changed afterwards: everything is writable, and all memory is executable.

use crate::{Machine, console, irq, timer};
use aarch64_rt::{InitialPagetable, entry, initial_pagetable};
use kernel::board::Cpu as _;

/// A block of 1 GiB that may be accessed: valid, with the access flag set.
const BLOCK: usize = 1 | 1 << 10;
/// Attribute 0 of `aarch64-rt`'s MAIR, Device-nGnRE; never executed, so that no fetch is speculated into a device.
const DEVICE: usize = BLOCK | 1 << 53 | 1 << 54;
/// Attribute 1 of the same, write-back; inner shareable, so that the CPUs see one memory.
const MEMORY: usize = BLOCK | 1 << 2 | 0b11 << 8;

initial_pagetable!({
    let mut gibibytes = [0; 512];
    gibibytes[0] = DEVICE;
    gibibytes[1] = MEMORY | 0x4000_0000;
    InitialPagetable(gibibytes)
});

entry!(boot);

/// The first CPU arrives here, on a stack of 160 KiB. QEMU passes an ELF nothing in its registers.
fn boot(_: u64, _: u64, _: u64, _: u64) -> ! {
    Machine::set_current(kernel::cpu::first_word(0));
    console::init();
    irq::init();
    cpu_ready(0);
    kernel::first::<Machine>()
}

/// What each CPU does for itself before it may enter the kernel.
pub(crate) fn cpu_ready(cpu: usize) {
    timer::start_counting();
    irq::init_cpu(cpu);
}
