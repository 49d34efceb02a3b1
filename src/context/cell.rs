//! A context that can be a `static` or be shared: every CPU can name it, though only one uses it at a time.
//!
//! Invariant: a context inside a shared cell is used only by the interrupt that claimed it, or through the pointer, by
//! the `unsafe` code of the port. What it does not do: find the cell of a CPU or a task; the kernel passes it.
//!
//! `unsafe` is here to share contexts that only their owners touch.
#![allow(unsafe_code)]

use crate::context::Context;
use core::ptr;

/// A context that can be shared: a `static`, or a field of a task, which may be in an `Arc`. Its validator is fixed at
/// construction; most programs have one, number 0. A lock must be used with one validator only, since its cached class
/// would mislead another.
///
/// A cell belongs to an interrupt level of a CPU, or to a task. An interrupt enters it by
/// [`hooks::irq_enter`](crate::hooks::irq_enter) or [`hooks::interrupt`](crate::hooks::interrupt), on one CPU at a
/// time. A task passes its pointer ([`ContextCell::get`]) to [`Port::set_context`](crate::port::Port::set_context);
/// from then on interrupts are refused the cell. If a lock is still held in it when it is dropped, that is reported
/// (`held-at-exit`).
///
/// Other CPUs can see what is held in a cell and what is waited for
/// ([`hooks::for_each_context`](crate::hooks::for_each_context)). So once a task has run in it, it stays where it is until
/// it is dropped; before that it may be moved. The drop waits for those that are looking at it. Not in an NMI.
#[repr(transparent)]
pub struct ContextCell(pub(crate) Context);

// SAFETY: the context inside a shared cell is reached in three ways only: by an interrupt that has claimed it, which one
// CPU at a time can, since the claim is atomic; by the pointer, by `unsafe` code that promises that nothing else uses
// it; and by CPUs that look at it, which load words that are atomic for them (`foreign.rs`).
unsafe impl Sync for ContextCell {}

impl ContextCell {
    /// A context that holds nothing, with interrupts and softirqs enabled, for the validator with this number (0 in
    /// most programs).
    pub const fn new(validator: u8) -> ContextCell {
        ContextCell(Context::in_cell(validator))
    }

    /// Returns the context, for [`Port::set_context`](crate::port::Port::set_context). From now on the cell belongs to
    /// a task.
    pub fn get(&self) -> *const Context {
        self.0.claim_for_task();
        &raw const self.0
    }

    /// Returns whether `context` is the context of this cell.
    pub fn is(&self, context: *const Context) -> bool {
        ptr::eq(&self.0, context)
    }

    /// Resets it to a new context: nothing is held, and a task or an interrupt may use it. For a task slot that is
    /// reused.
    ///
    /// # Safety
    /// Nothing runs in it, and it is not below an interrupt that has not ended.
    pub unsafe fn reset(&self) {
        self.0.reset();
        self.0.set_new();
        self.0.free_claim();
    }
}
