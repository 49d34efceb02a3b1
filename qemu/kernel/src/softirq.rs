//! Softirqs: what an interrupt leaves for a moment at which interrupts are on again.
//!
//! Teaches: the split of a handler. A softirq is a bit of its CPU's word; it is raised with interrupts off, and run by
//! `irq` on the way out of the interrupt, on the same CPU. It must not sleep, and does not nest.

use crate::cpu;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Raised by each timer interrupt.
pub(crate) const TIMER: u32 = 0;
const COUNT: usize = 1;

/// What each does: the address of a `fn(cpu: usize)`, or 0.
static ACTIONS: [AtomicUsize; COUNT] = [const { AtomicUsize::new(0) }; COUNT];

/// Has softirq `number` do this from now on.
pub(crate) fn open(number: u32, action: fn(usize)) {
    ACTIONS[number as usize].store(action as usize, Ordering::Release);
}

/// Raises softirq `number` on this CPU, which is number `cpu`. Interrupts are off.
pub(crate) fn raise(cpu: usize, number: u32) {
    cpu::CPUS[cpu].softirq_pending.fetch_or(1 << number, Ordering::Relaxed);
}

/// What was raised on this CPU since the last time, a bit each.
pub(crate) fn take(cpu: usize) -> u32 {
    cpu::CPUS[cpu].softirq_pending.swap(0, Ordering::Relaxed)
}

/// Runs these, on this CPU.
pub(crate) fn run(raised: u32, cpu: usize) {
    for (_, action) in ACTIONS.iter().enumerate().filter(|(number, _)| raised & 1 << number != 0) {
        let address = action.load(Ordering::Acquire);
        if address != 0 {
            // SAFETY: `open` stored the address of a function of this type.
            let action: fn(usize) = unsafe { core::mem::transmute(address as *const ()) };
            action(cpu);
        }
    }
}
