//! The kernel's own locks: those that sleep, over wait queues, and one that spins and keeps its CPU. All are tracked.
//!
//! Teaches: what a lock owes to the validator. It announces the acquire, and that it may sleep, *before* it waits, so that
//! the report comes before the hang; and it removes the hold *before* it is free, so that nobody has it while it is still
//! recorded. What may be released by another context ([`PageLock`], [`Semaphore`]) says so.

mod completion;
mod mutex;
mod page_lock;
mod rwsem;
mod semaphore;
mod spin_lock;

pub(crate) use completion::Completion;
pub(crate) use mutex::Mutex;
pub(crate) use page_lock::PageLock;
pub(crate) use rwsem::RwSem;
pub(crate) use semaphore::Semaphore;
pub(crate) use spin_lock::SpinLock;
