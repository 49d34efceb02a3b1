//! The table of classes, in two halves.
//!
//! [`SeenClasses`] is what the fast path reads: for each slot its generation and its usage bits, one word.
//! [`Classes`] is the rest, under the internal lock: key, names, the site of each usage, the heads of the lists of
//! dependencies.
//!
//! Invariants:
//! - A slot's generation goes up whenever its class goes, so an id that was handed out never means another class. A slot
//!   whose generations are used up is retired.
//! - An index that is not there reads as the empty class, so nothing here can panic.

use crate::atomic::{AtomicU32, Ordering};
use crate::class::{ClassId, DynamicKey, LockMap, OF_KEY, Origin, Subclass};
use crate::dependency::Direction;
use crate::held::NO_SLOT;
use crate::site::Site;
use crate::usage::{Asked, USAGE_BITS, Usage};
use crate::wait_type::WaitTypes;

/// The generation that is never handed out: a slot that has come to it is used up.
const RETIRED: u16 = u16::MAX;

/// The half that readers see without a lock: a word a class. Above is the generation; below are the usage bits that are
/// *missing*, folded with the number of the slot. So the word and the id of its class differ in what is missing, and in
/// nothing else. A slot that never had a class has 0.
#[derive(Debug)]
pub(crate) struct SeenClasses<S: ?Sized = [AtomicU32]> {
    words: S,
}

impl<const N: usize> SeenClasses<[AtomicU32; N]> {
    pub(crate) const fn new() -> Self {
        SeenClasses { words: [const { AtomicU32::new(0) }; N] }
    }
}

impl SeenClasses {
    /// Whether `id` is still the class that it was, and has all of `marks`. (The id of no class passes: there is no chain
    /// with it.)
    #[inline(always)]
    pub(crate) fn is_marked(&self, id: ClassId, marks: Asked) -> bool {
        let Some(word) = self.words.get(usize::from(id.slot())) else {
            return false;
        };
        let missing = word.load(Ordering::Relaxed) ^ id.0;
        missing & marks.mask() == 0
    }

    /// The usage bits of the class in `slot`.
    pub(crate) fn usage(&self, slot: u16) -> Usage {
        match self.word(slot) {
            0 => Usage::empty(),
            word => Usage::from_bits_truncate(!(word as u16 ^ slot)),
        }
    }

    /// The id of the class in `slot`.
    #[inline(always)]
    pub(crate) fn id(&self, slot: u16) -> ClassId {
        ClassId(self.word(slot) & 0xffff_0000 | u32::from(slot))
    }

    /// Sets a usage bit. Under the internal lock.
    pub(crate) fn mark(&self, slot: u16, bit: Usage) {
        self.store(self.id(slot), self.usage(slot) | bit);
    }

    /// Begins a class in a free `slot`, whose generation was never handed out. `None` if the slot is used up.
    fn begin(&self, slot: u16) -> Option<ClassId> {
        let generation = ((self.word(slot) >> 16) as u16).max(1);
        let id = ClassId::new(slot, generation);
        self.store(id, Usage::empty());
        (generation < RETIRED).then_some(id)
    }

    /// Ends the class in `slot`: from now on nobody believes its id. Says whether the slot can be used again.
    fn end(&self, slot: u16) -> bool {
        let generation = ((self.word(slot) >> 16) as u16).saturating_add(1);
        self.store(ClassId::new(slot, generation), Usage::empty());
        generation < RETIRED
    }

    fn word(&self, slot: u16) -> u32 {
        self.words.get(usize::from(slot)).map_or(0, |w| w.load(Ordering::Relaxed))
    }

    fn store(&self, id: ClassId, usage: Usage) {
        if let Some(word) = self.words.get(usize::from(id.slot())) {
            word.store(id.0 ^ u32::from(!usage.bits() & Usage::all().bits()), Ordering::Relaxed);
        }
    }
}

