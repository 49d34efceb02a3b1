//! A slot of the set of chains: the key, and with the feature `stat` what verifies a hit.
//!
//! A key has 64 bits, so two chains may have one: by chance never, on purpose after 2^32 tries (`docs/exactness.md`). With
//! `stat` a slot has a [`Witness`] as well: the key of what is below, folded with the last member by another function. A hit
//! is believed if both agree. What is below was verified when it was taken, and so on down: so the members are. Without the
//! feature a witness is zero-sized and agrees always.
//!
//! Invariant: the witness is written before the key, under the internal lock; a reader that sees one with the other of
//! before takes the chain for unknown.

/// With the feature.
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

    /// What two chains of one key differ in.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Witness(u64);

    impl Witness {
        /// That of no chain.
        pub(crate) const NONE: Witness = Witness(0);

        /// Where the last member is `word`. The key of what is below is turned, so that no two pairs agree here because they
        /// agree in the key.
        #[inline(always)]
        pub(crate) const fn of(below: u64, word: u64) -> Witness {
            Witness(below.rotate_left(32) ^ word)
        }
    }
}

/// Without.
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

        /// Always: nobody knows.
        #[inline(always)]
        pub(crate) fn agrees(&self, _: Witness) -> bool {
            true
        }

        pub(crate) fn store(&self, key: u64, _: Witness) {
            self.0.store(key);
        }
    }

    /// Nothing.
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
