//! Slots: the storage that the tables of classes and of dependencies have in common. An array of fixed size, with a list
//! of free slots, and with buckets in which entries are found by a hash.
//!
//! Both are linked by slot numbers in the entries themselves ([`Links`]): an array of these is also the array of the
//! buckets, one in each slot, which has nothing to do with the entry there.
//!
//! Invariants:
//! - Slot 0 is never used: an empty table is all zeros. An index that is out of range reads as the empty entry, so
//!   nothing here can panic.
//! - A slot in use is in the bucket of its hash, and a free one below `last` in the free list, unless it is retired.
//! - Lists are walked with a bound, so that a walk would end even if a list were corrupt.
//! - A full table is a value: what finds no room is counted.
//!
//! What it does not do: know what an entry is for.

use crate::context::hold::NO_SLOT;

/// What links an entry to others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links {
    /// The next entry of the same bucket; in a free slot the next free one.
    next: u16,
    /// The first entry in the bucket with the number of this slot.
    bucket: u16,
}

impl Links {
    pub(crate) const NONE: Links = Links { next: NO_SLOT, bucket: NO_SLOT };
}

/// An entry of a table.
pub(crate) trait Entry: Copy + 'static {
    /// All zeros.
    const EMPTY: &'static Self;

    /// What it is found by: a fraction of all buckets, in 32 bits.
    fn hash(&self) -> u32;

    fn links(&self) -> &Links;

    fn links_mut(&mut self) -> &mut Links;
}

/// The slots. `S` is the storage: an array where it is made, a slice where it is used.
#[derive(Debug)]
pub(crate) struct Slots<S: ?Sized> {
    used: u16,
    /// The last slot that was ever used.
    last: u16,
    /// The first of those below it that are free.
    free: u16,
    rejected: u32,
    entries: S,
}

impl<E: Entry, const N: usize> Slots<[E; N]> {
    pub(crate) const fn new() -> Self {
        assert!(N > 1 && N < u16::MAX as usize, "the number of slots, one of which is never used, is 2 to 65,534");
        Slots { used: 0, last: 0, free: NO_SLOT, rejected: 0, entries: [*E::EMPTY; N] }
    }
}

impl<E: Entry> Slots<[E]> {
    /// The entry in `slot`, or the empty one if there is none.
    #[inline(always)]
    pub(crate) fn get(&self, slot: u16) -> &E {
        self.entries.get(usize::from(slot)).unwrap_or(E::EMPTY)
    }

    #[inline(always)]
    pub(crate) fn get_mut(&mut self, slot: u16) -> Option<&mut E> {
        self.entries.get_mut(usize::from(slot))
    }

    /// How many entries there are.
    pub(crate) fn used(&self) -> u16 {
        self.used
    }

    /// The last slot that was ever used.
    pub(crate) fn last(&self) -> u16 {
        self.last
    }

