//! A hold: the record of one lock that a context has acquired.
//!
//! Invariant: a hold is plain data of at most 40 bytes. It contains copies and numbers and no pointer into the lock
//! that is ever followed, so a lock may be forgotten, moved or dropped while it is recorded as held.
//!
//! What it does not do: know its place in a stack (`stack.rs`), or any table.

use crate::lock::class::{LIMITED, Subclass};
use crate::lock::last_holder::Since;
use crate::lock::lock_map::{LockMap, WAITS_SHIFT};
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{IRQS_ON, Irqs, Usage, UsageMask};
use crate::lock::wait_type::{WaitType, WaitTypes};
use bitflags::bitflags;

/// "None", where the slot of a table is named. Every table leaves its slot 0 empty, so that an empty table is all zeros
/// and takes no room in the program's image.
pub(crate) const NO_SLOT: u16 = 0;

bitflags! {
    /// The properties of a hold. The upper bits are the wait types: inner, then outer, three bits each.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct HoldFlags: u16 {
        const RECURSIVE = 1;
        const SHARED = 1 << 1;
        /// Acquired by a try-lock, so it cannot have waited.
        const TRIED = 1 << 2;
        /// Not checked: no usage, no dependency, no recursion check.
        const UNCHECKED = 1 << 3;
        /// Acquired with a nest lock.
        const NESTED = 1 << 4;
        /// Was counted together with another hold: it represents any instance of its class.
        const MERGED = 1 << 5;
        /// Skipped by [`Engine::check_holds`](crate::engine::Engine::check_holds): it is still waited for, or was
        /// already reported as held too long.
        const EXCUSED = 1 << 6;
        /// Its lock has a hold limit. The bit comes with the wait types, from the lock.
        const LIMITED = LIMITED;
        /// Hard interrupts were on when it was acquired.
        const IRQS_ON = IRQS_ON;
        /// Its chain key is not valid: a class of the chain has no slot, or the hold has moved.
        const UNCHAINED = 1 << 7;
    }
}

impl HoldFlags {
    /// The flags of a mode.
    #[inline(always)]
    pub(crate) const fn of_mode(mode: Mode) -> HoldFlags {
        HoldFlags::from_bits_retain(mode.recursive as u16 | (mode.shared as u16) << 1)
    }
}

/// One pin, in the count of a hold.
const PIN: u16 = 1 << 12;
/// The mask of the count alone, which saturates.
const TIMES: u16 = PIN - 1;

/// An acquisition, for [`hooks::acquire_with`](crate::hooks::acquire_with). [`Acquire::new`] is an ordinary one; set
/// fields for the rest. Linux's arguments of `lock_acquire`.
#[derive(Clone, Copy, Debug)]
pub struct Acquire<'a> {
    /// The lock.
    pub map: &'a LockMap,
    /// How it waits and what its hold excludes.
    pub mode: Mode,
    /// A successful try-lock: it did not wait, so no dependency leads to it. Linux's `trylock`.
    pub tried: bool,
    /// Whether usage, recursion and dependencies are checked. Linux's `check`.
    pub checked: bool,
    /// The nesting level within the class. Linux's `subclass`.
    pub subclass: Subclass,
    /// The lock that serialises all acquisitions of this class; it must be held. Linux's `nest_lock`.
    pub nest: Option<&'a LockMap>,
    /// The line that acquires it, for reports.
    pub site: Site,
}

impl<'a> Acquire<'a> {
    /// An ordinary acquisition at `site`: it waits, is checked, and is of subclass 0.
    pub const fn new(map: &'a LockMap, mode: Mode, site: Site) -> Acquire<'a> {
        Acquire { map, mode, tried: false, checked: true, subclass: Subclass::ZERO, nest: None, site }
    }
}

/// What the statistics need from a hold that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Since when it was held.
    pub(crate) since: Since,
    /// Where it was taken.
    pub(crate) site: Option<Site>,
    /// The slot of its class.
    pub(crate) class: u16,
    pub(crate) flags: HoldFlags,
}

/// A lock that a context has acquired. Linux's `struct held_lock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The chain key of the run up to and including this hold; where the class has no slot, the hash of its key.
    pub(crate) key: u64,
    /// Where it was acquired.
    pub(crate) site: Option<Site>,
    /// The lock.
    pub(crate) instance: usize,
    /// The lock that serialises its class; 0 for none.
    pub(crate) nest: usize,
    /// The slot of its class.
    pub(crate) class: u16,
    /// The slot of the nest lock's class.
    pub(crate) nest_class: u16,
    /// How often the lock was acquired as one hold; above that, how often it is pinned. So 1 means that it ends with
    /// the next release.
    pub(crate) count: u16,
    pub(crate) flags: HoldFlags,
    /// Since when it is held, or waited for: zero-sized without the feature `stat`.
    pub(crate) since: Since,
}

