//! Time: the cycle counter, and the virtual timer with its counter. Each CPU has them for itself; the timer's counter shows
//! the same time to all.
//!
//! The timer interrupts when the counter has reached a deadline, and holds its line until the deadline is moved. The
//! next deadline is reckoned from the last one, not from now: ticks do not drift. Those that were missed, since
//! interrupts were off or the host slept, are dropped, so that they do not arrive all at once.

use crate::Machine;
use core::arch::asm;
use kernel::board::Clock;

/// Ticks a second.
const RATE: u64 = 100;

impl Clock for Machine {
    /// The cycle counter: QEMU lets a cycle be a nanosecond, with `-icount shift=0` an instruction. A compiler barrier.
    #[inline(always)]
    fn instructions() -> u64 {
        let count: u64;
        // SAFETY: reads a counter.
        unsafe { asm!("mrs {}, pmccntr_el0", out(reg) count, options(nostack, preserves_flags)) };
        count
    }

    /// The timer's counter, as nanoseconds.
    fn now() -> u64 {
        let (count, frequency) = (counter(), frequency());
        count / frequency * 1_000_000_000 + count % frequency * 1_000_000_000 / frequency
    }

    /// Starts this CPU's ticks, the first one a period from now.
    fn start_timer() {
        set_deadline(counter() + period());
        // SAFETY: turns this CPU's timer on, its interrupt not masked; the handler is in place since boot.
        unsafe { asm!("msr cntv_ctl_el0, {:x}", "isb", in(reg) 1_u64, options(nomem, nostack, preserves_flags)) };
    }
}

/// Starts this CPU's cycle counter.
pub(crate) fn start_counting() {
    // SAFETY: turns a counter on; it interrupts nobody, since its interrupt is not enabled.
    unsafe {
        asm!("msr pmcntenset_el0, {}", "msr pmcr_el0, {}", "isb", in(reg) 1_u64 << 31, in(reg) 1_u64,
            options(nomem, nostack, preserves_flags));
    }
}

/// Moves the deadline, which has passed, to the next one that has not.
pub(crate) fn rearm() {
    let missed = (counter() - deadline()) / period();
    set_deadline(deadline() + (missed + 1) * period());
}

fn period() -> u64 {
    frequency() / RATE
}

/// How often the counter counts in a second.
fn frequency() -> u64 {
    let hertz: u64;
    // SAFETY: reads a register that the firmware set once.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack, preserves_flags)) };
    hertz
}

fn counter() -> u64 {
    let count: u64;
    // The barrier keeps the CPU from reading ahead, so that a later call never shows an earlier time.
    // SAFETY: reads a counter.
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) count, options(nomem, nostack, preserves_flags)) };
    count
}

fn deadline() -> u64 {
    let count: u64;
    // SAFETY: reads a register of this CPU's timer.
    unsafe { asm!("mrs {}, cntv_cval_el0", out(reg) count, options(nomem, nostack, preserves_flags)) };
    count
}

/// Moves the deadline; when this returns, the line is as the new one says.
fn set_deadline(count: u64) {
    // SAFETY: writes a register of this CPU's timer, which affects nothing but when its interrupt comes.
    unsafe { asm!("msr cntv_cval_el0, {}", "isb", in(reg) count, options(nomem, nostack, preserves_flags)) };
}
