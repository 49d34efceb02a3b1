//! Critical sections for all CPUs: interrupts off, and one lock, which its owner may take again.
//!
//! Teaches: how a kernel serves crates that know none. They ask for these through `critical_section`. The lock is bare:
//! `lockdep::critical_section::with` tells the validator of the interrupts, and the lock is taken with them off and nothing
//! inside, so it cannot deadlock.

use crate::board::Board;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Nobody's number.
const NOBODY: usize = usize::MAX;

static OWNER: AtomicUsize = AtomicUsize::new(NOBODY);
/// Whether the owner took interrupts before. Written by the owner alone.
static WERE_ON: AtomicBool = AtomicBool::new(false);

/// Enters a section; returns whether it is the outermost, which `release` needs again.
pub fn acquire<B: Board>() -> bool {
    let were_on = B::irqs_enabled();
    B::irqs_disable();
    let me = B::cpu();
    if OWNER.load(Ordering::Relaxed) == me {
        return false;
    }
    while OWNER.compare_exchange_weak(NOBODY, me, Ordering::Acquire, Ordering::Relaxed).is_err() {
        core::hint::spin_loop();
    }
    WERE_ON.store(were_on, Ordering::Relaxed);
    true
}

/// Leaves a section, which `acquire` returned as `outermost`.
pub fn release<B: Board>(outermost: bool) {
    if !outermost {
        return;
    }
    let were_on = WERE_ON.load(Ordering::Relaxed);
    OWNER.store(NOBODY, Ordering::Release);
    if were_on {
        B::irqs_enable();
    }
}
