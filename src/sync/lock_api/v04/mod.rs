//! The locks of `lock_api` 0.4 over any raw lock, tracked: the same names, so that `use lockdep::lock_api` for
//! `use lock_api` is the whole change.
//!
//! The raw lock is wrapped ([`Tracked`]) and `lock_api` makes the rest of it: mapped guards, timed and fair locks,
//! upgradeable reads, whatever the raw lock can do. The types here have a `new` of their own, whose caller's line is
//! the class, and otherwise lead to `lock_api`'s (`Deref`).
//!
//! - A shared lock is a plain reader, which waits behind a writer; `read_recursive` is a recursive one.
//! - An upgradeable read waits and holds like a plain reader. To upgrade is to wait again, for writing.
//! - A lock with a time-out is a try: it waits, but not for ever.
//! - Guards stay on the task that took them, even if the raw lock could be released elsewhere. The hold of a leaked
//!   guard stays recorded.
//! - Wait types are not checked unless they are given (`with_waits`): a raw lock does not tell if it spins or sleeps.
//! - A `lock_api` type made directly over a [`Tracked`] raw lock works too; each such lock is a class of its own, since
//!   the constant `INIT` constructs it.
//!
//! What it does not do: wrap `Condvar`, and tell the line at which a guard is dropped.

#[allow(clippy::duplicate_mod)] // one source for two versions of `lock_api`, which it calls `super::api`
#[path = "../locks.rs"]
mod locks;
mod raw_mutex;
mod raw_rwlock;
#[allow(clippy::duplicate_mod)] // as above
#[path = "../reentrant.rs"]
mod reentrant;

use ::lock_api_04 as api;

pub use crate::sync::raw::Tracked;
pub use api::{
    GetThreadId, GuardNoSend, GuardSend, RawMutex, RawMutexFair, RawMutexTimed, RawRwLock, RawRwLockDowngrade,
    RawRwLockFair, RawRwLockRecursive, RawRwLockRecursiveTimed, RawRwLockTimed, RawRwLockUpgrade,
    RawRwLockUpgradeDowngrade, RawRwLockUpgradeFair, RawRwLockUpgradeTimed,
};
pub use locks::{
    MappedMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use raw_mutex::Announced;
pub use reentrant::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
