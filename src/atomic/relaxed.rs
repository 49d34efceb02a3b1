//! Words that one CPU uses like cells, and that any CPU may read.
//!
//! The owner stores with relaxed atomics and loads as from a cell; another CPU loads with relaxed atomics. Two loads do
//! not race, and the only stores are atomic. A relaxed store of a word is the same instruction as a plain one, and a
//! plain load is one that the compiler may leave out or make a part of another instruction. So a context, which its own
//! CPU uses at every acquisition, may consist of such words at no cost.
//!
//! Invariants:
//! - Only the owner stores, and only the owner calls anything but `load`. The types are not `Sync`, so safe code cannot
//!   do otherwise; `unsafe` code that hands a reference to another CPU promises it.
//! - No read-modify-write: there is one writer, so none is needed.
//!
//! What it does not do: order anything, but for a word that is published. Also under `--cfg loom` these are the atomics of `core`: contexts outlive the
//! runs of a model.
//!
//! `unsafe` is here for the owner's plain loads.
#![allow(unsafe_code)]

use core::cell::Cell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicUsize, Ordering};

/// A word with one writer, in the atomic `A`.
#[derive(Debug)]
pub(crate) struct Own<A> {
    word: A,
    /// Not `Sync`: see the invariants.
    of_one_cpu: PhantomData<Cell<()>>,
}

macro_rules! own {
    ($($atomic:ty = $value:ty $(, $parameter:ident)?;)*) => {$(
        impl$(<$parameter>)? Own<$atomic> {
            pub(crate) const fn new(value: $value) -> Self {
                Own { word: <$atomic>::new(value), of_one_cpu: PhantomData }
            }

            /// Returns the value, on the owner's CPU.
            #[inline(always)]
            pub(crate) fn get(&self) -> $value {
                // SAFETY: only the owner stores, and this is the owner, so nothing stores meanwhile. (`Own` is not
                // `Sync`; see the invariants of this file for the other CPUs.)
                unsafe { *self.word.as_ptr() }
            }

            /// Replaces the value, on the owner's CPU.
            #[inline(always)]
            pub(crate) fn set(&self, value: $value) {
                self.word.store(value, Ordering::Relaxed);
            }

            /// Returns the value, on any CPU.
            #[inline(always)]
            pub(crate) fn load(&self) -> $value {
                self.word.load(Ordering::Relaxed)
            }
        }
    )*};
}

own! {
    AtomicU8 = u8;
    AtomicU16 = u16;
    AtomicU32 = u32;
    AtomicUsize = usize;
    AtomicPtr<T> = *mut T, T;
}

impl Own<AtomicU32> {
    /// Replaces the value: who sees it sees everything that this CPU wrote before.
    #[inline(always)]
    pub(crate) fn publish(&self, value: u32) {
        self.word.store(value, Ordering::Release);
    }

    /// Returns the value, on any CPU, and sees everything that was written before it was [published](Self::publish).
    #[inline(always)]
    pub(crate) fn load_published(&self) -> u32 {
        self.word.load(Ordering::Acquire)
    }
}

/// The 64-bit word, native.
#[cfg(target_has_atomic = "64")]
mod native {
    use super::Own;
    use core::marker::PhantomData;
    use core::sync::atomic::{AtomicU64, Ordering};

    /// 64 bits with one writer.
    #[derive(Debug)]
    pub(crate) struct Own64(Own<AtomicU64>);

    impl Own64 {
        pub(crate) const fn new(value: u64) -> Own64 {
            Own64(Own { word: AtomicU64::new(value), of_one_cpu: PhantomData })
        }

        /// Returns the value, on any CPU.
        #[inline(always)]
        pub(crate) fn load(&self) -> u64 {
            self.0.word.load(Ordering::Relaxed)
        }

        /// Replaces the value, on the owner's CPU.
        #[inline(always)]
        pub(crate) fn set(&self, value: u64) {
            self.0.word.store(value, Ordering::Relaxed);
        }
    }
}

/// The 64-bit word in two halves. A reader on another CPU may see halves of two values: it reads again, and takes what
/// it saw twice.
#[cfg(any(not(target_has_atomic = "64"), test))]
mod halves {
    use super::Own;
    use core::sync::atomic::AtomicU32;

    /// 64 bits with one writer.
    #[derive(Debug)]
    pub(crate) struct Own64 {
        low: Own<AtomicU32>,
        high: Own<AtomicU32>,
    }

    impl Own64 {
        pub(crate) const fn new(value: u64) -> Own64 {
            Own64 { low: Own::<AtomicU32>::new(value as u32), high: Own::<AtomicU32>::new((value >> 32) as u32) }
        }

        /// Returns the value, on any CPU.
        #[inline(always)]
        pub(crate) fn load(&self) -> u64 {
            u64::from(self.low.load()) | u64::from(self.high.load()) << 32
        }

        /// Replaces the value, on the owner's CPU.
        #[inline(always)]
        pub(crate) fn set(&self, value: u64) {
            self.low.set(value as u32);
            self.high.set((value >> 32) as u32);
        }
    }
}

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use halves::Own64;
#[cfg(target_has_atomic = "64")]
pub(crate) use native::Own64;

#[cfg(test)]
mod tests {
    #[test]
    fn both_kinds_keep_all_64_bits() {
        let (native, halves) = (super::native::Own64::new(7), super::halves::Own64::new(u64::MAX - 1));
        assert_eq!((native.load(), halves.load()), (7, u64::MAX - 1));
        for value in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            native.set(value);
            halves.set(value);
            assert_eq!((native.load(), halves.load()), (value, value));
        }
    }
}
