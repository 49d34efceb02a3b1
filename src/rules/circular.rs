//! `circular`: protects against tasks that wait for one another in a cycle.
//!
//! ```text
//! task 1: acquire a, acquire b        a is held while b is waited for
//! task 2: acquire b, acquire a        and the other way round
//! ```
//!
//! Before a dependency P -> N is added: is there a strong path from N back to P? `Mode::blocks` must hold at both ends
//! of the new dependency as well: the path must leave N by a hold that blocks the new wait, and its last wait must be
//! blocked by the hold on P. Linux's `check_noncircular`.
//!
//! The order of the split graph answers that, mostly without a search. The path is searched for only if there is one.

use crate::context::hold::Hold;
use crate::graph::Graph;
use crate::graph::direction::{Direction, Kinds};
use crate::graph::node::{Node, Restriction};
use crate::lock::mode::Mode;

/// The state in which a strong path from the new lock reaches the held one, if there is one. The path stays in the
/// scratch of the search.
pub(crate) fn check(graph: &mut Graph<'_>, held: &Hold, new: &Hold) -> Option<Node> {
    if graph.order_admits(held.class, new.class, Kinds::of(held.mode(), new.mode())) {
        return None;
    }
    let start = Node::new(new.class, Restriction::of_wait(new.mode()));
    graph.search(start, Direction::Forwards, |node| {
        node.class == held.class && Mode::blocks(held.mode().shared, node.restriction.is_restricted())
    })
}
