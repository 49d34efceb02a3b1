//! The interrupt flag and the validator's copy of it.
//!
//! Teaches: in which order to tell the validator. Invariant: its copy is true to the machine's flag. It is turned off after
//! the machine's and on before it, and [`check`] compares both wherever no change is under way. Who differs is counted,
//! and the case `irq-flag` is the sum.

use crate::board::Board;
use crate::cpu;
use core::sync::atomic::Ordering;
use lockdep::hooks;

/// Disables interrupts.
#[track_caller]
pub fn disable<B: Board>() {
    B::irqs_disable();
    hooks::irqs_disabled();
}

/// Enables interrupts.
#[track_caller]
pub fn enable<B: Board>() {
    hooks::irqs_enabled();
    B::irqs_enable();
}

/// Disables interrupts; returns whether they were on, for [`restore`].
#[track_caller]
pub fn save<B: Board>() -> bool {
    let were_on = B::irqs_enabled();
    disable::<B>();
    check::<B>();
    were_on
}

/// Makes interrupts what they were before [`save`].
#[track_caller]
pub fn restore<B: Board>(were_on: bool) {
    if were_on {
        enable::<B>();
    }
    check::<B>();
}

/// Compares the machine's flag with the validator's; counts where they differ.
pub fn check<B: Board>() {
    count_untrue::<B>(cpu::current::<B>().irqs_on() != B::irqs_enabled());
}

/// How often the two flags differed, on all CPUs.
pub(crate) fn untrue() -> usize {
    cpu::CPUS.iter().map(|cpu| cpu.untrue.load(Ordering::Relaxed)).sum()
}

/// Counts a difference.
pub(crate) fn count_untrue<B: Board>(differs: bool) {
    if differs {
        cpu::this::<B>().untrue.fetch_add(1, Ordering::Relaxed);
    }
}
