//! A sum that one CPU adds to and all CPUs read.
//!
//! Invariant: an addition may be lost if an interrupt comes in the middle of it (`counters.rs`), and a reader may see a
//! sum that is a little old, never one that is torn.

/// The sum as a native 64-bit atomic.
#[cfg(target_has_atomic = "64")]
mod native {
    use core::sync::atomic::{AtomicU64, Ordering};

    /// A 64-bit sum.
    #[derive(Debug)]
    pub(crate) struct Sum(AtomicU64);

    impl Sum {
        pub(crate) const fn new() -> Sum {
            Sum(AtomicU64::new(0))
        }

        /// Adds on the CPU that owns the sum: no read-modify-write.
        #[inline(always)]
        pub(crate) fn add(&self, more: u64) {
            self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(more), Ordering::Relaxed);
        }

        pub(crate) fn set(&self, value: u64) {
            self.0.store(value, Ordering::Relaxed);
        }

        pub(crate) fn get(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }
    }
}

/// The same in two halves, for machines on which an interrupt could tear a carry.
#[cfg(any(not(target_has_atomic = "64"), test))]
mod halves {
    use core::sync::atomic::{AtomicU32, Ordering};

    /// How often a reader tries again that finds a carry in progress.
    const LOOKS: usize = 4;

    /// A 64-bit sum.
    #[derive(Debug)]
    pub(crate) struct Sum {
        low: AtomicU32,
        high: AtomicU32,
    }

    impl Sum {
        pub(crate) const fn new() -> Sum {
            Sum { low: AtomicU32::new(0), high: AtomicU32::new(0) }
        }

        #[inline(always)]
        pub(crate) fn add(&self, more: u64) {
            let low = more as u32;
            let carries = self.low.fetch_add(low, Ordering::Relaxed).checked_add(low).is_none();
            let high = ((more >> 32) as u32).wrapping_add(carries.into());
            if high != 0 {
                self.high.fetch_add(high, Ordering::Relaxed);
            }
        }

        pub(crate) fn set(&self, value: u64) {
            self.low.store(value as u32, Ordering::Relaxed);
            self.high.store((value >> 32) as u32, Ordering::Relaxed);
        }

        pub(crate) fn get(&self) -> u64 {
            let mut high = self.high.load(Ordering::Acquire);
            let mut low = self.low.load(Ordering::Acquire);
            for _ in 0..LOOKS {
                let again = self.high.load(Ordering::Acquire);
                if again == high {
                    break;
                }
                (high, low) = (again, self.low.load(Ordering::Acquire));
            }
            u64::from(high) << 32 | u64::from(low)
        }
    }
}

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use halves::Sum;
#[cfg(target_has_atomic = "64")]
pub(crate) use native::Sum;

#[cfg(test)]
mod tests {
    use super::halves;

    #[test]
    fn a_sum_in_halves_carries() {
        let sum = halves::Sum::new();
        for more in [u64::from(u32::MAX), 1, 7 << 32, u64::from(u32::MAX)] {
            sum.add(more);
        }
        assert_eq!(sum.get(), 2 * u64::from(u32::MAX) + 1 + (7 << 32));
        sum.set(3);
        assert_eq!(sum.get(), 3);
    }
}
