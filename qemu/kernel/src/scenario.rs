//! A live scenario: its tasks, what the interrupts do meanwhile, and what must be found. One runs at a time.
//!
//! Teaches: how to hand a list down: the interrupt handlers and the port ask here which one that is, so that neither knows
//! the list of all.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use lockdep::Kind;

/// What a task does, and how it is called.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) body: fn(argument: usize),
}

/// A scenario.
pub(crate) struct Scenario {
    /// As on the command line, and in the words of the protocol.
    pub(crate) name: &'static str,
    pub(crate) tasks: &'static [Work],
    /// What the timer interrupt does, on each CPU.
    pub(crate) in_hardirq: fn(cpu: usize),
    /// What the softirq does that it raises.
    pub(crate) in_softirq: fn(cpu: usize),
    /// `None`: nothing may be found.
    pub(crate) finds: Option<Kind>,
}

static RUNNING: AtomicPtr<Scenario> = AtomicPtr::new(ptr::null_mut());

/// The scenario that runs.
pub(crate) fn running() -> Option<&'static Scenario> {
    let running = RUNNING.load(Ordering::Acquire);
    // SAFETY: null, or from a `&'static Scenario`: `set_running` is the one that writes it. It is never written through.
    unsafe { running.as_ref() }
}

/// Begins a scenario, or ends it.
pub(crate) fn set_running(scenario: Option<&'static Scenario>) {
    let scenario = scenario.map_or(ptr::null(), ptr::from_ref);
    RUNNING.store(scenario.cast_mut(), Ordering::Release);
}

/// For who has nothing to do.
pub(crate) fn nothing(_: usize) {}
