//! The shell, with something to show: a task that sleeps with a lock held, and one that waits for it.

use crate::locks::Mutex;
use crate::scenario::Work;
use crate::{sched, shell};
use core::sync::atomic::{AtomicU32, Ordering};
use lockdep_proto::CommandLine;

static SHOWN: Mutex<()> = Mutex::named("shown_mutex", ());
static WORKS: [Work; 3] = [
    Work { name: "holder", body: hold },
    Work { name: "waiter", body: |_| drop(SHOWN.lock()) },
    Work { name: "shell", body: answer },
];
/// The commands that came; all bits until the shell ends.
static CAME: AtomicU32 = AtomicU32::new(0);
const RUNS: u32 = 1 << 31;

pub(super) fn run(_: &CommandLine<'_>) -> &'static str {
    CAME.store(RUNS, Ordering::Release);
    sched::run_to_end(&WORKS);
    if CAME.load(Ordering::Acquire) == (1 << shell::COMMANDS.len()) - 1 { "ok" } else { "commands-are-missing" }
}

fn hold(_: usize) {
    let _held = SHOWN.lock();
    while CAME.load(Ordering::Acquire) == RUNS {
        sched::sleep(1);
    }
}

fn answer(_: usize) {
    CAME.store(shell::run().unwrap_or(0), Ordering::Release);
}
