//! The locks of the `spin` crate, tracked: the same names and methods, so that for most code a `use` line is the whole change.
//!
//! Not there (yet): the relax strategy as a type parameter, `leak`, `try_upgrade`, `downgrade_to_upgradeable`, `try_write_weak`,
//! `as_mut_ptr`, `Once`, `Lazy`, `Barrier`. Guards stay on the task that took them (`!Send`).
//!
//! Invariant, of every lock here: it is announced before it is waited for, so that a report comes before the hang, and
//! taken off the books before it is let go, so that nobody else can have it while it still stands there.

mod mutex;
mod rwlock;

pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard};
