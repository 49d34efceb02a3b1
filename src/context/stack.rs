//! The stack of holds of a context: its slots, and what is pushed to them and removed. (`walks.rs` looks through
//! several contexts.)
//!
//! The fast path writes what it has and skips the rest: old values there are not read ([`Place::hold`]). The chain key
//! below a hold is in the slot before its own.
//!
//! Any CPU may read a hold, but for its key and nest lock (`foreign.rs`).
//!
//! Invariants:
//! - A slot that is being filled is marked (`disturbed.rs`), and no walk reads it. Acquisitions that do not fit are
//!   counted, and their releases are accepted.
//! - An instance that the fast path may pop is stored as it is. That of a hold whose count is not 1 has a bit set that
//!   no lock's address has. A hold that ended where it could not be removed has an instance that no lock has.
//!
//! What it does not do: check anything, or look at a class.

use super::Context;
use crate::atomic::relaxed::Own;
use crate::context::hold::{Ended, Hold, HoldFlags};
use crate::lock::last_holder::{Since, SinceCell};
use crate::lock::site::Site;
use crate::lock::site_cell::OwnSite;
use crate::lock::usage::Irqs;
use core::cell::Cell;
use core::sync::atomic::{AtomicU16, AtomicUsize};

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
    /// The slot of a hold is at its index plus one, so that the depth alone finds the key of what is held. The first one
    /// is the [`Stack::base`].
    slots: [Slot; HOLDS + 1],
    /// Valid for nested holds only.
    nests: [Cell<usize>; HOLDS],
    /// Zero-sized without the feature `stat`.
    sinces: [SinceCell; HOLDS],
}

/// What is recorded of a hold; 32 bytes, so that an index is one shift.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Slot {
    key: Cell<u64>,
    pub(super) site: OwnSite,
    pub(super) instance: Own<AtomicUsize>,
    pub(super) class: Own<AtomicU16>,
    pub(super) flags: Own<AtomicU16>,
    /// Valid for holds whose count is not 1.
    pub(super) count: Own<AtomicU16>,
    /// Valid for nested holds only.
    pub(super) nest_class: Own<AtomicU16>,
}

impl Slot {
    const fn new(key: u64) -> Slot {
        Slot {
            key: Cell::new(key),
            site: OwnSite::new(),
            instance: Own::<AtomicUsize>::new(0),
            class: Own::<AtomicU16>::new(0),
            flags: Own::<AtomicU16>::new(0),
            count: Own::<AtomicU16>::new(0),
            nest_class: Own::<AtomicU16>::new(0),
        }
    }

    fn flags(&self) -> HoldFlags {
        HoldFlags::from_bits_retain(self.flags.get())
    }
}

/// One slot of the stack.
pub(crate) struct Place<'c> {
    /// The key below this slot.
    pub(crate) below: &'c Cell<u64>,
    slot: &'c Slot,
    nest: &'c Cell<usize>,
    since: &'c SinceCell,
}

impl Stack {
    pub(super) const fn new(seed: u64) -> Stack {
        let mut slots = [const { Slot::new(0) }; HOLDS + 1];
        slots[0] = Slot::new(seed);
        Stack { slots, nests: [const { Cell::new(0) }; HOLDS], sinces: [const { SinceCell::new() }; HOLDS] }
    }

    /// Sets the first key.
    pub(super) fn seed(&self, seed: u64) {
        self.base().key.set(seed);
    }

    /// What is not a hold, below all holds: the first key; site, instance, class and flags of the lock that is waited
    /// for (`wait.rs`); as `count`, how many acquisitions did not fit; as `nest_class`, the CPU.
    #[inline(always)]
    pub(super) const fn base(&self) -> &Slot {
        &self.slots[0]
    }

    #[inline(always)]
    fn place(&self, index: usize) -> Option<Place<'_>> {
        let (below, slot) = neighbours(&self.slots, index)?;
        Some(Place { below: &below.key, slot, nest: self.nests.get(index)?, since: self.sinces.get(index)? })
    }
}

/// The slot below the hold at an index, and its own: by an offset in bytes, which is one shift, and a part of x86's
/// addresses. LLVM takes two more instructions for the index.
#[cfg(target_arch = "x86_64")]
mod neighbours {
    #![allow(unsafe_code)]

    use super::{HOLDS, Slot};
    use core::ptr;

    #[inline(always)]
    pub(super) fn neighbours(slots: &[Slot; HOLDS + 1], index: usize) -> Option<(&Slot, &Slot)> {
        if index >= HOLDS {
            return None;
        }
        let first = ptr::from_ref(slots).cast::<Slot>();
        // SAFETY: `index` and `index + 1` are below the length of the array.
        unsafe {
            let below = first.byte_add(index * size_of::<Slot>());
            Some((&*below, &*below.add(1)))
        }
    }
}

/// The same by the index. Where an address is a register and a constant, as on Arm, LLVM takes two more instructions for
/// the offset.
#[cfg(not(target_arch = "x86_64"))]
mod neighbours {
    use super::{HOLDS, Slot};

    #[inline(always)]
    pub(super) fn neighbours(slots: &[Slot; HOLDS + 1], index: usize) -> Option<(&Slot, &Slot)> {
        if index >= HOLDS {
            return None;
        }
        Some((slots.get(index)?, slots.get(index + 1)?))
    }
}

use neighbours::neighbours;

