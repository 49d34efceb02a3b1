//! From a CPU's first instruction to the kernel: what runs before Rust (`boot.s`: entry, page tables, the other CPUs'
//! trampoline), the first stack of each CPU, and the order in which its parts come up.

use core::arch::global_asm;

use kernel::board::Cpu as _;

use crate::stack::Stack;
use crate::{CPUS, Machine, apic, console, host, interrupts, percpu, time};

global_asm!(
    include_str!("boot.s"),
    enter = sym enter,
    stacks = sym STACKS,
    stack_size = const STACK_SIZE,
    options(att_syntax),
);

/// How large a CPU's first stack is.
const STACK_SIZE: usize = 64 * 1024;

/// One for each CPU, by number; `boot.s` picks.
static STACKS: [Stack<STACK_SIZE>; CPUS] = [const { Stack::new() }; CPUS];

// SAFETY: both are labels in `boot.s`; only their addresses are used.
unsafe extern "C" {
    static ap_trampoline: u8;
    static ap_trampoline_end: u8;
}

/// The code at which another CPU begins in real mode; it runs from the start of any page below 1 MiB.
pub(crate) fn trampoline() -> &'static [u8] {
    let start = &raw const ap_trampoline;
    let end = &raw const ap_trampoline_end;
    // SAFETY: both are labels of `boot.s`, one after the other, in code that never changes.
    unsafe { core::slice::from_raw_parts(start, end.offset_from_unsigned(start)) }
}

/// Every CPU arrives here from `boot.s`, once, with interrupts disabled. `start_info` is for the first CPU alone.
extern "C" fn enter(cpu: usize, start_info: usize) -> ! {
    // SAFETY: this is CPU number `cpu`, for the first time; until here it has touched nothing of its block.
    unsafe { percpu::load(cpu) };
    Machine::set_current(kernel::cpu::first_word(cpu));
    if cpu != 0 {
        interrupts::load();
        apic::enable();
        percpu::arrived();
        kernel::secondary::<Machine>();
    }
    // SAFETY: this is the first CPU, once, and no other runs.
    unsafe { interrupts::install() };
    console::init();
    interrupts::mask_legacy();
    apic::enable();
    time::calibrate();
    // SAFETY: as above, and `start_info` is what the loader passed.
    unsafe { host::keep_command_line(start_info) };
    kernel::first::<Machine>()
}