impl Hold {
    pub(crate) const EMPTY: Hold = Hold {
        key: 0,
        site: None,
        instance: 0,
        nest: 0,
        class: NO_SLOT,
        nest_class: NO_SLOT,
        count: 0,
        flags: HoldFlags::empty(),
        since: Since::UNKNOWN,
    };

    /// The flags of an ordinary hold of this lock in `mode`; the interrupt flag is taken from the usage mask.
    #[inline(always)]
    pub(crate) const fn flags(map: &LockMap, mode: Mode, mask: UsageMask) -> HoldFlags {
        HoldFlags::from_bits_retain(HoldFlags::of_mode(mode).bits() | mask.along() | map.wait_flags())
    }

    /// Begins a hold for `what`. The class is not known yet.
    pub(crate) fn begin(what: &Acquire<'_>, irqs: Irqs) -> Hold {
        let mut flags = Hold::flags(what.map, what.mode, UsageMask::new(Usage::empty(), irqs));
        flags.set(HoldFlags::TRIED, what.tried);
        flags.set(HoldFlags::UNCHECKED, !(what.checked && what.map.is_validated()));
        flags.set(HoldFlags::NESTED, what.nest.is_some());
        Hold {
            site: Some(what.site),
            instance: what.map.instance(),
            nest: what.nest.map_or(0, LockMap::instance),
            count: 1,
            flags,
            ..Hold::EMPTY
        }
    }

    /// An ordinary hold of this lock that ended, for a report.
    #[cold]
    pub(crate) fn that_was(map: &LockMap, ended: &Ended) -> Hold {
        let Ended { since, site, class, flags } = *ended;
        Hold { site, instance: map.instance(), class, count: 1, flags, since, ..Hold::EMPTY }
    }

    /// How it was waited for, and what it excludes.
    pub const fn mode(&self) -> Mode {
        Mode { recursive: self.flags.contains(HoldFlags::RECURSIVE), shared: self.flags.contains(HoldFlags::SHARED) }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) {
        self.flags.set(HoldFlags::RECURSIVE, mode.recursive);
        self.flags.set(HoldFlags::SHARED, mode.shared);
    }

    /// Returns whether it was acquired by a try-lock.
    pub const fn tried(&self) -> bool {
        self.flags.contains(HoldFlags::TRIED)
    }

    /// Returns whether usage, recursion and dependencies are checked for it.
    pub const fn checked(&self) -> bool {
        !self.flags.contains(HoldFlags::UNCHECKED)
    }

    /// Returns whether it was acquired with a nest lock.
    pub const fn nested(&self) -> bool {
        self.flags.contains(HoldFlags::NESTED)
    }

    /// Returns whether it was counted together with another hold.
    pub const fn merged(&self) -> bool {
        self.flags.contains(HoldFlags::MERGED)
    }

    /// Returns whether hard interrupts were on when it was acquired.
    pub const fn irqs_on(&self) -> bool {
        self.flags.contains(HoldFlags::IRQS_ON)
    }

    /// The state of hard interrupts when it was acquired.
    #[inline(always)]
    pub(crate) fn irqs(&self) -> Irqs {
        Irqs::from(self.irqs_on())
    }

    /// Returns whether its length is limited and must be checked while it lasts.
    pub(crate) const fn is_limited(&self) -> bool {
        self.flags.contains(HoldFlags::LIMITED) && !self.is_excused()
    }

    /// Returns whether it was reported as held too long, or is still waited for.
    pub(crate) const fn is_excused(&self) -> bool {
        self.flags.contains(HoldFlags::EXCUSED)
    }

    /// Marks it as already reported.
    pub(crate) fn excused(mut self) -> Hold {
        self.flags.insert(HoldFlags::EXCUSED);
        self
    }

    #[inline(always)]
    const fn waits(&self) -> WaitTypes {
        WaitTypes::from_bits(self.flags.bits() >> WAITS_SHIFT)
    }

    /// The wait-type limit while it is held.
    #[inline(always)]
    pub const fn inner(&self) -> WaitType {
        self.waits().inner()
    }

