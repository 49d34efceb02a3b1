//! The table of classes, in two halves.
//!
//! [`UsageWords`] is the half that the fast path reads: for each slot its generation and its usage bits, one word.
//! [`Classes`] is the rest, under the internal lock: key, names, the site of each usage, the heads of the lists of
//! dependencies.
//!
//! Invariants:
//! - A slot's generation goes up whenever its class is removed, so an id that was handed out never means another class:
//!   not the hint in a lock that was last taken a million classes ago, nor a chain key made of it. There are 2^44
//!   generations; a slot that used them all is retired. (If a kernel did nothing but unregister, a million times a
//!   second, always in one slot, that would take 200 days.)
//! - An index that is out of range reads as the empty class, so nothing here can panic.
//! - No two locks that are classes of their own ever have one key: each gets a number that is never handed out again.
//!   Not its address, which another lock may have later.
//!
//! What it does not do: remove the dependencies of a class that is removed (`Graph::forget_edges`), or check that no
//! lock of it is held (`engine/unregister.rs`).

use crate::atomic::word64::AtomicWord64;
use crate::context::hold::NO_SLOT;
use crate::graph::direction::Direction;
use crate::lock::class::{ClassId, OF_KEY, Origin, Subclass};
use crate::lock::last_holder::HoldLimit;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::{TAKEN, USAGE_BITS, Usage, UsageMask};
use crate::lock::wait_type::WaitTypes;

/// The generation that is never handed out: a slot that has reached it is retired.
const RETIRED: u64 = ClassId::GENERATIONS;

/// All bits that a new class is missing.
const ALL_BITS: u16 = Usage::all().bits() | TAKEN;

/// The half that is read without a lock: a word a class. Its upper part is the generation. Its lower part is the usage
/// bits that are *missing*, and whether the class was never taken, XORed with the number of the slot. So the word and
/// the id of its class differ in the missing bits, and in nothing else. A slot that never had a class has 0.
#[derive(Debug)]
pub(crate) struct UsageWords<S: ?Sized = [AtomicWord64]> {
    words: S,
}

impl<const N: usize> UsageWords<[AtomicWord64; N]> {
    pub(crate) const fn new() -> Self {
        UsageWords { words: [const { AtomicWord64::new() }; N] }
    }
}

impl UsageWords {
    /// Whether `id` is still the class that it was, and has all of `marks`. (The id of no class passes: no known chain
    /// has it.)
    #[inline(always)]
    pub(crate) fn is_marked(&self, id: ClassId, marks: UsageMask) -> bool {
        let Some(word) = self.words.get(usize::from(id.slot())) else {
            return false;
        };
        let missing = word.load() ^ id.0;
        missing & marks.mask() == 0
    }

    /// The usage bits of the class in `slot`.
    pub(crate) fn usage(&self, slot: u16) -> Usage {
        match self.word(slot) {
            0 => Usage::empty(),
            _ => Usage::from_bits_truncate(!self.missing(slot)),
        }
    }

    /// The id of the class in `slot`.
    #[inline(always)]
    pub(crate) fn id(&self, slot: u16) -> ClassId {
        ClassId(self.word(slot) & !0xffff | u64::from(slot))
    }

    /// Sets a usage bit. Under the internal lock.
    pub(crate) fn mark(&self, slot: u16, bit: Usage) {
        self.clear_missing(slot, bit.bits());
    }

    /// Marks that a lock of the class was taken. Under the internal lock.
    pub(crate) fn mark_taken(&self, slot: u16) {
        self.clear_missing(slot, TAKEN);
    }

    /// Whether a lock of the class was ever taken.
    #[cfg(feature = "stat")]
    pub(crate) fn is_taken(&self, slot: u16) -> bool {
        self.missing(slot) & TAKEN == 0
    }

    /// Begins a class in a free `slot`, whose generation was never handed out. `None` if the slot is retired.
    fn begin(&self, slot: u16) -> Option<ClassId> {
        let generation = self.id(slot).generation().max(1);
        let id = ClassId::new(slot, generation);
        self.store(id, ALL_BITS);
        (generation < RETIRED).then_some(id)
    }

