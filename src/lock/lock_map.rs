//! The map of a lock: what the validator needs to identify it. Linux's `struct lockdep_map`.
//!
//! A map names a class by its key, and caches the class's id once it was found (the hint), so that an acquire need not
//! look it up.
//!
//! Invariant: a hint is used only if its generation is that of the class's slot. What it does not do: record holds; a
//! map knows nothing of who holds the lock, except a hand-over.

use crate::atomic::word64::AtomicWord64;
use crate::atomic::{AtomicBool, Ordering};
use crate::lock::class::{ClassId, DynamicKey, LIMITED, LockClassKey, Origin, Subclass, of_name};
use crate::lock::last_holder::{HoldLimit, LastHolder};
use crate::lock::site::Site;
use crate::lock::wait_type::{WaitType, WaitTypes};

/// The position of the wait types in the flags of a hold.
pub(crate) const WAITS_SHIFT: u16 = 8;

/// What every tracked lock contains. Linux's `struct lockdep_map`.
#[derive(Debug)]
pub struct LockMap {
    key: u64,
    site: Site,
    name: Option<&'static str>,
    /// The wait types, and whether there is a hold limit, at the position of a hold's flags.
    waits: u16,
    /// A key was given, so the site does not count.
    keyed: bool,
    /// A constant constructed it, so it has no site.
    constant: bool,
    validated: bool,
    /// The next release may come from any context.
    handed_over: AtomicBool,
    /// For subclasses 0 and 1; the others are looked up.
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

    /// A lock whose class is the caller's line and `name`, which reports show.
    #[track_caller]
    pub const fn named(name: &'static str, waits: WaitTypes) -> LockMap {
        let site = Site::caller();
        LockMap::with(site.hash() ^ of_name(name), site, Some(name), waits)
    }

    /// A lock of the class `key`. Locks with other wait types are of another class, even with the same key.
    pub const fn with_key(key: &'static LockClassKey, waits: WaitTypes) -> LockMap {
        LockMap::with(key.hash, key.site, key.name, waits).keyed().limited(key.limit)
    }

    /// A lock of a class that is identified by its name alone, wherever it is made: for locks from outside, as in a
    /// recorded trace. Reports show `site` as the line of construction.
    pub const fn of_class(class: &'static str, site: Site, waits: WaitTypes) -> LockMap {
        LockMap::with(crate::lock::site::hash_bytes(class.as_bytes()), site, Some(class), waits)
    }

    /// A lock that is a class of its own, from its first acquisition until it is dropped (a
    /// [`Tracker`](crate::sync::tracker::Tracker) announces that) or its memory is freed (`hooks::lock_freed`): for
    /// constants, which cannot know where they are used. Reports name the class by the line that first acquired the
    /// lock. In Linux, the class of such a lock in static memory is its address; here it is a number from the table,
    /// which moves with the lock.
    pub const fn of_first_use(waits: WaitTypes) -> LockMap {
        let mut map = LockMap::with(Site::NOWHERE.hash(), Site::NOWHERE, None, waits);
        map.constant = true;
        map
    }

    /// A lock of the class `key`, which was made at run time. The key may move; only its number counts.
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

    /// A key was given.
    const fn keyed(mut self) -> LockMap {
        self.keyed = true;
        self
    }

    /// The same lock, never checked: it is recorded as held, but no usage, order or recursion is learned or found. It
    /// is in a class of its own. Linux's `lockdep_set_novalidate_class`.
    pub const fn novalidate(mut self) -> LockMap {
        // Without a hint no acquisition passes for known, so the fast path need not check this.
        self.key ^= (self.validated as u64) << 63;
        self.validated = false;
        self
    }

    /// Gives the lock the class `key` in place of the one from its construction: for a constructor that is shared by
    /// locks of different purpose. `&mut` means that the lock is not held. Linux's `lockdep_set_class`.
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

    /// Returns whether acquisitions of the lock are checked.
    pub(crate) const fn is_validated(&self) -> bool {
        self.validated
    }

    /// The same lock, with a limit on how long it may be held, in units of [`Port::now`](crate::port::Port::now): as
    /// [`LockClassKey::with_hold_limit`].
    pub const fn with_hold_limit(self, units: u64) -> LockMap {
        self.limited(HoldLimit::new(units))
    }

    const fn limited(mut self, limit: HoldLimit) -> LockMap {
        self.last_holder = LastHolder::new(limit);
        self.waits = self.waits & !LIMITED | if limit.is_none() { 0 } else { LIMITED };
        self
    }

    /// How long it may be held.
    pub(crate) fn hold_limit(&self) -> HoldLimit {
        self.last_holder.limit()
    }

    /// What it records for the statistics.
    #[cfg(feature = "stat")]
    #[inline(always)]
    pub(crate) fn last_holder(&self) -> &LastHolder {
        &self.last_holder
    }

    /// Returns whether the lock identifies its class: through a name, a key, or the line that constructed it. Not if
    /// that line is inside the standard library, as with `map(Mutex::new)`, or a constant's.
    pub fn has_class(&self) -> bool {
        self.origin() == Origin::Line
    }

    /// What determines the class of the lock.
    pub fn origin(&self) -> Origin {
        if self.constant {
            Origin::Constant
        } else if !self.keyed && self.name.is_none() && self.site.is_in_library() {
            Origin::Library
        } else {
            Origin::Line
        }
    }

    /// Returns whether the lock is a class of its own that may be in the table: then the class is unregistered with the
    /// lock.
    #[inline(always)]
    pub fn has_own_class(&self) -> bool {
        self.constant && self.hint(Subclass::ZERO) != ClassId::NONE
    }

    /// The key of the class of subclass 0, 64 bits.
    pub const fn key(&self) -> u64 {
        self.key
    }

    /// The line that constructed the lock, or its key.
    pub const fn site(&self) -> Site {
        self.site
    }

    /// The name of the class, if it has one.
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The wait types of the class.
    pub const fn waits(&self) -> WaitTypes {
        WaitTypes::from_bits(self.waits >> WAITS_SHIFT)
    }

    /// Returns whether a wait for the lock sleeps: its outer wait type is `sleep`.
    #[inline(always)]
    pub const fn sleeps(&self) -> bool {
        self.waits >> WAITS_SHIFT >> 3 == WaitType::Sleep as u16
    }

    /// The wait types, at the position of a hold's flags.
    pub(crate) const fn wait_flags(&self) -> u16 {
        self.waits
    }

    /// The identity of the lock for its holds: a number that no two living locks share. It is never followed as a
    /// pointer.
    pub fn instance(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Marks that another context will release the lock. Under the internal lock.
    pub(crate) fn set_handed_over(&self) {
        self.handed_over.store(true, Ordering::Relaxed);
    }

    /// Removes that mark. Returns whether it was set. Under the internal lock.
    pub(crate) fn clear_handed_over(&self) -> bool {
        let before = self.is_handed_over();
        self.handed_over.store(false, Ordering::Relaxed);
        before
    }

    /// Returns whether another context will release the lock.
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
