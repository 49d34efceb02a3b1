//! What a lock carries: the key of its class, its wait types, and a hint where the class stands in the table.
//!
//! A class is the place where its locks are constructed: the caller's line, hashed to 64 bits, is the key, so nobody
//! names anything. A [`LockClassKey`] serves where one place makes several classes, or several places one.
//! Each subclass of a class is a class of its own.
//!
//! Invariant: a hint names a slot and the slot's generation; the table believes it only while the slot still has that
//! generation. For a lock whose construction says nothing of its class, the hint is all that remembers it.

use crate::site::Site;
use crate::trail::{HoldLimit, Trail};
use crate::wait_type::WaitTypes;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// A nesting level within a class, 0 to 7: each is a class of its own. Linux's `subclass`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subclass(u8);

impl Subclass {
    /// How many there are of each class.
    pub const COUNT: u8 = 8;
    /// The level of a lock that says nothing.
    pub const ZERO: Subclass = Subclass(0);

    /// Level `n`; levels above 7 are one, the last.
    pub const fn new(n: u8) -> Subclass {
        if n < Self::COUNT { Subclass(n) } else { Subclass(Self::COUNT - 1) }
    }

    /// The number of the level.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A class that is named in the source: put it in a `static` and give it to each lock that belongs to the class.
///
/// Not of size zero, since two statics of size zero may share an address; the address means nothing here anyway.
#[derive(Debug)]
pub struct LockClassKey {
    name: Option<&'static str>,
    hash: u64,
    site: Site,
    limit: HoldLimit,
}

impl LockClassKey {
    /// A class that reports call by this line. Two keys made by one line, as by one call of a macro, are one class: name them.
    #[track_caller]
    pub const fn new() -> LockClassKey {
        let site = Site::caller();
        LockClassKey { name: None, hash: site.hash(), site, limit: HoldLimit::NONE }
    }

    /// A class that reports call `name`. Keys of one name made by different lines are different classes.
    #[track_caller]
    pub const fn named(name: &'static str) -> LockClassKey {
        let site = Site::caller();
        LockClassKey { name: Some(name), hash: site.hash() ^ of_name(name), site, limit: HoldLimit::NONE }
    }

    /// The same, for locks that may be held for `units` of the port's time and no longer: a longer hold is reported when it
    /// ends, by kernels with the feature `stat`.
    pub const fn with_hold_limit(self, units: u64) -> LockClassKey {
        LockClassKey { limit: HoldLimit::new(units), ..self }
    }
}

/// What a name adds to the hash of a line.
const fn of_name(name: &str) -> u64 {
    crate::site::hash_bytes(name.as_bytes()).rotate_left(1)
}

impl Default for LockClassKey {
    #[track_caller]
    fn default() -> Self {
        LockClassKey::new()
    }
}

/// Where a class stands in the table: slot in the low half, the slot's generation above it. 0 is never valid, since
/// generations begin at 1. Unique among all classes that a validator ever knew: chain keys are made of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassId(pub(crate) u32);

impl ClassId {
    pub(crate) const NONE: ClassId = ClassId(0);

    pub(crate) const fn new(slot: u16, generation: u16) -> ClassId {
        ClassId((generation as u32) << 16 | slot as u32)
    }

    /// The slot in the table of classes.
    pub const fn slot(self) -> u16 {
        self.0 as u16
    }
}

/// Where the traits of a hold have its wait types.
pub(crate) const WAITS_SHIFT: u16 = 8;

/// What every tracked lock carries: Linux's `struct lockdep_map`.
#[derive(Debug)]
pub struct LockMap {
    key: u64,
    site: Site,
    name: Option<&'static str>,
    /// The wait types, shifted to where a hold's traits have them.
    waits: u16,
    /// The next release may be anybody's.
    handed_over: AtomicBool,
    /// For the subclasses 0 and 1; the others are looked up.
    hints: [AtomicU32; 2],
    #[cfg_attr(not(feature = "stat"), expect(dead_code, reason = "it is of no size then"))]
    trail: Trail,
}

impl LockMap {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(waits: WaitTypes) -> LockMap {
        let site = Site::caller();
        LockMap::with(site.hash(), site, None, waits)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, waits: WaitTypes) -> LockMap {
        let site = Site::caller();
        LockMap::with(site.hash() ^ of_name(name), site, Some(name), waits)
    }

