//! This CPU's own registers: its number, and the kernel's word.
//!
//! One instruction each, always inlined: the validator's fast path is made of them. What only reads a register is no
//! compiler barrier (`nomem`).

use crate::Machine;
use core::arch::asm;
use kernel::board::Cpu;

impl Cpu for Machine {
    /// This CPU's number: the lowest affinity field, which counts from 0 on a machine of up to 16 CPUs.
    #[inline(always)]
    fn cpu() -> usize {
        let affinity: usize;
        // SAFETY: reads an identification register.
        unsafe { asm!("mrs {}, mpidr_el1", out(reg) affinity, options(nomem, nostack, preserves_flags)) };
        affinity & 0xff
    }

    /// The word of this CPU, kept in a register that the hardware does not use.
    #[inline(always)]
    fn current() -> usize {
        let word: usize;
        // SAFETY: reads a register that has no effect on the machine.
        unsafe { asm!("mrs {}, tpidr_el1", out(reg) word, options(nomem, nostack, preserves_flags)) };
        word
    }

    /// Sets the word of this CPU. A compiler barrier: an interrupt that sees the word sees what was written before it.
    #[inline(always)]
    fn set_current(word: usize) {
        // SAFETY: writes a register that has no effect on the machine.
        unsafe { asm!("msr tpidr_el1, {}", in(reg) word, options(nostack, preserves_flags)) };
    }
}
