//! Breadth-first search over strong paths: the shortest path from a class to one that meets a condition.
//!
//! The nodes are states (class, restricted). Forwards, *restricted* means entered only as a recursive reader;
//! backwards, left only as a reader. From a restricted state some kinds of a dependency do not lead on, as
//! `Mode::blocks` decides. A class may be visited twice, restricted first and unrestricted later; (class, unrestricted)
//! includes (class, restricted). To visit each class once is wrong: that is why Linux's search misses some paths
//! (`__bfs`, `only_xr`).
//!
//! Invariants:
//! - The queue has room for every state and each enters once, so the search ends and never overflows.
//! - There is no recursion.
//! - The scratch is reused, and a mark of an earlier search never passes for one of this.
//!
//! What it does not do: decide what is searched for (`rules/`).

use crate::context::hold::NO_SLOT;
use crate::graph::Graph;
use crate::graph::dependencies::Dependency;
use crate::graph::direction::Direction;
use crate::graph::node::{Node, Restriction};

/// The record of a search about a state, and a place of its queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The last search that reached the state.
    visit: u16,
    /// The dependency by which it did.
    by: u16,
    /// Queue: the class of the state that entered at this position…
    queued: u16,
    /// … and its restriction. And that of the state from which the state of this place was reached.
    queued_restriction: Restriction,
    from: Restriction,
}

/// The scratch of the search: for each class its two states. `S` is the storage.
#[derive(Debug)]
pub(crate) struct Scratch<S: ?Sized = [[Place; 2]]> {
    visit: u16,
    places: S,
}

impl<const N: usize> Scratch<[[Place; 2]; N]> {
    pub(crate) const fn new() -> Self {
        const EMPTY: Place = Place {
            visit: 0,
            by: NO_SLOT,
            queued: NO_SLOT,
            queued_restriction: Restriction::Free,
            from: Restriction::Free,
        };
        Scratch { visit: 0, places: [[EMPTY; 2]; N] }
    }
}

impl Scratch {
    /// Begins a search and returns its number, which no mark of an earlier search has. When the numbers wrap around,
    /// all marks are cleared.
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

    /// How many states there are. The queue has as many places.
    pub(crate) fn states(&self) -> usize {
        self.places.as_flattened().len()
    }

    /// The number of the last search that reached the state.
    pub(crate) fn visited_by(&self, node: Node) -> u16 {
        let places = self.places.get(usize::from(node.class));
        places.and_then(|places| places.get(node.restriction as usize)).map_or(0, |place| place.visit)
    }

    /// Notes that the search of this number reached the state, without the path by which it did.
    pub(crate) fn set_visited_by(&mut self, node: Node, visit: u16) {
        if let Some(place) = self.place(node) {
            place.visit = visit;
        }
    }

    fn place(&mut self, node: Node) -> Option<&mut Place> {
        self.places.get_mut(usize::from(node.class))?.get_mut(node.restriction as usize)
    }

    /// Whether the state, or one that includes it, was visited.
    fn is_visited(&self, node: Node) -> bool {
        let Some(places) = self.places.get(usize::from(node.class)) else {
            return true;
        };
        let visited = |state: Restriction| places.get(state as usize).is_none_or(|p| p.visit == self.visit);
        visited(Restriction::Free) || (node.restriction.is_restricted() && visited(Restriction::Restricted))
    }

    fn visit(&mut self, node: Node, by: u16, from: Restriction) {
        let visit = self.visit;
        if let Some(place) = self.place(node) {
            (place.visit, place.by, place.from) = (visit, by, from);
        }
    }

    pub(crate) fn enqueue(&mut self, position: usize, node: Node) {
        if let Some(place) = self.places.as_flattened_mut().get_mut(position) {
            (place.queued, place.queued_restriction) = (node.class, node.restriction);
        }
    }

    pub(crate) fn queued(&self, position: usize) -> Option<Node> {
        let place = self.places.as_flattened().get(position)?;
        Some(Node::new(place.queued, place.queued_restriction))
    }

    /// The dependency by which the last search reached a state, and the restriction of the state that it came from.
    /// `None` at the start.
    fn came_by(&self, node: Node) -> Option<(u16, Restriction)> {
        let place = self.places.get(usize::from(node.class))?.get(node.restriction as usize)?;
        (place.by != NO_SLOT).then_some((place.by, place.from))
    }
}

impl Graph<'_> {
    /// Searches from `start` and returns the first state for which `is_it` is true, which may be the start itself.
    pub(crate) fn search(
        &mut self,
        start: Node,
        direction: Direction,
        mut is_it: impl FnMut(Node) -> bool,
    ) -> Option<Node> {
        self.scratch.begin();
        self.scratch.visit(start, NO_SLOT, Restriction::Free);
        self.scratch.enqueue(0, start);
        if is_it(start) {
            return Some(start);
        }
        let (mut head, mut tail) = (0, 1);
        while head < tail {
            let here = self.scratch.queued(head)?;
            head += 1;
            for (slot, dependency) in self.dependencies.along(self.classes, here.class, direction) {
                let kinds = match here.restriction {
                    Restriction::Restricted => dependency.kinds.after_restricted(direction),
                    Restriction::Free => dependency.kinds,
                };
                let next = Node::new(dependency.far_end(direction), kinds.arrive(direction));
                if kinds.is_empty() || self.scratch.is_visited(next) {
                    continue;
                }
                self.scratch.visit(next, slot, here.restriction);
                if is_it(next) {
                    return Some(next);
                }
                self.scratch.enqueue(tail, next);
                tail += 1;
            }
        }
        None
    }

    /// The path by which the last search reached `end`: the dependencies from the end back to the start.
    pub(crate) fn way_back(&self, end: Node, direction: Direction) -> impl Iterator<Item = &Dependency> {
        let mut here = end;
        let step = move || {
            let (slot, from) = self.scratch.came_by(here)?;
            let dependency = self.dependencies.get(slot);
            here = Node::new(dependency.near_end(direction), from);
            Some(dependency)
        };
        core::iter::from_fn(step).take(self.scratch.places.as_flattened().len())
    }

    /// How many classes strong paths from `start` reach, its own included. Linux's `lockdep_count_forward_deps` and
    /// `lockdep_count_backward_deps`.
    #[cfg(feature = "stat")]
    pub(crate) fn count(&mut self, start: Node, direction: Direction) -> usize {
        self.search(start, direction, |_| false);
        let visit = self.scratch.visit;
        self.scratch.places.iter().filter(|states| states.iter().any(|place| place.visit == visit)).count()
    }
}
