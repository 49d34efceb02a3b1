//! The map of a lock: what the validator knows it by. Linux's `struct lockdep_map`.
//!
//! A map names a class by its key and remembers the class's id once it was found (the hint), so that an acquire need not
//! look it up.
//!
//! Invariant: a hint is believed only if its generation is that of the class's slot.

use crate::atomic::word64::AtomicWord64;
use crate::atomic::{AtomicBool, Ordering};
use crate::lock::class::{ClassId, DynamicKey, LIMITED, LockClassKey, Origin, Subclass, of_name};
use crate::lock::last_holder::{HoldLimit, LastHolder};
use crate::lock::site::Site;
use crate::lock::wait_type::{WaitType, WaitTypes};

/// Where the traits of a hold have its wait types.
pub(crate) const WAITS_SHIFT: u16 = 8;

/// What every tracked lock carries: Linux's `struct lockdep_map`.
#[derive(Debug)]
pub struct LockMap {
    key: u64,
    site: Site,
    name: Option<&'static str>,
    /// The wait types, and whether there is a limit on how long it is held, where a hold's traits have them.
    waits: u16,
    /// It was given a key, so its site does not count.
    keyed: bool,
    /// A constant constructed it, so it has no site.
    constant: bool,
    validated: bool,
    /// The next release may be anybody's.
    handed_over: AtomicBool,
    /// For the subclasses 0 and 1; the others are looked up.
    hints: [AtomicWord64; 2],
    last_holder: LastHolder,
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
        LockMap::with(crate::lock::site::hash_bytes(class.as_bytes()), site, Some(class), waits)
    }

    /// A lock that is a class of its own, from when it is first taken until it is dropped ([`Tracker`](crate::sync::tracker::Tracker)
    /// does that) or its memory is freed (`hooks::lock_freed`): for constants, which cannot know where they are used. Reports call
    /// the class by the line that first took the lock. Linux's lock in static memory, whose class is its address; here it
    /// is a number that the table gives, which moves with the lock.
    pub const fn of_first_use(waits: WaitTypes) -> LockMap {
        LockMap { constant: true, ..LockMap::with(Site::NOWHERE.hash(), Site::NOWHERE, None, waits) }
    }

    /// A lock of the class `key`, which was made at run time. The key may move or go; what counts is its number.
    pub const fn with_dynamic_key(key: &DynamicKey, waits: WaitTypes) -> LockMap {
        LockMap::with(key.hash, key.site, key.name, waits).keyed()
    }

    const fn with(key: u64, site: Site, name: Option<&'static str>, waits: WaitTypes) -> LockMap {
        let key = key ^ (waits.outer() as u64) << 60 ^ (waits.inner() as u64) << 56;
        let hints = [const { AtomicWord64::new() }; 2];
        let handed_over = AtomicBool::new(false);
        let waits = waits.bits() << WAITS_SHIFT;
        let last_holder = LastHolder::new(HoldLimit::NONE);
        LockMap {
            key,
            site,
            name,
            waits,
            keyed: false,
            constant: false,
            validated: true,
            handed_over,
            hints,
            last_holder,
        }
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
        self.last_holder = LastHolder::new(limit);
        self.waits = self.waits & !LIMITED | if limit.is_none() { 0 } else { LIMITED };
        self
    }

    /// For how long it may be held.
    pub(crate) fn hold_limit(&self) -> HoldLimit {
        self.last_holder.limit()
    }

    /// What it remembers for the statistics.
    #[cfg(feature = "stat")]
    #[inline(always)]
    pub(crate) fn last_holder(&self) -> &LastHolder {
        &self.last_holder
    }

    /// Whether the line that constructed the lock says which class it is of: not if it is inside the standard library, as with
    /// `map(Mutex::new)`, or a constant, and no name or key was given.
    pub fn has_class(&self) -> bool {
        self.origin() == Origin::Line
    }

    /// What says of which class the lock is.
    pub fn origin(&self) -> Origin {
        if self.constant {
            Origin::Constant
        } else if !self.keyed && self.name.is_none() && self.site.is_in_library() {
            Origin::Library
        } else {
            Origin::Line
        }
    }

    /// Whether the lock is a class of its own that may be in the table: then the class goes with the lock.
    #[inline(always)]
    pub fn has_own_class(&self) -> bool {
        self.constant && self.hint(Subclass::ZERO) != ClassId::NONE
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

    /// Whether a wait for the lock sleeps: its outer wait type is `sleep`.
    #[inline(always)]
    pub const fn sleeps(&self) -> bool {
        self.waits >> WAITS_SHIFT >> 3 == WaitType::Sleep as u16
    }

    /// The wait types, where a hold's traits have them.
    pub(crate) const fn wait_flags(&self) -> u16 {
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
            Some(hint) => ClassId(hint.load()),
            None => ClassId::NONE,
        }
    }

    pub(crate) fn set_hint(&self, subclass: Subclass, id: ClassId) {
        if let Some(hint) = self.hints.get(usize::from(subclass.0)).filter(|_| self.validated) {
            hint.store(id.0);
        }
    }
}
