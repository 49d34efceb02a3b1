//! Interrupts from entry to exit: the handler, the softirqs that it raised, and the tail, where the scheduler may preempt.
//!
//! Teaches: what runs in which context. The handler has the CPU's hardirq context, and interrupts off. Softirqs have the
//! CPU's softirq context, and interrupts on: the next interrupt may nest in them. The tail is the interrupted task again,
//! with interrupts off: there the task is preempted, and when it is scheduled again it returns from its interrupt, on
//! whatever CPU. What an interrupt interrupts must have been told that interrupts are on; who differs is counted (`flag`).

use crate::board::Board;
use crate::{cpu, flag, scenario, sched, softirq};
use core::sync::atomic::Ordering;
use lockdep::Level;
use lockdep::hooks;

/// How often softirqs that were raised by softirqs are run before the interrupted code goes on.
const SOFTIRQ_ROUNDS: usize = 4;

/// The timer interrupt. Interrupts are disabled.
pub fn timer_interrupt<B: Board>() {
    interrupt::<B>(|| {
        cpu::this::<B>().ticks.fetch_add(1, Ordering::Relaxed);
        sched::tick(B::cpu());
        if let Some(scenario) = scenario::running() {
            (scenario.in_hardirq)(B::cpu());
        }
        softirq::raise(B::cpu(), softirq::TIMER);
    });
}

/// The interrupt by which another CPU says that there is something to run: all of it is in the tail.
pub fn kick_interrupt<B: Board>() {
    interrupt::<B>(|| ());
}

fn interrupt<B: Board>(handler: impl FnOnce()) {
    while cpu::is_stopped() {
        core::hint::spin_loop();
    }
    let cpu = cpu::this::<B>();
    let interrupted = B::current();
    // An interrupt came: so interrupts were on. Asked before `enter`, which says itself that they are off.
    flag::count_untrue::<B>(!cpu::current::<B>().irqs_on());
    let of_self_test = cpu::in_self_test::<B>();
    if of_self_test {
        // The self-tests have a validator of their own; the kernel's interrupt is none of theirs.
        B::set_current(cpu::word_of_context(cpu.idle.get()));
    }
    hooks::within_interrupt(Level::Hardirq, &cpu.hardirq, handler);
    softirqs::<B>();
    if !hooks::irqs_recorded_on() {
        // The softirqs ended with interrupts off; the return from this interrupt enables them.
        hooks::irqs_enabled();
    }
    B::set_current(interrupted);
    if !of_self_test && sched::wants_to_preempt() {
        // The tail. From here on it may be another CPU, and interrupts are off until the machine returns.
        hooks::irqs_disabled();
        sched::preempt();
        hooks::irqs_enabled();
    }
}

/// On the way out of an interrupt: runs what was raised, with interrupts on, unless a softirq was interrupted.
fn softirqs<B: Board>() {
    let cpu = cpu::this::<B>();
    if cpu::current::<B>().in_softirq() {
        return;
    }
    for _ in 0..SOFTIRQ_ROUNDS {
        let raised = softirq::take(B::cpu());
        if raised == 0 {
            return;
        }
        // Declared first, so that it is dropped last, with interrupts off again.
        let _interrupt = hooks::interrupt(Level::Softirq, &cpu.softirq);
        flag::enable::<B>();
        flag::check::<B>();
        softirq::run(raised, B::cpu());
        if let Some(scenario) = scenario::running() {
            (scenario.in_softirq)(B::cpu());
        }
        flag::disable::<B>();
    }
}
