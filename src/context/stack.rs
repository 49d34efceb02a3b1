//! The stack of holds of a context, and the ways to look through it: its own, the run, all of the task's.
//!
//! Invariant: a hold is written before the depth that shows it, so an interrupt in the middle of a push finds the stack
//! whole. What finds no room is counted, and its release is believed.

use super::Context;
use crate::held::Hold;
use core::cell::Cell;
use core::sync::atomic::Ordering;

/// How deep interrupts are looked through: more levels than any machine nests.
const LEVELS: usize = 32;

impl Context {
    /// How many holds are in this context's own stack.
    #[inline(always)]
    pub fn depth(&self) -> usize {
        usize::from(self.depth.load(Ordering::Acquire))
    }

    /// How many holds found no room.
    pub fn lost(&self) -> u8 {
        self.lost.get()
    }

    /// The chain key of what is held in the run.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        match self.depth().checked_sub(1).and_then(|top| self.holds.get(top)) {
            Some(top) => top.get().key,
            None => self.seed.get(),
        }
    }

    /// Puts a hold on top; says whether there was room. Where there was none, it is counted.
    #[inline(always)]
    pub(crate) fn push(&self, hold: Hold) -> bool {
        let depth = self.depth();
        let Some(slot) = self.holds.get(depth) else {
            self.lose();
            return false;
        };
        slot.set(hold);
        self.depth.store(depth as u16 + 1, Ordering::Release);
        true
    }

    /// Counts a hold for which there is no room.
    pub(crate) fn lose(&self) {
        self.lost.set(self.lost.get().saturating_add(1));
    }

    /// Takes the topmost hold away if it is `instance`, taken once.
    #[inline(always)]
    pub(crate) fn pop(&self, instance: usize) -> bool {
        let Some(top) = self.depth().checked_sub(1) else {
            return false;
        };
        match self.holds.get(top).map(Cell::get) {
            Some(hold) if hold.instance == instance && hold.count == 1 => {
                self.depth.store(top as u16, Ordering::Release);
                true
            }
            _ => false,
        }
    }

    /// Takes a lost hold off the count; says whether there was one.
    pub(crate) fn forget_lost(&self) -> bool {
        let lost = self.lost.get();
        self.lost.set(lost.saturating_sub(1));
        lost > 0
    }

    pub(crate) fn hold(&self, index: usize) -> Option<Hold> {
        self.holds.get(index).filter(|_| index < self.depth()).map(Cell::get)
    }

    /// What stands in a place of the stack, also above its top: a hold that was just taken off.
    pub(crate) fn taken_off(&self, index: usize) -> Option<Hold> {
        self.holds.get(index).map(Cell::get)
    }

    pub(crate) fn set_hold(&self, index: usize, hold: Hold) {
        if let Some(slot) = self.holds.get(index) {
            slot.set(hold);
        }
    }

    /// Drops the holds from `depth` on.
    pub(crate) fn truncate(&self, depth: usize) {
        if depth < self.depth() {
            self.depth.store(depth as u16, Ordering::Release);
        }
    }

    /// The holds of this context's own stack, the lowest first.
    pub fn own(&self) -> impl DoubleEndedIterator<Item = Hold> + '_ {
        self.holds.iter().take(self.depth()).map(Cell::get)
    }

    /// The contexts from this one outwards.
    pub(crate) fn outwards(&self) -> impl Iterator<Item = &Context> {
        core::iter::successors(Some(self), |c| c.interrupted.get().map(|outer| outer as &Context)).take(LEVELS)
    }

    /// Counts an entry that was refused, or with `false` the exit that belongs to it; says whether there was one.
    pub(crate) fn refuse(&self, enter: bool) -> bool {
        let count = self.refused.get();
        self.refused.set(if enter { count.saturating_add(1) } else { count.saturating_sub(1) });
        count > 0
    }

    /// Whether a hold was lost here or in a context below: then what is not on the books may be held all the same.
    pub(crate) fn has_lost(&self) -> bool {
        self.outwards().any(|context| context.lost() > 0)
    }

    /// Whether both are one context.
    pub(crate) fn is_same(&self, other: &Context) -> bool {
        core::ptr::eq(self, other)
    }

    /// Whether this context, and all between it and `stack`, hold nothing.
    pub(crate) fn is_all_empty_above(&self, stack: &Context) -> bool {
        self.outwards().take_while(|context| !context.is_same(stack)).all(|context| context.depth() == 0)
    }

    /// What `stack`, a context below, holds has changed: the contexts above it, which hold nothing now, begin anew.
    pub(crate) fn reseed_above(&self, stack: &Context) {
        let levels = self.outwards().take_while(|context| !context.is_same(stack)).count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).for_each(Context::reseed);
    }

    /// All holds of whoever runs here, through all contexts, the lowest first.
    pub fn all(&self) -> impl Iterator<Item = Hold> + '_ {
        let levels = self.outwards().count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).flat_map(Context::own)
    }

    /// The holds of the run, the nearest first.
    pub(crate) fn run(&self) -> impl Iterator<Item = Hold> + '_ {
        let contexts = core::iter::successors(Some(self), |c| c.continues().map(|outer| outer as &Context));
        contexts.flat_map(|c| c.own().rev())
    }

    /// The topmost hold, in whatever context: the context and the index.
    pub(crate) fn top(&self) -> Option<(&Context, usize)> {
        let context = self.outwards().find(|c| c.depth() > 0)?;
        Some((context, context.depth() - 1))
    }

    /// The topmost hold that `is_it`, not beyond the first change of context below the top of the stack.
    pub(crate) fn find(&self, is_it: impl Fn(&Hold) -> bool) -> Option<(&Context, usize)> {
        let (top, _) = self.top()?;
        let contexts = core::iter::successors(Some(top), |c| c.continues().map(|outer| outer as &Context));
        for context in contexts {
            let found = (0..context.depth()).rev().find(|&i| context.hold(i).is_some_and(|h| is_it(&h)));
            if let Some(index) = found {
                return Some((context, index));
            }
        }
        None
    }

    /// Whether a release of this lock could be for one of the holds.
    pub(crate) fn may_hold(&self, instance: usize) -> bool {
        self.all().any(|hold| hold.merged() || hold.instance == instance)
    }

    /// Takes one hold out; those above it move down.
    pub(crate) fn remove(&self, index: usize) {
        let depth = self.depth();
        for i in index..depth.saturating_sub(1) {
            if let Some(mut above) = self.hold(i + 1) {
                above.unchain();
                self.set_hold(i, above);
            }
        }
        self.truncate(depth.saturating_sub(1));
    }

    /// Whether neither this context nor one below holds anything.
    #[inline(always)]
    pub fn holds_nothing(&self) -> bool {
        self.depth() == 0 && !self.interrupted_holder()
    }

    /// Whether a context below holds anything. Then recursion must look through contexts.
    #[inline(always)]
    pub(crate) fn interrupted_holder(&self) -> bool {
        match self.interrupted.get() {
            None => false,
            Some(outer) => outer.outwards().any(|c| c.depth() > 0),
        }
    }
}