impl Place<'_> {
    /// Writes an ordinary hold: acquired once, without a nest lock. Between [`Context::begin_one`] and
    /// [`Context::end_one`].
    #[inline(always)]
    pub(crate) fn fill(&self, key: u64, site: Site, instance: usize, class: u16, flags: HoldFlags, since: Since) {
        self.slot.key.set(key);
        self.slot.site.set(Some(site));
        self.slot.instance.set(instance);
        self.slot.class.set(class);
        self.slot.flags.set(flags.bits());
        self.since.set(since);
    }

    /// Writes any hold.
    fn set(&self, hold: &Hold) {
        self.slot.key.set(hold.key);
        self.slot.site.set(hold.site);
        self.slot.instance.set(hold.instance | if hold.count == 1 { 0 } else { COUNTED });
        self.nest.set(hold.nest);
        self.slot.class.set(hold.class);
        self.slot.flags.set(hold.flags.bits());
        self.slot.nest_class.set(hold.nest_class);
        self.slot.count.set(hold.count);
        self.since.set(hold.since);
    }

    /// Returns the hold in this slot.
    #[inline]
    fn hold(&self) -> Hold {
        let (instance, flags) = (self.slot.instance.get(), self.slot.flags());
        let (counted, nested) = (instance & COUNTED != 0, flags.contains(HoldFlags::NESTED));
        Hold {
            key: self.slot.key.get(),
            site: self.slot.site.get(),
            instance: instance & !COUNTED,
            nest: if nested { self.nest.get() } else { 0 },
            class: self.slot.class.get(),
            nest_class: if nested { self.slot.nest_class.get() } else { 0 },
            count: if counted { self.slot.count.get() } else { 1 },
            flags,
            since: self.since.load(),
        }
    }

    /// Returns the hold in this slot, on any CPU: all but its key and its nest lock. `None` for a dead entry.
    fn load(&self) -> Option<Hold> {
        let instance = self.slot.instance.load();
        let counted = instance & COUNTED != 0;
        let hold = Hold {
            site: self.slot.site.load(),
            instance: instance & !COUNTED,
            class: self.slot.class.load(),
            count: if counted { self.slot.count.load() } else { 1 },
            flags: HoldFlags::from_bits_retain(self.slot.flags.load()),
            since: self.since.load(),
            ..Hold::EMPTY
        };
        (instance != DEAD).then_some(hold)
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
        self.lost_count().get().into()
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
        self.stack.slots.get(index).map_or(0, |slot| slot.key.get())
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

    /// How many acquisitions did not fit. As long as there are any, a release of an unknown lock is counted as one of
    /// theirs.
    pub(super) fn lost_count(&self) -> &Own<AtomicU16> {
        &self.stack.base().count
    }

    /// Counts acquisitions that did not fit.
    pub(crate) fn lose(&self, times: u16) {
        self.lost_count().set(self.lost_count().get().saturating_add(times));
    }

    /// Removes the topmost hold if it is `instance`, acquired once, and nothing is held below. Returns what the
    /// statistics need from it, read before the removal: afterwards its slot may be reused at any moment.
    #[inline(always)]
    pub(crate) fn pop(&self, instance: usize) -> Option<Ended> {
        let place = self.stack.place(self.gate.top()).filter(|top| top.slot.instance.get() == instance)?;
        let (class, flags) = (place.slot.class.get(), place.slot.flags());
        let ended = Ended { since: place.since.load(), site: place.slot.site.get(), class, flags };
        self.gate.one_less();
        Some(ended)
    }

    /// The same where something is held below, or the stack is not plain. Returns whether it did. With interrupts
    /// disabled.
    pub(crate) fn pop_above(&self, instance: usize) -> bool {
        let Some(top) = self.height().checked_sub(1).filter(|&top| top != self.hole()) else { return false };
        let is_it = self.stack.place(top).is_some_and(|top| top.slot.instance.get() == instance);
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
        let lost = context.lost_count().get();
        context.lost_count().set(if lost == u16::MAX { lost } else { lost - 1 });
        true
    }

    pub(crate) fn hold(&self, index: usize) -> Option<Hold> {
        self.taken_off(index).filter(|_| index < self.height() && index != self.hole())
    }

    /// Returns the hold in a slot, which may be above the top: a hold that was just removed. `None` for a dead entry.
    #[inline]
    pub(crate) fn taken_off(&self, index: usize) -> Option<Hold> {
        self.stack.place(index).filter(|place| place.slot.instance.get() != DEAD).map(|place| place.hold())
    }

    /// Returns the hold in a slot, on any CPU. `None` for a dead entry.
    pub(super) fn load_hold(&self, index: usize) -> Option<Hold> {
        self.stack.place(index)?.load()
    }

    /// Marks the hold of this slot as ended; it cannot be removed.
    pub(super) fn set_dead(&self, index: usize) {
        if let Some(place) = self.stack.place(index) {
            place.slot.instance.set(DEAD);
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
    pub fn own(&self) -> impl DoubleEndedIterator<Item = Hold> + '_ {
        let hole = self.hole();
        (0..self.height()).filter(move |&index| index != hole).filter_map(|index| self.taken_off(index))
    }

    /// The same, the newest first, and of each only its class and flags. For a plain stack.
    #[inline(always)]
    pub(crate) fn own_kinds(&self) -> impl Iterator<Item = Hold> + '_ {
        let slots = self.stack.slots.get(1..=self.height()).unwrap_or_default();
        slots.iter().rev().map(|slot| Hold { class: slot.class.get(), flags: slot.flags(), ..Hold::EMPTY })
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
