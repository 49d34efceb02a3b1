//! A topological order of the split graph, kept as it grows: it settles most new dependencies without a search.
//!
//! The nodes are the forward states of `search.rs`. A kind leads from each state of the held class that it may leave to
//! one of the new class (`Kinds::lead`), and a strong cycle is a cycle of these edges. No edge that closes one is ever
//! added, so there are *ranks* that rise along every edge. A new edge that goes upwards closes no cycle. For one that
//! does not, two searches alternate between the ranks of its ends, forwards from the upper and backwards from the
//! lower: they meet in a cycle, or the one that ends first has found the states to move past the other end.
//!
//! Ranks have gaps, so the states that are moved mostly find room, and no others are touched. This is the two-way
//! search of Haeupler, Kavitha, Mathew, Sen and Tarjan ("Incremental cycle detection, topological ordering, and strong
//! component maintenance") with numbers in place of a list; Pearce and Kelly's moves both sides of the affected region,
//! and at worst took four times as long.
//!
//! Invariants:
//! - Along each edge that is in the table ranks rise. (They may rise along others too: an edge that was not added after
//!   all, or was removed with its class, leaves a valid order.)
//! - 0 is "no rank yet": a state that no edge leads to needs none, and is before all that have one.
//! - Each state enters the queue of a search once.
//!
//! What it does not do: find the path of a cycle for a report (`search.rs`).

#[cfg(test)]
mod tests;

use crate::context::hold::NO_SLOT;
use crate::graph::Graph;
use crate::graph::direction::{Direction, Kinds};
use crate::graph::node::{Node, Restriction};

/// The distance of ranks where there is room. All states of the largest table fit into the numbers twice.
const STEP: u32 = 1 << 12;
/// Below the first rank: in the middle, since states move both ways.
const BASE: u32 = 1 << 31;

/// For each class the ranks of its two states.
#[derive(Debug)]
pub(crate) struct TopologicalOrder<S: ?Sized = [[u32; 2]]> {
    /// No rank is above it.
    top: u32,
    ranks: S,
}

impl<const N: usize> TopologicalOrder<[[u32; 2]; N]> {
    pub(crate) const fn new() -> Self {
        TopologicalOrder { top: 0, ranks: [[0; 2]; N] }
    }
}

impl TopologicalOrder {
    /// The ranks of the two states of a class.
    #[inline(always)]
    fn of_class(&self, class: u16) -> [u32; 2] {
        self.ranks.get(usize::from(class)).copied().unwrap_or([0; 2])
    }

    fn rank(&self, node: Node) -> u32 {
        let [free, restricted] = self.of_class(node.class);
        if node.restriction.is_restricted() { restricted } else { free }
    }

    fn set_rank(&mut self, node: Node, rank: u32) {
        self.top = self.top.max(rank);
        let ranks = self.ranks.get_mut(usize::from(node.class));
        if let Some(place) = ranks.and_then(|ranks| ranks.get_mut(node.restriction as usize)) {
            *place = rank;
        }
    }

    /// Forgets the ranks of a class that is removed with all its dependencies.
    pub(crate) fn forget(&mut self, class: u16) {
        if let Some(ranks) = self.ranks.get_mut(usize::from(class)) {
            *ranks = [0; 2];
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.ranks.fill([0; 2]);
        self.top = 0;
    }
}

/// One of the two searches. It uses *keys* in place of ranks: they rise in its direction, so backwards they are counted
/// from above.
struct Side {
    direction: Direction,
    /// Its number, which marks the states that it reached, and that of the other search.
    visit: u16,
    other: u16,
    /// It visits states whose key is at most this: that of the other end.
    bound: u32,
    /// The least key above the bound that it saw.
    ceiling: u32,
    /// How many states of its queue it has taken, and how many there are. The backward queue begins at the end.
    head: usize,
    count: usize,
    /// The state whose dependencies it follows, and the next of them.
    here: Node,
    next: u16,
}

/// The result of a step.
enum Step {
    More,
    /// The search has visited all states.
    Done,
    /// It reached a state of the other search.
    Met,
}

impl Side {
    /// The key of a rank; and the rank of a key.
    const fn key(&self, rank: u32) -> u32 {
        match self.direction {
            Direction::Forwards => rank,
            Direction::Backwards => !rank,
        }
    }

