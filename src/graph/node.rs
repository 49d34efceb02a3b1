//! A node of the search: a class, and whether the path to it ends restricted (`search.rs`).

use crate::lock::usage::Usage;

/// A node of the split graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) class: u16,
    pub(crate) restricted: bool,
}

impl Node {
    pub(crate) const fn new(class: u16, restricted: bool) -> Node {
        Node { class, restricted }
    }

    /// Returns which usage bits of its class count at this node. If a search reached it *restricted*, only the
    /// exclusive ones: a recursive reader that waits there is not blocked by a shared hold, and a shared hold there does
    /// not block one.
    pub(crate) fn sees(self, usage: Usage) -> Usage {
        if self.restricted { usage & Usage::EXCLUSIVE } else { usage }
    }
}