/// A class, as the slow path knows it: at most 160 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Class {
    key: u64,
    /// The name that it was given.
    pub name: Option<&'static str>,
    /// Where its locks are constructed.
    pub site: Option<Site>,
    /// What says which class it is. Where its locks have no line of their own, `site` is where the first of them was first
    /// taken.
    pub origin: Origin,
    /// Its level within the class of its key.
    pub subclass: Subclass,
    /// Its wait types.
    pub waits: WaitTypes,
    /// The first of the dependencies that lead on from it.
    pub(crate) after: u16,
    /// The first of those that lead to it.
    pub(crate) before: u16,
    next_in_bucket: u16,
    /// Where each usage bit was first set.
    sites: [Option<Site>; USAGE_BITS],
}

impl Class {
    const EMPTY: Class = Class {
        key: 0,
        name: None,
        site: None,
        origin: Origin::Line,
        subclass: Subclass::ZERO,
        waits: WaitTypes::NONE,
        after: NO_SLOT,
        before: NO_SLOT,
        next_in_bucket: NO_SLOT,
        sites: [None; USAGE_BITS],
    };

    /// The 64 bits that stand for it, together with its level.
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

/// A place in the table: a class, and the head of the list of a bucket of the hash over keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    class: Class,
    bucket: u16,
}

/// The half under the internal lock.
#[derive(Debug)]
pub(crate) struct Classes<S: ?Sized = [Slot]> {
    used: u16,
    /// The last slot that was ever used.
    last: u16,
    /// The first of those below it that are free; the next is in `next_in_bucket`.
    free: u16,
    turned_away: u32,
    slots: S,
}

impl<const N: usize> Classes<[Slot; N]> {
    pub(crate) const fn new() -> Self {
        assert!(
            N > 1 && N < u16::MAX as usize,
            "the number of class slots, one of which is never used, is 2 to 65,534"
        );
        let slots = [Slot { class: Class::EMPTY, bucket: NO_SLOT }; N];
        Classes { used: 0, last: 0, free: NO_SLOT, turned_away: 0, slots }
    }
}

impl Classes {
    /// The class in `slot`; the empty one where there is none.
    pub(crate) fn get(&self, slot: u16) -> &Class {
        self.slots.get(usize::from(slot)).map_or(&Class::EMPTY, |s| &s.class)
    }

    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut Class> {
        self.slots.get_mut(usize::from(slot)).map(|s| &mut s.class)
    }

    /// Where the list of the dependencies that leave a class in `direction` begins.
    pub(crate) fn first_mut(&mut self, slot: u16, direction: Direction) -> Option<&mut u16> {
        self.get_mut(slot).map(|class| match direction {
            Direction::Forwards => &mut class.after,
            Direction::Backwards => &mut class.before,
        })
    }

    /// Which of the classes of one name that in `slot` is, from 1 on: its levels are one. 0 if it has no name, or no other
    /// has it. Walks the table, so it is for reports; the number may change when a class is unregistered.
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
    pub(crate) fn turned_away(&self) -> u32 {
        self.turned_away
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len() - 1
    }

    /// The class of a lock that is taken at `site`; it is entered if it is new. `None`: the table is full, and that is
    /// counted.
    pub(crate) fn find_or_enter(
        &mut self,
        seen: &SeenClasses,
        map: &LockMap,
        subclass: Subclass,
        site: Site,
    ) -> Option<ClassId> {
        let hint = map.hint(subclass);
        if is_believed(seen, hint) {
            return Some(hint);
        }
        let key = self.key_at(seen, map, site);
        let id = match self.find_key(key, subclass) {
            Some(slot) => seen.id(slot),
            None => match self.enter(seen, map, key, subclass, site) {
                Some(id) => id,
                None => {
                    self.turned_away = self.turned_away.saturating_add(1);
                    return None;
                }
            },
        };
        map.set_hint(subclass, id);
        Some(id)
    }

    /// The slot of a lock's class at a nesting level, if it was ever taken there.
    pub(crate) fn find(&self, seen: &SeenClasses, map: &LockMap, subclass: Subclass) -> Option<u16> {
        let hint = map.hint(subclass);
        if is_believed(seen, hint) {
            return Some(hint.slot());
        }
        self.find_key(self.key_of(seen, map)?, subclass)
    }

    /// The key of the class of a lock that is taken at `site`, which decides where nothing else does.
    pub(crate) fn key_at(&self, seen: &SeenClasses, map: &LockMap, site: Site) -> u64 {
        self.key_of(seen, map).unwrap_or_else(|| !site.hash())
    }

