//! The usage that can be reached: for each state of the split graph the *enabled* bits of all states forwards from it,
//! and the *used in* bits of all states backwards from it.
//!
//! The rules on interrupts ask it before they search. If it has no conflicting bit, there is no conflict.
//!
//! Invariants:
//! - Every bit that a search from the state could meet is here: bits are added when a class gets one and when a
//!   dependency or a kind of one is added, before anything else is asked.
//! - Bits are not removed while a state lives, so after a class was unregistered there may be bits that can no longer
//!   be reached. That costs a search, and never changes a verdict.
//! - A state passes the new bits on once, and only to states that lack some: an addition ends.
//!
//! What it does not do: find the path to a usage (`search.rs`).

use crate::context::hold::NO_SLOT;
use crate::graph::Graph;
use crate::graph::direction::{Direction, Kinds};
use crate::graph::node::Node;
use crate::lock::usage::Usage;

/// For each class the bits of its two states: *enabled* bits for the forward states, *used in* bits for the backward
/// ones.
#[derive(Debug)]
pub(crate) struct ReachableUsage<S: ?Sized = [[Usage; 2]]> {
    states: S,
}

impl<const N: usize> ReachableUsage<[[Usage; 2]; N]> {
    pub(crate) const fn new() -> Self {
        ReachableUsage { states: [[Usage::empty(); 2]; N] }
    }
}

impl ReachableUsage {
    /// The *enabled* bits that may be met forwards from the state, and the *used in* bits backwards from it.
    pub(crate) fn usage(&self, node: Node) -> Usage {
        let states = self.states.get(usize::from(node.class));
        states.and_then(|states| states.get(usize::from(node.restricted))).copied().unwrap_or(Usage::empty())
    }

    /// Forgets the bits of a class that is removed.
    pub(crate) fn forget(&mut self, class: u16) {
        if let Some(states) = self.states.get_mut(usize::from(class)) {
            *states = [Usage::empty(); 2];
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.states.fill([Usage::empty(); 2]);
    }

    /// Adds bits that a class has itself.
    pub(crate) fn add_to_class(&mut self, class: u16, bits: Usage) {
        if let Some([free, restricted]) = self.states.get_mut(usize::from(class)) {
            free.insert(bits);
            restricted.insert(bits & Usage::EXCLUSIVE);
        }
    }

    /// Adds bits. Returns whether one of them is new.
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
    /// Adds a new usage bit of a class.
    pub(crate) fn learn_usage(&mut self, class: u16, bit: Usage) {
        let direction = if bit.is_used() { Direction::Backwards } else { Direction::Forwards };
        self.spread(direction, class, bit, !bit.is_read());
    }

    /// Adds the bits that are reachable through a new dependency, or a new kind of one.
    pub(crate) fn learn_dependency(&mut self, from: u16, to: u16, kind: Kinds) {
        self.learn_along(Direction::Forwards, from, to, kind, Usage::ENABLED);
        self.learn_along(Direction::Backwards, to, from, kind, Usage::USED);
    }

    #[inline(always)]
    fn learn_along(&mut self, direction: Direction, near: u16, far: u16, kind: Kinds, mask: Usage) {
        let bits = self.reachable_usage.usage(Node::new(far, kind.restrict(direction))) & mask;
        self.spread(direction, near, bits, !kind.from_restricted(direction).is_empty());
    }

    /// Adds bits to the unrestricted state of a class, with `restricted_too` also to the restricted one, and to all
    /// states from which a path in `direction` leads there.
    #[inline(always)]
    fn spread(&mut self, direction: Direction, class: u16, bits: Usage, restricted_too: bool) {
        let is_new = self.reachable_usage.add(Node::new(class, false), bits)
            | (restricted_too && self.reachable_usage.add(Node::new(class, true), bits));
        if is_new && self.classes.get(class).first(direction.reversed()) != NO_SLOT {
            self.spread_on(direction, class, bits, restricted_too);
        }
    }

    fn spread_on(&mut self, direction: Direction, class: u16, bits: Usage, restricted_too: bool) {
        let Graph { classes, dependencies, reachable_usage, scratch, .. } = self;
        scratch.enqueue(0, Node::new(class, false));
        scratch.enqueue(1, Node::new(class, true));
        let (mut head, mut tail) = (0, 1 + usize::from(restricted_too));
        while head < tail {
            let Some(here) = scratch.queued(head) else { return };
            head += 1;
            for (_, dependency) in dependencies.along(classes, here.class, direction.reversed()) {
                for restricted in [false, true] {
                    let next = Node::new(dependency.near_end(direction), restricted);
                    if dependency.kinds.lead(direction, restricted, here.restricted) && reachable_usage.add(next, bits)
                    {
                        scratch.enqueue(tail, next);
                        tail += 1;
                    }
                }
            }
        }
    }
}
