//! A hold: one lock that a context has taken, as the books keep it.
//!
//! Invariant: a hold is plain data of at most 40 bytes. It holds copies and numbers, no pointer that is ever followed
//! into the lock, so that a lock may be forgotten, moved or dropped while it is on the books.

use crate::lock::class::{LIMITED, Subclass};
use crate::lock::last_holder::Since;
use crate::lock::lock_map::{LockMap, WAITS_SHIFT};
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{IRQS_ON, Usage, UsageMask};
use crate::lock::wait_type::{WaitType, WaitTypes};
use bitflags::bitflags;

/// Says "none" where a slot of a table is named. Every table leaves its slot 0 empty, so that an empty table is all zeros
/// and takes no room in the program's image.
pub(crate) const NO_SLOT: u16 = 0;

bitflags! {
    /// What is true of a hold. The upper bits keep the wait types: inner, then outer, three bits each.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct HoldFlags: u16 {
        const RECURSIVE = 1;
        const SHARED = 1 << 1;
        /// Taken by a try-lock: it cannot have waited.
        const TRIED = 1 << 2;
        /// No usage, no dependency, no recursion check.
        const UNCHECKED = 1 << 3;
        /// Taken with a nest lock.
        const NESTED = 1 << 4;
        /// Ever counted together with another: it stands for any instance of its class.
        const MERGED = 1 << 5;
        /// Not for [`Engine::check_holds`](crate::engine::Engine::check_holds): it is waited for, or was reported as held
        /// too long.
        const EXCUSED = 1 << 6;
        /// Its lock may be held for a limited time. It comes with the wait types, from the lock.
        const LIMITED = LIMITED;
        /// Hard interrupts were on when it was taken.
        const IRQS_ON = IRQS_ON;
        /// Its chain key says nothing: a class of the chain has no slot.
        const UNCHAINED = 1 << 7;
    }
}

impl HoldFlags {
    /// Those of a mode.
    #[inline(always)]
    pub(crate) const fn of_mode(mode: Mode) -> HoldFlags {
        HoldFlags::from_bits_retain(mode.recursive as u16 | (mode.shared as u16) << 1)
    }
}

/// One pin, in the count of a hold.
const PIN: u16 = 1 << 12;
/// The count alone: more are counted no more.
const TIMES: u16 = PIN - 1;

/// How a lock is taken. [`Acquire::new`] is the ordinary way, the rest is said by setting fields.
#[derive(Clone, Copy, Debug)]
pub struct Acquire<'a> {
    /// The lock.
    pub map: &'a LockMap,
    /// How it waits and holds.
    pub mode: Mode,
    /// A successful try-lock: it did not wait, so nothing leads to it.
    pub tried: bool,
    /// Whether usage, recursion and dependencies are checked; Linux's `check`.
    pub checked: bool,
    /// The nesting level within the class.
    pub subclass: Subclass,
    /// The lock that serialises every taking of this class, and that must be held.
    pub nest: Option<&'a LockMap>,
    /// Where it is taken.
    pub site: Site,
}

impl<'a> Acquire<'a> {
    /// Taken by waiting for it, checked, at level 0, at `site`.
    pub const fn new(map: &'a LockMap, mode: Mode, site: Site) -> Acquire<'a> {
        Acquire { map, mode, tried: false, checked: true, subclass: Subclass::ZERO, nest: None, site }
    }
}

/// What the statistics ask of a hold that is over.
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

impl Ended {
    /// Whether it was a reader's.
    #[inline(always)]
    #[cfg_attr(not(feature = "stat"), expect(dead_code, reason = "nothing is asked then"))]
    pub(crate) const fn shared(&self) -> bool {
        self.flags.contains(HoldFlags::SHARED)
    }
}

/// One lock that a context has taken. Linux's `struct held_lock`.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// The chain key of the run up to and with this hold; where the class has no slot, the hash of its key.
    pub(crate) key: u64,
    /// Where it was taken.
    pub(crate) site: Option<Site>,
    /// Which lock it is.
    pub(crate) instance: usize,
    /// Which lock serialises its class; 0 for none.
    pub(crate) nest: usize,
    /// The slot of its class.
    pub(crate) class: u16,
    /// The slot of the nest lock's class.
    pub(crate) nest_class: u16,
    /// How often it is taken as one hold; above that, how often it is pinned. So 1 is what ends with the next release.
    pub(crate) count: u16,
    pub(crate) flags: HoldFlags,
    /// Since when it is held, or waited for: of no size without the feature `stat`.
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

    /// The traits of an ordinary hold of this lock in `mode`; interrupts are as they went along with what it asked for.
    #[inline(always)]
    pub(crate) const fn flags(map: &LockMap, mode: Mode, mask: UsageMask) -> HoldFlags {
        HoldFlags::from_bits_retain(HoldFlags::of_mode(mode).bits() | mask.along() | map.wait_flags())
    }

