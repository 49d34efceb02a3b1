//! Stacks, and the switch from one to another.
//!
//! A stack that does not run holds the registers that a function must preserve and, above them, where to go on. Its
//! stack pointer is all there is to know about it. The interrupt flag is not saved: it is off on both sides.

use core::arch::naked_asm;
use core::cell::UnsafeCell;

use kernel::board::Stacks;

use crate::Machine;

/// Memory for a stack that belongs to one CPU.
#[repr(align(16))]
pub(crate) struct Stack<const SIZE: usize>(UnsafeCell<[u8; SIZE]>);

// SAFETY: this type never reads or writes the memory. Who takes its end for a stack pointer sees to it that no other
// CPU does.
unsafe impl<const SIZE: usize> Sync for Stack<SIZE> {}

impl<const SIZE: usize> Stack<SIZE> {
    /// Memory that is all zero.
    pub(crate) const fn new() -> Self {
        Stack(UnsafeCell::new([0; SIZE]))
    }

    /// The address behind the last byte, where a stack begins.
    pub(crate) const fn end(&self) -> *mut u8 {
        self.0.get().cast::<u8>().wrapping_add(SIZE)
    }
}

/// What [`switch`] pops, from the lowest address on.
#[repr(C)]
struct Frame {
    /// r15, r14, r13, r12, rbp, rbx
    preserved: [usize; 6],
    resume: extern "C" fn() -> !,
    /// Where `resume` would return to; it never does. It also aligns the stack as at any function's entry.
    caller: usize,
}

impl Stacks for Machine {
    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize {
        let frame = Frame { preserved: [0; 6], resume: entry, caller: 0 };
        // SAFETY: the caller gives us this memory, aligned; the frame's size is a multiple of 16.
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

/// Saves this stack in `*save` and goes on with the stack `load`.
///
/// # Safety
/// As for `Stacks::switch`.
#[unsafe(naked)]
unsafe extern "C" fn switch(save: *mut usize, load: usize) {
    naked_asm!(
        "push rbx",
        "push rbp",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbp",
        "pop rbx",
        "ret",
    )
}
