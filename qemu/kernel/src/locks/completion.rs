//! A completion: an event that happens once, and that any number of tasks wait for. Linux's `struct completion`.
//!
//! Teaches: an order that no lock makes. A task that waits here with a lock held hangs if who completes needs that lock. So
//! the wait is an acquire that is released at once, and who has promised to complete says so ([`Completion::promise`]): the
//! locks that it takes until then come behind the completion.

use crate::wait::{Waiters, Wake};
use lockdep::{Mode, Site, Token, Tracker, WaitTypes};

pub(crate) struct Completion {
    tracker: Tracker,
    done: Waiters<bool>,
}

impl Completion {
    #[track_caller]
    pub(crate) const fn named(name: &'static str) -> Completion {
        let tracker = Tracker::named(name, WaitTypes::SLEEP);
        Completion { tracker, done: Waiters::named("completion_wait", false) }
    }

    /// Waits until it is done.
    #[track_caller]
    pub(crate) fn wait(&self) {
        let site = Site::caller();
        let token = self.tracker.token().acquire(Mode::WRITE, site).asleep(site);
        let is_done = |done: &mut bool| done.then_some(());
        token.wait(|| self.done.attempt(is_done), || self.done.wait(is_done));
        token.release(Some(site));
    }

    /// This task will complete it, when the promise is dropped.
    #[track_caller]
    pub(crate) fn promise(&self) -> Promise<'_> {
        let token = self.tracker.token().acquired_by_try(Mode::WRITE, Site::caller());
        Promise { completion: self, token }
    }

    /// It is done. Any context may do it.
    pub(crate) fn complete(&self) {
        self.done.change(Wake::All, |done| *done = true);
    }

    /// It is to happen again. Nobody waits for it now.
    pub(crate) fn renew(&self) {
        self.done.attempt(|done| *done = false);
    }
}

pub(crate) struct Promise<'a> {
    completion: &'a Completion,
    token: Token<'a>,
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.token.release(None);
        self.completion.complete();
    }
}
