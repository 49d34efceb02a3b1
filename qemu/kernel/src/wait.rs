//! Wait queues: a piece of state, and the tasks that wait until it is as they need it.
//!
//! Teaches: how no wake-up is lost. State and queue are behind one spinning lock, taken with interrupts off. Who waits
//! looks at the state under it, and becomes blocked before it is released ([`sched::block`]); who changes the state
//! wakes under it. A task that was woken looks again: another one may have been faster.

use crate::machine::Machine;
use crate::queue::Queue;
use crate::{flag, sched, task};
use lockdep::spin::Mutex;

/// How long to wait at most: until this tick of [`sched::ticks`].
pub(crate) const FOR_EVER: u64 = u64::MAX;

/// Whom a change of the state is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// One of those who wait can use it: the first.
    One,
    All,
}

pub(crate) struct Waiters<S> {
    inner: Mutex<(S, Queue)>,
}

impl<S> Waiters<S> {
    /// The spinning lock inside has this name.
    pub(crate) const fn named(name: &'static str, state: S) -> Waiters<S> {
        Waiters { inner: Mutex::named(name, (state, Queue::new())) }
    }

    /// One attempt, without a wait. Any context may do it.
    pub(crate) fn attempt<R>(&self, attempt: impl FnOnce(&mut S) -> R) -> R {
        let mut inner = self.inner.lock_irqsave();
        attempt(&mut inner.0)
    }

    /// Waits until `attempt` succeeds.
    pub(crate) fn wait<R>(&self, attempt: impl FnMut(&mut S) -> Option<R>) -> R {
        let Some(result) = self.wait_until(FOR_EVER, attempt) else { unreachable!("for ever is over") };
        result
    }

    /// Waits until `attempt` succeeds, or until tick `due`.
    pub(crate) fn wait_until<R>(&self, due: u64, mut attempt: impl FnMut(&mut S) -> Option<R>) -> Option<R> {
        let were_on = flag::save::<Machine>();
        let mut inner = self.inner.lock();
        let result = loop {
            let result = attempt(&mut inner.0);
            if result.is_some() || sched::ticks() >= due {
                break result;
            }
            let Some(own) = task::current() else { panic!("only a task may sleep") };
            inner.1.push(own);
            sched::block(inner, due);
            inner = self.inner.lock();
            // Still there, if its time woke it.
            inner.1.remove(own);
        };
        drop(inner);
        flag::restore::<Machine>(were_on);
        result
    }

    /// Changes the state, and wakes. Any context may do it.
    pub(crate) fn change<R>(&self, wake: Wake, change: impl FnOnce(&mut S) -> R) -> R {
        let mut inner = self.inner.lock_irqsave();
        let result = change(&mut inner.0);
        while let Some(task) = inner.1.pop() {
            sched::wake(task);
            if wake == Wake::One {
                break;
            }
        }
        result
    }
}
