//! The locks of `lock_api` 0.5 over any raw lock, tracked: as [`lock_api`](crate::sync::lock_api::v04) has them for
//! 0.4.
//!
//! Here a raw lock returns a token when it is taken and gets it back when it is released; the tracked one adds that the
//! token stays on the task ([`Taken`]). There is no recursive read in this version, and every shared lock is a plain
//! reader.
//!
//! The token does not carry the index of the hold. Releasing the newest hold is one comparison without it; releasing an
//! older one means to acquire those above it again, by the rules, and the index would not save that.

#[allow(clippy::duplicate_mod)] // one source for two versions of `lock_api`, which it calls `super::api`
#[path = "../locks.rs"]
mod locks;
mod raw_mutex;
mod raw_rwlock;
#[allow(clippy::duplicate_mod)] // as above
#[path = "../reentrant.rs"]
mod reentrant;
mod taken;

use ::lock_api_05 as api;

pub use crate::sync::raw::Tracked;
pub use api::{
    GetThreadId, GuardNoSend, GuardSend, RawMutex, RawMutexFair, RawMutexTimed, RawRwLock, RawRwLockDowngrade,
    RawRwLockFair, RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade, RawRwLockUpgradeFair,
    RawRwLockUpgradeTimed,
};
pub use locks::{
    MappedMutexGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use raw_mutex::Announced;
pub use reentrant::{MappedReentrantMutexGuard, ReentrantMutex, ReentrantMutexGuard};
pub use taken::Taken;
