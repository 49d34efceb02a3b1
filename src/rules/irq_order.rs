//! `irq-order`: protects against a cycle that an interrupt closes.
//!
//! ```text
//! acquire b, with interrupts enabled
//!                                        another CPU: interrupts off, acquire a, acquire b      new: a -> b
//! <interrupt>
//!   acquire a                            a is known to be used in interrupts
//! ```
//!
//! A new dependency P -> N makes a strong path from a class that is used in a state to one that is held with it
//! enabled. Linux's `check_irq_usage`. It searches only if the usage known to be reachable at both ends conflicts.

use crate::context::hold::Hold;
use crate::graph::Graph;
use crate::graph::classes::UsageWords;
use crate::graph::direction::Direction;
use crate::graph::node::Node;
use crate::lock::usage::Usage;

/// Whether there may be such a path, by the usage that was ever reachable from both ends.
fn may_be(graph: &Graph<'_>, held: &Hold, new: &Hold) -> bool {
    let used = graph.reachable_usage.usage(Node::new(held.class, held.mode().shared)) & Usage::USED;
    let after = graph.reachable_usage.usage(Node::new(new.class, new.mode().recursive));
    after.intersects(used.opposite())
}

/// The *used in* bits of the held class and of all that lead to it over strong paths.
fn used_before(graph: &mut Graph<'_>, usage_words: &UsageWords, held: &Hold) -> Usage {
    let mut used = Usage::empty();
    graph.search(Node::new(held.class, held.mode().shared), Direction::Backwards, |node| {
        used |= node.sees(usage_words.usage(node.class));
        false
    });
    used & Usage::USED
}

/// The first state on a strong path from the new lock that is held with a state enabled in which the held class, or one
/// that leads to it, is used. The path stays in the scratch of the search.
pub(crate) fn check(graph: &mut Graph<'_>, usage_words: &UsageWords, held: &Hold, new: &Hold) -> Option<Node> {
    if !may_be(graph, held, new) {
        return None;
    }
    let wanted = used_before(graph, usage_words, held).opposite();
    if wanted.is_empty() {
        return None;
    }
    graph.search(Node::new(new.class, new.mode().recursive), Direction::Forwards, |node| {
        node.sees(usage_words.usage(node.class)).intersects(wanted)
    })
}

/// The other end, for the report: the first state backwards from the held lock that is used in a state of the `enabled`
/// bits. The path stays in the scratch of the search.
pub(crate) fn used_end(graph: &mut Graph<'_>, usage_words: &UsageWords, held: &Hold, enabled: Usage) -> Option<Node> {
    let wanted = (enabled & Usage::ENABLED).opposite();
    graph.search(Node::new(held.class, held.mode().shared), Direction::Backwards, |node| {
        node.sees(usage_words.usage(node.class)).intersects(wanted)
    })
}
