//! The kinds of a dependency, and which of them lead on in which direction:
//! [`Mode::blocks`](crate::lock::mode::Mode::blocks) as bits.
//!
//! Invariant: the masks agree with `Mode::blocks` for every pair of modes (tested in `dependencies.rs`).
//!
//! What it does not do: search (`search.rs`).

use crate::graph::node::Restriction;
use crate::lock::mode::Mode;
use bitflags::bitflags;

bitflags! {
    /// The kinds of a dependency. Linux's `-(ER)->` and its like.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Kinds: u8 {
        /// Source shared, target a recursive reader.
        const SR = 1;
        /// Source exclusive, target a recursive reader.
        const ER = 1 << 1;
        /// Source shared, target not a recursive reader.
        const SN = 1 << 2;
        /// Source exclusive, target not a recursive reader.
        const EN = 1 << 3;
    }
}

impl Kinds {
    /// The kind that occurs when `new` is waited for while `held` is held.
    pub(crate) const fn of(held: Mode, new: Mode) -> Kinds {
        match (held.shared, new.recursive) {
            (true, true) => Kinds::SR,
            (false, true) => Kinds::ER,
            (true, false) => Kinds::SN,
            (false, false) => Kinds::EN,
        }
    }

    /// The kinds by which a path that arrives restricted may continue: forwards (entered only as a recursive reader)
    /// those whose source blocks one, backwards (left only as a reader) those whose target is blocked by one.
    pub(crate) const fn after_restricted(self, direction: Direction) -> Kinds {
        self.intersection(direction.unrestricted())
    }

    /// Whether one of these kinds leads from a state of the near class, restricted or not, to one of the far class: an
    /// edge of the split graph. (A search takes the better of the two states that it may arrive in, and leaves the
    /// other.)
    pub(crate) const fn lead(self, direction: Direction, from: Restriction, to: Restriction) -> bool {
        let arriving = direction.reversed().unrestricted();
        let arriving = if to.is_restricted() { arriving.complement() } else { arriving };
        let leaving = if from.is_restricted() { direction.unrestricted() } else { Kinds::all() };
        self.intersects(arriving.intersection(leaving))
    }

    /// The state in which a path goes on after these kinds.
    pub(crate) const fn arrive(self, direction: Direction) -> Restriction {
        match self.intersects(direction.reversed().unrestricted()) {
            true => Restriction::Free,
            false => Restriction::Restricted,
        }
    }
}

/// The direction in which a search follows dependencies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From what is held to what is waited for.
    Forwards,
    /// From what is waited for to what is held.
    Backwards,
}

impl Direction {
    /// The opposite direction.
    pub(crate) const fn reversed(self) -> Direction {
        match self {
            Direction::Forwards => Direction::Backwards,
            Direction::Backwards => Direction::Forwards,
        }
    }

    /// The kinds whose near end blocks, or is blocked by, a reader: [`Mode::blocks`] as a table.
    const fn unrestricted(self) -> Kinds {
        match self {
            Direction::Forwards => Kinds::ER.union(Kinds::EN),
            Direction::Backwards => Kinds::SN.union(Kinds::EN),
        }
    }
}