    /// The key of a lock's class. Where its construction says nothing: that of the class that it came to be of when it was
    /// first taken, if it was.
    fn key_of(&self, seen: &SeenClasses, map: &LockMap) -> Option<u64> {
        if map.has_class() {
            return Some(map.key());
        }
        let hints = [Subclass::ZERO, Subclass::new(1)].map(|subclass| map.hint(subclass));
        let hint = hints.into_iter().find(|&hint| is_believed(seen, hint))?;
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
        seen: &SeenClasses,
        map: &LockMap,
        key: u64,
        subclass: Subclass,
        site: Site,
    ) -> Option<ClassId> {
        let (slot, id) = self.take_free(seen)?;
        let bucket = self.bucket(key);
        let next_in_bucket = core::mem::replace(&mut self.slots.get_mut(bucket)?.bucket, slot);
        // A free slot is empty, but for the next that is free: the rest need not be written.
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

    fn take_free(&mut self, seen: &SeenClasses) -> Option<(u16, ClassId)> {
        if self.free != NO_SLOT {
            let slot = self.free;
            self.free = self.get(slot).next_in_bucket;
            return Some((slot, seen.begin(slot)?));
        }
        // A slot that is used up is passed over, for ever.
        let mut fresh = self.last + 1..self.slots.len() as u16;
        let (slot, id) = fresh.find_map(|slot| Some((slot, seen.begin(slot)?)))?;
        self.last = slot;
        Some((slot, id))
    }

    /// A class of a key, if there is any: all are in one bucket.
    pub(crate) fn any_of(&self, key: &DynamicKey) -> Option<u16> {
        self.in_bucket(self.bucket(key.hash())).find(|&slot| self.is_of(slot, key))
    }

    /// Whether the class in `slot` is of the key.
    pub(crate) fn is_of(&self, slot: u16, key: &DynamicKey) -> bool {
        let class = self.get(slot);
        class.site.is_some() && key.made(class.key)
    }

    /// Forgets a class, to which no dependency leads any more, and from which none does. Its slot can be used again.
    pub(crate) fn remove(&mut self, seen: &SeenClasses, slot: u16) {
        let (bucket, next) = (self.bucket(self.get(slot).key), self.get(slot).next_in_bucket);
        let before = self.in_bucket(bucket).find(|&before| self.get(before).next_in_bucket == slot);
        match before {
            Some(before) => self.get_mut(before).map(|class| class.next_in_bucket = next),
            None => self.slots.get_mut(bucket).map(|place| place.bucket = next),
        };
        let next_in_bucket = if seen.end(slot) { core::mem::replace(&mut self.free, slot) } else { NO_SLOT };
        if let Some(place) = self.get_mut(slot) {
            *place = Class { next_in_bucket, ..Class::EMPTY };
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
    pub(crate) fn clear(&mut self, seen: &SeenClasses) {
        for slot in 1..=self.last {
            let class = *self.get(slot);
            if class.site.is_some() {
                seen.end(slot);
            }
            let bucket = self.bucket(class.key);
            if let Some(place) = self.slots.get_mut(bucket) {
                place.bucket = NO_SLOT;
            }
            if let Some(place) = self.get_mut(slot) {
                *place = Class::EMPTY;
            }
        }
        (self.used, self.last, self.free, self.turned_away) = (0, 0, NO_SLOT, 0);
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
        // Bounded by the length of the table, whatever the list says.
        slots.take_while(|&slot| slot != NO_SLOT).take(self.slots.len())
    }
}

/// Whether a lock's hint names a class that is still the one which it was.
#[inline(always)]
fn is_believed(seen: &SeenClasses, hint: ClassId) -> bool {
    hint != ClassId::NONE && seen.is_marked(hint, Asked::new(Usage::empty(), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 6;

    fn tables() -> (SeenClasses<[AtomicU32; SIZE]>, Classes<[Slot; SIZE]>) {
        (SeenClasses::new(), Classes::new())
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_class_keeps_to_its_budget() {
        assert!(size_of::<Slot>() + size_of::<AtomicU32>() <= 160, "{}", size_of::<Slot>());
    }

    #[test]
    fn one_line_is_one_class_and_each_level_another() {
        let (seen, mut classes) = tables();
        let (seen, classes): (&SeenClasses, &mut Classes) = (&seen, &mut classes);
        let [a, b] = [(); 2].map(|()| LockMap::new(WaitTypes::SPIN));
        let other = LockMap::new(WaitTypes::SPIN);
        let first = classes.find_or_enter(seen, &a, Subclass::ZERO, Site::caller());
        assert_eq!(first, classes.find_or_enter(seen, &b, Subclass::ZERO, Site::caller()));
        assert_ne!(first, classes.find_or_enter(seen, &a, Subclass::new(1), Site::caller()));
        assert_ne!(first, classes.find_or_enter(seen, &other, Subclass::ZERO, Site::caller()));
        assert_eq!(classes.used(), 3);
        assert_eq!(Some(a.hint(Subclass::ZERO)), first);
    }

    #[test]
    fn locks_that_the_library_constructs_are_classed_by_where_they_are_first_taken() {
        let (seen, mut classes) = tables();
        let (seen, classes): (&SeenClasses, &mut Classes) = (&seen, &mut classes);
        let [a, b, c] = [WaitTypes::SPIN; 3].map(LockMap::new);
        assert!(!a.has_class(), "its site is a line inside `array::map`");
        let here = Site::caller();
        let first = classes.find_or_enter(seen, &a, Subclass::ZERO, here);
        assert_eq!(first, classes.find_or_enter(seen, &b, Subclass::ZERO, here));
        assert_eq!(first, classes.find_or_enter(seen, &a, Subclass::ZERO, Site::caller()), "it stays what it is");
        assert_ne!(first, classes.find_or_enter(seen, &c, Subclass::ZERO, Site::caller()));
        assert!(first.is_some_and(|id| classes.get(id.slot()).origin == Origin::Library));
        let third = Subclass::new(3);
        let deep = classes.find_or_enter(seen, &a, third, Site::caller());
        assert_eq!(deep, classes.find_or_enter(seen, &b, third, Site::caller()), "all levels go by the first line");
    }

    #[test]
    fn a_full_table_is_a_value() {
        let (seen, mut classes) = tables();
        let (seen, classes): (&SeenClasses, &mut Classes) = (&seen, &mut classes);
        let map = LockMap::new(WaitTypes::NONE);
        let known: [_; SIZE - 1] =
            core::array::from_fn(|i| classes.find_or_enter(seen, &map, Subclass::new(i as u8), Site::caller()));
        assert!(known.iter().all(Option::is_some));
        assert_eq!(classes.find_or_enter(seen, &map, Subclass::new(7), Site::caller()), None);
        assert_eq!(classes.turned_away(), 1);
        assert_eq!(
            classes.find_or_enter(seen, &map, Subclass::new(2), Site::caller()),
            known[2],
            "what is known stays known"
        );
    }

    #[test]
    fn an_old_id_is_not_believed() {
        let (seen, mut classes) = tables();
        let (seen, classes): (&SeenClasses, &mut Classes) = (&seen, &mut classes);
        let map = LockMap::new(WaitTypes::NONE);
        let old = classes.find_or_enter(seen, &map, Subclass::ZERO, Site::caller()).unwrap();
        seen.mark(old.slot(), Usage::IN_HARDIRQ);
        assert!(
            seen.is_marked(old, Asked::new(Usage::empty(), false))
                && seen.is_marked(old, Asked::new(Usage::IN_HARDIRQ, false))
        );
        assert!(!seen.is_marked(old, Asked::new(Usage::HARDIRQ_ON, false)));
        assert!(
            seen.is_marked(ClassId::NONE, Asked::new(Usage::HARDIRQ_ON, false)),
            "a chain with it is what is not known"
        );
        classes.clear(seen);
        assert!(!seen.is_marked(old, Asked::new(Usage::empty(), false)));
        let new = classes.find_or_enter(seen, &map, Subclass::ZERO, Site::caller()).unwrap();
        assert_ne!(old, new);
        assert_eq!(seen.usage(new.slot()), Usage::empty());
    }
}
