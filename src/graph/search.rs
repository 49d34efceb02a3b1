//! Breadth-first search over strong paths: the shortest way from a class to one that meets a condition.
//!
//! The nodes are states (class, restricted). Forwards, *restricted* means entered only as a recursive reader;
//! backwards, left only as a reader. From a restricted state some kinds of a dependency do not lead on, by the one rule.
//! A class may be visited twice, restricted first and unrestricted later; (class, unrestricted) includes (class,
//! restricted). To visit each class once is wrong: that is where Linux's search stops short (`__bfs`, `only_xr`).
//!
//! Invariants: the queue has room for every state and each enters once, so the search ends and never overflows; no
//! recursion; the scratch is reused, and a mark of an earlier search never passes for one of this.

use crate::context::hold::NO_SLOT;
use crate::graph::Graph;
use crate::graph::dependencies::Dependency;
use crate::graph::direction::Direction;
use crate::graph::node::Node;

/// What a search notes of a state, and a place of its queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The search that came here.
    visit: u16,
    /// The dependency by which it came.
    by: u16,
    /// Queue: the class of the state that entered at this position…
    queued: u16,
    /// … and whether it is restricted. And whether the state of this place was reached from a restricted one.
    queued_restricted: bool,
    from_restricted: bool,
}

/// The scratch of the search: for each class its two states. `S` is the storage.
#[derive(Debug)]
pub(crate) struct Scratch<S: ?Sized = [[Place; 2]]> {
    visit: u16,
    places: S,
}

impl<const N: usize> Scratch<[[Place; 2]; N]> {
    pub(crate) const fn new() -> Self {
        const EMPTY: Place =
            Place { visit: 0, by: NO_SLOT, queued: NO_SLOT, queued_restricted: false, from_restricted: false };
        Scratch { visit: 0, places: [[EMPTY; 2]; N] }
    }
}

impl Scratch {
    /// Forgets where earlier searches were, and returns the number of the new one. When the numbers of searches are used
    /// up, all places are wiped.
    pub(crate) fn begin(&mut self) -> u16 {
        self.visit = match self.visit.checked_add(1) {
            Some(next) => next,
            None => {
                self.places.as_flattened_mut().iter_mut().for_each(|p| p.visit = 0);
                1
            }
        };
        self.visit
    }

    /// How many states there are, and places in the queue.
    pub(crate) fn states(&self) -> usize {
        self.places.as_flattened().len()
    }

    /// Which search was the last to come to the state.
    pub(crate) fn visited_by(&self, node: Node) -> u16 {
        let places = self.places.get(usize::from(node.class));
        places.and_then(|places| places.get(usize::from(node.restricted))).map_or(0, |place| place.visit)
    }

    /// Notes that the search of this number came to the state; it will not ask for the way.
    pub(crate) fn set_visited_by(&mut self, node: Node, visit: u16) {
        if let Some(place) = self.place(node) {
            place.visit = visit;
        }
    }

    fn place(&mut self, node: Node) -> Option<&mut Place> {
        self.places.get_mut(usize::from(node.class))?.get_mut(usize::from(node.restricted))
    }

    /// Whether the state, or one that includes it, was visited.
    fn is_visited(&self, node: Node) -> bool {
        let Some(places) = self.places.get(usize::from(node.class)) else {
            return true;
        };
        let visited = |restricted: bool| places.get(usize::from(restricted)).is_none_or(|p| p.visit == self.visit);
        visited(false) || (node.restricted && visited(true))
    }

    fn visit(&mut self, node: Node, by: u16, from_restricted: bool) {
        let visit = self.visit;
        if let Some(place) = self.place(node) {
            (place.visit, place.by, place.from_restricted) = (visit, by, from_restricted);
        }
    }

    pub(crate) fn enqueue(&mut self, position: usize, node: Node) {
        if let Some(place) = self.places.as_flattened_mut().get_mut(position) {
            (place.queued, place.queued_restricted) = (node.class, node.restricted);
        }
    }

    pub(crate) fn queued(&self, position: usize) -> Option<Node> {
        let place = self.places.as_flattened().get(position)?;
        Some(Node::new(place.queued, place.queued_restricted))
    }

    /// The dependency by which the last search came to a state, and whether it came from a restricted one. `None` at
    /// the start.
    fn came_by(&self, node: Node) -> Option<(u16, bool)> {
        let place = self.places.get(usize::from(node.class))?.get(usize::from(node.restricted))?;
        (place.by != NO_SLOT).then_some((place.by, place.from_restricted))
    }
}

impl Graph<'_> {
    /// Searches from `start` and returns the first state for which `is_it` says yes, the start itself included.
    pub(crate) fn search(
        &mut self,
        start: Node,
        direction: Direction,
        mut is_it: impl FnMut(Node) -> bool,
    ) -> Option<Node> {
        self.scratch.begin();
        self.scratch.visit(start, NO_SLOT, false);
        self.scratch.enqueue(0, start);
        if is_it(start) {
            return Some(start);
        }
        let (mut head, mut tail) = (0, 1);
        while head < tail {
            let here = self.scratch.queued(head)?;
            head += 1;
            for (slot, dependency) in self.dependencies.along(self.classes, here.class, direction) {
                let kinds = match here.restricted {
                    true => dependency.kinds.from_restricted(direction),
                    false => dependency.kinds,
                };
                let next = Node::new(dependency.far_end(direction), kinds.restrict(direction));
                if kinds.is_empty() || self.scratch.is_visited(next) {
                    continue;
                }
                self.scratch.visit(next, slot, here.restricted);
                if is_it(next) {
                    return Some(next);
                }
                self.scratch.enqueue(tail, next);
                tail += 1;
            }
        }
        None
    }

    /// The way by which the last search came to `end`: the dependencies from the end back to the start.
    pub(crate) fn way_back(&self, end: Node, direction: Direction) -> impl Iterator<Item = &Dependency> {
        let mut here = end;
        let step = move || {
            let (slot, restricted) = self.scratch.came_by(here)?;
            let dependency = self.dependencies.get(slot);
            here = Node::new(dependency.near_end(direction), restricted);
            Some(dependency)
        };
        core::iter::from_fn(step).take(self.scratch.places.as_flattened().len())
    }

    /// How many classes strong paths from `start` come to, its own included. Linux's `lockdep_count_forward_deps` and its
    /// opposite.
    #[cfg(feature = "stat")]
    pub(crate) fn count(&mut self, start: Node, direction: Direction) -> usize {
        self.search(start, direction, |_| false);
        let visit = self.scratch.visit;
        self.scratch.places.iter().filter(|states| states.iter().any(|place| place.visit == visit)).count()
    }
}
