//! This CPU's own registers: its number, the kernel's word, the interrupt mask.
//!
//! One instruction each, always inlined: the validator's fast path is made of them. The functions that the kernel
//! uses to order its memory against this CPU's interrupts are compiler barriers (no `nomem`); those that only read a
//! register are not.

use crate::Machine;
use core::arch::asm;
use kernel::board::{Cpu, Interrupts};

/// In DAIF: interrupts are masked.
const MASKED: usize = 1 << 7;

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

impl Interrupts for Machine {
    /// Whether this CPU takes interrupts.
    #[inline(always)]
    fn irqs_enabled() -> bool {
        let daif: usize;
        // SAFETY: reads the interrupt masks.
        unsafe { asm!("mrs {}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
        daif & MASKED == 0
    }

    /// Masks IRQs and nothing else. A compiler barrier.
    #[inline(always)]
    fn irqs_disable() {
        // SAFETY: fewer interrupts are never unsound; the masks for debug, SError and FIQ keep their state.
        unsafe { asm!("msr daifset, #2", options(nostack, preserves_flags)) };
    }

    /// Unmasks IRQs and nothing else. A compiler barrier.
    #[inline(always)]
    fn irqs_enable() {
        // SAFETY: the vectors are set before any Rust code runs, and the handler restores all that it changes.
        unsafe { asm!("msr daifclr, #2", options(nostack, preserves_flags)) };
    }

    /// Sleeps until an interrupt is pending.
    fn wait_for_irq() {
        // SAFETY: changes no state of its own; what a handler does in between is covered by the missing `nomem`.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) };
    }
}
