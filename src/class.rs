//! What a lock carries: the key of its class, its wait types, and a hint where the class stands in the table.
//!
//! A class is the place where its locks are constructed: the caller's line, hashed to 64 bits, is the key, so nobody
//! names anything. A [`LockClassKey`] serves where one place makes several classes, or several places one.
//! Each subclass of a class is a class of its own.
//!
//! A [`DynamicKey`] is made at run time and can be unregistered.
//!
//! Invariant: a hint names a slot and the slot's generation; the table believes it only while the slot still has that
//! generation. For a lock whose construction says nothing of its class, the hint is all that remembers it.

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::site::Site;
use crate::trail::{HoldLimit, Trail};
use crate::wait_type::WaitTypes;

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

/// A class that is made at run time, in a driver or a heap object that comes and goes: no other key of the boot is like it.
///
/// Before it is given up, and after the last of its locks, its classes are taken back with
/// `hooks::unregister_key`: then their room in the tables is used again. Linux's `lockdep_register_key`.
#[derive(Debug)]
pub struct DynamicKey {
    name: Option<&'static str>,
    hash: u64,
    site: Site,
}

/// How many keys were made. (No table of the validator, which works without them.)
static KEYS: AtomicU32 = AtomicU32::new(0);

impl DynamicKey {
    /// A class that reports call by this line.
    #[track_caller]
    pub fn new() -> DynamicKey {
        DynamicKey::with(None, Site::caller())
    }

    /// A class that reports call `name`.
    #[track_caller]
    pub fn named(name: &'static str) -> DynamicKey {
        DynamicKey::with(Some(name), Site::caller())
    }

    /// Keys of one line differ by their number: until four thousand million were made.
    fn with(name: Option<&'static str>, site: Site) -> DynamicKey {
        let number = u64::from(KEYS.fetch_add(1, Ordering::Relaxed)) + 1;
        DynamicKey { name, hash: site.hash() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15), site }
    }

    /// Whether a class of this key in the table is of this one: whatever its level and its wait types.
    pub(crate) const fn made(&self, key: u64) -> bool {
        (self.hash ^ key) & OF_KEY == 0
    }

    /// The 64 bits that the keys of its classes differ from in the upper ones alone.
    pub(crate) const fn hash(&self) -> u64 {
        self.hash
    }
}

impl Default for DynamicKey {
    #[track_caller]
    fn default() -> Self {
        DynamicKey::new()
    }
}

/// What of a class's key is of what named it; the rest is changed by wait types, and by [`LockMap::novalidate`].
pub(crate) const OF_KEY: u64 = (1 << 56) - 1;

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

/// What says of which class a lock is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Its key, its name, or the line that constructs it.
    #[default]
    Line,
    /// The line that first took a lock of the class: these locks are constructed by a line of the standard library, as by
    /// `map(Mutex::new)`, which says nothing.
    Library,
    /// The lock itself, which a constant constructed: the class has no other lock.
    Constant,
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
    /// It was given a key, so its site does not count.
    keyed: bool,
    validated: bool,
    /// The next release may be anybody's.
    handed_over: AtomicBool,
    /// For the subclasses 0 and 1; the others are looked up.
    hints: [AtomicU32; 2],
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
        LockMap::with(key.hash, key.site, key.name, waits).keyed().limited(key.limit)
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

    /// A lock of the class `key`, which was made at run time. The key may move or go; what counts is its number.
    pub const fn with_dynamic_key(key: &DynamicKey, waits: WaitTypes) -> LockMap {
        LockMap::with(key.hash, key.site, key.name, waits).keyed()
    }

    const fn with(key: u64, site: Site, name: Option<&'static str>, waits: WaitTypes) -> LockMap {
        let key = key ^ (waits.outer() as u64) << 60 ^ (waits.inner() as u64) << 56;
        let hints = [const { AtomicU32::new(0) }; 2];
        let handed_over = AtomicBool::new(false);
        let waits = waits.bits() << WAITS_SHIFT;
        let trail = Trail::new(HoldLimit::NONE);
        LockMap { key, site, name, waits, keyed: false, validated: true, handed_over, hints, trail }
    }

    /// It was given a key.
    const fn keyed(mut self) -> LockMap {
        self.keyed = true;
        self
    }

    /// The same lock, never checked: it is on the books, and no usage, order or recursion is learned of it or found. Its
    /// class is one of its own. Linux's `lockdep_set_novalidate_class`.
    pub const fn novalidate(mut self) -> LockMap {
        // Without a hint no acquisition passes for known, so the fast path need not ask.
        self.key ^= (self.validated as u64) << 63;
        self.validated = false;
        self
    }

    /// Gives the lock the class `key`, in place of the one that it was constructed with: where a constructor is shared by
    /// locks of different meaning. Nobody else has the lock yet, so it is not held. Linux's `lockdep_set_class`.
    pub fn set_class(&mut self, key: &'static LockClassKey) {
        self.become_of(LockMap::with_key(key, self.waits()));
    }

    /// The same with a key that was made at run time.
    pub fn set_dynamic_class(&mut self, key: &DynamicKey) {
        self.become_of(LockMap::with_dynamic_key(key, self.waits()));
    }

    fn become_of(&mut self, other: LockMap) {
        *self = if self.validated { other } else { other.novalidate() };
    }

    /// Whether acquisitions of the lock are checked.
    pub(crate) const fn is_validated(&self) -> bool {
        self.validated
    }

    /// The same, for locks that may be held for `units` of the port's time and no longer: as
    /// [`LockClassKey::with_hold_limit`].
    pub const fn with_hold_limit(self, units: u64) -> LockMap {
        self.limited(HoldLimit::new(units))
    }

    const fn limited(mut self, limit: HoldLimit) -> LockMap {
        self.trail = Trail::new(limit);
        self
    }

    /// What it remembers for the statistics.
    #[cfg(feature = "stat")]
    #[inline(always)]
    pub(crate) fn trail(&self) -> &Trail {
        &self.trail
    }

    /// Whether the line that constructed the lock says which class it is of: not if it is inside the standard library, as with
    /// `map(Mutex::new)`, or a constant, and no name or key was given.
    pub fn has_class(&self) -> bool {
        self.origin() == Origin::Line
    }

    /// What says of which class the lock is.
    pub fn origin(&self) -> Origin {
        match self.keyed || self.name.is_some() || !self.site.is_in_library() {
            true => Origin::Line,
            false if self.site == Site::NOWHERE => Origin::Constant,
            false => Origin::Library,
        }
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
        if let Some(hint) = self.hints.get(usize::from(subclass.0)).filter(|_| self.validated) {
            hint.store(id.0, Ordering::Relaxed);
        }
    }
}
