//! The stack of holds of a context: its slots, and what is pushed to them and removed. (`walks.rs` looks through
//! several contexts.)
//!
//! Each field of the holds is an array of its own, so that the fast path writes what it has and skips the rest: old
//! values there are not read ([`Place::hold`]). The chain key of a hold is at its index plus one, and the seed is at 0:
//! so the depth alone finds the key of what is held.
//!
//! Invariants:
//! - A slot that is being filled is marked (`disturbed.rs`), and no walk reads it. Acquisitions that do not fit are
//!   counted, and their releases are accepted.
//! - An instance that the fast path may pop is stored as it is. That of a hold whose count is not 1 has a bit set that
//!   no lock's address has. A hold that ended where it could not be removed has an instance that no lock has.
//!
//! What it does not do: check anything, or look at a class.

use super::Context;
use crate::context::hold::{Ended, Hold, HoldFlags};
use crate::lock::last_holder::Since;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use core::cell::Cell;

/// How many locks one context can record as held.
pub(super) const HOLDS: usize = 32;

/// Set in an instance word whose hold has a count other than 1. Addresses of locks are even.
const COUNTED: usize = 1;

/// The instance of a hold that ended where it could not be removed.
const DEAD: usize = usize::MAX;

/// The holds.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Stack {
    /// The key of a hold, at its index plus one; the seed at 0.
    keys: [Cell<u64>; HOLDS + 1],
    sites: [Cell<Option<Site>>; HOLDS],
    instances: [Cell<usize>; HOLDS],
    /// Valid for nested holds only.
    nests: [Cell<usize>; HOLDS],
    kinds: [Kind; HOLDS],
    /// Valid for nested holds only.
    nest_classes: [Cell<u16>; HOLDS],
    /// Valid for holds whose count is not 1.
    counts: [Cell<u16>; HOLDS],
    /// Zero-sized without the feature `stat`.
    sinces: [Cell<Since>; HOLDS],
}

/// Class and flags of a hold, written and read together.
#[derive(Debug)]
struct Kind {
    class: Cell<u16>,
    flags: Cell<HoldFlags>,
}

/// One slot of the stack.
pub(crate) struct Place<'c> {
    /// The key below this slot.
    pub(crate) below: &'c Cell<u64>,
    key: &'c Cell<u64>,
    site: &'c Cell<Option<Site>>,
    instance: &'c Cell<usize>,
    nest: &'c Cell<usize>,
    kind: &'c Kind,
    nest_class: &'c Cell<u16>,
    count: &'c Cell<u16>,
    since: &'c Cell<Since>,
}

impl Stack {
    pub(super) const fn new(seed: u64) -> Stack {
        let mut keys = [const { Cell::new(0) }; HOLDS + 1];
        keys[0] = Cell::new(seed);
        Stack {
            keys,
            sites: [const { Cell::new(None) }; HOLDS],
            instances: [const { Cell::new(0) }; HOLDS],
            nests: [const { Cell::new(0) }; HOLDS],
            kinds: [const { Kind { class: Cell::new(0), flags: Cell::new(HoldFlags::empty()) } }; HOLDS],
            nest_classes: [const { Cell::new(0) }; HOLDS],
            counts: [const { Cell::new(0) }; HOLDS],
            sinces: [const { Cell::new(Since::UNKNOWN) }; HOLDS],
        }
    }

    /// Sets the first key.
    pub(super) fn seed(&self, seed: u64) {
        self.keys[0].set(seed);
    }

    #[inline(always)]
    fn place(&self, index: usize) -> Option<Place<'_>> {
        if index >= HOLDS {
            return None;
        }
        Some(Place {
            below: self.keys.get(index)?,
            key: self.keys.get(index + 1)?,
            site: self.sites.get(index)?,
            instance: self.instances.get(index)?,
            nest: self.nests.get(index)?,
            kind: self.kinds.get(index)?,
            nest_class: self.nest_classes.get(index)?,
            count: self.counts.get(index)?,
            since: self.sinces.get(index)?,
        })
    }
}