    /// A hold that begins as `what` says. The class is not known yet.
    pub(crate) fn begin(what: &Acquire<'_>, irqs_on: bool) -> Hold {
        let mut flags = Hold::flags(what.map, what.mode, UsageMask::new(Usage::empty(), irqs_on));
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

    /// What a report asks of an ordinary hold of this lock that is over.
    #[cold]
    pub(crate) fn that_was(map: &LockMap, ended: &Ended) -> Hold {
        let Ended { since, site, class, flags } = *ended;
        Hold { site, instance: map.instance(), class, count: 1, flags, since, ..Hold::EMPTY }
    }

    /// How it was waited for, and is held.
    pub const fn mode(&self) -> Mode {
        Mode { recursive: self.flags.contains(HoldFlags::RECURSIVE), shared: self.flags.contains(HoldFlags::SHARED) }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) {
        self.flags.set(HoldFlags::RECURSIVE, mode.recursive);
        self.flags.set(HoldFlags::SHARED, mode.shared);
    }

    /// Whether it was taken by a try-lock.
    pub const fn tried(&self) -> bool {
        self.flags.contains(HoldFlags::TRIED)
    }

    /// Whether usage, recursion and dependencies are checked for it.
    pub const fn checked(&self) -> bool {
        !self.flags.contains(HoldFlags::UNCHECKED)
    }

    /// Whether it was taken with a nest lock.
    pub const fn nested(&self) -> bool {
        self.flags.contains(HoldFlags::NESTED)
    }

    /// Whether it was ever counted together with another.
    pub const fn merged(&self) -> bool {
        self.flags.contains(HoldFlags::MERGED)
    }

    /// Whether hard interrupts were on when it was taken.
    pub const fn irqs_on(&self) -> bool {
        self.flags.contains(HoldFlags::IRQS_ON)
    }

    /// Whether its length is limited, and nothing excuses it from being looked at while it lasts.
    pub(crate) const fn is_limited(&self) -> bool {
        self.flags.contains(HoldFlags::LIMITED) && !self.is_excused()
    }

    /// Whether it was reported as held too long, or is waited for.
    pub(crate) const fn is_excused(&self) -> bool {
        self.flags.contains(HoldFlags::EXCUSED)
    }

    /// The same hold, whose length was reported.
    pub(crate) fn excused(mut self) -> Hold {
        self.flags.insert(HoldFlags::EXCUSED);
        self
    }

    #[inline(always)]
    const fn waits(&self) -> WaitTypes {
        WaitTypes::from_bits(self.flags.bits() >> WAITS_SHIFT)
    }

    /// The limit of wait types while it is held.
    #[inline(always)]
    pub const fn inner(&self) -> WaitType {
        self.waits().inner()
    }

    /// The wait type that it needs around it.
    #[inline(always)]
    pub const fn outer(&self) -> WaitType {
        self.waits().outer()
    }

    /// How often it is taken as one hold.
    pub const fn times(&self) -> u16 {
        self.count & TIMES
    }

    /// How often it is pinned.
    pub const fn pins(&self) -> u16 {
        self.count / PIN
    }

    /// Counts `more` takings with these; returns how many of them found no room.
    pub(crate) fn add_times(&mut self, more: u16) -> u16 {
        let room = more.min(TIMES - self.times());
        self.count += room;
        more - room
    }

    /// Counts one taking less.
    pub(crate) fn end_one(&mut self) {
        self.count -= u16::from(self.times() > 0);
    }

    /// Pins it once more, or once less; 15 pins are as many as it counts. Says whether that could be done.
    pub(crate) fn pin(&mut self, more: bool) -> bool {
        let count = if more { self.count.checked_add(PIN) } else { self.count.checked_sub(PIN) };
        self.count = count.unwrap_or(self.count);
        count.is_some()
    }

    /// What the statistics ask of it when it is over.
    pub(crate) fn ended(&self) -> Ended {
        Ended { since: self.since, site: self.site, class: self.class, flags: self.flags }
    }

    /// Which lock it is: its address, or another number of its own.
    pub const fn instance(&self) -> usize {
        self.instance
    }

    /// Where it was taken.
    pub const fn site(&self) -> Option<Site> {
        self.site
    }

    /// Whether the walk that adds the dependencies of the run ends at this hold: it was waited for, and is left so that what
    /// leads to it leads on, so that below it nothing is new.
    pub(crate) const fn ends_walk(&self) -> bool {
        !self.tried() && self.mode().is_blocked_by(self.mode())
    }

    /// Whether its key says what chain it stands in: not without a slot, nor where it does not stand where it was taken.
    pub(crate) fn is_chained(&self) -> bool {
        self.class != NO_SLOT && !self.flags.contains(HoldFlags::UNCHAINED)
    }

    /// Gives it a key that nothing known is made of: it does not stand where it was taken, and what is taken above it must
    /// not pass for known. Where the class has no slot the key is what tells classes apart, and no chain is known anyway.
    pub(crate) fn unchain(&mut self) {
        if self.is_chained() {
            self.key = !self.key;
            self.flags.insert(HoldFlags::UNCHAINED);
        }
    }

    /// Whether both are of one class; where the table was full, of one key.
    pub(crate) fn same_class(&self, other: &Hold) -> bool {
        self.class == other.class && (self.class != NO_SLOT || self.key == other.key)
    }

    /// Whether this hold is the lock `instance`, or stands for it: a merged hold does for any instance of its class.
    /// `class` is the slot of subclass 0 of the lock's class. Where the table was full, `key` decides; if that is not known
    /// either it may be the lock: a full table is no false alarm.
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
        let hold = Hold::begin(&what, true);
        assert_eq!(hold.mode(), Mode::UPGRADEABLE);
        assert!(hold.tried() && !hold.checked() && hold.nested() && hold.irqs_on() && !hold.merged());
        assert_eq!((hold.outer(), hold.inner()), (WaitType::Free, WaitType::Config));
        assert_eq!((hold.instance, hold.nest, hold.count), (map.instance(), outer.instance(), 1));
    }
}