    /// Ends the class in `slot`: its id is not valid any more. Returns whether the slot can be used again.
    fn end(&self, slot: u16) -> bool {
        let generation = self.id(slot).generation().saturating_add(1).min(RETIRED);
        self.store(ClassId::new(slot, generation), ALL_BITS);
        generation < RETIRED
    }

    fn word(&self, slot: u16) -> u64 {
        self.words.get(usize::from(slot)).map_or(0, AtomicWord64::load)
    }

    fn missing(&self, slot: u16) -> u16 {
        self.word(slot) as u16 ^ slot
    }

    fn clear_missing(&self, slot: u16, bits: u16) {
        self.store(self.id(slot), self.missing(slot) & !bits);
    }

    fn store(&self, id: ClassId, missing: u16) {
        if let Some(word) = self.words.get(usize::from(id.slot())) {
            word.store(id.0 ^ u64::from(missing));
        }
    }
}

/// The rest of a class, for the engine: with the word above at most 160 bytes. An array of these is also the hash table
/// over keys: each has the head of the list of one bucket, which has nothing to do with the class and is here to save
/// room.
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
    next_in_bucket: u16,
    /// The first class in the bucket with the number of this slot.
    bucket: u16,
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
        next_in_bucket: NO_SLOT,
        bucket: NO_SLOT,
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

    /// Where the usage bit was first set.
    pub(crate) fn usage_site(&self, bit: Usage) -> Option<Site> {
        self.sites.get(bit.index()).copied().flatten()
    }
}

/// The half under the internal lock.
#[derive(Debug)]
pub(crate) struct Classes<S: ?Sized = [Class]> {
    used: u16,
    /// The last slot that was ever used.
    last: u16,
    /// The first of those below it that are free; the next is in `next_in_bucket`.
    free: u16,
    rejected: u32,
    /// How many locks became classes of their own.
    numbers: u64,
    slots: S,
}

impl<const N: usize> Classes<[Class; N]> {
    pub(crate) const fn new() -> Self {
        assert!(
            N > 1 && N < u16::MAX as usize,
            "the number of class slots, one of which is never used, is 2 to 65,534"
        );
        Classes { used: 0, last: 0, free: NO_SLOT, rejected: 0, numbers: 0, slots: [Class::EMPTY; N] }
    }
}

