//! A context that can be a `static`, and be named by every CPU though only one uses it at a time.
//!
//! `unsafe` is here to share contexts that only their owners touch.
#![allow(unsafe_code)]

use crate::context::Context;
use core::ptr;

/// A context that can be shared: a `static`, or a field of a task, which may live in an `Arc`. Which of the program's
/// validators it belongs to is fixed with it; most programs have one, number 0. A lock is taken on one validator only: its
/// hint would be believed by another.
///
/// A cell is an interrupt's or a task's. An interrupt's is entered by [`hooks::irq_enter`](crate::hooks::irq_enter) or by a guard of
/// [`hooks::interrupt`](crate::hooks::interrupt), by one CPU at a time. A task's is given to
/// [`Port::set_context`](crate::port::Port::set_context) by its pointer; once that was asked for, the cell is refused to interrupts. When it is dropped and
/// a lock is still held in it, that is reported (`held-at-exit`).
#[repr(transparent)]
pub struct ContextCell(pub(crate) Context);

// SAFETY: through a shared cell the context inside is reached in two ways only: by an interrupt that has claimed it, which
// one CPU at a time can; or by the pointer, by `unsafe` code that promises that nobody else uses it. The claim is atomic.
unsafe impl Sync for ContextCell {}

impl ContextCell {
    /// A context in which nothing is held, and interrupts and softirqs are on.
    pub const fn new(validator: u8) -> ContextCell {
        ContextCell(Context::of(validator))
    }

    /// The context, for [`Port::set_context`](crate::port::Port::set_context): from now on the cell is a task's.
    pub fn get(&self) -> *const Context {
        self.0.claim_for_task();
        &raw const self.0
    }

    /// Whether this is its context.
    pub fn is(&self, context: *const Context) -> bool {
        ptr::eq(&self.0, context)
    }

    /// Makes it a new one: nothing is held, and it may be a task's or an interrupt's. For a task's slot that is used again.
    ///
    /// # Safety
    /// Nobody runs in it, and it is below no interrupt that has not ended.
    pub unsafe fn reset(&self) {
        self.0.reset();
        self.0.free_claim();
    }
}
