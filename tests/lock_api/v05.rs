//! Raw locks for `lock_api` 0.5.

#[allow(clippy::duplicate_mod)] // the same tests for two versions of `lock_api`, which they call `super::la`
#[path = "body.rs"]
mod body;

use crate::raw::{Count, Flag, thread_number, until};
use ::lock_api_05 as bare;
use lockdep::lock_api_05 as la;
use std::num::NonZeroUsize;

/// The token of a try.
fn had(taken: bool) -> Option<la::GuardSend> {
    taken.then(la::GuardSend::new)
}

pub(crate) struct RawSpin(Flag);

// SAFETY: one has the flag.
unsafe impl la::RawMutex for RawSpin {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawSpin(Flag::new());
    type Guard = la::GuardSend;
    fn lock(&self) -> la::GuardSend {
        until(|| self.0.take());
        la::GuardSend::new()
    }
    fn try_lock(&self) -> Option<la::GuardSend> {
        had(self.0.take())
    }
    unsafe fn unlock(&self, _: la::GuardSend) {
        self.0.give();
    }
    fn is_locked(&self) -> bool {
        self.0.is_taken()
    }
}

// SAFETY: as above.
unsafe impl la::RawMutexFair for RawSpin {
    unsafe fn unlock_fair(&self, _: la::GuardSend) {
        self.0.give();
    }
}

// SAFETY: as above.
unsafe impl la::RawMutexTimed for RawSpin {
    type Duration = ();
    type Instant = ();
    fn try_lock_for(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.take())
    }
    fn try_lock_until(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.take())
    }
}

/// For one core with interrupts off: nothing in it.
pub(crate) struct RawNothing;

// SAFETY: the tests use it on one thread.
unsafe impl la::RawMutex for RawNothing {
    const INIT: Self = RawNothing;
    type Guard = la::GuardNoSend;
    fn lock(&self) -> la::GuardNoSend {
        la::GuardNoSend::new()
    }
    fn try_lock(&self) -> Option<la::GuardNoSend> {
        Some(la::GuardNoSend::new())
    }
    unsafe fn unlock(&self, _: la::GuardNoSend) {}
    fn is_locked(&self) -> bool {
        false
    }
}

pub(crate) struct RawRw(Count);

// SAFETY: the count keeps writers alone.
unsafe impl la::RawRwLock for RawRw {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = RawRw(Count::new());
    type SharedGuard = la::GuardSend;
    type ExclusiveGuard = la::GuardSend;
    fn lock_shared(&self) -> la::GuardSend {
        until(|| self.0.read());
        la::GuardSend::new()
    }
    fn try_lock_shared(&self) -> Option<la::GuardSend> {
        had(self.0.read())
    }
    unsafe fn unlock_shared(&self, _: la::GuardSend) {
        self.0.unread();
    }
    fn lock_exclusive(&self) -> la::GuardSend {
        until(|| self.0.write());
        la::GuardSend::new()
    }
    fn try_lock_exclusive(&self) -> Option<la::GuardSend> {
        had(self.0.write())
    }
    unsafe fn unlock_exclusive(&self, _: la::GuardSend) {
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
    unsafe fn unlock_shared_fair(&self, _: la::GuardSend) {
        self.0.unread();
    }
    unsafe fn unlock_exclusive_fair(&self, _: la::GuardSend) {
        self.0.unwrite(0);
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockDowngrade for RawRw {
    unsafe fn downgrade(&self, guard: la::GuardSend) -> la::GuardSend {
        self.0.unwrite(2);
        guard
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockTimed for RawRw {
    type Duration = ();
    type Instant = ();
    fn try_lock_shared_for(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.read())
    }
    fn try_lock_shared_until(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.read())
    }
    fn try_lock_exclusive_for(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.write())
    }
    fn try_lock_exclusive_until(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.write())
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgrade for RawRw {
    type UpgradableGuard = la::GuardSend;
    fn lock_upgradable(&self) -> la::GuardSend {
        until(|| self.0.upgradable());
        la::GuardSend::new()
    }
    fn try_lock_upgradable(&self) -> Option<la::GuardSend> {
        had(self.0.upgradable())
    }
    unsafe fn unlock_upgradable(&self, _: la::GuardSend) {
        self.0.un_upgradable();
    }
    unsafe fn upgrade(&self, guard: la::GuardSend) -> la::GuardSend {
        until(|| self.0.upgrade());
        guard
    }
    unsafe fn try_upgrade(&self, guard: la::GuardSend) -> Result<la::GuardSend, la::GuardSend> {
        if self.0.upgrade() { Ok(guard) } else { Err(guard) }
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeFair for RawRw {
    unsafe fn unlock_upgradable_fair(&self, _: la::GuardSend) {
        self.0.un_upgradable();
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeDowngrade for RawRw {
    unsafe fn downgrade_upgradable(&self, guard: la::GuardSend) -> la::GuardSend {
        self.0.downgrade_upgradable();
        guard
    }
    unsafe fn downgrade_to_upgradable(&self, guard: la::GuardSend) -> la::GuardSend {
        self.0.unwrite(1);
        guard
    }
}

// SAFETY: as above.
unsafe impl la::RawRwLockUpgradeTimed for RawRw {
    fn try_lock_upgradable_for(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.upgradable())
    }
    fn try_lock_upgradable_until(&self, (): ()) -> Option<la::GuardSend> {
        had(self.0.upgradable())
    }
    unsafe fn try_upgrade_for(&self, guard: la::GuardSend, (): ()) -> Result<la::GuardSend, la::GuardSend> {
        if self.0.upgrade() { Ok(guard) } else { Err(guard) }
    }
    unsafe fn try_upgrade_until(&self, guard: la::GuardSend, (): ()) -> Result<la::GuardSend, la::GuardSend> {
        if self.0.upgrade() { Ok(guard) } else { Err(guard) }
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
pub(crate) const FIRST: u8 = 16;
