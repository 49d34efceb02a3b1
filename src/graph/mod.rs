//! What was learned: classes, the dependencies between them, and the chains that were checked.
//!
//! | file | what |
//! | --- | --- |
//! | `classes`, `dependencies` | the tables, linked by slot numbers |
//! | `chain_cache`, `chain_members` | the keys of checked chains, and for listings their members |
//! | `search` | breadth-first search over strong paths |
//! | `topological_order`, `reachable_usage` | what answers most questions without a search |
//!
//! Invariants: all of it but the usage words and the chain cache is reached under the internal lock alone. A full table is a
//! value, not an error.

pub(crate) mod chain_cache;
pub(crate) mod chain_members;
pub(crate) mod classes;
pub(crate) mod dependencies;
pub(crate) mod direction;
pub(crate) mod node;
pub(crate) mod reachable_usage;
pub(crate) mod search;
pub(crate) mod topological_order;

use crate::graph::classes::Classes;
use crate::graph::dependencies::Dependencies;
use crate::graph::reachable_usage::ReachableUsage;
use crate::graph::search::Scratch;
use crate::graph::topological_order::TopologicalOrder;

/// What is known of classes and dependencies, and the room to search it: the half of a validator that is under the
/// internal lock.
pub(crate) struct Graph<'a> {
    pub(crate) classes: &'a mut Classes,
    pub(crate) dependencies: &'a mut Dependencies,
    pub(crate) topological_order: &'a mut TopologicalOrder,
    pub(crate) reachable_usage: &'a mut ReachableUsage,
    pub(crate) scratch: &'a mut Scratch,
}

impl Graph<'_> {
    /// Takes out all dependencies of a class that goes, and what is known through them.
    pub(crate) fn forget_edges(&mut self, class: u16) {
        self.dependencies.remove_all(self.classes, class);
        self.topological_order.forget(class);
        self.reachable_usage.forget(class);
    }
}
