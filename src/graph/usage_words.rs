//! The usage words of the classes: for each slot its generation and its usage bits, one word, which the fast path reads.
//!
//! Invariants:
//! - A slot's generation goes up whenever its class is removed, so an id that was handed out never means another class:
//!   not the hint in a lock that was last taken a million classes ago, nor a chain key made of it. There are 2^44
//!   generations; a slot that used them all is retired. (If a kernel did nothing but unregister, a million times a
//!   second, always in one slot, that would take 200 days.)
//! - A word is written under the internal lock; readers take no lock. An index that is out of range reads as no class.
//!
//! What it does not do: know what a class is. The rest of it is in `classes.rs`.

use crate::atomic::word64::AtomicWord64;
use crate::lock::class::ClassId;
use crate::lock::usage::{TAKEN, Usage, UsageMask};

/// The generation that is never handed out: a slot that has reached it is retired.
pub(super) const RETIRED: u64 = ClassId::GENERATIONS;

/// All bits that a new class is missing.
pub(super) const ALL_BITS: u16 = Usage::all().bits() | TAKEN;

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

    /// Whether a lock's hint is still valid: it names a class that was not removed since.
    #[inline(always)]
    pub(crate) fn believe(&self, hint: ClassId) -> bool {
        hint != ClassId::NONE && self.is_marked(hint, UsageMask::EXISTENCE)
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
    pub(super) fn begin(&self, slot: u16) -> Option<ClassId> {
        let generation = self.id(slot).generation().max(1);
        let id = ClassId::new(slot, generation);
        self.store(id, ALL_BITS);
        (generation < RETIRED).then_some(id)
    }

    /// Ends the class in `slot`: its id is not valid any more. Returns whether the slot can be used again.
    pub(super) fn end(&self, slot: u16) -> bool {
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

    pub(super) fn store(&self, id: ClassId, missing: u16) {
        if let Some(word) = self.words.get(usize::from(id.slot())) {
            word.store(id.0 ^ u64::from(missing));
        }
    }
}
