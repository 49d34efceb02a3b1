//! The token of a tracked raw lock: that of the inner raw lock, which stays on the task.
//!
//! `unsafe` is needed to share a guard as the raw lock's own would be shared.
#![allow(unsafe_code)]

use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::raw::Tracked;
use core::marker::PhantomData;

/// Proof that a tracked raw lock is taken: the token of the inner raw lock.
#[derive(Debug)]
pub struct Taken<G> {
    pub(super) inner: G,
    not_send: PhantomData<*const ()>,
}

// SAFETY: the token is looked at by nobody but the raw lock, whose own is `Sync`.
unsafe impl<G: Sync> Sync for Taken<G> {}

impl<G> Taken<G> {
    #[inline(always)]
    pub(super) fn new(inner: G) -> Taken<G> {
        Taken { inner, not_send: PhantomData }
    }

    /// A try, or a wait that times out: recorded if the lock was taken.
    #[inline(always)]
    pub(super) fn tried<R>(lock: &Tracked<R>, inner: Option<G>, mode: Mode, site: Site) -> Option<Taken<G>> {
        if inner.is_some() {
            lock.token().acquired_by_try(mode, site);
        }
        inner.map(Taken::new)
    }

    /// A wait that times out. It is tried first, so that other CPUs see a wait and no lock that was free.
    #[inline(always)]
    pub(super) fn tried_for_a_while<R>(
        lock: &Tracked<R>,
        try_lock: impl FnOnce(&R) -> Option<G>,
        wait: impl FnOnce(&R) -> Option<G>,
        mode: Mode,
        site: Site,
    ) -> Option<Taken<G>> {
        lock.token().asleep_timed(site);
        let (try_lock, wait) = (|()| try_lock(&lock.raw).ok_or(()), |()| wait(&lock.raw).ok_or(()));
        Taken::tried(lock, lock.token().wait_timed((), (mode, site), try_lock, wait).ok(), mode, site)
    }
}

/// An upgrade that does not wait for ever, with the raw lock's result.
#[inline(always)]
pub(super) fn upgraded<R, E, U>(lock: &Tracked<R>, had: Result<E, U>, site: Site) -> Result<Taken<E>, Taken<U>> {
    if had.is_ok() {
        lock.upgraded(site);
    }
    had.map(Taken::new).map_err(Taken::new)
}
