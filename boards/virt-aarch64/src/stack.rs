//! Stacks of tasks, and the switch from one to another.
//!
//! A stack that does not run is one word: its stack pointer, which points to a [`Frame`] with the registers that a
//! called function must keep. All others are saved by the caller of [`switch`], as by the caller of any function.
//! The interrupt mask is not part of it, nor is the kernel's word of the CPU.

use crate::Machine;
use core::arch::naked_asm;
use kernel::board::Stacks;

/// What [`switch`] leaves on the stack that it goes away from, and takes from the one that it goes to.
#[repr(C, align(16))]
#[derive(Default)]
struct Frame {
    /// x29: 0 ends the chain of callers that a debugger follows.
    frame_pointer: usize,
    /// x30: where `switch` returns to.
    return_address: usize,
    /// x19 to x28.
    kept: [usize; 10],
}

const _: () = assert!(size_of::<Frame>() == 96, "`switch` counts on it");

impl Stacks for Machine {
    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize {
        let frame = Frame { return_address: entry as usize, ..Frame::default() };
        // SAFETY: the caller gives the stack away, it has room for a frame below `top`, and `top` is aligned.
        unsafe {
            let place = top.cast::<Frame>().sub(1);
            place.write(frame);
            place as usize
        }
    }

    #[inline(always)]
    unsafe fn switch(save: *mut usize, load: usize) {
        // SAFETY: the caller keeps the contract of `Stacks::switch`, which is the same.
        unsafe { switch(save, load) }
    }
}

/// Saves this stack in `*save` and goes on with the stack `load`. To the caller it is a function that returns late.
///
/// # Safety
/// As for `Stacks::switch`.
#[unsafe(naked)]
unsafe extern "C" fn switch(save: *mut usize, load: usize) {
    naked_asm!(
        "stp x29, x30, [sp, #-96]!",
        "stp x19, x20, [sp, #16]",
        "stp x21, x22, [sp, #32]",
        "stp x23, x24, [sp, #48]",
        "stp x25, x26, [sp, #64]",
        "stp x27, x28, [sp, #80]",
        "mov x9, sp",
        "str x9, [x0]",
        "mov sp, x1",
        "ldp x19, x20, [sp, #16]",
        "ldp x21, x22, [sp, #32]",
        "ldp x23, x24, [sp, #48]",
        "ldp x25, x26, [sp, #64]",
        "ldp x27, x28, [sp, #80]",
        "ldp x29, x30, [sp], #96",
        "ret",
    )
}
