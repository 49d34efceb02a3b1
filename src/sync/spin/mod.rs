//! The locks of the `spin` crate, tracked: the same names, paths and methods, so that a `use` line is the whole change.
//!
//! The types at the top have no relax strategy, as in `spin`; the modules have them with one.
//!
//! It has what `spin` 0.9 to 0.12 have, by the paths of both (`Lazy` and `LazyLock`; `spin::lock_api` with the feature
//! `lock_api`). What is different:
//!
//! - Guards stay on the task that took them (`!Send`), so a `Send` future cannot keep one over an `await`. A kernel
//!   that sends them writes `unsafe impl Send` for its own type around one, and calls `hooks::hand_over` when it sends
//!   one.
//! - The hold of a leaked guard is no longer recorded, as if another task will release the lock.
//! - A `Barrier` holds no lock while it waits, and is `spin`'s own; so are `relax` and `fair::LockRejectReason`.
//! - Guards have the relax strategy as a parameter, as in 0.12. In 0.9 those of mutexes and readers have none: of a
//!   lock with another strategy than `Spin`, write `MutexGuard<'_, T, R>`.
//! - The features of `spin` are all on, but for `std` (`relax::Yield`), `portable-atomic` and `use_ticket_mutex`: a
//!   kernel that wants these asks `spin` 0.12 for them itself, and has them here.
//! - Not there: the names that `spin` 0.5 had and 0.9 has not (`RwLockUpgradeableGuard`, `Once::r#try`).

mod guards;
mod kind;
pub mod lazylock;
#[cfg(feature = "lock_api")]
pub mod lock_api;
pub mod mutex;
pub mod once;
pub mod rwlock;

pub use ::spin::{barrier, relax};
pub use mutex::MutexGuard;
pub use relax::{RelaxStrategy, Spin};
pub use rwlock::RwLockReadGuard;

/// [`lazylock`] under its name in older versions of `spin`.
pub mod lazy {
    pub use super::lazylock::LazyLock as Lazy;
}

/// A point at which several tasks wait for one another: `spin`'s own, which is not watched.
pub type Barrier = barrier::Barrier;
/// [`mutex::Mutex`] that spins in the ordinary way.
pub type Mutex<T> = mutex::Mutex<T>;
/// [`rwlock::RwLock`] that spins in the ordinary way.
pub type RwLock<T> = rwlock::RwLock<T>;
/// [`rwlock::RwLockUpgradableGuard`] of such a lock.
pub type RwLockUpgradableGuard<'a, T> = rwlock::RwLockUpgradableGuard<'a, T>;
/// [`rwlock::RwLockWriteGuard`] of such a lock.
pub type RwLockWriteGuard<'a, T> = rwlock::RwLockWriteGuard<'a, T>;
/// [`once::Once`] that spins in the ordinary way.
pub type Once<T = ()> = once::Once<T>;
/// [`lazylock::LazyLock`] that spins in the ordinary way.
pub type LazyLock<T, F = fn() -> T> = lazylock::LazyLock<T, F>;
/// [`LazyLock`] under its name in older versions of `spin`.
pub type Lazy<T, F = fn() -> T> = lazylock::LazyLock<T, F>;
