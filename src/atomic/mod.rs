//! The atomics of all that CPUs share: those of the machine, or under `--cfg loom` those of a model that tries every
//! order.
//!
//! Everything that two CPUs may touch (the usage words of classes, the chain cache, the hints of locks, the internal
//! lock) is made of these, so that the models in `tests/loom.rs` and `word64.rs` check the code that runs, not a copy
//! of it.
//!
//! Invariant: without `--cfg loom` this is `core::sync::atomic` under another name.
//!
//! What it is not for: what only one CPU writes and others may look at (a context): that is `relaxed.rs`.

pub(crate) mod relaxed;
pub(crate) mod word64;

#[cfg(not(loom))]
pub(crate) use core::hint::spin_loop;
#[cfg(all(not(loom), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::AtomicU64;
#[cfg(not(loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32};
#[cfg(loom)]
pub(crate) use loom::hint::spin_loop;
#[cfg(all(loom, test))]
pub(crate) use model::AtomicU64;
#[cfg(loom)]
pub(crate) use model::{AtomicBool, AtomicU32};

pub(crate) use core::sync::atomic::Ordering;

/// Loom's atomics are part of a run of the model, so they cannot be constants, but the tables are. These are made when
/// they are first touched. A model touches them once before it starts a thread: loom counts the making as a write, and
/// reports it if it races.
#[cfg(loom)]
mod model {
    use core::ops::Deref;
    use std::sync::OnceLock;

    pub(crate) type AtomicBool = Lazy<loom::sync::atomic::AtomicBool, bool>;
    pub(crate) type AtomicU32 = Lazy<loom::sync::atomic::AtomicU32, u32>;
    #[cfg(test)]
    pub(crate) type AtomicU64 = Lazy<loom::sync::atomic::AtomicU64, u64>;

    #[derive(Debug)]
    pub(crate) struct Lazy<A, V> {
        initial: V,
        made: OnceLock<A>,
    }

    impl<A, V> Lazy<A, V> {
        pub(crate) const fn new(initial: V) -> Self {
            Lazy { initial, made: OnceLock::new() }
        }
    }

    impl<A: From<V>, V: Copy> Deref for Lazy<A, V> {
        type Target = A;

        fn deref(&self) -> &A {
            self.made.get_or_init(|| A::from(self.initial))
        }
    }
}
