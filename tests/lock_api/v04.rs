//! Raw locks for `lock_api` 0.4.

#[allow(clippy::duplicate_mod)] // the same tests for two versions of `lock_api`, which they call `super::la`
#[path = "body.rs"]
mod body;

use crate::raw::{Count, Flag, thread_number, until};
use ::lock_api_04 as bare;
use lockdep::lock_api as la;
use std::num::NonZeroUsize;

pub(crate) struct RawSpin(Flag);

// SAFETY: one has the flag.
unsafe impl la::RawMutex for RawSpin {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawSpin(Flag::new());
    type GuardMarker = la::GuardSend;
    fn lock(&self) {
        until(|| self.0.take());
    }
    fn try_lock(&self) -> bool {
        self.0.take()
    }
    unsafe fn unlock(&self) {
        self.0.give();
    }
    fn is_locked(&self) -> bool {
        self.0.is_taken()
    }
}

// SAFETY: as above.
unsafe impl la::RawMutexFair for RawSpin {
    unsafe fn unlock_fair(&self) {
        self.0.give();
    }
}

// SAFETY: as above.
unsafe impl la::RawMutexTimed for RawSpin {
    type Duration = ();
    type Instant = ();
    fn try_lock_for(&self, (): ()) -> bool {
        self.0.take()
    }
    fn try_lock_until(&self, (): ()) -> bool {
        self.0.take()
    }
}

/// For one core with interrupts off: nothing in it.
pub(crate) struct RawNothing;

// SAFETY: the tests use it on one thread.
unsafe impl la::RawMutex for RawNothing {
    const INIT: Self = RawNothing;
    type GuardMarker = la::GuardNoSend;
    fn lock(&self) {}
    fn try_lock(&self) -> bool {
        true
    }
    unsafe fn unlock(&self) {}
}

pub(crate) struct RawRw(Count);

// SAFETY: the count keeps writers alone.
unsafe impl la::RawRwLock for RawRw {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawRw(Count::new());
    type GuardMarker = la::GuardSend;
    fn lock_shared(&self) {
        until(|| self.0.read());
    }
    fn try_lock_shared(&self) -> bool {
        self.0.read()
    }
    unsafe fn unlock_shared(&self) {
        self.0.unread();
    }
    fn lock_exclusive(&self) {
        until(|| self.0.write());
    }
    fn try_lock_exclusive(&self) -> bool {
        self.0.write()
    }
    unsafe fn unlock_exclusive(&self) {
        self.0.unwrite(0);
    }
    fn is_locked(&self) -> bool {
        self.0.is_taken()
    }
    fn is_locked_exclusive(&self) -> bool {
        self.0.is_written()
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockFair for RawRw {
    unsafe fn unlock_shared_fair(&self) {
        self.0.unread();
    }
    unsafe fn unlock_exclusive_fair(&self) {
        self.0.unwrite(0);
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockDowngrade for RawRw {
    unsafe fn downgrade(&self) {
        self.0.unwrite(2);
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockTimed for RawRw {
    type Duration = ();
    type Instant = ();
    fn try_lock_shared_for(&self, (): ()) -> bool {
        self.0.read()
    }
    fn try_lock_shared_until(&self, (): ()) -> bool {
        self.0.read()
    }
    fn try_lock_exclusive_for(&self, (): ()) -> bool {
        self.0.write()
    }
    fn try_lock_exclusive_until(&self, (): ()) -> bool {
        self.0.write()
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockRecursive for RawRw {
    fn lock_shared_recursive(&self) {
        until(|| self.0.read());
    }
    fn try_lock_shared_recursive(&self) -> bool {
        self.0.read()
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockRecursiveTimed for RawRw {
    fn try_lock_shared_recursive_for(&self, (): ()) -> bool {
        self.0.read()
    }
    fn try_lock_shared_recursive_until(&self, (): ()) -> bool {
        self.0.read()
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgrade for RawRw {
    fn lock_upgradable(&self) {
        until(|| self.0.upgradable());
    }
    fn try_lock_upgradable(&self) -> bool {
        self.0.upgradable()
    }
    unsafe fn unlock_upgradable(&self) {
        self.0.un_upgradable();
    }
    unsafe fn upgrade(&self) {
        until(|| self.0.upgrade());
    }
    unsafe fn try_upgrade(&self) -> bool {
        self.0.upgrade()
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeFair for RawRw {
    unsafe fn unlock_upgradable_fair(&self) {
        self.0.un_upgradable();
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeDowngrade for RawRw {
    unsafe fn downgrade_upgradable(&self) {
        self.0.downgrade_upgradable();
    }
    unsafe fn downgrade_to_upgradable(&self) {
        self.0.unwrite(1);
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeTimed for RawRw {
    fn try_lock_upgradable_for(&self, (): ()) -> bool {
        self.0.upgradable()
    }
    fn try_lock_upgradable_until(&self, (): ()) -> bool {
        self.0.upgradable()
    }
    unsafe fn try_upgrade_for(&self, (): ()) -> bool {
        self.0.upgrade()
    }
    unsafe fn try_upgrade_until(&self, (): ()) -> bool {
        self.0.upgrade()
    }
}

pub(crate) struct Thread;

// SAFETY: no two threads have one number.
unsafe impl la::GetThreadId for Thread {
    const INIT: Self = Thread;
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        thread_number()
    }
}

/// The validators of these tests begin here.
pub(crate) const FIRST: u8 = 0;

/// Recursive reads are there in this version alone.
#[test]
fn a_recursive_reader_passes_a_writer_that_waits_and_a_plain_one_does_not() {
    use lockdep::Kind;
    use lockdep::hooks;
    body::begin();
    let lock = la::RwLock::<RawRw, u32>::new(1);
    drop((lock.read_recursive(), lock.read_recursive()));
    drop((lock.read(), lock.try_read_recursive(), lock.try_read_recursive_for(()), lock.try_read_recursive_until(())));
    assert_eq!(hooks::first_finding(), None);
    drop((lock.read_recursive(), lock.read()));
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
}
