//! The table of classes, under the internal lock: key, names, the site of each usage, the heads of the lists of
//! dependencies. Their usage bits, which the fast path reads, are in `usage_words.rs`.
//!
//! Invariants:
//! - A class and its usage word have one slot number. They begin and end together.
//! - An index that is out of range reads as the empty class, so nothing here can panic.
//! - No two locks that are classes of their own ever have one key: each gets a number that is never handed out again.
//!   Not its address, which another lock may have later.
//!
//! What it does not do: remove the dependencies of a class that is removed (`Graph::forget_edges`), or check that no
//! lock of it is held (`engine/unregister.rs`).

#[cfg(test)]
mod tests;

use crate::context::hold::NO_SLOT;
use crate::graph::direction::Direction;
use crate::graph::slots::{Entry, Links, Slots};
use crate::graph::usage_words::UsageWords;
use crate::lock::class::{ClassId, OF_KEY, Origin, Subclass};
use crate::lock::last_holder::HoldLimit;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::{USAGE_BITS, Usage};
use crate::lock::wait_type::WaitTypes;

/// The rest of a class, for the engine: with its usage word at most 160 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    key: u64,
    /// The name that it was given.
    pub name: Option<&'static str>,
    /// The site where its locks are constructed.
    pub site: Option<Site>,
    /// What determines the class. If its locks have no line of their own, `site` is where the first of them was first
    /// taken.
    pub origin: Origin,
    /// For how long its locks may be held: the longest limit of all locks that have one and were ever taken. Zero-sized
    /// without the feature `stat`.
    pub limit: HoldLimit,
    /// Its level within the class of its key.
    pub subclass: Subclass,
    /// Its wait types.
    pub waits: WaitTypes,
    /// The first of the dependencies that lead on from it.
    pub(crate) after: u16,
    /// The first of those that lead to it.
    pub(crate) before: u16,
    links: Links,
    /// Where each usage bit was first set.
    sites: [Option<Site>; USAGE_BITS],
}

impl Class {
    const EMPTY: Class = Class {
        key: 0,
        name: None,
        site: None,
        origin: Origin::Line,
        limit: HoldLimit::NONE,
        subclass: Subclass::ZERO,
        waits: WaitTypes::NONE,
        after: NO_SLOT,
        before: NO_SLOT,
        links: Links::NONE,
        sites: [None; USAGE_BITS],
    };

    /// The 64 bits that identify it, together with its level.
    #[cfg(feature = "stat")]
    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    /// The first of the dependencies that leave it in `direction`.
    pub(crate) const fn first(&self, direction: Direction) -> u16 {
        match direction {
            Direction::Forwards => self.after,
            Direction::Backwards => self.before,
        }
    }

    /// Whether there is one, and it is of the key.
    fn is_of(&self, key: u64) -> bool {
        self.site.is_some() && (self.key ^ key) & OF_KEY == 0
    }

    /// Where the usage bit was first set.
    pub(crate) fn usage_site(&self, bit: Usage) -> Option<Site> {
        self.sites.get(bit.index()).copied().flatten()
    }
}

impl Entry for Class {
    const EMPTY: &'static Class = &Class::EMPTY;

    fn hash(&self) -> u32 {
        hash(self.key)
    }