    /// A lock of the class `key`. Locks of other wait types are of another class, also under the same key.
    pub const fn with_key(key: &'static LockClassKey, waits: WaitTypes) -> LockMap {
        LockMap { trail: Trail::new(key.limit), ..LockMap::with(key.hash, key.site, key.name, waits) }
    }

    /// A lock of a class that is known by a name alone, wherever it is made: for locks that come from outside, as in a
    /// recorded trace. `site` is what reports show for the construction.
    pub const fn of_class(class: &'static str, site: Site, waits: WaitTypes) -> LockMap {
        LockMap::with(crate::site::hash_bytes(class.as_bytes()), site, Some(class), waits)
    }

    /// A lock whose class is the first line that takes it: for constants, which cannot know where they are used.
    pub const fn of_first_use(waits: WaitTypes) -> LockMap {
        LockMap::with(Site::NOWHERE.hash(), Site::NOWHERE, None, waits)
    }

    const fn with(key: u64, site: Site, name: Option<&'static str>, waits: WaitTypes) -> LockMap {
        let key = key ^ (waits.outer() as u64) << 60 ^ (waits.inner() as u64) << 56;
        LockMap {
            key,
            site,
            name,
            waits: waits.bits() << WAITS_SHIFT,
            handed_over: AtomicBool::new(false),
            hints: [const { AtomicU32::new(0) }; 2],
            trail: Trail::new(HoldLimit::NONE),
        }
    }

    /// The same, for locks that may be held for `units` of the port's time and no longer: as
    /// [`LockClassKey::with_hold_limit`].
    pub const fn with_hold_limit(self, units: u64) -> LockMap {
        LockMap { trail: Trail::new(HoldLimit::new(units)), ..self }
    }

    /// What it remembers for the statistics.
    #[cfg(feature = "stat")]
    #[inline(always)]
    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Whether the line that constructed the lock says which class it is of: not if it is inside the standard library, as with
    /// `map(Mutex::new)`, and no name or key was given.
    pub fn has_class(&self) -> bool {
        self.name.is_some() || !self.site.is_in_library()
    }

    /// The 64 bits that stand for the class of subclass 0.
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// The line that constructed the lock, or its key.
    pub const fn site(&self) -> Site {
        self.site
    }

    /// The name of the class, where it was given one.
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The wait types of the class.
    pub const fn waits(&self) -> WaitTypes {
        WaitTypes::from_bits(self.waits >> WAITS_SHIFT)
    }

    /// The wait types, where a hold's traits have them.
    pub(crate) const fn wait_traits(&self) -> u16 {
        self.waits
    }

    /// Which lock this is, for the books: a number that no two living locks share. It is never followed as a pointer.
    pub fn instance(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Says whether somebody else will let the lock go; returns what was said before. Under the internal lock.
    pub(crate) fn set_handed_over(&self, handed_over: bool) -> bool {
        let before = self.handed_over.load(Ordering::Relaxed);
        self.handed_over.store(handed_over, Ordering::Relaxed);
        before
    }

    /// Whether somebody else will let the lock go.
    pub(crate) fn is_handed_over(&self) -> bool {
        self.handed_over.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn hint(&self, subclass: Subclass) -> ClassId {
        match self.hints.get(usize::from(subclass.0)) {
            Some(hint) => ClassId(hint.load(Ordering::Relaxed)),
            None => ClassId::NONE,
        }
    }

    pub(crate) fn set_hint(&self, subclass: Subclass, id: ClassId) {
        if let Some(hint) = self.hints.get(usize::from(subclass.0)) {
            hint.store(id.0, Ordering::Relaxed);
        }
    }
}
