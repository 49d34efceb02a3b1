//! Repairs a stack after a preemption in the middle of a push.
//!
//! A slot that is being filled is a *hole*: in use, but not yet a hold. As long as nothing else happens, the hole is
//! the topmost slot in use, and the gate records that there is one. A push above it first records the hole's index and
//! marks the stack as *disturbed*. So does the end or change of a hold below it, since holds must not move then: such a
//! hold becomes a *dead* entry, and from its index on the keys are *stale*.
//!
//! Invariants:
//! - A context has at most one hole: the fast path finds the gate closed, and all other pushes are made with interrupts
//!   disabled.
//! - A hold that ends above the hole is removed at once. When the hole is topmost again and no key is stale, the stack
//!   is no longer disturbed. Otherwise the next slow event that finds no hole repairs it (`Engine::settle`) before
//!   anything else.
//! - A stale key is never looked up as a known chain, and no hold above it is chained.
//!
//! What it does not do: learn or check. It never looks at a class.

use super::Context;

/// No index: above all indices.
const NOWHERE: u8 = u8::MAX;

impl Context {
    /// The index of the slot that is being filled, or an index that does not exist.
    #[inline(always)]
    pub(super) fn hole(&self) -> usize {
        match (self.gate.is_building(), self.gate.is_disturbed()) {
            (false, _) => usize::MAX,
            (true, false) => self.height().wrapping_sub(1),
            (true, true) => usize::from(self.hole.get()),
        }
    }

    /// Marks the stack as disturbed. With interrupts disabled, like all changes of this mark.
    pub(super) fn disturb(&self) {
        if self.gate.is_disturbed() {
            return;
        }
        self.hole.set(u8::try_from(self.hole()).unwrap_or(NOWHERE));
        self.stale.set(NOWHERE);
        self.gate.set_disturbed();
    }

    /// Called after the topmost hold was removed: removes dead entries that are now topmost. If the hole is topmost
    /// again and no key below it is stale, clears the mark.
    pub(super) fn calm(&self) {
        if !(self.gate.is_building() && self.gate.is_disturbed()) {
            return;
        }
        let filled = self.hole() + 1;
        let height =
            (filled..self.height()).rev().find(|&index| self.hold(index).is_some()).map_or(filled, |top| top + 1);
        self.truncate(height);
        if height == filled && usize::from(self.stale.get()) >= filled {
            self.gate.clear_disturbed();
        }
    }

    /// Ends a hold in a stack whose holds must not move.
    pub(crate) fn end(&self, index: usize) {
        if index + 1 == self.height() {
            self.truncate(index);
            return self.calm();
        }
        self.spoil(index);
        self.set_dead(index);
    }

    /// Marks the keys from this index on as stale; holds must not move any more.
    pub(crate) fn spoil(&self, index: usize) {
        self.disturb();
        for above in index..self.height() {
            if let Some(mut hold) = self.hold(above) {
                hold.unchain();
                self.set_hold(above, hold);
            }
        }
        self.stale.set(self.stale.get().min(u8::try_from(index).unwrap_or(NOWHERE)));
    }

    /// Returns whether the holds of `stack`, and of the contexts between it and this one, may move.
    pub(crate) fn is_plain_down_to(&self, stack: &Context) -> bool {
        let above = self.outwards().take_while(|context| !context.is_same(stack));
        above.chain([stack]).all(|context| context.gate.is_plain())
    }

    /// Returns whether no context from this one outwards has a hole or a disturbed stack.
    pub(crate) fn is_plain(&self) -> bool {
        self.outwards().all(|context| context.gate.is_plain())
    }

    /// Returns whether the key of the run represents what is held in it.
    pub(crate) fn is_exact(&self) -> bool {
        self.contexts_of_run().all(|context| {
            let is_stale = || usize::from(context.stale.get()) < context.height();
            context.gate.is_plain() || !context.gate.is_disturbed() || (context.gate.is_building() && !is_stale())
        })
    }

    /// Returns whether the stack must be repaired, and can be.
    #[inline(always)]
    pub(crate) fn is_to_be_settled(&self) -> bool {
        self.gate.is_disturbed() && !self.gate.is_building()
    }

