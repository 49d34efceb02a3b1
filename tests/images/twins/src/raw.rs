//! A raw lock for both versions of `lock_api`.

use core::sync::atomic::{AtomicBool, Ordering};

/// Spins.
pub struct RawSpin(AtomicBool);

impl RawSpin {
    fn take(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn wait(&self) {
        while !self.take() {
            core::hint::spin_loop();
        }
    }
}

// SAFETY: one has the flag.
unsafe impl lock_api_04::RawMutex for RawSpin {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = RawSpin(AtomicBool::new(false));
    type GuardMarker = lock_api_04::GuardNoSend;
    fn lock(&self) {
        self.wait();
    }
    fn try_lock(&self) -> bool {
        self.take()
    }
    unsafe fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }
}

// SAFETY: as above.
unsafe impl lock_api_05::RawMutex for RawSpin {
    #[allow(clippy::declare_interior_mutable_const)] // as the trait has it
    const INIT: Self = RawSpin(AtomicBool::new(false));
    type Guard = lock_api_05::GuardNoSend;
    fn lock(&self) -> Self::Guard {
        self.wait();
        lock_api_05::GuardNoSend::new()
    }
    fn try_lock(&self) -> Option<Self::Guard> {
        self.take().then(lock_api_05::GuardNoSend::new)
    }
    unsafe fn unlock(&self, _: Self::Guard) {
        self.0.store(false, Ordering::Release);
    }
    fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