impl Classes {
    /// The class in `slot`, or the empty one if there is none.
    pub(crate) fn get(&self, slot: u16) -> &Class {
        self.slots.get(usize::from(slot)).unwrap_or(&Class::EMPTY)
    }

    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Class> {
        self.slots.get_mut(usize::from(slot))
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
        for at in 1..=self.last {
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
        self.used
    }

    /// How often a class found no room.
    pub(crate) fn rejected(&self) -> u32 {
        self.rejected
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len() - 1
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
        if is_believed(usage_words, hint) {
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
            self.rejected = self.rejected.saturating_add(1);
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
        if is_believed(usage_words, hint) {
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
        let hint = hints.into_iter().find(|&hint| is_believed(usage_words, hint))?;
        Some(self.get(hint.slot()).key)
    }

    fn find_key(&self, key: u64, subclass: Subclass) -> Option<u16> {
        self.in_bucket(self.bucket(key)).find(|&slot| {
            let class = self.get(slot);
            class.key == key && class.subclass == subclass
        })
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
        let bucket = self.bucket(key);
        let next_in_bucket = core::mem::replace(&mut self.slots.get_mut(bucket)?.bucket, slot);
        // A free slot is empty but for the link to the next free one: the rest need not be written.
        let class = self.get_mut(slot)?;
        class.key = key;
        class.name = map.name();
        class.origin = map.origin();
        class.site = Some(if class.origin == Origin::Line { map.site() } else { site });
        class.subclass = subclass;
        class.waits = map.waits();
        class.next_in_bucket = next_in_bucket;
        self.used += 1;
        Some(id)
    }

    fn take_free(&mut self, usage_words: &UsageWords) -> Option<(u16, ClassId)> {
        if self.free != NO_SLOT {
            let slot = self.free;
            self.free = self.get(slot).next_in_bucket;
            return Some((slot, usage_words.begin(slot)?));
        }
        // A retired slot is passed over for ever.
        let mut fresh = self.last + 1..self.slots.len() as u16;
        let (slot, id) = fresh.find_map(|slot| Some((slot, usage_words.begin(slot)?)))?;
        self.last = slot;
        Some((slot, id))
    }

    /// Any class of a key. All are in one bucket.
    pub(crate) fn any_of(&self, key: u64) -> Option<u16> {
        self.in_bucket(self.bucket(key)).find(|&slot| self.is_of(slot, key))
    }

    /// Whether the class in `slot` is of the key, whatever its level and its wait types.
    pub(crate) fn is_of(&self, slot: u16, key: u64) -> bool {
        let class = self.get(slot);
        class.site.is_some() && (class.key ^ key) & OF_KEY == 0
    }

    /// The key of a lock that is a class of its own, if it is in the table.
    pub(crate) fn own_key(&self, usage_words: &UsageWords, map: &LockMap) -> Option<u64> {
        self.key_of(usage_words, map).filter(|_| is_own(map))
    }

    /// Removes a class that has no dependencies any more. Its slot can be used again.
    pub(crate) fn remove(&mut self, usage_words: &UsageWords, slot: u16) {
        let (bucket, next) = (self.bucket(self.get(slot).key), self.get(slot).next_in_bucket);
        let before = self.in_bucket(bucket).find(|&before| self.get(before).next_in_bucket == slot);
        match before {
            Some(before) => self.get_mut(before).map(|class| class.next_in_bucket = next),
            None => self.slots.get_mut(bucket).map(|place| place.bucket = next),
        };
        let next_in_bucket = if usage_words.end(slot) { core::mem::replace(&mut self.free, slot) } else { NO_SLOT };
        if let Some(place) = self.get_mut(slot) {
            *place = Class { next_in_bucket, bucket: place.bucket, ..Class::EMPTY };
        }
        self.used = self.used.saturating_sub(1);
    }

    /// Notes where a usage bit was first set.
    pub(crate) fn note_usage(&mut self, slot: u16, bit: Usage, site: Option<Site>) {
        if let Some(place) = self.get_mut(slot).and_then(|c| c.sites.get_mut(bit.index())) {
            *place = site;
        }
    }

    /// Forgets all classes; ids that were handed out are no longer valid.
    pub(crate) fn clear(&mut self, usage_words: &UsageWords) {
        for slot in 1..=self.last {
            let class = *self.get(slot);
            if class.site.is_some() {
                usage_words.end(slot);
            }
            let bucket = self.bucket(class.key);
            if let Some(place) = self.slots.get_mut(bucket) {
                place.bucket = NO_SLOT;
            }
            if let Some(place) = self.get_mut(slot) {
                *place = Class::EMPTY;
            }
        }
        (self.used, self.last, self.free, self.rejected) = (0, 0, NO_SLOT, 0);
    }

    /// The bucket of a key: one for all its levels and wait types, so that they are found together.
    fn bucket(&self, key: u64) -> usize {
        let mixed = (key & OF_KEY).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // The upper half as a fraction, of all places.
        (((mixed >> 32) * self.slots.len() as u64) >> 32) as usize
    }

    /// The slots in a bucket.
    fn in_bucket(&self, bucket: usize) -> impl Iterator<Item = u16> + '_ {
        let first = self.slots.get(bucket).map_or(NO_SLOT, |place| place.bucket);
        let slots = core::iter::successors(Some(first), |&slot| Some(self.get(slot).next_in_bucket));
        // Bounded by the length of the table, even if the list were corrupt.
        slots.take_while(|&slot| slot != NO_SLOT).take(self.slots.len())
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

/// Whether a lock's hint is still valid: it names a class that was not removed since.
#[inline(always)]
pub(crate) fn is_believed(usage_words: &UsageWords, hint: ClassId) -> bool {
    hint != ClassId::NONE && usage_words.is_marked(hint, UsageMask::EXISTENCE)
}

/// Whether the lock is a class of its own. A lock that is never checked need not be one, and could not remember it.
fn is_own(map: &LockMap) -> bool {
    map.origin() == Origin::Constant && map.is_validated()
}

/// The key of the lock that was the `number`th to become a class of its own.
const fn own_key(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) & OF_KEY
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::usage::Irqs;

    const SIZE: usize = 6;

    fn tables() -> (UsageWords<[AtomicWord64; SIZE]>, Classes<[Class; SIZE]>) {
        (UsageWords::new(), Classes::new())
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_class_keeps_to_its_budget() {
        assert!(size_of::<Class>() + size_of::<AtomicWord64>() <= 160, "{}", size_of::<Class>());
    }

    #[test]
    fn one_line_is_one_class_and_each_level_another() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let [a, b] = [(); 2].map(|()| LockMap::new(WaitTypes::SPIN));
        let other = LockMap::new(WaitTypes::SPIN);
        let first = classes.find_or_enter(usage_words, &a, Subclass::ZERO, Site::caller());
        assert_eq!(first, classes.find_or_enter(usage_words, &b, Subclass::ZERO, Site::caller()));
        assert_ne!(first, classes.find_or_enter(usage_words, &a, Subclass::new(1), Site::caller()));
        assert_ne!(first, classes.find_or_enter(usage_words, &other, Subclass::ZERO, Site::caller()));
        assert_eq!(classes.used(), 3);
        assert_eq!(Some(a.hint(Subclass::ZERO)), first);
    }

    #[test]
    fn locks_that_the_library_constructs_are_classed_by_where_they_are_first_taken() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let [a, b, c] = [WaitTypes::SPIN; 3].map(LockMap::new);
        assert!(!a.has_class(), "its site is a line inside `array::map`");
        let here = Site::caller();
        let first = classes.find_or_enter(usage_words, &a, Subclass::ZERO, here);
        assert_eq!(first, classes.find_or_enter(usage_words, &b, Subclass::ZERO, here));
        assert_eq!(
            first,
            classes.find_or_enter(usage_words, &a, Subclass::ZERO, Site::caller()),
            "it stays what it is"
        );
        assert_ne!(first, classes.find_or_enter(usage_words, &c, Subclass::ZERO, Site::caller()));
        assert!(first.is_some_and(|id| classes.get(id.slot()).origin == Origin::Library));
        let third = Subclass::new(3);
        let deep = classes.find_or_enter(usage_words, &a, third, Site::caller());
        assert_eq!(
            deep,
            classes.find_or_enter(usage_words, &b, third, Site::caller()),
            "all levels go by the first line"
        );
    }

    #[test]
    fn a_lock_of_a_constant_is_its_own_class_at_every_level_and_wherever_it_is_moved() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let [a, b] = [(); 2].map(|()| LockMap::of_first_use(WaitTypes::SPIN));
        let here = Site::caller();
        let deep = classes.find_or_enter(usage_words, &a, Subclass::new(3), here).unwrap();
        assert_eq!(classes.used(), 2, "level 0 remembers the key");
        assert_eq!(classes.get(deep.slot()).origin, Origin::Constant);
        let other = classes.find_or_enter(usage_words, &b, Subclass::ZERO, here);
        assert_ne!(classes.find_or_enter(usage_words, &a, Subclass::ZERO, here), other, "one line, two classes");
        let moved = Box::new(a);
        assert_eq!(classes.find_or_enter(usage_words, &moved, Subclass::new(3), Site::caller()), Some(deep));
        let key = classes.own_key(usage_words, &moved).unwrap();
        let mut gone = 0;
        while let Some(slot) = classes.any_of(key) {
            classes.remove(usage_words, slot);
            gone += 1;
        }
        assert_eq!((gone, classes.used(), classes.own_key(usage_words, &moved)), (2, 1, None));
        assert_ne!(
            classes.find_or_enter(usage_words, &moved, Subclass::new(3), here),
            Some(deep),
            "a class of its own, again"
        );
    }

    #[test]
    fn without_room_no_two_locks_of_constants_are_one_class() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let full = LockMap::new(WaitTypes::NONE);
        (0..8).for_each(|level| _ = classes.find_or_enter(usage_words, &full, Subclass::new(level), Site::caller()));
        let [a, b] = [(); 2].map(|()| LockMap::of_first_use(WaitTypes::SPIN));
        let here = Site::caller();
        assert_eq!([&a, &b].map(|map| classes.find_or_enter(usage_words, map, Subclass::ZERO, here)), [None, None]);
        assert_ne!(classes.key_at(usage_words, &a, here), classes.key_at(usage_words, &b, here));
        assert_eq!(classes.key_at(usage_words, &a, here), classes.key_at(usage_words, &a, Site::caller()));
    }

