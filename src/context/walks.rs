//! Walks over several contexts: from an interrupt outwards, over the run, over all holds of the task.
//!
//! Invariant: no walk is longer than [`LEVELS`], and none pushes or removes a hold. What it does not do: leave the CPU; it follows
//! the links of the running context only.

use super::{Context, LEVELS};
use crate::context::hold::Hold;

impl Context {
    /// This context and those that it interrupted, the innermost first.
    pub(crate) fn outwards(&self) -> impl Iterator<Item = &Context> {
        core::iter::successors(Some(self), |c| c.interrupted()).take(LEVELS)
    }

    /// Returns whether a hold was lost here or in a context below: then a lock may be held without being recorded.
    pub(crate) fn has_lost(&self) -> bool {
        self.outwards().any(|context| context.lost() > 0)
    }

    /// Returns whether both are the same context.
    pub(crate) fn is_same(&self, other: &Context) -> bool {
        core::ptr::eq(self, other)
    }

    /// Returns whether this context, and all between it and `stack`, hold nothing.
    pub(crate) fn is_all_empty_above(&self, stack: &Context) -> bool {
        self.outwards().take_while(|context| !context.is_same(stack)).all(|context| context.depth() == 0)
    }

    /// Restarts the keys of the contexts above `stack`, whose holds have changed. These contexts hold nothing now.
    pub(crate) fn reseed_above(&self, stack: &Context) {
        let levels = self.outwards().take_while(|context| !context.is_same(stack)).count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).for_each(Context::reseed);
    }

    /// All holds of the running task and its interrupts, the oldest first.
    pub fn all(&self) -> impl Iterator<Item = Hold> + '_ {
        let levels = self.outwards().count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).flat_map(Context::own)
    }

    /// The contexts of the run, this one first.
    pub(super) fn contexts_of_run(&self) -> impl Iterator<Item = &Context> {
        core::iter::successors(Some(self), |c| c.continues()).take(LEVELS)
    }

    /// The holds of the run, the newest first.
    pub(crate) fn run(&self) -> impl Iterator<Item = Hold> + '_ {
        self.contexts_of_run().flat_map(|c| c.own().rev())
    }

    /// The topmost hold of all contexts: its context and index.
    pub(crate) fn top(&self) -> Option<(&Context, usize)> {
        self.outwards().find_map(|context| {
            let index = (0..context.height()).rev().find(|&index| context.hold(index).is_some())?;
            Some((context, index))
        })
    }

    /// The topmost hold for which `is_it` is true, not beyond the first change of interrupt context below the top.
    pub(crate) fn find(&self, is_it: impl Fn(&Hold) -> bool) -> Option<(&Context, usize)> {
        let (top, _) = self.top()?;
        for context in top.contexts_of_run() {
            let found = (0..context.height()).rev().find(|&i| context.hold(i).is_some_and(|h| is_it(&h)));
            if let Some(index) = found {
                return Some((context, index));
            }
        }
        None
    }

    /// Returns whether a release of this lock could be for one of the holds.
    pub(crate) fn may_hold(&self, instance: usize) -> bool {
        self.all().any(|hold| hold.merged() || hold.instance == instance)
    }

    /// Returns whether neither this context nor one below holds anything.
    #[inline(always)]
    pub fn holds_nothing(&self) -> bool {
        self.depth() == 0 && !self.interrupted_holder()
    }

    /// Returns whether a context below holds anything. Then recursion must look through contexts.
    #[inline(always)]
    pub(crate) fn interrupted_holder(&self) -> bool {
        match self.interrupted() {
            None => false,
            Some(outer) => outer.outwards().any(|c| c.depth() > 0),
        }
    }
}