impl Place<'_> {
    /// Writes an ordinary hold: acquired once, without a nest lock. Between [`Context::begin_one`] and
    /// [`Context::end_one`].
    #[inline(always)]
    pub(crate) fn fill(&self, hold: &Hold) {
        self.key.set(hold.key);
        self.site.set(hold.site);
        self.instance.set(hold.instance);
        self.kind.class.set(hold.class);
        self.kind.flags.set(hold.flags);
        self.since.set(hold.since);
    }

    /// Writes any hold.
    fn set(&self, hold: &Hold) {
        self.key.set(hold.key);
        self.site.set(hold.site);
        self.instance.set(hold.instance | if hold.count == 1 { 0 } else { COUNTED });
        self.nest.set(hold.nest);
        self.kind.class.set(hold.class);
        self.kind.flags.set(hold.flags);
        self.nest_class.set(hold.nest_class);
        self.count.set(hold.count);
        self.since.set(hold.since);
    }

    /// Returns the hold in this slot.
    #[inline]
    fn hold(&self) -> Hold {
        let (instance, flags) = (self.instance.get(), self.kind.flags.get());
        let (counted, nested) = (instance & COUNTED != 0, flags.contains(HoldFlags::NESTED));
        Hold {
            key: self.key.get(),
            site: self.site.get(),
            instance: instance & !COUNTED,
            nest: if nested { self.nest.get() } else { 0 },
            class: self.kind.class.get(),
            nest_class: if nested { self.nest_class.get() } else { 0 },
            count: if counted { self.count.get() } else { 1 },
            flags,
            since: self.since.get(),
        }
    }
}

impl Context {
    /// Returns how many holds are in this context's own stack.
    #[inline(always)]
    pub fn depth(&self) -> usize {
        match self.gate.is_plain() {
            true => self.height(),
            false => self.own().count(),
        }
    }

    /// Returns how many slots of the stack are in use: by holds, by one that is being filled, by dead entries.
    #[inline(always)]
    pub(crate) fn height(&self) -> usize {
        self.gate.depth()
    }

    /// Returns how many acquisitions did not fit.
    pub fn lost(&self) -> u32 {
        self.lost.get()
    }