    /// Begins a repair: returns the first index to repair, and the index of the slot that was filled meanwhile.
    pub(crate) fn put_in_order(&self) -> (usize, usize) {
        let [filled, stale] = [&self.hole, &self.stale].map(|place| usize::from(place.get()));
        self.gate.clear_disturbed();
        (stale.min(filled + 1).min(self.height()), filled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Level;
    use crate::context::hold::{Acquire, Hold, HoldFlags};
    use crate::engine::validator::Validator;
    use crate::lock::last_holder::Since;
    use crate::lock::lock_map::LockMap;
    use crate::lock::mode::Mode;
    use crate::lock::site::Site;
    use crate::lock::usage::Irqs;
    use crate::lock::wait_type::WaitTypes;

    fn leak() -> &'static Context {
        Box::leak(Box::new(Context::new()))
    }

    fn hold(instance: usize) -> Hold {
        Hold { instance: instance * 2, count: 1, class: 1, key: instance as u64, ..Hold::EMPTY }
    }

    /// A push as the fast path makes it, and `meanwhile` in the middle of it.
    fn push_around(task: &Context, instance: usize, meanwhile: impl FnOnce()) {
        let place = task.free_place(Irqs::On).expect("the gate is open");
        task.begin_one();
        meanwhile();
        place.fill(instance as u64, Site::caller(), instance * 2, 1, HoldFlags::IRQS_ON, Since::UNKNOWN);
        task.end_one();
    }

    fn instances(context: &Context) -> Vec<usize> {
        context.own().map(|hold| hold.instance / 2).collect()
    }

    #[test]
    fn what_is_taken_and_released_above_a_hole_leaves_nothing() {
        let task = leak();
        task.push(hold(1));
        push_around(task, 2, || {
            assert!(task.free_place(Irqs::On).is_none() && task.pop(2).is_none(), "the gate is closed");
            assert_eq!((task.depth(), task.key()), (1, 1), "the hole is nothing held");
            task.push(hold(3));
            task.push(hold(4));
            assert_eq!((instances(task), task.key()), (vec![1, 3, 4], 4));
            assert!(!task.pop_above(6) && task.pop_above(8) && task.pop_above(6) && !task.pop_above(4));
            assert_eq!((instances(task), task.key()), (vec![1], 1));
        });
        assert!(task.is_plain());
        assert_eq!((instances(task), task.key()), (vec![1, 2], 2));
    }

    #[test]
    fn an_interrupt_does_not_see_a_hole_and_what_it_leaves_is_put_above() {
        let (task, irq) = (leak(), leak());
        push_around(task, 1, || {
            irq.enter(Level::Hardirq, task, Site::caller());
            assert!(!irq.interrupted_holder() && irq.holds_nothing() && irq.all().count() == 0);
            irq.push(hold(2));
            assert_eq!(irq.all().count(), 1);
            irq.leave();
            task.gate.set_irqs(Irqs::On);
            assert_eq!(instances(task), [2], "what it left is above the hole");
        });
        assert!(task.is_to_be_settled());
        assert_eq!(instances(task), [1, 2]);
    }

    #[test]
    fn a_release_below_a_hole_is_as_one_after_the_push() {
        let mut validator = Validator::<8, 16, 64>::new();
        let task = leak();
        let maps = ["pushed", "a", "b", "c"].map(|name| LockMap::named(name, WaitTypes::SPIN));
        let [pushed, a, b, c] = &maps;
        let acquire = |map| Acquire::new(map, Mode::WRITE, Site::caller());
        validator.acquire(task, &acquire(pushed)); // its class is in slot 1
        validator.release(task, pushed, None);
        validator.acquire(task, &acquire(a));
        validator.acquire(task, &acquire(b));
        push_around(task, 9, || {
            validator.release(task, a, None);
            assert_eq!(task.own().map(|hold| hold.instance).collect::<Vec<_>>(), [b.instance()]);
            assert!(!task.is_exact(), "no chain is entered over a key that is stale");
            validator.acquire(task, &acquire(c));
            assert!(task.own().all(|hold| !hold.is_chained()));
            validator.release(task, c, None);
        });
        assert!(task.is_to_be_settled() && task.free_place(Irqs::On).is_none());
        validator.engine().settle(task);
        assert!(task.is_plain() && task.own().all(|hold| hold.is_chained()));
        assert_eq!((task.depth(), task.height()), (2, 2));
        validator.acquire(task, &acquire(c));
        assert_eq!((task.depth(), validator.found()), (3, None));
    }
}
