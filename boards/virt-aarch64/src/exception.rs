//! What the exception vectors call.
//!
//! The vectors are `aarch64-rt`'s. They save x0 to x18, x29, x30, ELR and SPSR on the current stack and restore them
//! from there, so a handler may enable interrupts and be interrupted in turn; and a handler that never returns is
//! fine as well. There is no lower exception level: what comes from there meets that crate's handlers, which panic.

use crate::{Machine, irq};
use aarch64_rt::{ExceptionHandlers, RegisterStateRef, exception_handlers};
use core::arch::asm;

exception_handlers!(Vectors);

struct Vectors;

impl ExceptionHandlers for Vectors {
    extern "C" fn irq_current(state: RegisterStateRef<'_>) {
        irq::handle(state.elr);
    }

    extern "C" fn sync_current(state: RegisterStateRef<'_>) {
        kernel::exception::<Machine>(synchronous_name(), state.elr)
    }

    extern "C" fn fiq_current(state: RegisterStateRef<'_>) {
        kernel::exception::<Machine>("FIQ", state.elr)
    }

    extern "C" fn serror_current(state: RegisterStateRef<'_>) {
        kernel::exception::<Machine>("SError", state.elr)
    }
}

/// The name of the synchronous exception that this CPU took last, after the class in the syndrome register.
fn synchronous_name() -> &'static str {
    let syndrome: usize;
    // SAFETY: reads a register that has no effect on the machine.
    unsafe { asm!("mrs {}, esr_el1", out(reg) syndrome, options(nomem, nostack, preserves_flags)) };
    match syndrome >> 26 & 0x3f {
        0x00 => "undefined instruction",
        0x07 => "use of floating point",
        0x21 => "instruction abort",
        0x22 => "misaligned program counter",
        0x25 => "data abort",
        0x26 => "misaligned stack pointer",
        0x3c => "breakpoint instruction",
        _ => "synchronous exception",
    }
}