    /// How many entries there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.entries.len() - 1
    }

    /// How many entries found no room.
    pub(crate) fn rejected(&self) -> u32 {
        self.rejected
    }

    /// Counts an entry that found no room.
    pub(crate) fn reject(&mut self) {
        self.rejected = self.rejected.saturating_add(1);
    }

    /// Takes a free slot into use, to be filled and [linked](Slots::link). It is empty but for its links.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<u16> {
        let slot = match self.free {
            NO_SLOT => {
                self.last = (self.last + 1..self.entries.len() as u16).next()?;
                self.last
            }
            slot => {
                self.free = self.get(slot).links().next;
                slot
            }
        };
        self.used += 1;
        Some(slot)
    }

    /// Puts an entry that was filled in into its bucket.
    #[inline]
    pub(crate) fn link(&mut self, slot: u16) {
        let bucket = self.bucket(self.get(slot).hash());
        let Some(head) = self.entries.get_mut(bucket) else { return };
        let next = core::mem::replace(&mut head.links_mut().bucket, slot);
        if let Some(entry) = self.get_mut(slot) {
            entry.links_mut().next = next;
        }
    }

    /// Takes an entry out of its bucket. Walks the bucket.
    pub(crate) fn unlink(&mut self, slot: u16) {
        let (hash, next) = (self.get(slot).hash(), self.get(slot).links().next);
        match self.find(hash, |before| before.links().next == slot) {
            Some(before) => self.get_mut(before).map(|entry| entry.links_mut().next = next),
            None => {
                let bucket = self.bucket(hash);
                self.entries.get_mut(bucket).map(|place| place.links_mut().bucket = next)
            }
        };
    }

    /// Empties a slot that was taken and is in no bucket. It can be taken again.
    pub(crate) fn free(&mut self, slot: u16) {
        self.retire(slot);
        let next = core::mem::replace(&mut self.free, slot);
        if let Some(entry) = self.get_mut(slot) {
            entry.links_mut().next = next;
        }
    }

    /// The same, but the slot is never taken again, until [`Slots::clear`].
    pub(crate) fn retire(&mut self, slot: u16) {
        if let Some(entry) = self.get_mut(slot) {
            let bucket = entry.links().bucket;
            *entry = *E::EMPTY;
            entry.links_mut().bucket = bucket;
        }
        self.used = self.used.saturating_sub(1);
    }

    /// The slot of the first entry in the bucket of a hash that `is_it`.
    #[inline(always)]
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(&E) -> bool) -> Option<u16> {
        let mut next = self.entries.get(self.bucket(hash))?.links().bucket;
        for _ in 0..self.entries.len() {
            if next == NO_SLOT {
                return None;
            }
            let entry = self.entries.get(usize::from(next))?;
            if is_it(entry) {
                return Some(next);
            }
            next = entry.links().next;
        }
        None
    }

    /// Forgets all entries and counts.
    pub(crate) fn clear(&mut self) {
        for slot in 1..=self.last {
            let bucket = self.bucket(self.get(slot).hash());
            if let Some(place) = self.entries.get_mut(bucket) {
                place.links_mut().bucket = NO_SLOT;
            }
            if let Some(entry) = self.get_mut(slot) {
                let bucket = entry.links().bucket;
                *entry = *E::EMPTY;
                entry.links_mut().bucket = bucket;
            }
        }
        (self.used, self.last, self.free, self.rejected) = (0, 0, NO_SLOT, 0);
    }

    #[inline(always)]
    fn bucket(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.entries.len() as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, Debug)]
    struct Number(u32, Links);

    impl Entry for Number {
        const EMPTY: &'static Number = &Number(0, Links::NONE);

        fn hash(&self) -> u32 {
            self.0 << 30 // four numbers, four buckets
        }

        fn links(&self) -> &Links {
            &self.1
        }

        fn links_mut(&mut self) -> &mut Links {
            &mut self.1
        }
    }

    fn enter(slots: &mut Slots<[Number]>, number: u32) -> Option<u16> {
        let slot = slots.take()?;
        slots.get_mut(slot)?.0 = number;
        slots.link(slot);
        Some(slot)
    }

    fn in_bucket(slots: &Slots<[Number]>, number: u32) -> Vec<u16> {
        let found = core::cell::RefCell::new(vec![]);
        let end = slots.find(number << 30, |entry| {
            let at = slots.entries.iter().position(|other| core::ptr::eq(other, entry));
            found.borrow_mut().extend(at.map(|slot| slot as u16));
            false
        });
        assert_eq!(end, None);
        found.into_inner()
    }

    #[test]
    fn a_slot_is_used_again_once_it_is_freed_and_not_if_it_is_retired() {
        let mut slots = Slots::<[Number; 5]>::new();
        let slots: &mut Slots<[Number]> = &mut slots;
        assert_eq!([1, 2, 1, 1, 3].map(|number| enter(slots, number)), [Some(1), Some(2), Some(3), Some(4), None]);
        assert_eq!((slots.used(), slots.capacity(), slots.last()), (4, 4, 4));
        assert_eq!((in_bucket(slots, 1), in_bucket(slots, 2)), (vec![4, 3, 1], vec![2]));
        for slot in [3, 4] {
            slots.unlink(slot);
            slots.free(slot);
        }
        assert_eq!((in_bucket(slots, 1), slots.used()), (vec![1], 2), "from the middle, and the first");
        assert_eq!([2, 2, 2].map(|number| enter(slots, number)), [Some(4), Some(3), None]);
        slots.unlink(2);
        slots.retire(2);
        assert_eq!((in_bucket(slots, 2), slots.used(), enter(slots, 1)), (vec![3, 4], 3, None));
        slots.reject();
        assert_eq!(slots.rejected(), 1);
        slots.clear();
        assert_eq!((slots.used(), slots.last(), slots.rejected()), (0, 0, 0));
        assert!((0..4).all(|number| in_bucket(slots, number).is_empty()));
        assert_eq!((enter(slots, 2), in_bucket(slots, 2)), (Some(1), vec![1]));
    }
}
