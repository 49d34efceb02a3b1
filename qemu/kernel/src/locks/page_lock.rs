//! The lock of a page: a bit, held over I/O, and released by the context that ends the I/O. Linux's folio lock.
//!
//! Teaches: a lock that another context releases. Linux's is no lock to its lockdep, and the deadlocks with it are
//! found by hand. Here the task that takes it holds it, so its order to other locks is known; before the I/O is
//! started it hands it over, and the release is accepted from any context.

use crate::wait::{Waiters, Wake};
use lockdep::{Mode, Site, Tracker, WaitTypes};

pub(crate) struct PageLock {
    tracker: Tracker,
    locked: Waiters<bool>,
}

impl PageLock {
    #[track_caller]
    pub(crate) const fn named(name: &'static str) -> PageLock {
        let tracker = Tracker::named(name, WaitTypes::SLEEP);
        PageLock { tracker, locked: Waiters::named("page_wait", false) }
    }

    #[track_caller]
    pub(crate) fn lock(&self) {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        token.wait(|| self.locked.attempt(take), || self.locked.wait(take));
    }

    #[track_caller]
    pub(crate) fn try_lock(&self) -> bool {
        let got = self.locked.attempt(take).is_some();
        if got {
            self.tracker.token().acquired_by_try(Mode::WRITE, Site::caller());
        }
        got
    }

    /// Another context will unlock it: the disk's, when the page is written.
    #[track_caller]
    pub(crate) fn hand_over(&self) {
        self.tracker.token().hand_over();
    }

    #[track_caller]
    pub(crate) fn unlock(&self) {
        self.tracker.token().release(Some(Site::caller()));
        self.locked.change(Wake::One, |locked| *locked = false);
    }
}

fn take(locked: &mut bool) -> Option<()> {
    (!core::mem::replace(locked, true)).then_some(())
}