    fn links(&self) -> &Links {
        &self.links
    }

    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

/// The hash of a key: one for all its levels and wait types, so that they are found together.
fn hash(key: u64) -> u32 {
    ((key & OF_KEY).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

/// The table. `S` is its storage: an array where it is made, a slice where it is used.
#[derive(Debug)]
pub(crate) struct Classes<S: ?Sized = [Class]> {
    /// How many locks became classes of their own.
    numbers: u64,
    slots: Slots<S>,
}

impl<const N: usize> Classes<[Class; N]> {
    pub(crate) const fn new() -> Self {
        Classes { numbers: 0, slots: Slots::new() }
    }
}

impl Classes {
    /// The class in `slot`, or the empty one if there is none.
    pub(crate) fn get(&self, slot: u16) -> &Class {
        self.slots.get(slot)
    }

    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Class> {
        self.slots.get_mut(slot)
    }

    /// The head of the list of the dependencies that leave a class in `direction`.
    pub(crate) fn first_mut(&mut self, slot: u16, direction: Direction) -> Option<&mut u16> {
        self.get_mut(slot).map(|class| match direction {
            Direction::Forwards => &mut class.after,
            Direction::Backwards => &mut class.before,
        })
    }

    /// The number of the class in `slot` among the classes of its name, from 1 on; the levels of one class count as
    /// one. 0 if it has no name, or no other class has the same. Walks the table, so it is for reports. The number may
    /// change when a class is unregistered.
    pub(crate) fn ordinal(&self, slot: u16) -> u8 {
        let class = self.get(slot);
        if class.name.is_none() {
            return 0;
        }
        // The classes of the other levels count with that of level 0, which nearly every lock has.
        let (mut before, mut others, mut is_below) = (0_u8, false, true);
        for at in 1..=self.slots.last() {
            let other = self.get(at);
            if other.name != class.name || other.site.is_none() {
                continue;
            }
            if other.key == class.key {
                is_below = false;
            } else {
                others = true;
                before = before.saturating_add(u8::from(is_below && other.subclass == Subclass::ZERO));
            }
        }
        if others { before.saturating_add(1) } else { 0 }
    }

    /// How many classes are known.
    pub(crate) fn used(&self) -> u16 {
        self.slots.used()
    }

    /// How often a class found no room.
    pub(crate) fn rejected(&self) -> u32 {
        self.slots.rejected()
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// The class of a lock that is taken at `site`, entered if it is new. `None` if the table is full, which is
    /// counted.
    pub(crate) fn find_or_enter(
        &mut self,
        usage_words: &UsageWords,
        map: &LockMap,
        subclass: Subclass,
        site: Site,
    ) -> Option<ClassId> {
        let hint = map.hint(subclass);
        if usage_words.believe(hint) {
            return Some(hint);
        }
        let key = match self.key_of(usage_words, map) {
            None if is_own(map) => self.begin_own(usage_words, map, site)?,
            _ => self.key_at(usage_words, map, site),
        };
        self.find_or_enter_key(usage_words, map, key, subclass, site)
    }

    fn find_or_enter_key(
        &mut self,
        usage_words: &UsageWords,
        map: &LockMap,
        key: u64,
        subclass: Subclass,
        site: Site,
    ) -> Option<ClassId> {
        let known = self.find_key(key, subclass).map(|slot| usage_words.id(slot));
        let id = known.or_else(|| self.enter(usage_words, map, key, subclass, site));
        let Some(id) = id else {
            self.slots.reject();
            return None;
        };
        map.set_hint(subclass, id);
        if let Some(class) = self.get_mut(id.slot()) {
            class.limit = class.limit.or_longer(map.hold_limit());
        }
        Some(id)
    }

    /// Makes a lock a class of its own. Returns the key. Level 0 is entered whatever level is taken, since the hint of
    /// that level remembers the key.
    fn begin_own(&mut self, usage_words: &UsageWords, map: &LockMap, site: Site) -> Option<u64> {
        let key = own_key(self.numbers.wrapping_add(1));
        self.find_or_enter_key(usage_words, map, key, Subclass::ZERO, site)?;
        self.numbers = self.numbers.wrapping_add(1);
        Some(key)
    }

    /// The slot of the class of a hold that has none, if the class has one by now. `key` is the key of the hold.
    pub(crate) fn find_without_slot(&self, key: u64) -> Option<u16> {
        let levels = (0..Subclass::COUNT).map(Subclass::new);
        levels.into_iter().find_map(|subclass| self.find_key(key_without_slot(key, subclass), subclass))
    }

    /// The slot of a lock's class at a nesting level, if it was ever taken there.
    pub(crate) fn find(&self, usage_words: &UsageWords, map: &LockMap, subclass: Subclass) -> Option<u16> {
        let hint = map.hint(subclass);
        if usage_words.believe(hint) {
            return Some(hint.slot());
        }
        self.find_key(self.key_of(usage_words, map)?, subclass)
    }

    /// The key of the class of a lock that is taken at `site`, which decides if nothing else does.
    pub(crate) fn key_at(&self, usage_words: &UsageWords, map: &LockMap, site: Site) -> u64 {
        self.key_of(usage_words, map).unwrap_or_else(|| key_of_first_use(map, site))
    }

    /// The key of a lock's class. If its construction does not determine it: that of the class that it got when it was
    /// first taken, if it was.
    fn key_of(&self, usage_words: &UsageWords, map: &LockMap) -> Option<u64> {
        if map.has_class() {
            return Some(map.key());
        }
        let hints = [Subclass::ZERO, Subclass::new(1)].map(|subclass| map.hint(subclass));
        let hint = hints.into_iter().find(|&hint| usage_words.believe(hint))?;
        Some(self.get(hint.slot()).key)
    }

    fn find_key(&self, key: u64, subclass: Subclass) -> Option<u16> {
        self.slots.find(hash(key), |class| class.key == key && class.subclass == subclass)
    }

    fn enter(
        &mut self,
        usage_words: &UsageWords,
        map: &LockMap,
        key: u64,
        subclass: Subclass,
        site: Site,
    ) -> Option<ClassId> {
        let (slot, id) = self.take_free(usage_words)?;
        // It is empty: the rest need not be written.
        let class = self.get_mut(slot)?;
        class.key = key;
        class.name = map.name();
        class.origin = map.origin();
        class.site = Some(if class.origin == Origin::Line { map.site() } else { site });
        class.subclass = subclass;
        class.waits = map.waits();
        self.slots.link(slot);
        Some(id)
    }

    /// Takes a free slot. One that used all its generations is passed over, for ever.
    fn take_free(&mut self, usage_words: &UsageWords) -> Option<(u16, ClassId)> {
        for _ in 0..self.slots.capacity() {
            let slot = self.slots.take()?;
            if let Some(id) = usage_words.begin(slot) {
                return Some((slot, id));
            }
            self.slots.retire(slot);
        }
        None
    }

    /// Any class of a key. All are in one bucket.
    pub(crate) fn any_of(&self, key: u64) -> Option<u16> {
        self.slots.find(hash(key), |class| class.is_of(key))
    }

    /// Whether the class in `slot` is of the key, whatever its level and its wait types.
    pub(crate) fn is_of(&self, slot: u16, key: u64) -> bool {
        self.get(slot).is_of(key)
    }

    /// The key of a lock that is a class of its own, if it is in the table.
    pub(crate) fn own_key(&self, usage_words: &UsageWords, map: &LockMap) -> Option<u64> {
        self.key_of(usage_words, map).filter(|_| is_own(map))
    }

    /// Removes a class that has no dependencies any more. Its slot can be used again.
    pub(crate) fn remove(&mut self, usage_words: &UsageWords, slot: u16) {
        self.slots.unlink(slot);
        match usage_words.end(slot) {
            true => self.slots.free(slot),
            false => self.slots.retire(slot),
        }
    }

    /// Notes where a usage bit was first set.
    pub(crate) fn note_usage(&mut self, slot: u16, bit: Usage, site: Option<Site>) {
        if let Some(place) = self.get_mut(slot).and_then(|c| c.sites.get_mut(bit.index())) {
            *place = site;
        }
    }

    /// Forgets all classes; ids that were handed out are no longer valid.
    pub(crate) fn clear(&mut self, usage_words: &UsageWords) {
        for slot in 1..=self.slots.last() {
            if self.get(slot).site.is_some() {
                usage_words.end(slot);
            }
        }
        self.slots.clear();
    }
}

/// The key of a hold whose class has no slot: two such holds are of one class if their keys are equal. The function is
/// its own inverse: applied again, it returns the key of the class.
pub(crate) fn key_without_slot(key: u64, subclass: Subclass) -> u64 {
    key ^ u64::from(subclass.get())
}

/// The key of the class of a lock that is taken at `site`, and of which no earlier acquisition is known.
///
/// Locks of other wait types are of another class there. If the lock is to be a class of its own and found no room, no
/// other lock has this key as long as it lives.
pub(crate) fn key_of_first_use(map: &LockMap, site: Site) -> u64 {
    match map.has_class() {
        true => map.key(),
        false if is_own(map) => !own_key(map.instance() as u64),
        false => !site.hash() ^ map.key() & !OF_KEY,
    }
}

/// Whether the lock is a class of its own. A lock that is never checked need not be one, and could not remember it.
fn is_own(map: &LockMap) -> bool {
    map.origin() == Origin::Constant && map.is_validated()
}

/// The key of the lock that was the `number`th to become a class of its own.
const fn own_key(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & OF_KEY
}
