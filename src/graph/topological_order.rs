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

use crate::context::hold::NO_SLOT;
use crate::graph::Graph;
use crate::graph::direction::{Direction, Kinds};
use crate::graph::node::Node;

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
        self.of_class(node.class)[usize::from(node.restricted)]
    }

    fn set_rank(&mut self, node: Node, rank: u32) {
        self.top = self.top.max(rank);
        let ranks = self.ranks.get_mut(usize::from(node.class));
        if let Some(place) = ranks.and_then(|ranks| ranks.get_mut(usize::from(node.restricted))) {
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
        let to = Node::new(to, kind.restrict(Direction::Forwards));
        let leaves_restricted = !kind.from_restricted(Direction::Forwards).is_empty();
        self.put_before(Node::new(from, false), to)
            && (!leaves_restricted || self.put_before(Node::new(from, true), to))
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
        self.scratch.queued(side.position(index, self.scratch.states())).unwrap_or(Node::new(NO_SLOT, false))
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
        let leads = |restricted| match direction {
            Direction::Forwards => kinds.lead(Direction::Forwards, side.here.restricted, restricted),
            Direction::Backwards => kinds.lead(Direction::Forwards, restricted, side.here.restricted),
        };
        let [free, restricted] = [leads(false), leads(true)];
        let ranks = self.topological_order.of_class(far);
        let has_met = free && self.meets(side, Node::new(far, false), side.key(ranks[0]))
            || restricted && self.meets(side, Node::new(far, true), side.key(ranks[1]));
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
        let mut all = self.all_after(Node::new(NO_SLOT, false), 0);
        all.count = 0;
        for state in 0..self.scratch.states() {
            let node = Node::new((state / 2) as u16, state % 2 == 1);
            if self.topological_order.rank(node) != 0 {
                self.enter(&mut all, node);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atomic::word64::AtomicWord64;
    use crate::graph::classes::{Class, Classes, UsageWords};
    use crate::graph::dependencies::{Dependencies, Dependency, Edge, Maker};
    use crate::graph::reachable_usage::ReachableUsage;
    use crate::graph::search::{Place, Scratch};
    use crate::lock::class::Subclass;
    use crate::lock::lock_map::LockMap;
    use crate::lock::site::Site;
    use crate::lock::usage::Usage;
    use crate::lock::wait_type::WaitTypes;
    use proptest::prelude::*;

    const CLASSES: usize = 14;

    struct World {
        usage_words: UsageWords<[AtomicWord64; CLASSES]>,
        classes: Classes<[Class; CLASSES]>,
        dependencies: Dependencies<[Dependency; 256]>,
        topological_order: TopologicalOrder<[[u32; 2]; CLASSES]>,
        reachable_usage: ReachableUsage<[[Usage; 2]; CLASSES]>,
        scratch: Scratch<[[Place; 2]; CLASSES]>,
    }

    /// A step of the test.
    #[derive(Clone, Debug)]
    enum Deed {
        /// A dependency between two classes, of a kind of 0 to 3.
        Depend(u16, u16, u8),
        /// A usage bit of a class.
        Use(u16, u8),
        /// Ranks without gaps, from this number on.
        Squeeze(u32),
        /// A class is removed, and another one gets its slot.
        Renew(u16),
        /// This many more searches.
        Search(u16),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let class = 1..CLASSES as u16;
        let squeezed = prop_oneof![Just(1), Just(u32::MAX - 4 * CLASSES as u32), any::<u32>()];
        let deed = prop_oneof![
            20 => (class.clone(), class.clone(), 0..4u8).prop_map(|(from, to, kind)| Deed::Depend(from, to, kind)),
            // Exclusive ones alone make no weak cycles: deep orders.
            20 => (class.clone(), class.clone()).prop_map(|(from, to)| Deed::Depend(from, to, 3)),
            2 => class.clone().prop_map(Deed::Renew),
            4 => (class, 0..12u8).prop_map(|(class, bit)| Deed::Use(class, bit)),
            3 => squeezed.prop_map(Deed::Squeeze),
            1 => any::<u16>().prop_map(Deed::Search),
        ];
        proptest::collection::vec(deed, 1..120)
    }

    /// Enters the class of this number.
    fn enter(classes: &mut Classes, usage_words: &UsageWords, number: u16) -> u16 {
        let name = ["", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"][usize::from(number)];
        let map = LockMap::of_class(name, Site::caller(), WaitTypes::NONE);
        classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap().slot()
    }

    impl World {
        fn new() -> World {
            let mut world = World {
                usage_words: UsageWords::new(),
                classes: Classes::new(),
                dependencies: Dependencies::new(),
                topological_order: TopologicalOrder::new(),
                reachable_usage: ReachableUsage::new(),
                scratch: Scratch::new(),
            };
            let classes: &mut Classes = &mut world.classes;
            for number in 1..CLASSES as u16 {
                assert_eq!(enter(classes, &world.usage_words, number), number);
            }
            world
        }

        fn renew(&mut self, class: u16) {
            self.graph().forget_edges(class);
            let classes: &mut Classes = &mut self.classes;
            classes.remove(&self.usage_words, class);
            assert_eq!(enter(classes, &self.usage_words, class), class, "the slot is used again");
        }

        fn graph(&mut self) -> Graph<'_> {
            Graph {
                classes: &mut self.classes,
                dependencies: &mut self.dependencies,
                topological_order: &mut self.topological_order,
                reachable_usage: &mut self.reachable_usage,
                scratch: &mut self.scratch,
            }
        }

        /// The order and a search for the cycle must agree.
        fn depend(&mut self, from: u16, to: u16, kind: Kinds) -> Result<(), TestCaseError> {
            let mut graph = self.graph();
            let start = Node::new(to, kind.restrict(Direction::Forwards));
            let leaves = |restricted| kind.lead(Direction::Forwards, restricted, start.restricted);
            let end = graph.search(start, Direction::Forwards, |node| node.class == from && leaves(node.restricted));
            let admitted = graph.order_admits(from, to, kind);
            prop_assert_eq!(admitted, end.is_none(), "{} -> {} {:?}", from, to, kind);
            if admitted {
                let edge = Edge { from, to, kind, from_site: None, to_site: None, maker: Maker { task: 0, cpu: 0 } };
                prop_assert!(graph.dependencies.add(graph.classes, &edge));
                graph.learn_dependency(from, to, kind);
            }
            Ok(())
        }

        /// Ranks rise along every edge. The reachable usage is what a search meets, and after a class was removed, at
        /// least that.
        fn check(&mut self, has_renewed: bool) -> Result<(), TestCaseError> {
            for class in 1..CLASSES as u16 {
                for restricted in [false, true] {
                    let here = Node::new(class, restricted);
                    let (classes, dependencies): (&Classes, &Dependencies) = (&self.classes, &self.dependencies);
                    let topological_order: &TopologicalOrder = &self.topological_order;
                    for (_, dependency) in dependencies.along(classes, class, Direction::Forwards) {
                        for to in [false, true].map(|restricted| Node::new(dependency.to, restricted)) {
                            if dependency.kinds.lead(Direction::Forwards, restricted, to.restricted) {
                                prop_assert!(
                                    topological_order.rank(here) < topological_order.rank(to),
                                    "{here:?} -> {to:?}"
                                );
                            }
                        }
                    }
                    let mut met = Usage::empty();
                    for (direction, mask) in
                        [(Direction::Forwards, Usage::ENABLED), (Direction::Backwards, Usage::USED)]
                    {
                        let World { usage_words, classes, dependencies, topological_order, reachable_usage, scratch } =
                            self;
                        let (usage_words, mut graph): (&UsageWords, _) =
                            (usage_words, Graph { classes, dependencies, topological_order, reachable_usage, scratch });
                        graph.search(here, direction, |node| {
                            met |= node.sees(usage_words.usage(node.class)) & mask;
                            false
                        });
                    }
                    let said = self.graph().reachable_usage.usage(here);
                    prop_assert!(
                        said == met || (has_renewed && said.contains(met)),
                        "{:?}: {:?} {:?}",
                        here,
                        said,
                        met
                    );
                }
            }
            Ok(())
        }

        /// Closes all gaps between ranks, which begin at `first`.
        fn squeeze(&mut self, first: u32) {
            let mut ranks: Vec<u32> =
                self.topological_order.ranks.as_flattened().iter().copied().filter(|&rank| rank > 0).collect();
            ranks.sort_unstable();
            ranks.dedup();
            let first = first.clamp(1, u32::MAX - ranks.len() as u32);
            for rank in self.topological_order.ranks.as_flattened_mut() {
                *rank = ranks.binary_search(rank).map_or(0, |index| first + index as u32);
            }
            self.topological_order.top = self.topological_order.ranks.as_flattened().iter().copied().max().unwrap_or(0);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

        #[test]
        fn order_and_reach_say_what_searches_say(deeds in deeds()) {
            let mut world = World::new();
            let mut has_renewed = false;
            for deed in deeds {
                has_renewed |= matches!(deed, Deed::Renew(_));
                match deed {
                    Deed::Renew(class) => world.renew(class),
                    Deed::Depend(from, to, kind) => world.depend(from, to, Kinds::from_bits_truncate(1 << kind))?,
                    Deed::Use(class, bit) => {
                        let bit = Usage::from_bits_truncate(1 << bit);
                        let usage_words: &UsageWords = &world.usage_words;
                        usage_words.mark(class, bit);
                        world.graph().learn_usage(class, bit);
                    }
                    Deed::Squeeze(first) => world.squeeze(first),
                    Deed::Search(count) => (0..count).for_each(|_| {
                        world.graph().scratch.begin();
                    }),
                }
                world.check(has_renewed)?;
            }
        }
    }
}
