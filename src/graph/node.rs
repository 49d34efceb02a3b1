//! A node of the search: a class, and whether the path to it ends restricted (`search.rs`).

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
}
