//! Lock classes: the keys that name them, and their ids in the table.
//!
//! A class is the line that constructs its locks: the caller's location, hashed to 64 bits, is the key, so nothing has
//! to be named. Use a [`LockClassKey`] where one line makes several classes, or several lines make one. Each subclass
//! is a class of its own. A [`DynamicKey`] is made at run time and can be unregistered. A lock that a constant
//! constructs has no line, and is a class of its own
//! ([`LockMap::of_first_use`](crate::lock::lock_map::LockMap::of_first_use)).
//!
//! Invariant: an id is a slot and the slot's generation; the table accepts it only while the slot still has that
//! generation. If neither a line nor a key names the class of a lock, only the id that the lock caches does.
//!
//! What it does not do: keep the table of classes; that is `graph/classes.rs`.

use crate::atomic::Ordering;
use crate::lock::last_holder::HoldLimit;
use crate::lock::site::Site;
use core::sync::atomic::AtomicUsize;

/// A nesting level within a class, 0 to 7: each is a class of its own. Linux's `subclass`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subclass(pub(super) u8);

impl Subclass {
    /// How many subclasses each class has.
    pub const COUNT: u8 = 8;
    /// The default level.
    pub const ZERO: Subclass = Subclass(0);

    /// Level `n`. Levels above 7 count as 7.
    pub const fn new(n: u8) -> Subclass {
        if n < Self::COUNT { Subclass(n) } else { Subclass(Self::COUNT - 1) }
    }

    /// The number of the level.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A class that is named in the source: put it in a `static`, and pass it to each lock of the class. Linux's `struct
/// lock_class_key`.
///
/// It is not zero-sized, since zero-sized statics may share an address; but the address has no meaning here.
#[derive(Debug)]
pub struct LockClassKey {
    pub(super) name: Option<&'static str>,
    pub(super) hash: u64,
    pub(super) site: Site,
    pub(super) limit: HoldLimit,
}

impl LockClassKey {
    /// A class that reports name by this line. Two keys made by one line, as by one macro call, are one class: name
    /// them.
    #[track_caller]
    pub const fn new() -> LockClassKey {
        let site = Site::caller();
        LockClassKey { name: None, hash: site.hash(), site, limit: HoldLimit::NONE }
    }

    /// A class that reports name `name`. Keys with the same name from different lines are different classes.
    #[track_caller]
    pub const fn named(name: &'static str) -> LockClassKey {
        let site = Site::caller();
        LockClassKey { name: Some(name), hash: site.hash() ^ of_name(name), site, limit: HoldLimit::NONE }
    }

    /// The same, with a limit: a lock of the class may be held for `units` of [`Port::now`](crate::port::Port::now). A
    /// longer hold is reported when it ends (`hold-limit`), in builds with the feature `stat`.
    pub const fn with_hold_limit(self, units: u64) -> LockClassKey {
        LockClassKey { limit: HoldLimit::new(units), ..self }
    }
}

/// A class that is made at run time, for a driver or a heap object. No other key of the boot is equal to it. Linux's
/// `lockdep_register_key`.
///
/// After the last of its locks, and before the key is dropped, unregister it with
/// [`hooks::unregister_key`](crate::hooks::unregister_key): then the slots of its classes in the tables are used again.
#[derive(Debug)]
pub struct DynamicKey {
    pub(super) name: Option<&'static str>,
    pub(super) hash: u64,
    pub(super) site: Site,
}

/// How many keys were made. (Not in a table of the validator: keys can be made before there is one.)
static KEYS: AtomicUsize = AtomicUsize::new(0);

impl DynamicKey {
    /// A class that reports name by this line.
    #[track_caller]
    pub fn new() -> DynamicKey {
        DynamicKey::with(None, Site::caller())
    }

    /// A class that reports name `name`.
    #[track_caller]
    pub fn named(name: &'static str) -> DynamicKey {
        DynamicKey::with(Some(name), Site::caller())
    }

    /// Keys of one line differ by their number. On 32-bit machines the numbers repeat after 2^32 keys: a key that is
    /// still in use then must not be of the same line.
    fn with(name: Option<&'static str>, site: Site) -> DynamicKey {
        let number = (KEYS.fetch_add(1, Ordering::Relaxed) as u64).wrapping_add(1);
        DynamicKey { name, hash: site.hash() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15), site }
    }

    /// The 64 bits of the key; the keys of its classes differ from them only in the upper bits.
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

/// The part of a class's key that comes from its name or line. Wait types and
/// [`LockMap::novalidate`](crate::lock::lock_map::LockMap::novalidate) change the rest.
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

/// The id of a class: its slot in the table in 16 bits, above them the slot's generation in 44. 0 is never valid, since
/// generations begin at 1. Unique among all classes that a validator ever knew. Chain keys are made of ids, with flags
/// of a hold in the remaining four bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassId(pub(crate) u64);

impl ClassId {
    pub(crate) const NONE: ClassId = ClassId(0);
    /// Generations are below this.
    pub(crate) const GENERATIONS: u64 = (1 << 44) - 1;

    pub(crate) const fn new(slot: u16, generation: u64) -> ClassId {
        ClassId(generation << 16 | slot as u64)
    }

    /// The generation of the slot: one more than the number of classes that were in it before.
    pub(crate) const fn generation(self) -> u64 {
        self.0 >> 16
    }

    /// The slot in the table of classes.
    pub const fn slot(self) -> u16 {
        self.0 as u16
    }
}

/// What determines the class of a lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// Its key, its name, or the line that constructs it.
    #[default]
    Line,
    /// The line that first acquired a lock of the class: these locks are constructed by a line of the standard library,
    /// as by `map(Mutex::new)`, which identifies nothing.
    Library,
    /// The lock itself, which a constant constructed: it is the only lock of the class.
    Constant,
}

/// The flag of a hold whose lock has a hold limit.
pub(crate) const LIMITED: u16 = 1 << 15;
