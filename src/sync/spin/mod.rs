//! The locks of the `spin` crate, tracked: the same names, paths and methods, so that a `use` line is the whole change.
//!
//! The types at the top have no relax strategy, as in `spin`; the modules have them with one.
//!
//! What is different: guards stay on the task that took them (`!Send`). A guard that is leaked is off the books from
//! then on, as a lock that somebody else lets go. A `Barrier` holds no lock while it waits and is `spin`'s own. Not there:
//! `TicketMutex` and `FairMutex` under their own names (with the feature `use_ticket_mutex` of `spin` the `Mutex` is one,
//! as it is there), and `SpinMutex::as_mut_ptr`. `spin::lock_api` is there with the feature `lock_api`.

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
