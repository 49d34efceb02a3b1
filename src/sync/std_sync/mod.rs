//! The locks of the standard library, tracked, for threads: `use lockdep::std_sync::{…}` for `use std::sync::{…}`.
//!
//! [`std::sync`](::std::sync) with `Mutex`, `RwLock` and `Condvar` tracked. They sleep, so a spinning lock must not be
//! held where one is taken.
//!
//! Invariants: as of every lock here (`token.rs`). Poisoning is the bare lock's; the recorded holds have no part in it.
//!
//! Not tracked: `Once`, `OnceLock`, `LazyLock`, `Barrier` and channels; they are the bare ones under the same path, so
//! that a `use` line that names several works. `MappedMutexGuard` and its like are not stable.

mod condvar;
mod mutex;
mod rwlock;

pub use ::std::sync::*;
pub use condvar::Condvar;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The same result with another guard.
fn with<G, T>(result: LockResult<G>, guard: impl FnOnce(G) -> T) -> LockResult<T> {
    match result {
        Ok(inner) => Ok(guard(inner)),
        Err(poisoned) => Err(PoisonError::new(guard(poisoned.into_inner()))),
    }
}

/// The result of a try that took the lock, as the lock's own; `None` if it is not free.
fn taken<G>(result: TryLockResult<G>) -> Option<LockResult<G>> {
    match result {
        Ok(inner) => Some(Ok(inner)),
        Err(TryLockError::Poisoned(poisoned)) => Some(Err(poisoned)),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// The same result with another guard, if there is one.
fn with_if<G, T>(result: TryLockResult<G>, guard: impl FnOnce(G) -> T) -> TryLockResult<T> {
    match result {
        Ok(inner) => Ok(guard(inner)),
        Err(TryLockError::Poisoned(poisoned)) => {
            Err(TryLockError::Poisoned(PoisonError::new(guard(poisoned.into_inner()))))
        }
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
    }
}
