//! The other CPUs: one static stack each, started once by PSCI (the firmware's interface, behind HVC on this machine).
//!
//! A CPU's number is its affinity, which is what PSCI wants to know. `aarch64-rt` takes the new CPU from reset to
//! [`enter`], with the MMU on, on its stack, interrupts masked. A CPU is never stopped.

use crate::{Machine, boot};
use aarch64_rt::{Stack, start_core};
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use kernel::board::{Cpu as _, Smp};
use smccc::Hvc;

/// How many CPUs there may be besides the first.
const OTHERS: usize = 3;
/// As many pages of stack as the first CPU has.
const PAGES: usize = 40;

/// In a section of its own, which is neither in the file nor zeroed at boot.
#[unsafe(link_section = ".stack.others")]
static mut STACKS: [Stack<PAGES>; OTHERS] = [const { Stack::new() }; OTHERS];

/// Which CPUs were asked to start. A second try would write to a stack in use, so there is none.
static ASKED: [AtomicBool; OTHERS] = [const { AtomicBool::new(false) }; OTHERS];

impl Smp for Machine {
    /// Starts CPU number `cpu`; false if there is no such CPU or it was asked before.
    fn start_cpu(cpu: usize) -> bool {
        let Some(other) = cpu.checked_sub(1).filter(|&other| other < OTHERS) else {
            return false;
        };
        if ASKED[other].swap(true, Relaxed) {
            return false;
        }
        // SAFETY: `other` is within the array.
        let stack = unsafe { (&raw mut STACKS).cast::<Stack<PAGES>>().add(other) };
        // SAFETY: the stack is static, mapped alike for all CPUs, and `ASKED` gives it to this CPU alone, once.
        let started = unsafe { start_core::<Hvc, _, PAGES>(cpu as u64, stack, move || enter(cpu)) };
        started.is_ok()
    }
}

fn enter(cpu: usize) -> ! {
    Machine::set_current(kernel::cpu::first_word(cpu));
    boot::cpu_ready(cpu);
    kernel::secondary::<Machine>()
}
