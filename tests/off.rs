//! Without the feature `validate` a tracked lock is the bare one: the same size, no drop where that has none. (That it is the
//! same machine code is looked at by `cargo xtask test`, in what the compiler makes for the boards.)
#![cfg(not(feature = "validate"))]

use lockdep::IrqSave;
use lockdep::spin as tracked;
use lockdep::{Token, Tracker};
use std::mem::{needs_drop, size_of};

type Twin<A, B> = (A, B);

/// Size and need of a drop: the same for both.
#[track_caller]
fn same<A, B>() {
    assert_eq!(size_of::<A>(), size_of::<B>(), "{}", std::any::type_name::<Twin<A, B>>());
    assert_eq!(size_of::<Option<A>>(), size_of::<Option<B>>(), "{}", std::any::type_name::<Twin<A, B>>());
    assert_eq!(needs_drop::<A>(), needs_drop::<B>(), "{}", std::any::type_name::<Twin<A, B>>());
}

#[test]
fn what_the_validator_needs_is_nothing() {
    assert_eq!((size_of::<Tracker>(), size_of::<Token<'_>>()), (0, 0));
    assert!(!needs_drop::<Tracker>() && !needs_drop::<Token<'_>>());
    lockdep::watch::tick(); // empty: there is no `port!` here, whose entry point it would need
}

#[test]
fn a_lock_is_the_bare_lock() {
    same::<tracked::Mutex<u8>, spin::Mutex<u8>>();
    same::<tracked::Mutex<[u64; 3]>, spin::Mutex<[u64; 3]>>();
    same::<tracked::Mutex<String>, spin::Mutex<String>>();
    same::<tracked::mutex::SpinMutex<u8>, spin::mutex::SpinMutex<u8>>();
    same::<tracked::mutex::TicketMutex<u8>, spin::mutex::TicketMutex<u8>>();
    same::<tracked::mutex::FairMutex<String>, spin::mutex::FairMutex<String>>();
    same::<tracked::RwLock<u32>, spin::RwLock<u32>>();
    same::<tracked::RwLock<String>, spin::RwLock<String>>();
    same::<tracked::Once<u32>, spin::Once<u32>>();
    same::<tracked::LazyLock<u32>, spin::LazyLock<u32>>();
    assert!(!needs_drop::<tracked::Mutex<u32>>() && !needs_drop::<tracked::RwLock<u32>>());
}

#[test]
fn a_guard_is_the_bare_guard() {
    same::<tracked::MutexGuard<'_, u32>, spin::MutexGuard<'_, u32>>();
    same::<tracked::mutex::TicketMutexGuard<'_, u32>, spin::mutex::TicketMutexGuard<'_, u32>>();
    same::<tracked::mutex::FairMutexGuard<'_, u32>, spin::mutex::FairMutexGuard<'_, u32>>();
    same::<tracked::mutex::Starvation<'_, u32>, spin::mutex::Starvation<'_, u32>>();
    same::<tracked::RwLockReadGuard<'_, u32>, spin::RwLockReadGuard<'_, u32>>();
    same::<tracked::RwLockWriteGuard<'_, u32>, spin::RwLockWriteGuard<'_, u32>>();
    same::<tracked::RwLockUpgradableGuard<'_, u32>, spin::RwLockUpgradableGuard<'_, u32>>();
    assert_eq!(size_of::<IrqSave<tracked::MutexGuard<'_, u32>>>(), 2 * size_of::<usize>());
}

#[test]
#[cfg(feature = "std")]
fn a_lock_of_the_standard_library_is_the_bare_one() {
    use lockdep::std_sync as tracked;
    use std::sync;
    same::<tracked::Mutex<u8>, sync::Mutex<u8>>();
    same::<tracked::Mutex<String>, sync::Mutex<String>>();
    same::<tracked::RwLock<u32>, sync::RwLock<u32>>();
    same::<tracked::Condvar, sync::Condvar>();
    same::<tracked::MutexGuard<'_, u32>, sync::MutexGuard<'_, u32>>();
    same::<tracked::RwLockReadGuard<'_, u32>, sync::RwLockReadGuard<'_, u32>>();
    same::<tracked::RwLockWriteGuard<'_, u32>, sync::RwLockWriteGuard<'_, u32>>();
}
