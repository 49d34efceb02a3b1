//! The chain cache: a chain is the holds of a run and the new lock, as one 64-bit key; this is the set of those already
//! checked.
//!
//! A key folds in, hold by hold, the class with its generation, the mode, and whether it was tried or unchecked. It
//! begins with the limit of the context, so that a known chain answers for the wait types as well. A chain is entered
//! when its dependencies are in the graph and none of its holds is of the new class: so a known chain needs neither the
//! graph nor, within the run, the recursion check. (The argument in full: `docs/exactness.md`.)
//!
//! Invariants:
//! - A slot is written under the internal lock, and keeps its key until the set is emptied; readers take no lock. An
//!   empty slot reads as 0: a key that is 0, one of 2^64, passes for known.
//! - A hold whose chain is not known in full (its class has no slot, or an interrupt left it behind) has a key from
//!   which no entered key is ever made, so a lock taken above it never passes for known.
//! - A key is a hash. With the feature `stat` a hit is also verified (`chain_cache/slot.rs`).
//! - A full set is no error: a chain that finds no room is counted, and checked again each time.
//!
//! What it does not do: keep the members of chains (`chain_members.rs`), or make keys (`context/chain_key.rs`).

use crate::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::context::chain_key::word;
use crate::context::hold::HoldFlags;
use crate::lock::class::ClassId;

mod slot;

pub(crate) use slot::{Slot, Witness};

/// How many slots are searched for a key.
const PROBES: usize = 8;

/// What verifies the chain of a run and one more hold, besides its key.
#[inline(always)]
pub(crate) const fn witness(below: u64, class: ClassId, flags: HoldFlags) -> Witness {
    Witness::of(below, word(class, flags))
}

/// The set of checked chains. `S` is its storage: an array where it is made, a slice where it is used.
#[derive(Debug)]
pub(crate) struct Chains<S: ?Sized = [Slot]> {
    used: AtomicU32,
    full: AtomicU32,
    /// How many chains were entered that have the key of another one.
    collisions: AtomicU32,
    /// Classes were unregistered since it was last empty: some of the keys are dead.
    has_dead: AtomicBool,
    slots: S,
}

impl<const N: usize> Chains<[Slot; N]> {
    /// An empty set of `N` slots, a power of two.
    pub(crate) const fn new() -> Self {
        assert!(N.is_power_of_two(), "the number of chain slots is not a power of two");
        Chains {
            used: AtomicU32::new(0),
            full: AtomicU32::new(0),
            collisions: AtomicU32::new(0),
            has_dead: AtomicBool::new(false),
            slots: [const { Slot::new() }; N],
        }
    }
}

impl Chains {
    /// Whether the chain was checked before.
    pub(crate) fn contains(&self, key: u64, witness: Witness) -> bool {
        let taken = self.probe(self.home(key)).map(|slot| (slot, slot.key())).take_while(|&(_, k)| k != 0);
        taken.into_iter().any(|(slot, k)| k == key && slot.agrees(witness))
    }

    /// Whether the chain was checked before and is in the first slot of its key, as most are. `false` proves nothing.
    #[inline(always)]
    pub(crate) fn is_at_home(&self, key: u64, witness: Witness) -> bool {
        self.slots.get(self.home(key)).is_some_and(|slot| slot.key() == key && slot.agrees(witness))
    }

    /// Enters a chain. Returns whether there was room, and counts it if there was none. Under the internal lock.
    pub(crate) fn insert(&self, key: u64, witness: Witness) -> bool {
        let entered = self.enter(key, witness);
        if !entered {
            self.full.store(self.rejected().saturating_add(1), Ordering::Relaxed);
        }
        entered
    }

    /// Whether there is room for a chain.
    pub(crate) fn has_room(&self, key: u64) -> bool {
        self.probe(self.home(key)).map(Slot::key).any(|k| k == 0 || k == key)
    }

