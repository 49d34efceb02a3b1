//! What usage can be reached: for each state of the split graph the *enabled* bits of all states forwards from it, and
//! the *used in* bits of all backwards.
//!
//! The rules on interrupts ask it before they search. If it says that there is nothing, there is nothing.
//!
//! Invariants:
//! - Every bit that a search from the state could meet is here: bits are added when a class gets one and when a
//!   dependency or a kind of one is added, before anything else is asked.
//! - Bits are never taken back while a state lives, so after classes went there may be more here than there is. That costs a
//!   search, and never a verdict.
//! - A state passes the new bits on once, and only to states that lack some: an addition ends.

use crate::dependency::{Direction, Kinds};
use crate::search::{Graph, Node, Scratch};
use crate::usage::Usage;

/// For each class its two states: of *enabled* bits the forward ones, of *used in* bits the backward ones.
#[derive(Debug)]
pub(crate) struct Reach<S: ?Sized = [[Usage; 2]]> {
    states: S,
}

impl<const N: usize> Reach<[[Usage; 2]; N]> {
    pub(crate) const fn new() -> Self {
        Reach { states: [[Usage::empty(); 2]; N] }
    }
}

impl Reach {
    /// The *enabled* bits that may be met forwards from the state, and the *used in* bits backwards from it.
    pub(crate) fn usage(&self, node: Node) -> Usage {
        let states = self.states.get(usize::from(node.class));
        states.and_then(|states| states.get(usize::from(node.restricted))).copied().unwrap_or(Usage::empty())
    }

    /// Forgets what is reachable from a class that is gone.
    pub(crate) fn forget(&mut self, class: u16) {
        if let Some(states) = self.states.get_mut(usize::from(class)) {
            *states = [Usage::empty(); 2];
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.states.fill([Usage::empty(); 2]);
    }

    /// Adds bits; says whether one of them is new.
    fn add(&mut self, node: Node, bits: Usage) -> bool {
        let states = self.states.get_mut(usize::from(node.class));
        let Some(known) = states.and_then(|states| states.get_mut(usize::from(node.restricted))) else {
            return false;
        };
        let is_new = !known.contains(bits);
        known.insert(bits);
        is_new
    }
}

impl Graph<'_> {
    /// A class has a new usage bit.
    pub(crate) fn learn_usage(&mut self, class: u16, bit: Usage) {
        let direction = if bit.is_used() { Direction::Backwards } else { Direction::Forwards };
        self.spread(direction, bit, class, |restricted| !bit.seen_from(restricted).is_empty());
    }

    /// A dependency was added, or a kind of one.
    pub(crate) fn learn_dependency(&mut self, from: u16, to: u16, kind: Kinds) {
        for (direction, near, far, mask) in
            [(Direction::Forwards, from, to, Usage::ENABLED), (Direction::Backwards, to, from, Usage::USED)]
        {
            let end = Node::new(far, kind.restrict(direction));
            let bits = self.reach.usage(end) & mask;
            self.spread(direction, bits, near, |restricted| kind.lead(direction, restricted, end.restricted));
        }
    }

    /// Adds bits to those states of a class for which `is_it` says yes, and to all from which a path in `direction` leads
    /// to them.
    fn spread(&mut self, direction: Direction, bits: Usage, class: u16, is_it: impl Fn(bool) -> bool) {
        let Graph { classes, dependencies, reach, scratch, .. } = self;
        let (mut head, mut tail) = (0, 0);
        let mut pass_on = |scratch: &mut Scratch, node: Node| {
            if reach.add(node, bits) {
                scratch.enqueue(tail, node);
                tail += 1;
            }
            tail
        };
        let mut known = 0;
        for start in [false, true].into_iter().filter(|&restricted| is_it(restricted)) {
            known = pass_on(scratch, Node::new(class, start));
        }
        while head < known {
            let Some(here) = scratch.queued(head) else { return };
            head += 1;
            for (_, dependency) in dependencies.along(classes, here.class, direction.reversed()) {
                for restricted in [false, true] {
                    if dependency.kinds.lead(direction, restricted, here.restricted) {
                        known = pass_on(scratch, Node::new(dependency.near_end(direction), restricted));
                    }
                }
            }
        }
    }
}