    /// The position of its state number `index` in the queue of `places`.
    const fn position(&self, index: usize, places: usize) -> usize {
        match self.direction {
            Direction::Forwards => index,
            Direction::Backwards => places.wrapping_sub(1).wrapping_sub(index),
        }
    }
}

impl Graph<'_> {
    /// Extends the order to a new kind of a dependency. Returns `false` if that closes a strong cycle.
    pub(crate) fn order_admits(&mut self, from: u16, to: u16, kind: Kinds) -> bool {
        let to = Node::new(to, kind.arrive(Direction::Forwards));
        let leaves_restricted = !kind.after_restricted(Direction::Forwards).is_empty();
        self.put_before(Node::free(from), to)
            && (!leaves_restricted || self.put_before(Node::new(from, Restriction::Restricted), to))
    }

    /// Brings the rank of `x` below that of `y`. Returns `false` if `y` leads to `x`.
    #[inline(always)]
    fn put_before(&mut self, x: Node, y: Node) -> bool {
        self.topological_order.rank(x) < self.topological_order.rank(y) || self.bring_before(x, y)
    }

    fn bring_before(&mut self, x: Node, y: Node) -> bool {
        if x == y {
            return false;
        }
        if self.topological_order.rank(y) == 0 {
            self.place(y);
        }
        let (lower, upper) = (self.topological_order.rank(y), self.topological_order.rank(x));
        if upper < lower {
            return true;
        }
        // Both numbers first: when they wrap around, all marks are cleared.
        let visits = [self.scratch.begin(), self.scratch.begin()];
        let mut after = self.begin(y, Direction::Forwards, upper, visits);
        let mut before = self.begin(x, Direction::Backwards, !lower, [visits[1], visits[0]]);
        let done = match self.race(&mut after, &mut before) {
            Some(Direction::Forwards) => after,
            Some(Direction::Backwards) => before,
            None => return false,
        };
        if !self.shift(&done) && !self.lift(y, x) {
            self.renumber();
            self.lift(y, x);
        }
        true
    }

    /// Runs both searches, step by step. Returns the direction of the one that ends first, or `None` if they met.
    fn race(&mut self, after: &mut Side, before: &mut Side) -> Option<Direction> {
        for _ in 0..self.most_steps() {
            match self.step(after, Direction::Forwards) {
                Step::More => {}
                Step::Done => return Some(Direction::Forwards),
                Step::Met => return None,
            }
            match self.step(before, Direction::Backwards) {
                Step::More => {}
                Step::Done => return Some(Direction::Backwards),
                Step::Met => return None,
            }
        }
        None
    }

    /// An upper bound of the steps of a search: one for each state, one for each dependency in both states of its near
    /// end, and the last.
    fn most_steps(&self) -> usize {
        self.scratch.states() + 2 * self.dependencies.capacity() + 1
    }

    /// Gives its first rank to a state that no edge leads to: below all that it leads to, or at the top if it leads
    /// nowhere.
    fn place(&mut self, node: Node) {
        let mut least = self.all_after(node, 0).ceiling;
        if least == 1 || self.topological_order.top > u32::MAX - STEP {
            self.renumber();
            least = self.all_after(node, 0).ceiling;
        }
        let rank = match least {
            u32::MAX => self.topological_order.top.max(BASE) + STEP,
            least => least - STEP.min(least / 2),
        };
        self.topological_order.set_rank(node, rank);
    }

    /// Runs the forward search alone, to its end.
    fn all_after(&mut self, start: Node, bound: u32) -> Side {
        let visits = [self.scratch.begin(), self.scratch.begin()];
        let mut side = self.begin(start, Direction::Forwards, bound, visits);
        for _ in 0..self.most_steps() {
            if !matches!(self.step(&mut side, Direction::Forwards), Step::More) {
                break;
            }
        }
        side
    }

    fn begin(&mut self, start: Node, direction: Direction, bound: u32, [visit, other]: [u16; 2]) -> Side {
        let mut side =
            Side { direction, visit, other, bound, ceiling: u32::MAX, head: 0, count: 0, here: start, next: NO_SLOT };
        self.enter(&mut side, start);
        side
    }

    fn enter(&mut self, side: &mut Side, node: Node) {
        self.scratch.set_visited_by(node, side.visit);
        self.scratch.enqueue(side.position(side.count, self.scratch.states()), node);
        side.count += 1;
    }

    fn queued(&self, side: &Side, index: usize) -> Node {
        self.scratch.queued(side.position(index, self.scratch.states())).unwrap_or(Node::free(NO_SLOT))
    }