    /// Whether classes were unregistered since the set was last empty. Their chains are never asked for again, but
    /// cannot be told from the others: if there is no room, the set may be emptied. So it is walked at most once for
    /// each time that classes are unregistered, and a chain that was known is checked again when it comes again.
    pub(crate) fn has_dead(&self) -> bool {
        self.has_dead.load(Ordering::Relaxed)
    }

    /// Enters a chain if there is room, and counts nothing if there is none. Returns whether there was.
    pub(crate) fn enter(&self, key: u64, witness: Witness) -> bool {
        let mut collides = false;
        for slot in self.probe(self.home(key)) {
            match slot.key() {
                0 => {
                    slot.store(key, witness);
                    count_one(&self.used);
                    if collides {
                        count_one(&self.collisions);
                    }
                    return true;
                }
                known if known == key && slot.agrees(witness) => return true,
                known => collides |= known == key,
            }
        }
        false
    }

    /// Notes that a class was unregistered.
    pub(crate) fn note_unregistered(&self) {
        self.has_dead.store(true, Ordering::Relaxed);
    }

    /// Forgets all chains, to be checked again. Under the internal lock. Other CPUs may read meanwhile: what they find
    /// is still right, and what they do not find is checked.
    pub(crate) fn empty(&self) {
        self.slots.iter().for_each(|slot| slot.store(0, Witness::NONE));
        self.used.store(0, Ordering::Relaxed);
        self.has_dead.store(false, Ordering::Relaxed);
    }

    /// Forgets all chains and counts.
    pub(crate) fn clear(&self) {
        self.empty();
        self.full.store(0, Ordering::Relaxed);
        self.collisions.store(0, Ordering::Relaxed);
    }

    /// How many chains are known.
    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }

    /// How many chains found no room, and were checked again.
    pub(crate) fn rejected(&self) -> u32 {
        self.full.load(Ordering::Relaxed)
    }

    /// How many chains had the key of another one: both are known, each by itself. Without `stat` that is not noticed.
    #[cfg(feature = "stat")]
    pub(crate) fn collisions(&self) -> u32 {
        self.collisions.load(Ordering::Relaxed)
    }

    /// How many slots there are.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    #[inline(always)]
    fn home(&self, key: u64) -> usize {
        // The upper bits of the key: as many as an index of a slot has.
        key.checked_shr((self.slots.len() as u64).leading_zeros() + 1).unwrap_or(0) as usize
    }

    fn probe(&self, first: usize) -> impl Iterator<Item = &Slot> {
        let mask = self.slots.len().wrapping_sub(1);
        (0..PROBES.min(self.slots.len())).filter_map(move |i| self.slots.get((first + i) & mask))
    }
}

