//! The board: it starts the CPUs, its timer chip interrupts them, and it looks at what came out.

use crate::kernel::{self, Kernel, STOP};
use crate::machine::{self, CPUS};
use crate::mistakes::{self, Mistake, REPORTS};
use lockdep::hooks;
use lockdep::{ContextCell, Kind, Port};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::{Duration, Instant};

const WORKERS: usize = 5;

/// What the firmware holds.
static BOOT: ContextCell = ContextCell::new(0);

/// Runs the kernel with `mistake` in it until it is found, for no longer than `time`; returns what is found.
fn run(mistake: Mistake, time: Duration) -> Option<Kind> {
    machine::become_cpu(CPUS); // this thread, for its own calls
    // SAFETY: it is this thread's alone.
    unsafe { Kernel::set_context(BOOT.get()) };
    machine::irqs_enable(); // none come: it has no timer
    assert!(hooks::reset(), "nothing of an earlier run is known");
    STOP.store(false, Relaxed);
    mistakes::plant(mistake);
    for _ in 0..WORKERS {
        kernel::spawn("worker", kernel::worker);
    }
    let cpus = [0, 1].map(|number| thread::spawn(move || kernel::run_cpu(number)));
    let end = Instant::now() + time;
    while cpus.iter().any(|cpu| !cpu.is_finished()) {
        STOP.fetch_or(Instant::now() > end || hooks::first_finding().is_some(), Relaxed);
        thread::sleep(Duration::from_millis(1));
    }
    println!("{mistake:?}: found {:?}; {}", hooks::first_finding(), kernel::summary());
    hooks::first_finding()
}

/// Runs it, and compares.
fn try_out(mistake: Mistake, time: Duration) {
    assert_eq!(run(mistake, time), mistake.is_found_as(), "{mistake:?}");
    assert_eq!(REPORTS.load(Relaxed), mistake.is_found_as().is_some().into(), "{mistake:?}");
}

pub(crate) fn main() {
    let mut arguments = std::env::args().skip(1);
    let wanted = arguments.next().unwrap_or_default();
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(2);
    for mistake in Mistake::ALL {
        if wanted.is_empty() || format!("{mistake:?}").eq_ignore_ascii_case(&wanted) {
            try_out(mistake, Duration::from_secs(seconds));
        }
    }
}

#[test]
fn nothing_is_found_but_what_is_planted() {
    for mistake in Mistake::ALL {
        try_out(mistake, Duration::from_secs(4));
    }
}
