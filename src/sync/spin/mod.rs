//! The locks of the `spin` crate, tracked: the same names and methods, so that a `use` line is the whole change.
//!
//! Invariant, of every lock here: it is announced before it is waited for, so that a report comes before the hang, and
//! taken off the books before it is let go, so that nobody else can have it while it still stands there.

mod mutex;
mod rwlock;

pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard};
