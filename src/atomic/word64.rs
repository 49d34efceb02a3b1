//! A 64-bit word that one writer stores under a lock and any CPU loads without it, also on machines without 64-bit
//! atomics.
//!
//! Invariant: a slot of the chain cache goes from 0 to a key, and back to 0 when all chains are forgotten. So two
//! halves suffice: the writer stores the upper one first, the reader loads the lower one first, so the lower half of a
//! key is never seen without the upper one. Before that the reader may see the upper half alone, above zeros: that is
//! no key but by chance. If a slot gets a second key during a read, the reader may see the lower half of the old key
//! with the upper half of the new one. That is an arbitrary number, and equals the key that is looked for no more often
//! than two chains have one key.
//!
//! The usage words of classes and the hints of locks are such words as well. The upper half of a usage word has
//! generations from 2^16 on, and goes up by one when the lower half begins again: seen with the old lower half, that is
//! a generation that was never handed out. A hint changes as a whole, if its class was unregistered. A reader at that
//! moment may see the old lower half with the new upper one: the slot of the old class, in a generation that differs
//! from its own by a multiple of 2^16, if the two classes differ in that at all. To match, it would have to be exactly
//! the present generation of that slot.
//!
//! What it does not do: publish anything but itself. The tables that belong to a key are read only under the lock. The
//! loom models of both uses are at the end.

/// The word as a native 64-bit atomic.
#[cfg(all(target_has_atomic = "64", any(not(loom), test)))]
mod native {
    use crate::atomic::{AtomicU64, Ordering};

    /// A word that is written under a lock and read without.
    #[derive(Debug)]
    pub(crate) struct AtomicWord64(AtomicU64);

    impl AtomicWord64 {
        pub(crate) const fn new() -> AtomicWord64 {
            AtomicWord64(AtomicU64::new(0))
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> u64 {
            // The key itself is the answer; nothing else is read because of it.
            self.0.load(Ordering::Relaxed)
        }

        pub(crate) fn store(&self, value: u64) {
            self.0.store(value, Ordering::Relaxed);
        }
    }
}

/// The word as two halves.
#[cfg(any(not(target_has_atomic = "64"), test, loom))]
mod halves {
    use crate::atomic::{AtomicU32, Ordering};

    /// A word that is written under a lock and read without.
    #[derive(Debug)]
    pub(crate) struct AtomicWord64 {
        low: AtomicU32,
        high: AtomicU32,
    }

    impl AtomicWord64 {
        pub(crate) const fn new() -> AtomicWord64 {
            AtomicWord64 { low: AtomicU32::new(0), high: AtomicU32::new(0) }
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> u64 {
            let low = self.low.load(Ordering::Acquire);
            u64::from(low) | u64::from(self.high.load(Ordering::Relaxed)) << 32
        }

        pub(crate) fn store(&self, value: u64) {
            self.high.store((value >> 32) as u32, Ordering::Relaxed);
            self.low.store(value as u32, Ordering::Release);
        }
    }
}

// The models check the harder of the two.
#[cfg(any(not(target_has_atomic = "64"), loom))]
pub(crate) use halves::AtomicWord64;
#[cfg(all(target_has_atomic = "64", not(loom)))]
pub(crate) use native::AtomicWord64;

#[cfg(test)]
mod tests {
    #[test]
    fn both_kinds_keep_all_64_bits() {
        let (native, halves) = (super::native::AtomicWord64::new(), super::halves::AtomicWord64::new());
        for value in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            native.store(value);
            halves.store(value);
            assert_eq!((native.load(), halves.load()), (value, value));
        }
    }

    /// All orders in which one CPU may see what another one writes. `cargo xtask test` runs them.
    #[cfg(loom)]
    mod models {
        use crate::atomic::word64::halves::AtomicWord64;
        use loom::sync::Arc;
        use loom::thread;

        const KEY: u64 = 0x1111_2222_3333_4445;
        const OTHER: u64 = 0x6666_7777_8888_9999;

        /// What a reader may see while another thread stores these, one after the other.
        fn seen_during(stores: &'static [u64], check: fn(u64)) {
            loom::model(move || {
                let word = Arc::new(AtomicWord64::new());
                assert_eq!(word.load(), 0); // it is made here, not by the writer
                let reader = word.clone();
                let writer = thread::spawn(move || stores.iter().for_each(|&key| word.store(key)));
                (0..2).for_each(|_| check(reader.load()));
                writer.join().unwrap();
                assert_eq!(Some(&reader.load()), stores.last());
            });
        }

        #[test]
        fn half_a_key_is_no_key() {
            seen_during(&[KEY], |seen| assert!(seen == KEY || seen & 1 == 0, "{seen:x}"));
        }

        #[test]
        fn a_new_key_is_not_seen_before_it_is_whole() {
            seen_during(&[KEY, 0, OTHER], |seen| {
                let is_new = seen as u32 == OTHER as u32;
                assert!(!is_new || seen == OTHER, "{seen:x}");
            });
        }
    }
}