    /// Follows the next dependency, or takes the next state of the queue. `direction` is the side's.
    #[inline(always)]
    fn step(&mut self, side: &mut Side, direction: Direction) -> Step {
        if side.next == NO_SLOT {
            if side.head == side.count {
                return Step::Done;
            }
            side.here = self.queued(side, side.head);
            side.head += 1;
            side.next = self.classes.get(side.here.class).first(direction);
            return Step::More;
        }
        let dependency = self.dependencies.get(side.next);
        let (kinds, far) = (dependency.kinds, dependency.far_end(direction));
        side.next = dependency.next(direction);
        let here = side.here.restriction;
        let [free, restricted] = Restriction::ALL.map(|there| match direction {
            Direction::Forwards => kinds.lead(Direction::Forwards, here, there),
            Direction::Backwards => kinds.lead(Direction::Forwards, there, here),
        });
        let ranks = self.topological_order.of_class(far);
        let has_met = free && self.meets(side, Node::free(far), side.key(ranks[0]))
            || restricted && self.meets(side, Node::new(far, Restriction::Restricted), side.key(ranks[1]));
        if has_met { Step::Met } else { Step::More }
    }

    /// Visits a state. Returns whether the other search reached it before.
    #[inline(always)]
    fn meets(&mut self, side: &mut Side, node: Node, key: u32) -> bool {
        if key > side.bound {
            side.ceiling = side.ceiling.min(key);
            return false;
        }
        let visit = self.scratch.visited_by(node);
        if visit != side.visit && visit != side.other {
            self.enter(side, node);
        }
        visit == side.other
    }

    /// Moves all states that a search found past its bound. Returns whether there was room.
    fn shift(&mut self, side: &Side) -> bool {
        let room = (side.ceiling - side.bound).checked_div(side.count as u32 + 1).unwrap_or(0);
        if room == 0 {
            return false;
        }
        self.sort(side);
        let mut key = side.bound;
        for index in 0..side.count {
            key += room.min(STEP);
            self.topological_order.set_rank(self.queued(side, index), side.key(key));
        }
        true
    }

    /// If there was no room: moves `y` above `x`, with as many of the states that it leads to as necessary, and none of
    /// them down. Returns whether the numbers sufficed.
    fn lift(&mut self, y: Node, x: Node) -> bool {
        let (floor, top) = (self.topological_order.rank(x), self.topological_order.top);
        let mut bound = floor;
        // The bound is at least four times as far in each round, so these rounds cover all numbers.
        for _ in 0..=u32::BITS / 2 {
            bound = floor.saturating_add((bound - floor).saturating_mul(4)).saturating_add(64).min(top);
            let side = self.all_after(y, bound);
            self.sort(&side);
            let distance = (bound - floor).checked_div(2 * side.count as u32).unwrap_or(1).clamp(1, STEP);
            let lifted = |graph: &Self, below: u32, index: usize| {
                let rank = graph.topological_order.rank(graph.queued(&side, index));
                below.checked_add(distance).map(|least| least.max(rank))
            };
            let last = (0..side.count).try_fold(floor, |below, index| lifted(self, below, index));
            if last.is_some_and(|last| last < side.ceiling) {
                let mut below = floor;
                for index in 0..side.count {
                    below = lifted(self, below, index).unwrap_or(below);
                    self.topological_order.set_rank(self.queued(&side, index), below);
                }
                return true;
            }
            if bound == top {
                break;
            }
        }
        false
    }

    /// Spreads all ranks evenly, in their order, when the numbers at the top are used up: after half a million states.
    #[cold]
    fn renumber(&mut self) {
        let mut all = self.all_after(Node::free(NO_SLOT), 0);
        all.count = 0;
        for class in 0..(self.scratch.states() / 2) as u16 {
            for node in Restriction::ALL.map(|restriction| Node::new(class, restriction)) {
                if self.topological_order.rank(node) != 0 {
                    self.enter(&mut all, node);
                }
            }
        }
        self.sort(&all);
        self.topological_order.top = 0;
        for index in 0..all.count {
            self.topological_order.set_rank(self.queued(&all, index), BASE + (index as u32 + 1) * STEP);
        }
    }

    /// Sorts the states that a search found by their keys: Shell's sort, in the queue.
    fn sort(&mut self, side: &Side) {
        let places = self.scratch.states();
        let mut gap = side.count / 2;
        while gap > 0 {
            for index in gap..side.count {
                let node = self.queued(side, index);
                let key = side.key(self.topological_order.rank(node));
                let mut at = index;
                while at >= gap {
                    let other = self.queued(side, at - gap);
                    if side.key(self.topological_order.rank(other)) <= key {
                        break;
                    }
                    self.scratch.enqueue(side.position(at, places), other);
                    at -= gap;
                }
                self.scratch.enqueue(side.position(at, places), node);
            }
            gap /= 2;
        }
    }
}
