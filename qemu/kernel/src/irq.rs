//! Interrupts and softirqs: the flag and its copy, entry and exit, and what the timer does.
//!
//! Invariant: the validator's flag is true to the machine's. It is turned off after the machine's and on before it, and
//! [`check`] compares both wherever no change is under way; and what a timer interrupt interrupts must have been told
//! that interrupts are on. Who differs is counted, and the case `irq-flag` is the sum.

use crate::board::Board;
use crate::{cpu, scenario};
use core::sync::atomic::Ordering;
use lockdep::Level;
use lockdep::hooks;

/// How often softirqs that were raised by softirqs are run before the interrupted code goes on.
const SOFTIRQ_ROUNDS: usize = 4;

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

fn count_untrue<B: Board>(differs: bool) {
    if differs {
        cpu::this::<B>().untrue.fetch_add(1, Ordering::Relaxed);
    }
}

/// A timer interrupt, from entry to exit. Interrupts are disabled.
pub fn timer_interrupt<B: Board>() {
    let cpu = cpu::this::<B>();
    let interrupted = B::current();
    // An interrupt came: so interrupts were on. Asked before `enter`, which says itself that they are off.
    count_untrue::<B>(!cpu::current::<B>().irqs_on());
    if cpu::in_self_test::<B>() {
        // The self-tests have a validator of their own; the kernel's interrupt is none of theirs.
        B::set_current(cpu::word_of_context(cpu.idle.get()));
    }
    hooks::within_interrupt(Level::Hardirq, &cpu.hardirq, || {
        cpu.ticks.fetch_add(1, Ordering::Relaxed);
        if let Some(scenario) = scenario::running() {
            (scenario.in_hardirq)(B::cpu());
        }
        cpu.softirq_pending.store(true, Ordering::Relaxed);
    });
    softirqs::<B>();
    if !hooks::irqs_recorded_on() {
        // The softirqs ended with interrupts off; the return from this interrupt enables them.
        hooks::irqs_enabled();
    }
    B::set_current(interrupted);
}

/// On the way out of an interrupt: runs what was raised, with interrupts on, unless a softirq was interrupted.
fn softirqs<B: Board>() {
    let cpu = cpu::this::<B>();
    if cpu::current::<B>().in_softirq() {
        return;
    }
    for _ in 0..SOFTIRQ_ROUNDS {
        if !cpu.softirq_pending.swap(false, Ordering::Relaxed) {
            return;
        }
        // Declared first, so that it is dropped last, with interrupts off again.
        let _interrupt = hooks::interrupt(Level::Softirq, &cpu.softirq);
        enable::<B>();
        check::<B>();
        if let Some(scenario) = scenario::running() {
            (scenario.in_softirq)(B::cpu());
        }
        disable::<B>();
    }
}