    /// Returns the chain key of what is held in the run.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        let height = self.height();
        match height.checked_sub(1).filter(|&top| top == self.hole()) {
            Some(hole) => self.key_below(hole),
            None => self.key_below(height),
        }
    }

    /// Returns the chain key below a slot.
    pub(crate) fn key_below(&self, index: usize) -> u64 {
        self.stack.keys.get(index).map_or(0, Cell::get)
    }

    /// Returns the slot of the next hold, if there is room, nothing is held below, lockdep is not running for this
    /// context, and its record of the interrupt flag equals `irqs`.
    #[inline(always)]
    pub(crate) fn free_place(&self, irqs: Irqs) -> Option<Place<'_>> {
        self.stack.place(self.gate.open(irqs))
    }

    /// Takes the [free slot](Context::free_place) into use. It is not a hold until [`Context::end_one`].
    #[inline(always)]
    pub(crate) fn begin_one(&self) {
        self.gate.begin_one();
    }

    /// The slot is filled: it is a hold now.
    #[inline(always)]
    pub(crate) fn end_one(&self) {
        self.gate.end_one();
    }

    /// Pushes a hold. Returns whether there was room; if not, the hold is counted as lost. With interrupts disabled.
    pub(crate) fn push(&self, hold: Hold) -> bool {
        let Some(place) = self.stack.place(self.height()) else {
            self.lose(hold.times());
            return false;
        };
        if self.gate.is_building() {
            self.disturb();
        }
        place.set(&hold);
        self.gate.set_depth(self.height() + 1);
        true
    }

    /// Counts acquisitions that did not fit.
    pub(crate) fn lose(&self, times: u16) {
        self.lost.set(self.lost.get().saturating_add(u32::from(times)));
    }

    /// Removes the topmost hold if it is `instance`, acquired once, and nothing is held below. Returns what the
    /// statistics need from it, read before the removal: afterwards its slot may be reused at any moment.
    #[inline(always)]
    pub(crate) fn pop(&self, instance: usize) -> Option<Ended> {
        let place = self.stack.place(self.gate.top()).filter(|top| top.instance.get() == instance)?;
        let ended = Ended {
            since: place.since.get(),
            site: place.site.get(),
            class: place.kind.class.get(),
            flags: place.kind.flags.get(),
        };
        self.gate.one_less();
        Some(ended)
    }

    /// The same where something is held below, or the stack is not plain. Returns whether it did. With interrupts
    /// disabled.
    pub(crate) fn pop_above(&self, instance: usize) -> bool {
        let Some(top) = self.height().checked_sub(1).filter(|&top| top != self.hole()) else { return false };
        let is_it = self.stack.instances.get(top).is_some_and(|top| top.get() == instance);
        if is_it {
            self.gate.set_depth(top);
            self.calm();
        }
        is_it
    }

    /// Counts one lost acquisition less, of this context or of one below. Returns whether there was one. A saturated
    /// count is unknown, and stays.
    pub(crate) fn forget_lost(&self) -> bool {
        let Some(context) = self.outwards().find(|context| context.lost() > 0) else { return false };
        let lost = context.lost();
        context.lost.set(if lost == u32::MAX { lost } else { lost - 1 });
        true
    }

    pub(crate) fn hold(&self, index: usize) -> Option<Hold> {
        self.taken_off(index).filter(|_| index < self.height() && index != self.hole())
    }

    /// Returns the hold in a slot, which may be above the top: a hold that was just removed. `None` for a dead entry.
    #[inline]
    pub(crate) fn taken_off(&self, index: usize) -> Option<Hold> {
        self.stack.place(index).filter(|place| place.instance.get() != DEAD).map(|place| place.hold())
    }

    /// Marks the hold of this slot as ended; it cannot be removed.
    pub(super) fn set_dead(&self, index: usize) {
        if let Some(place) = self.stack.place(index) {
            place.instance.set(DEAD);
        }
    }

    pub(crate) fn set_hold(&self, index: usize, hold: Hold) {
        if let Some(place) = self.stack.place(index) {
            place.set(&hold);
        }
    }

    /// Removes the holds from `depth` on.
    pub(crate) fn truncate(&self, depth: usize) {
        if depth < self.height() {
            self.gate.set_depth(depth);
        }
    }

    /// The holds of this context's own stack, the oldest first.
    #[inline]
    pub(crate) fn own(&self) -> impl DoubleEndedIterator<Item = Hold> + '_ {
        let hole = self.hole();
        (0..self.height()).filter(move |&index| index != hole).filter_map(|index| self.taken_off(index))
    }

    /// The same, the newest first, and of each only its class and flags. For a plain stack.
    #[inline(always)]
    pub(crate) fn own_kinds(&self) -> impl Iterator<Item = Hold> + '_ {
        let kinds = self.stack.kinds.get(..self.height()).unwrap_or_default();
        kinds.iter().rev().map(|kind| Hold { class: kind.class.get(), flags: kind.flags.get(), ..Hold::EMPTY })
    }

    /// Removes one hold; those above it move down. In a plain stack, with interrupts disabled.
    pub(crate) fn remove(&self, index: usize) {
        let depth = self.height();
        for i in index..depth.saturating_sub(1) {
            if let Some(mut above) = self.hold(i + 1) {
                above.unchain();
                self.set_hold(i, above);
            }
        }
        self.truncate(depth.saturating_sub(1));
    }
}
