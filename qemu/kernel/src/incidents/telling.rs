//! A telling of an incident: its steps, and what must be found.
//!
//! Teaches: how to tell a deadlock so that nothing hangs. The validator needs each order of locks once, not both at once:
//! so the actors run one after the other, each to its end, and an interrupt comes when it is its turn. What an actor does
//! is a function, which does the same where several run at once.

use crate::scenario::{self, Scenario, Work};
use crate::{judge, sched};
use core::sync::atomic::{AtomicBool, Ordering};
use lockdep::{Kind, hooks};

pub(crate) struct Telling {
    /// How the machine sees it: its name, what its interrupt does, and what must be found.
    scenario: Scenario,
    steps: &'static [Step],
    /// With fewer CPUs it cannot be told.
    pub(crate) cpus: usize,
}

pub(crate) enum Step {
    /// A task runs to its end.
    Task(Work),
    /// The interrupt comes, on the first CPU, and its handler finds that [`is_turn`].
    Interrupt,
    /// These run at once, each to its end.
    Together(&'static [Work]),
    /// It is so: what was told really happened.
    Check(fn() -> bool),
}

impl Telling {
    /// One in which `finds` is found.
    pub(crate) const fn new(name: &'static str, finds: Kind, steps: &'static [Step]) -> Telling {
        Telling::of(name, Some(finds), steps)
    }

    /// One in which nothing is found.
    pub(crate) const fn silent(name: &'static str, steps: &'static [Step]) -> Telling {
        Telling::of(name, None, steps)
    }

    const fn of(name: &'static str, finds: Option<Kind>, steps: &'static [Step]) -> Telling {
        let scenario =
            Scenario { name, tasks: &[], in_hardirq: scenario::nothing, in_softirq: scenario::nothing, finds };
        Telling { scenario, steps, cpus: 1 }
    }

    /// The timer's interrupt does this, on each CPU.
    pub(crate) const fn interrupt(mut self, handler: fn(cpu: usize)) -> Telling {
        self.scenario.in_hardirq = handler;
        self
    }

    pub(crate) const fn needs_cpus(mut self, cpus: usize) -> Telling {
        self.cpus = cpus;
        self
    }
}

/// Whether the interrupt of the telling has its turn.
static TURN: AtomicBool = AtomicBool::new(false);

/// Whether it is the interrupt's turn on this CPU; true once a turn.
pub(crate) fn is_turn(cpu: usize) -> bool {
    cpu == 0 && TURN.swap(false, Ordering::AcqRel)
}

/// Tells it, and judges what was found. The first CPU idles meanwhile.
pub(crate) fn tell<B: crate::board::Board>(telling: &'static Telling) {
    while !hooks::reset() {
        core::hint::spin_loop();
    }
    scenario::set_running(Some(&telling.scenario));
    let all_as_told = telling.steps.iter().all(take);
    scenario::set_running(None);
    let found = judge::verdict(hooks::first_finding());
    let got = if all_as_told { found } else { "not-as-told" };
    judge::case::<B>(&telling.scenario.name, judge::verdict(telling.scenario.finds), got);
}

/// Takes a step; returns whether it went as told.
fn take(step: &'static Step) -> bool {
    match step {
        Step::Task(work) => {
            sched::run_to_end(core::slice::from_ref(work));
            true
        }
        Step::Interrupt => {
            TURN.store(true, Ordering::Release);
            sched::idle_until(|| !TURN.load(Ordering::Acquire));
            true
        }
        Step::Together(works) => {
            sched::run_to_end(works);
            true
        }
        Step::Check(is_so) => is_so(),
    }
}