/// Under the internal lock.
fn count_one(count: &AtomicU32) {
    count.store(count.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::chain_key::{extend, resume, seed};
    use crate::lock::wait_type::WaitType;

    #[test]
    fn a_key_depends_on_class_mode_tried_checked_order_and_context() {
        let (a, b) = (ClassId::new(1, 1), ClassId::new(2, 1));
        let none = HoldFlags::empty();
        let start = seed(5);
        let mut keys = [
            extend(start, a, none),
            extend(start, a, HoldFlags::SHARED),
            extend(start, a, HoldFlags::RECURSIVE | HoldFlags::SHARED),
            extend(start, a, HoldFlags::TRIED),
            extend(start, a, HoldFlags::UNCHECKED),
            extend(start, ClassId::new(1, 2), none),
            extend(seed(2), a, none),
            extend(extend(start, a, none), b, none),
            extend(extend(start, b, none), a, none),
            extend(resume(start, 5), a, none),
        ];
        keys.sort_unstable();
        assert!(keys.windows(2).all(|w| w[0] != w[1]));
        assert_eq!(extend(start, a, HoldFlags::IRQS_ON), extend(start, a, none), "flags are no part of a chain");
    }

    /// Short words that differ in few bits, in every order: a fold that is too simple makes them equal.
    #[test]
    fn structured_chains_have_keys_of_their_own() {
        let words = |slots: u16, generations: u64, flags: u16| {
            (1..=slots).flat_map(move |slot| {
                let ids = (1..=generations).map(move |generation| ClassId::new(slot, generation));
                ids.flat_map(move |id| (0..flags).map(move |bits| (id, HoldFlags::from_bits_retain(bits))))
            })
        };
        let extended = |keys: &[u64], slots, generations, flags| -> Vec<u64> {
            let on = |&key: &u64| words(slots, generations, flags).map(move |(id, flags)| extend(key, id, flags));
            keys.iter().flat_map(on).collect()
        };
        let starts: Vec<u64> = (0..=WaitType::NO_LIMIT).map(seed).collect();
        let task = &starts[usize::from(WaitType::NO_LIMIT)..];
        let mut chains = extended(&extended(task, 300, 1, 1), 300, 1, 1);
        chains.extend(extended(&extended(&starts, 8, 2, 4), 8, 2, 4));
        let mut longer = task.to_vec();
        for _ in 0..5 {
            longer = extended(&longer, 9, 1, 1);
            chains.extend(longer.iter().flat_map(|&key| [key, resume(key, 2), resume(key, WaitType::NO_LIMIT)]));
        }
        // Keys that were made in two ways.
        chains.sort_unstable();
        chains.dedup();
        let pairs = 300 * 300 + starts.len() * 64 * 64;
        // Pairs of the 300 classes are pairs of the 8 of the second lot, and of the 9 of the third.
        let all = pairs + 3 * (9 + 81 + 729 + 6561 + 59049) - (8 * 8 + 9 * 9);
        assert_eq!(chains.len(), all, "two chains have one key");
        assert!(chains[0] != 0, "the empty slot");
    }

    #[test]
    fn most_chains_are_in_the_first_slot_probed() {
        const SLOTS: usize = 16384;
        let set = std::boxed::Box::new(Chains::<[Slot; SLOTS]>::new());
        let set: &Chains = &*set;
        let classes = || (1..=64).map(|slot| ClassId::new(slot, 1));
        let keys = classes().flat_map(|a| {
            let below = extend(seed(5), a, HoldFlags::SHARED);
            classes().map(move |b| extend(below, b, HoldFlags::empty()))
        });
        assert!(keys.clone().all(|key| set.insert(key, Witness::NONE)));
        // A quarter of the slots is taken: by chance an eighth of the keys finds its first slot taken by another.
        let at_home = keys.filter(|&key| set.is_at_home(key, Witness::NONE)).count();
        assert!(at_home > 64 * 64 * 13 / 16, "{at_home}");
    }

    #[test]
    fn a_full_set_rejects_and_keeps_what_it_knows() {
        let set = Chains::<[Slot; 4]>::new();
        let set: &Chains = &set;
        for key in [11, 13, 15, 17] {
            assert!(set.insert(key, Witness::NONE) && set.insert(key, Witness::NONE));
        }
        assert!(!set.insert(19, Witness::NONE));
        assert_eq!((set.used(), set.rejected()), (4, 1));
        assert!([11, 13, 15, 17].iter().all(|&k| set.contains(k, Witness::NONE)) && !set.contains(19, Witness::NONE));
        assert!(!set.has_dead() && set.has_room(11) && !set.has_room(19));
        set.note_unregistered();
        assert!(set.has_dead());
        set.empty();
        assert!(
            !set.has_dead()
                && set.insert(19, Witness::NONE)
                && set.contains(19, Witness::NONE)
                && !set.contains(11, Witness::NONE),
            "it starts again"
        );
        assert_eq!((set.used(), set.rejected()), (1, 1));
        set.clear();
        assert!(!set.contains(11, Witness::NONE));
        assert_eq!((set.used(), set.rejected()), (0, 0));
    }
}
