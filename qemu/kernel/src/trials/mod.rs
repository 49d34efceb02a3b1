//! The trials: the kernel at its own business, and what must come of it. Nothing is to be found, and nothing to be lost.
//!
//! | name | what runs | what must be so |
//! | --- | --- | --- |
//! | `sched` | tasks that never pause, and tasks that sleep | each goes on: preempted, moved, woken in time, its locks its own |
//! | `locks` | tasks that meet at each kind of lock | each lock excludes, wakes, and starves nobody |
//! | `memory` | tasks that write more than there is memory | reclaim writes back through the file system; no word is lost |
//! | `shell` | tasks with locks, and a task that answers commands | each command that the runner sends is answered |
//! | `soak` | all of it at once, for `minutes=N` | counts are right, no wake-up was lost, nothing is held |

mod locks;
mod memory;
mod sched;
mod shell;
mod soak;

use crate::board::Board;
use crate::judge;
use crate::sched::{COUNTS, live};
use core::sync::atomic::Ordering;
use lockdep::hooks;
use lockdep_proto::{ALL_TRIALS, CommandLine, SOAK, TRIALS};

/// Runs on the first CPU, which idles meanwhile; returns `ok`, or what is wrong.
type Trial = fn(&CommandLine<'_>) -> &'static str;

static ALL: [(&str, Trial); TRIALS.len()] = [
    (TRIALS[0], sched::run),
    (TRIALS[1], locks::run),
    (TRIALS[2], memory::run),
    (TRIALS[3], shell::run),
    (TRIALS[4], soak::run),
];

/// How many trials a name stands for: none, if there is none of this name.
pub(crate) fn count(name: &str) -> usize {
    chosen(name).count()
}

/// Runs the trials that the name stands for.
pub(crate) fn run<B: Board>(name: &str, command: &CommandLine<'_>) {
    for (name, trial) in chosen(name) {
        while !hooks::reset() {
            core::hint::spin_loop();
        }
        let got = trial(command);
        let got = if live() == 0 { got } else { "tasks-are-left" };
        judge::case::<B>(name, "ok", hooks::first_finding().map_or(got, lockdep::Kind::verdict));
        counts::<B>();
    }
}

fn chosen(name: &str) -> impl Iterator<Item = &'static (&'static str, Trial)> {
    ALL.iter().filter(move |(own, _)| *own == name || name == ALL_TRIALS && *own != SOAK)
}

/// What the scheduler has done so far.
fn counts<B: Board>() {
    for (what, counter) in [
        ("switches", &COUNTS.switches),
        ("preemptions", &COUNTS.preemptions),
        ("migrations", &COUNTS.migrations),
        ("wake-ups", &COUNTS.wakeups),
        ("kicks", &COUNTS.kicks),
    ] {
        judge::times::<B>(what, counter.load(Ordering::Relaxed));
    }
}
