//! A 64-bit word that one writer stores under a lock and anybody loads without: also where the machine has no 64-bit
//! atomics.
//!
//! Invariant: a slot goes from 0 to a key, and back to 0 only while nobody reads (or a reader that finds half of
//! the old key takes it for "not known", which is safe). So two halves suffice: the writer stores the upper one first, the
//! reader loads the lower one first.

/// The one with a native 64-bit atomic.
#[cfg(target_has_atomic = "64")]
mod native {
    use core::sync::atomic::{AtomicU64, Ordering};

    /// A word that is written under a lock and read without.
    #[derive(Debug)]
    pub(crate) struct Word(AtomicU64);

    impl Word {
        pub(crate) const fn new() -> Word {
            Word(AtomicU64::new(0))
        }

        #[inline(always)]
        pub(crate) fn load(&self) -> u64 {
            // A key says yes by itself; nothing else is read because of it.
            self.0.load(Ordering::Relaxed)
        }

        pub(crate) fn store(&self, value: u64) {
            self.0.store(value, Ordering::Relaxed);
        }
    }
}

/// The one of two halves.
#[cfg(any(not(target_has_atomic = "64"), test))]
mod halves {
    use core::sync::atomic::{AtomicU32, Ordering};

    /// A word that is written under a lock and read without.
    #[derive(Debug)]
    pub(crate) struct Word {
        low: AtomicU32,
        high: AtomicU32,
    }

    impl Word {
        pub(crate) const fn new() -> Word {
            Word { low: AtomicU32::new(0), high: AtomicU32::new(0) }
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

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use halves::Word;
#[cfg(target_has_atomic = "64")]
pub(crate) use native::Word;

#[cfg(test)]
mod tests {
    #[test]
    fn both_kinds_keep_all_64_bits() {
        let (native, halves) = (super::native::Word::new(), super::halves::Word::new());
        for value in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            native.store(value);
            halves.store(value);
            assert_eq!((native.load(), halves.load()), (value, value));
        }
    }
}
