//! An attempt: one acquisition of a lock in a context, with what must be known about it so that nothing of it is new.
//!
//! Every way of an acquisition (`mod.rs` has the four) asks the same questions: does the lock remember a class that is
//! still in the table, with every usage bit that this acquisition would set? Was its chain checked? What the questions
//! need (id, mask, key, witness) is computed here, once, and each question is a method.
//!
//! Invariants:
//! - The hold is the one that is pushed, whichever way succeeds. Its key identifies the chain up to this lock, unless
//!   its class has no slot.
//! - The mask has the usage bits that `Engine::mark_acquired` would set: so what passes
//!   [`Attempt::is_marked`] has nothing to mark.
//!
//! What it does not do: decide which questions are enough. Each way does, and says why.

use crate::context::hold::{Hold, HoldFlags, NO_SLOT};
use crate::context::{Context, chain_key};
use crate::engine::Published;
use crate::graph::chain_cache::{self, Witness};
use crate::lock::class::{ClassId, Subclass};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, Usage, UsageMask};
use crate::report::Reacquired;

/// One acquisition, new or repeated.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'c> {
    /// Where the lock is acquired.
    pub(crate) context: &'c Context,
    /// What is pushed if it succeeds.
    pub(crate) hold: Hold,
    /// If the lock is held already, and acquired again: what was released or changed below it.
    pub(crate) reacquired: Option<Reacquired>,
    id: ClassId,
    mask: UsageMask,
    witness: Witness,
}

impl<'c> Attempt<'c> {
    /// An ordinary acquisition (waited for, of subclass 0, without a nest lock) above the chain `below`, of the class
    /// that the lock remembers.
    #[inline(always)]
    pub(crate) fn ordinary(
        context: &'c Context,
        below: u64,
        map: &LockMap,
        mode: Mode,
        site: Site,
        irqs: Irqs,
    ) -> Attempt<'c> {
        let id = map.hint(Subclass::ZERO);
        let mask = context.usage_mask(irqs).for_mode(mode);
        // Not of the hold's flags: those are read from the lock, and these are constants, as most modes are.
        let in_chain = HoldFlags::of_mode(mode);
        let hold = Hold {
            key: chain_key::extend(below, id, in_chain),
            site: Some(site),
            instance: map.instance(),
            class: id.slot(),
            count: 1,
            flags: Hold::flags(map, mode, mask),
            ..Hold::EMPTY
        };
        Attempt { context, hold, reacquired: None, id, mask, witness: chain_cache::witness(below, id, in_chain) }
    }

    /// Any acquisition: of `hold`, whose class is `id`, above the chain `below`.
    #[inline]
    pub(crate) fn of(context: &'c Context, below: u64, id: ClassId, mut hold: Hold) -> Attempt<'c> {
        if hold.class != NO_SLOT {
            hold.key = chain_key::extend(below, id, hold.flags);
        }
        let witness = chain_cache::witness(below, id, hold.flags);
        Attempt { context, hold, reacquired: None, id, mask: mask(context, &hold), witness }
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

    /// Whether it needs a chain that was checked: it is waited for, and checked.
    #[inline(always)]
    pub(crate) fn needs_chain(&self) -> bool {
        self.hold.checked() && !self.hold.tried()
    }

    /// Whether its chain was checked, and is in the first slot of its key.
    #[inline(always)]
    pub(crate) fn is_at_home(&self, published: Published<'_>) -> bool {
        published.chains.is_at_home(self.hold.key, self.witness)
    }

    /// Whether its chain was checked.
    #[inline(always)]
    pub(crate) fn has_known_chain(&self, published: Published<'_>) -> bool {
        published.chains.contains(self.hold.key, self.witness)
    }

    /// Enters its chain if there is room. Returns whether there was. Under the internal lock.
    #[inline(always)]
    pub(crate) fn enter_chain(&self, published: Published<'_>) -> bool {
        published.chains.enter(self.hold.key, self.witness)
    }

    /// The same, and counts a chain that found no room.
    pub(crate) fn insert_chain(&self, published: Published<'_>) -> bool {
        published.chains.insert(self.hold.key, self.witness)
    }
}

/// The usage bits that a hold sets when it is acquired: *used in* only if it was waited for, none if it is unchecked.
#[inline]
fn mask(context: &Context, hold: &Hold) -> UsageMask {
    let mut marks = context.marks(hold.irqs());
    if hold.tried() {
        marks &= Usage::ENABLED;
    }
    if !hold.checked() {
        marks = Usage::empty();
    }
    UsageMask::new(marks.for_mode(hold.mode()), hold.irqs())
}
