//! Preemption, migration, sleep: with more tasks that never pause than CPUs, all of which must go on.

use crate::scenario::Work;
use crate::sched::{self, COUNTS};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep_proto::CommandLine;

const SPINNERS: usize = 9;
const SLEEPERS: usize = 4;
/// How far each spinner has to come, and for how many ticks they spin at least.
const ROUNDS: usize = 1000;
const TICKS: u64 = 40;

static OWN: [Mutex<u64>; SPINNERS] = [const { Mutex::named("spinner_lock", 0) }; SPINNERS];
static SPUN: [AtomicUsize; SPINNERS] = [const { AtomicUsize::new(0) }; SPINNERS];
static SLEPT: AtomicUsize = AtomicUsize::new(0);
/// A task held what it should not, or woke too early.
static WRONG: AtomicUsize = AtomicUsize::new(0);

static SPINNER: Work = Work { name: "spinner", body: spin };
static SLEEPER: Work = Work { name: "sleeper", body: sleep };

pub(super) fn run(command: &CommandLine<'_>) -> &'static str {
    let before = [&COUNTS.preemptions, &COUNTS.migrations].map(|count| count.load(Ordering::Relaxed));
    for number in 0..SPINNERS {
        sched::spawn(&SPINNER, number);
    }
    for number in 0..SLEEPERS {
        sched::spawn(&SLEEPER, number);
    }
    sched::idle_until(|| sched::live() == 0);
    let after = [&COUNTS.preemptions, &COUNTS.migrations].map(|count| count.load(Ordering::Relaxed));
    if WRONG.load(Ordering::Relaxed) > 0 {
        "wrong-locks-or-times"
    } else if SLEPT.load(Ordering::Relaxed) != 10 * SLEEPERS {
        "a-sleeper-was-lost"
    } else if after[0] < before[0] + SPINNERS {
        "no-preemption"
    } else if command.smp > 1 && after[1] == before[1] {
        "no-migration"
    } else {
        "ok"
    }
}

/// Holds a lock, and spins until all others have come as far: so each must have had a CPU, though none pauses.
fn spin(number: usize) {
    let started = sched::ticks();
    let mut own = OWN[number].lock();
    while sched::ticks() < started + TICKS || SPUN.iter().any(|spun| spun.load(Ordering::Relaxed) < ROUNDS) {
        *own += 1;
        SPUN[number].fetch_add(1, Ordering::Relaxed);
        let mut held = 0;
        hooks::for_each_held(&mut |_| held += 1);
        let right = hooks::holds(OWN[number].map()) && held == 1;
        WRONG.fetch_add(usize::from(cfg!(feature = "validate") && !right), Ordering::Relaxed);
        core::hint::spin_loop();
    }
}

fn sleep(number: usize) {
    for round in 0..10 {
        let (started, ticks) = (sched::ticks(), 1 + (number as u64 + round) % 3);
        sched::sleep(ticks);
        WRONG.fetch_add(usize::from(sched::ticks() < started + ticks), Ordering::Relaxed);
        SLEPT.fetch_add(1, Ordering::Relaxed);
    }
}
