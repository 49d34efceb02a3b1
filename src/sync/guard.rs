//! The guard of the inner lock together with its recorded hold: every guard of a tracked lock is made of it.
//!
//! Invariant: the hold is removed first, then the lock is released. It stays on the task that took it (`!Send`, by its
//! [`Token`]).
//!
//! `unsafe` is needed to move the inner guard out, and to share a guard as the inner one is shared.
#![allow(unsafe_code)]

use super::tracker::Token;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

pub(crate) struct Held<'a, G> {
    token: Token<'a>,
    inner: ManuallyDrop<G>,
}

// SAFETY: sharing a guard shares what the inner guard shares; only releasing it elsewhere is not `Send` about it.
unsafe impl<G: Sync> Sync for Held<'_, G> {}

impl<'a, G> Held<'a, G> {
    /// `inner` holds the lock, and `token` is recorded.
    #[inline(always)]
    pub(crate) fn new(token: Token<'a>, inner: G) -> Held<'a, G> {
        Held { token, inner: ManuallyDrop::new(inner) }
    }

    /// The inner guard, still locked: the recorded hold passes to the caller.
    #[inline(always)]
    pub(crate) fn take(self) -> (Token<'a>, G) {
        let mut held = ManuallyDrop::new(self);
        // SAFETY: `held` is never dropped, so the guard is taken once.
        (held.token, unsafe { ManuallyDrop::take(&mut held.inner) })
    }

    /// The inner guard, for good: the hold is no longer recorded, and anybody may release the lock.
    #[track_caller]
    pub(crate) fn leak(self) -> G {
        let (token, inner) = self.take();
        token.hand_over();
        inner
    }
}

impl<G> Drop for Held<'_, G> {
    #[inline(always)]
    fn drop(&mut self) {
        self.token.release(None);
        // SAFETY: this is the drop of `self`, so the guard is not used again.
        unsafe { ManuallyDrop::drop(&mut self.inner) };
    }
}

impl<G: Deref> Deref for Held<'_, G> {
    type Target = G::Target;
    #[inline(always)]
    fn deref(&self) -> &G::Target {
        &self.inner
    }
}

impl<G: DerefMut> DerefMut for Held<'_, G> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.inner
    }
}
