//! A slot of the chain cache: the key, and with the feature `stat` the witness that verifies a hit.
//!
//! A key has 64 bits, so two chains may have one: by chance never, on purpose after 2^32 tries (`docs/exactness.md`).
//! With `stat` a slot has a [`Witness`] as well: the key of the chain below, folded with the last member by another
//! function. A hit counts only if both agree. The chain below was verified when its last lock was taken, and so on
//! down: so all members are. Without the feature a witness is zero-sized and always agrees.
//!
//! Invariant: the witness is written before the key, under the internal lock. A reader that sees the new one of the two
//! with the old one of the other takes the chain for unknown.
//!
//! What it does not do: search (`chain_cache.rs`).

/// With the feature: a hit is verified.
#[cfg(feature = "stat")]
mod verified {
    use crate::atomic::word64::AtomicWord64;

    /// A chain, or 0.
    #[derive(Debug)]
    pub(crate) struct Slot {
        key: AtomicWord64,
        witness: AtomicWord64,
    }

    impl Slot {
        pub(crate) const fn new() -> Slot {
            Slot { key: AtomicWord64::new(), witness: AtomicWord64::new() }
        }

        /// The key of the chain.
        #[inline(always)]
        pub(crate) fn key(&self) -> u64 {
            self.key.load()
        }

        /// Whether the chain, which has the same key, has these members.
        #[inline(always)]
        pub(crate) fn agrees(&self, witness: Witness) -> bool {
            self.witness.load() == witness.0
        }

        pub(crate) fn store(&self, key: u64, witness: Witness) {
            self.witness.store(witness.0);
            self.key.store(key);
        }
    }

    /// The part in which two chains of one key differ.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Witness(u64);

    impl Witness {
        /// The witness of no chain.
        pub(crate) const NONE: Witness = Witness(0);

        /// The witness of a chain whose last member is `word`. The key of the chain below is rotated, so that no two
        /// pairs agree here because they agree in the key.
        #[inline(always)]
        pub(crate) const fn of(below: u64, word: u64) -> Witness {
            Witness(below.rotate_left(32) ^ word)
        }
    }
}

/// Without the feature: a hit is believed.
#[cfg(not(feature = "stat"))]
mod believed {
    use crate::atomic::word64::AtomicWord64;

    /// A chain, or 0.
    #[derive(Debug)]
    pub(crate) struct Slot(AtomicWord64);

    impl Slot {
        pub(crate) const fn new() -> Slot {
            Slot(AtomicWord64::new())
        }

        /// The key of the chain.
        #[inline(always)]
        pub(crate) fn key(&self) -> u64 {
            self.0.load()
        }

        /// Always: there is nothing to compare.
        #[inline(always)]
        pub(crate) fn agrees(&self, _: Witness) -> bool {
            true
        }

        pub(crate) fn store(&self, key: u64, _: Witness) {
            self.0.store(key);
        }
    }

    /// No witness: built without `stat`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Witness;

    impl Witness {
        pub(crate) const NONE: Witness = Witness;

        #[inline(always)]
        pub(crate) const fn of(_below: u64, _word: u64) -> Witness {
            Witness
        }
    }
}

#[cfg(not(feature = "stat"))]
pub(crate) use believed::{Slot, Witness};
#[cfg(feature = "stat")]
pub(crate) use verified::{Slot, Witness};