    /// The wait type that it needs around it.
    #[inline(always)]
    pub const fn outer(&self) -> WaitType {
        self.waits().outer()
    }

    /// How often the lock was acquired as one hold.
    pub const fn times(&self) -> u16 {
        self.count & TIMES
    }

    /// How often it is pinned.
    pub const fn pins(&self) -> u16 {
        self.count / PIN
    }

    /// Counts `more` acquisitions. Returns how many of them did not fit.
    pub(crate) fn add_times(&mut self, more: u16) -> u16 {
        let room = more.min(TIMES - self.times());
        self.count += room;
        more - room
    }

    /// Counts one acquisition less.
    pub(crate) fn end_one(&mut self) {
        self.count -= u16::from(self.times() > 0);
    }

    /// Pins it once more. Returns whether that was possible: 15 pins are the most that it counts.
    pub(crate) fn pin(&mut self) -> bool {
        let count = self.count.checked_add(PIN);
        self.count = count.unwrap_or(self.count);
        count.is_some()
    }

    /// Takes a pin off. Returns whether there was one.
    pub(crate) fn unpin(&mut self) -> bool {
        let count = self.count.checked_sub(PIN);
        self.count = count.unwrap_or(self.count);
        count.is_some()
    }

    /// Returns what the statistics need from it when it ends.
    pub(crate) fn ended(&self) -> Ended {
        Ended { since: self.since, site: self.site, class: self.class, flags: self.flags }
    }

    /// The lock: its address, or another unique number. Not to be followed.
    pub const fn instance(&self) -> usize {
        self.instance
    }

    /// Where it was acquired.
    pub const fn site(&self) -> Option<Site> {
        self.site
    }

    /// Returns whether the walk that adds the dependencies of the run ends at this hold: it was waited for, and strong
    /// paths continue through it, so everything from the holds below it is already known.
    pub(crate) const fn ends_walk(&self) -> bool {
        !self.tried() && self.mode().is_blocked_by(self.mode())
    }

    /// Returns whether its key identifies the chain it is in: not without a slot, and not after it moved from where it
    /// was acquired.
    pub(crate) fn is_chained(&self) -> bool {
        self.class != NO_SLOT && !self.flags.contains(HoldFlags::UNCHAINED)
    }

    /// Invalidates its key, since it is no longer where it was acquired and what is acquired above it must not pass for
    /// known. Where the class has no slot the key tells classes apart, so it stays; no chain is known there anyway.
    pub(crate) fn unchain(&mut self) {
        if self.is_chained() {
            self.key = !self.key;
            self.flags.insert(HoldFlags::UNCHAINED);
        }
    }

    /// Returns whether both holds are of one class; where the table was full, of one key.
    pub(crate) fn same_class(&self, other: &Hold) -> bool {
        self.class == other.class && (self.class != NO_SLOT || self.key == other.key)
    }

    /// Returns whether this hold is, or may be, the lock `instance`; a merged hold represents any instance of its
    /// class. `class` is the slot of subclass 0 of the lock's class. Where the table was full, `key` decides; if that
    /// is unknown too, the answer is `true`: a full table causes no false report.
    pub(crate) fn matches(&self, instance: usize, class: u16, key: Option<u64>) -> bool {
        let is_of_class = || match key {
            _ if class != NO_SLOT => self.class == class,
            Some(key) => self.class == NO_SLOT && self.key == key,
            None => true,
        };
        self.instance == instance || (self.merged() && is_of_class())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_hold_keeps_to_its_budget() {
        assert!(size_of::<Hold>() <= 40 + size_of::<Since>(), "{}", size_of::<Hold>());
    }

    #[test]
    fn a_hold_remembers_what_it_was_told() {
        let map = LockMap::new(WaitTypes::new(WaitType::Free, WaitType::Config));
        let outer = LockMap::new(WaitTypes::NONE);
        let mut what = Acquire::new(&map, Mode::UPGRADEABLE, Site::caller());
        what.tried = true;
        what.checked = false;
        what.nest = Some(&outer);
        let hold = Hold::begin(&what, Irqs::On);
        assert_eq!(hold.mode(), Mode::UPGRADEABLE);
        assert!(hold.tried() && !hold.checked() && hold.nested() && hold.irqs_on() && !hold.merged());
        assert_eq!((hold.outer(), hold.inner()), (WaitType::Free, WaitType::Config));
        assert_eq!((hold.instance, hold.nest, hold.count), (map.instance(), outer.instance(), 1));
    }
}
