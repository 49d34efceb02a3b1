//! An acquisition of a lock in a context, as the ways ask about it (`mod.rs` has the four).
//!
//! Each way asks the same things: does the lock remember a class that is still in the table, with every usage bit that
//! this acquisition would set? Was its chain checked? A [`Question`] has what they need (id, mask, key, witness), once.
//! An [`Attempt`] is the acquisition on the full path, with the hold that it pushes.
//!
//! Invariants:
//! - The key identifies the chain up to and with this lock. It is that of the hold that is pushed, if its class has a
//!   slot.
//! - The mask has the usage bits that the full path would set (`usage.rs`): what passes [`Question::is_marked`] has
//!   nothing to mark.
//!
//! What it does not do: decide which questions are enough. Each way does, and says why.

use crate::context::hold::{Hold, HoldFlags};
use crate::context::{Context, chain_key};
use crate::engine::Published;
use crate::graph::chain_cache::{self, Witness};
use crate::lock::class::{ClassId, Subclass};
use crate::lock::last_holder::Since;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, Usage, UsageMask};
use crate::report::Reacquired;

/// What must be known about an acquisition.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    id: ClassId,
    mask: UsageMask,
    key: u64,
    witness: Witness,
}

impl Question {
    /// About an ordinary acquisition (waited for, checked, of subclass 0, without a nest lock) above the chain `below`,
    /// of the class that the lock remembers.
    #[inline(always)]
    pub(crate) fn ordinary(context: &Context, below: u64, map: &LockMap, mode: Mode, irqs: Irqs) -> Question {
        let (id, in_chain) = (map.hint(Subclass::ZERO), HoldFlags::of_mode(mode));
        Question {
            id,
            mask: context.usage_mask(irqs).for_mode(mode),
            key: chain_key::extend(below, id, in_chain),
            witness: chain_cache::witness(below, id, in_chain),
        }
    }

    /// The hold of that acquisition. (Built last: what it reads of the lock would take registers before.)
    #[inline(always)]
    pub(crate) fn ordinary_hold(&self, map: &LockMap, mode: Mode, site: Site, since: Since) -> Hold {
        Hold {
            key: self.key,
            site: Some(site),
            instance: map.instance(),
            class: self.id.slot(),
            count: 1,
            flags: Hold::flags(map, mode, self.mask),
            since,
            ..Hold::EMPTY
        }
    }

    /// About any acquisition: of `hold`, whose class is `id`, above the chain `below`.
    #[inline(always)]
    pub(crate) fn of(context: &Context, below: u64, id: ClassId, hold: &Hold) -> Question {
        // *Used in* only if it was waited for, nothing if it is unchecked.
        let mut marks = context.marks(hold.irqs());
        if hold.tried() {
            marks &= Usage::ENABLED;
        }
        if !hold.checked() {
            marks = Usage::empty();
        }
        Question {
            id,
            mask: UsageMask::new(marks.for_mode(hold.mode()), hold.irqs()),
            key: chain_key::extend(below, id, hold.flags),
            witness: chain_cache::witness(below, id, hold.flags),
        }
    }

    /// The key of the chain.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// The usage bits that it would set.
    #[inline(always)]
    pub(crate) fn marks(&self) -> Usage {
        self.mask.usage()
    }

    /// Whether the lock remembers a class at all.
    #[inline(always)]
    pub(crate) fn names_class(&self) -> bool {
        self.id != ClassId::NONE
    }

    /// Whether the class is still what it was, and has every usage bit that this would set.
    #[inline(always)]
    pub(crate) fn is_marked(&self, published: Published<'_>) -> bool {
        published.classes.is_marked(self.id, self.mask)
    }

    /// Whether the chain was checked, and is in the first slot of its key.
    #[inline(always)]
    pub(crate) fn is_at_home(&self, published: Published<'_>) -> bool {
        published.chains.is_at_home(self.key, self.witness)
    }

    /// Whether the chain was checked.
    #[inline(always)]
    pub(crate) fn has_known_chain(&self, published: Published<'_>) -> bool {
        published.chains.contains(self.key, self.witness)
    }

    /// Enters the chain if there is room. Returns whether there was. Under the internal lock.
    #[inline(always)]
    pub(crate) fn enter_chain(&self, published: Published<'_>) -> bool {
        published.chains.enter(self.key, self.witness)
    }

    /// The same, and counts a chain that found no room.
    pub(crate) fn insert_chain(&self, published: Published<'_>) -> bool {
        published.chains.insert(self.key, self.witness)
    }
}

/// An acquisition on the full path.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) context: &'a Context,
    /// What is pushed.
    pub(crate) hold: &'a Hold,
    pub(crate) question: Question,
    /// If the lock is held already, and acquired again: what was released or changed below it.
    pub(crate) reacquired: Option<Reacquired>,
}
