//! `irq-inversion`: protects against the same as `irq-order`, when the dependencies are known and the usage is new.
//!
//! ```text
//! acquire b, with interrupts enabled
//!                                        another CPU: interrupts off, acquire a, acquire b
//! <interrupt>
//!   acquire a                            new: a is used in an interrupt
//! ```
//!
//! For a new *used in* bit it searches forwards over strong paths for a class with the state enabled, for a new
//! *enabled* bit backwards for one used in it. Linux's `check_usage_forwards` and `check_usage_backwards`. It searches
//! only if the usage known to be reachable contains such a bit.

use crate::graph::Graph;
use crate::graph::classes::UsageWords;
use crate::graph::direction::Direction;
use crate::graph::node::Node;
use crate::lock::usage::Usage;

/// The direction of the search for a new bit.
pub(crate) const fn direction(new: Usage) -> Direction {
    if new.is_used() { Direction::Forwards } else { Direction::Backwards }
}

/// The first state on a strong path from `class` that has an opposite bit. The path stays in the scratch of the search.
pub(crate) fn check(graph: &mut Graph<'_>, usage_words: &UsageWords, class: u16, new: Usage) -> Option<Node> {
    let (start, wanted) = (Node::new(class, new.is_read()), new.opposite());
    if !graph.reachable_usage.usage(start).intersects(wanted) {
        return None;
    }
    graph.search(start, direction(new), |node| node.sees(usage_words.usage(node.class)).intersects(wanted))
}
