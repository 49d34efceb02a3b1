//! A guard of the lock inside, and the hold on the books that goes with it: what every guard of a tracked lock is made of.
//!
//! Invariant: off the books first, then free. It stays on the task that took it (`!Send`, by its [`Token`]).
//!
//! `unsafe` is here to take the guard inside out, and to share a guard as the one inside is shared.
#![allow(unsafe_code)]

use super::tracker::Token;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

pub(crate) struct Held<'a, G> {
    token: Token<'a>,
    inner: ManuallyDrop<G>,
}

// SAFETY: sharing a guard shares what the guard inside shares; what is not `Send` about it is letting go elsewhere.
unsafe impl<G: Sync> Sync for Held<'_, G> {}

impl<'a, G> Held<'a, G> {
    /// `inner` is had, and `token` is on the books.
    #[inline(always)]
    pub(crate) fn new(token: Token<'a>, inner: G) -> Held<'a, G> {
        Held { token, inner: ManuallyDrop::new(inner) }
    }

    /// The guard inside, without letting go: the hold on the books is the caller's.
    #[inline(always)]
    pub(crate) fn take(self) -> (Token<'a>, G) {
        let mut held = ManuallyDrop::new(self);
        // SAFETY: `held` is never dropped, so the guard is taken once.
        (held.token, unsafe { ManuallyDrop::take(&mut held.inner) })
    }

    /// The guard inside, for good: the lock leaves the books, and whoever lets it go is right.
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
