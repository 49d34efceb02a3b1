//! What was learned: classes, the dependencies between them, and the chains that were checked.
//!
//! | file | what |
//! | --- | --- |
//! | `classes`, `dependencies` | the tables, linked by slot numbers; `slots` is what they have in common |
//! | `usage_words` | the usage bits of the classes, which the fast path reads |
//! | `direction`, `node` | the kinds of a dependency, and the states of a search |
//! | `chain_cache`, `chain_members` | the keys of checked chains, and for listings their members |
//! | `search` | breadth-first search over strong paths |
//! | `topological_order`, `reachable_usage` | the answers to most questions without a search |
//!
//! Invariants: all of it but the usage words and the chain cache is reached only under the internal lock. A full table
//! is a value, not an error.
//!
//! What it does not do: decide what is a finding (`rules/`), or what is added (`engine/`).

pub(crate) mod chain_cache;
pub(crate) mod chain_members;
pub(crate) mod classes;
pub(crate) mod dependencies;
pub(crate) mod direction;
pub(crate) mod node;
pub(crate) mod reachable_usage;
pub(crate) mod search;
pub(crate) mod slots;
pub(crate) mod topological_order;
pub(crate) mod usage_words;

use crate::graph::chain_members::ChainMembers;
use crate::graph::classes::Classes;
use crate::graph::dependencies::Dependencies;
use crate::graph::reachable_usage::ReachableUsage;
use crate::graph::search::Scratch;
use crate::graph::topological_order::TopologicalOrder;

/// The classes, the dependencies and the scratch to search them, for one event under the internal lock.
pub(crate) struct Graph<'a> {
    pub(crate) classes: &'a mut Classes,
    pub(crate) dependencies: &'a mut Dependencies,
    pub(crate) topological_order: &'a mut TopologicalOrder,
    pub(crate) reachable_usage: &'a mut ReachableUsage,
    pub(crate) scratch: &'a mut Scratch,
    /// The members of checked chains, for listings.
    pub(crate) chain_members: ChainMembers<'a>,
}

impl Graph<'_> {
    /// Removes all dependencies of a class that is removed, with its ranks and its reachable usage.
    pub(crate) fn forget_edges(&mut self, class: u16) {
        self.dependencies.remove_all(self.classes, class);
        self.topological_order.forget(class);
        self.reachable_usage.forget(class);
    }
}
