//! Locks that are taken with interrupts disabled: what `lock_irqsave` and its like return.
//!
//! Interrupts are disabled before the lock is waited for. When the guard is dropped, the lock leaves the books and is let
//! go, and only then the flag becomes what it was: the other way round an interrupt could come upon a lock that it takes
//! itself. The port's `irqs_disable` and `irqs_restore` are used for it, also without the feature `validate`.
//!
//! Drop guards in the reverse of the order in which they were made. One that is dropped too early enables interrupts under
//! those that are left, as in Linux; the validator sees it, and reports what comes of it.

use super::tracker::Begun;
use crate::hooks;
use crate::runtime::saved_irqs::SavedIrqs;
use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// A guard `G` of a lock, and the interrupt flag of before. A kernel's own lock makes one by
/// `IrqSave::begin().with(lock.lock())`.
#[must_use = "the lock is released and interrupts are restored when this is dropped"]
pub struct IrqSave<G> {
    // Dropped in this order: the lock first.
    guard: G,
    flag: Flag,
}

impl IrqSave<()> {
    /// Disables interrupts: before a lock is waited for.
    #[track_caller]
    #[inline(always)]
    pub fn begin() -> IrqSave<()> {
        IrqSave { guard: (), flag: Flag { saved: hooks::irq_save(), begun: Begun::here(), of_one_cpu: PhantomData } }
    }

    /// With the lock that was taken since.
    #[inline(always)]
    pub fn with<G>(self, guard: G) -> IrqSave<G> {
        IrqSave { guard, flag: self.flag }
    }
}

impl<G: Deref> Deref for IrqSave<G> {
    type Target = G::Target;
    #[inline(always)]
    fn deref(&self) -> &G::Target {
        &self.guard
    }
}

impl<G: DerefMut> DerefMut for IrqSave<G> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.guard
    }
}

impl<G: fmt::Debug> fmt::Debug for IrqSave<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}

impl<G: fmt::Display> fmt::Display for IrqSave<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.guard.fmt(f)
    }
}

/// Interrupts are disabled until this is dropped; then they are as they were, and reports name the line that disabled them.
/// It belongs to one CPU.
struct Flag {
    saved: SavedIrqs,
    begun: Begun,
    of_one_cpu: PhantomData<*const ()>,
}

impl Drop for Flag {
    #[inline(always)]
    fn drop(&mut self) {
        hooks::irq_restore_at(self.saved, self.begun.site());
    }
}
