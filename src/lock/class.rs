//! What a lock carries: the key of its class, its wait types, and a hint where the class stands in the table.
//!
//! A class is the place where its locks are constructed: the caller's line, hashed to 64 bits, is the key, so nobody
//! names anything. A [`LockClassKey`] serves where one place makes several classes, or several places one.
//! Each subclass of a class is a class of its own.
//!
//! A [`DynamicKey`] is made at run time and can be unregistered.
//!
//! A lock that a constant constructs has no line, and is a class of its own ([`LockMap::of_first_use`]).
//!
//! Invariant: a hint names a slot and the slot's generation; the table believes it only while the slot still has that
//! generation. For a lock whose construction says nothing of its class, the hint is all that remembers it.

use crate::atomic::Ordering;
use crate::lock::last_holder::HoldLimit;
use crate::lock::site::Site;
use core::sync::atomic::AtomicUsize;

/// A nesting level within a class, 0 to 7: each is a class of its own. Linux's `subclass`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subclass(pub(super) u8);

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
    pub(super) name: Option<&'static str>,
    pub(super) hash: u64,
    pub(super) site: Site,
    pub(super) limit: HoldLimit,
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
    pub(super) name: Option<&'static str>,
    pub(super) hash: u64,
    pub(super) site: Site,
}

/// How many keys were made. (No table of the validator, which works without them.)
static KEYS: AtomicUsize = AtomicUsize::new(0);

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

    /// Keys of one line differ by their number. On machines of 32 bits numbers come again after 2^32 keys: then a key that is
    /// still in use since must not be of this line.
    fn with(name: Option<&'static str>, site: Site) -> DynamicKey {
        let number = (KEYS.fetch_add(1, Ordering::Relaxed) as u64).wrapping_add(1);
        DynamicKey { name, hash: site.hash() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15), site }
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
pub(crate) const fn of_name(name: &str) -> u64 {
    crate::lock::site::hash_bytes(name.as_bytes()).rotate_left(1)
}

impl Default for LockClassKey {
    #[track_caller]
    fn default() -> Self {
        LockClassKey::new()
    }
}

/// Where a class is in the table: the slot in 16 bits, above them the slot's generation in 44. 0 is never valid, since
/// generations begin at 1. Unique among all classes that a validator ever knew: chain keys are made of these, with the
/// traits of a hold in the four bits that are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassId(pub(crate) u64);

impl ClassId {
    pub(crate) const NONE: ClassId = ClassId(0);
    /// Generations are below this.
    pub(crate) const GENERATIONS: u64 = (1 << 44) - 1;

    pub(crate) const fn new(slot: u16, generation: u64) -> ClassId {
        ClassId(generation << 16 | slot as u64)
    }

    /// How many classes were in the slot before, and one.
    pub(crate) const fn generation(self) -> u64 {
        self.0 >> 16
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

/// Where the traits of a hold say that its lock may be held for a limited time.
pub(crate) const LIMITED: u16 = 1 << 15;
