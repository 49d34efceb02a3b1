//! Pairs of functions with one body: `bare_…` over a bare lock, `off_…` over the lock of `lockdep` that stands for it. Built
//! alone, `lockdep` is without the feature `validate` here, and `cargo xtask test` looks that the machine code of the two is
//! the same. Nobody calls them.
#![no_std]

mod raw;

use lock_api_04 as api04;
use lock_api_05 as api05;
use lockdep::{lock_api as off04, lock_api_05 as off05, spin as off};
use raw::RawSpin;
use spin::mutex::TicketMutex;

/// One body, two functions.
macro_rules! pair {
    ($bare:ident, $off:ident, |$lock:ident: $bare_type:ty, $off_type:ty| -> $answer:ty $body:block) => {
        /// Over the bare lock.
        #[unsafe(no_mangle)]
        pub fn $bare($lock: $bare_type) -> $answer $body
        /// Over what stands for it.
        #[unsafe(no_mangle)]
        pub fn $off($lock: $off_type) -> $answer $body
    };
}

pair!(bare_mutex_lock, off_mutex_lock, |lock: &spin::Mutex<u32>, &off::Mutex<u32>| -> u32 {
    let mut guard = lock.lock();
    *guard += 1;
    *guard
});
pair!(bare_mutex_try_lock, off_mutex_try_lock, |lock: &spin::Mutex<u32>, &off::Mutex<u32>| -> bool {
    lock.try_lock().map(|mut guard| *guard += 1).is_some()
});
pair!(bare_ticket_lock, off_ticket_lock, |lock: &TicketMutex<u32>, &off::mutex::TicketMutex<u32>| -> u32 {
    let mut guard = lock.lock();
    *guard += 1;
    *guard
});
pair!(bare_mutex_drop, off_mutex_drop, |lock: spin::Mutex<u32>, off::Mutex<u32>| -> u32 { lock.into_inner() });
pair!(bare_rwlock_read, off_rwlock_read, |lock: &spin::RwLock<u32>, &off::RwLock<u32>| -> u32 { *lock.read() });
pair!(bare_rwlock_write, off_rwlock_write, |lock: &spin::RwLock<u32>, &off::RwLock<u32>| -> u32 {
    let mut guard = lock.write();
    *guard += 1;
    *guard
});
pair!(bare_rwlock_upgrade, off_rwlock_upgrade, |lock: &spin::RwLock<u32>, &off::RwLock<u32>| -> u32 {
    let mut guard = lock.upgradeable_read().upgrade();
    *guard += 1;
    *guard
});
pair!(bare_once_get, off_once_get, |once: &spin::Once<u32>, &off::Once<u32>| -> Option<&u32> { once.get() });

pair!(bare_api04_lock, off_api04_lock, |lock: &api04::Mutex<RawSpin, u32>, &off04::Mutex<RawSpin, u32>| -> u32 {
    let mut guard = lock.lock();
    *guard += 1;
    *guard
});
pair!(bare_api04_try, off_api04_try, |lock: &api04::Mutex<RawSpin, u32>, &off04::Mutex<RawSpin, u32>| -> bool {
    lock.try_lock().map(|mut guard| *guard += 1).is_some()
});
pair!(bare_api05_lock, off_api05_lock, |lock: &api05::Mutex<RawSpin, u32>, &off05::Mutex<RawSpin, u32>| -> u32 {
    let mut guard = lock.lock();
    *guard += 1;
    *guard
});
pair!(bare_api05_try, off_api05_try, |lock: &api05::Mutex<RawSpin, u32>, &off05::Mutex<RawSpin, u32>| -> bool {
    lock.try_lock().map(|mut guard| *guard += 1).is_some()
});