    #[test]
    fn a_full_table_is_a_value() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let map = LockMap::new(WaitTypes::NONE);
        let known: [_; SIZE - 1] =
            core::array::from_fn(|i| classes.find_or_enter(usage_words, &map, Subclass::new(i as u8), Site::caller()));
        assert!(known.iter().all(Option::is_some));
        assert_eq!(classes.find_or_enter(usage_words, &map, Subclass::new(7), Site::caller()), None);
        assert_eq!(classes.rejected(), 1);
        assert_eq!(
            classes.find_or_enter(usage_words, &map, Subclass::new(2), Site::caller()),
            known[2],
            "what is known stays known"
        );
    }

    #[test]
    fn a_slot_that_used_all_its_generations_is_passed_over() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let map = LockMap::new(WaitTypes::NONE);
        for generation in [RETIRED - 2, RETIRED - 1] {
            usage_words.store(ClassId::new(1, generation), ALL_BITS);
            let last = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
            assert_eq!(last, Some(ClassId::new(1, generation)));
            classes.remove(usage_words, 1);
        }
        let next = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
        assert_eq!(next, Some(ClassId::new(2, 1)));
        classes.clear(usage_words);
        let next = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller());
        assert_eq!(next, Some(ClassId::new(2, 2)), "also after all was forgotten");
    }

    #[test]
    fn an_old_id_is_not_believed() {
        let (usage_words, mut classes) = tables();
        let (usage_words, classes): (&UsageWords, &mut Classes) = (&usage_words, &mut classes);
        let map = LockMap::new(WaitTypes::NONE);
        let old = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap();
        let taken = UsageMask::new(Usage::empty(), Irqs::Off);
        assert!(
            usage_words.is_marked(old, UsageMask::EXISTENCE) && !usage_words.is_marked(old, taken),
            "it was only named"
        );
        usage_words.mark_taken(old.slot());
        usage_words.mark(old.slot(), Usage::IN_HARDIRQ);
        assert!(
            usage_words.is_marked(old, UsageMask::new(Usage::empty(), Irqs::Off))
                && usage_words.is_marked(old, UsageMask::new(Usage::IN_HARDIRQ, Irqs::Off))
        );
        assert!(!usage_words.is_marked(old, UsageMask::new(Usage::HARDIRQ_ON, Irqs::Off)));
        assert!(
            usage_words.is_marked(ClassId::NONE, UsageMask::new(Usage::HARDIRQ_ON, Irqs::Off)),
            "a chain with it is what is not known"
        );
        classes.clear(usage_words);
        assert!(!usage_words.is_marked(old, UsageMask::new(Usage::empty(), Irqs::Off)));
        let new = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap();
        assert_ne!(old, new);
        assert_eq!(usage_words.usage(new.slot()), Usage::empty());
    }
}
