//! A node of the split graph: a class, and in which state a path reaches it (`search.rs`).
//!
//! What it does not do: know a table. Which kinds of a dependency lead from which state to which is in `direction.rs`.

use crate::lock::mode::Mode;
use crate::lock::usage::Usage;

/// The state in which a path is at a class: whether everything there blocks, or is blocked, or a reader alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Restriction {
    /// All kinds of a dependency lead on.
    Free = 0,
    /// Forwards: the class was entered only as a recursive reader. Backwards: it was left only as a reader.
    Restricted = 1,
}

impl Restriction {
    pub(crate) const ALL: [Restriction; 2] = [Restriction::Free, Restriction::Restricted];

    /// Where a path forwards begins, at a wait in this mode.
    pub(crate) const fn of_wait(mode: Mode) -> Restriction {
        if mode.recursive { Restriction::Restricted } else { Restriction::Free }
    }

    /// Where a path backwards begins, at a hold in this mode.
    pub(crate) const fn of_hold(mode: Mode) -> Restriction {
        if mode.shared { Restriction::Restricted } else { Restriction::Free }
    }

    /// Where a path begins, in either direction, at a use or a hold that set this usage bit.
    pub(crate) const fn of_usage(bit: Usage) -> Restriction {
        if bit.is_read() { Restriction::Restricted } else { Restriction::Free }
    }

    #[inline(always)]
    pub(crate) const fn is_restricted(self) -> bool {
        matches!(self, Restriction::Restricted)
    }
}

/// A node of the split graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) class: u16,
    pub(crate) restriction: Restriction,
}

impl Node {
    pub(crate) const fn new(class: u16, restriction: Restriction) -> Node {
        Node { class, restriction }
    }

    /// The node of a class in its unrestricted state.
    pub(crate) const fn free(class: u16) -> Node {
        Node::new(class, Restriction::Free)
    }

    /// Which usage bits of its class count at this node. If it is restricted, only the exclusive ones: a recursive
    /// reader that waits there is not blocked by a shared hold, and a shared hold there does not block one.
    pub(crate) fn sees(self, usage: Usage) -> Usage {
        match self.restriction {
            Restriction::Free => usage,
            Restriction::Restricted => usage & Usage::EXCLUSIVE,
        }
    }
}
