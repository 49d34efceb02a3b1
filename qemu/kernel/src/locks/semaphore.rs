//! A counting semaphore. Linux's `struct semaphore`.
//!
//! Teaches: a lock that nobody has. A permit may be given by anybody, so it is not recorded as held; what is checked is the
//! wait for one.

use crate::wait::{Waiters, Wake};
use lockdep::{Mode, Site, Tracker, WaitTypes};

pub(crate) struct Semaphore {
    tracker: Tracker,
    permits: Waiters<usize>,
}

impl Semaphore {
    #[track_caller]
    pub(crate) const fn named(name: &'static str, permits: usize) -> Semaphore {
        let tracker = Tracker::named(name, WaitTypes::SLEEP);
        Semaphore { tracker, permits: Waiters::named("semaphore_wait", permits) }
    }

    /// Takes a permit.
    #[track_caller]
    pub(crate) fn down(&self) {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        token.wait(|| self.permits.attempt(take), || self.permits.wait(take));
        token.release(Some(site));
    }

    /// Takes a permit, if there is one before tick `due`.
    #[track_caller]
    pub(crate) fn down_until(&self, due: u64) -> bool {
        self.tracker.token().asleep_timed(Site::caller());
        self.permits.wait_until(due, take).is_some()
    }

    /// Gives a permit. Any context may do it.
    pub(crate) fn up(&self) {
        self.permits.change(Wake::One, |permits| *permits += 1);
    }
}

fn take(permits: &mut usize) -> Option<()> {
    *permits = permits.checked_sub(1)?;
    Some(())
}
