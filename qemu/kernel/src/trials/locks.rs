//! Each kind of sleeping lock, by tasks that meet at it: nothing is counted twice or lost, nobody starves, and what one task
//! handed over another releases.

use crate::locks::{Completion, Mutex, PageLock, RwSem, Semaphore, SpinLock};
use crate::scenario::Work;
use crate::sched;
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep_proto::CommandLine;

const WORKERS: usize = 6;
const ROUNDS: usize = 150;
const PERMITS: usize = 2;

static COUNTER: Mutex<usize> = Mutex::named("trial_mutex", 0);
static PAIR: RwSem<[usize; 2]> = RwSem::named("trial_rwsem", [0; 2]);
static ROOMS: Semaphore = Semaphore::named("trial_semaphore", PERMITS);
static SPUN: SpinLock<usize> = SpinLock::named("trial_spin", 0);
static NEVER: Semaphore = Semaphore::named("trial_never", 0);
static START: Completion = Completion::named("trial_start");
static PAGE: PageLock = PageLock::named("trial_page");
static PING: Semaphore = Semaphore::named("trial_ping", 0);
static PONG: Semaphore = Semaphore::named("trial_pong", 0);

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static WRITTEN: AtomicUsize = AtomicUsize::new(0);
static PAGES: AtomicUsize = AtomicUsize::new(0);
static WRONG: AtomicUsize = AtomicUsize::new(0);

static WORKER: Work = Work { name: "worker", body: work };
static OTHERS: [Work; 6] = [
    Work { name: "starter", body: start },
    Work { name: "writer", body: write },
    Work { name: "ping", body: ping },
    Work { name: "pong", body: pong },
    Work { name: "reader-in", body: begin_io },
    Work { name: "io-end", body: end_io },
];
/// What `begin_io` and `end_io` tell one another.
static IO: Semaphore = Semaphore::named("trial_io", 0);

pub(super) fn run(_: &CommandLine<'_>) -> &'static str {
    for number in 0..WORKERS {
        sched::spawn(&WORKER, number);
    }
    sched::run_to_end(&OTHERS);
    if WRONG.load(Ordering::Relaxed) > 0 {
        "an-exclusion-failed"
    } else if COUNTER.try_lock().map(|count| *count) != Some(WORKERS * ROUNDS) {
        "the-mutex-lost-a-count"
    } else if *SPUN.lock() != WORKERS * ROUNDS {
        "the-spinlock-lost-a-count"
    } else if WRITTEN.load(Ordering::Relaxed) != ROUNDS || PAGES.load(Ordering::Relaxed) != ROUNDS {
        "a-writer-starved"
    } else {
        "ok"
    }
}

fn wrong_if(wrong: bool) {
    WRONG.fetch_add(usize::from(wrong), Ordering::Relaxed);
}

/// All of them, over and over. The yields are where a lock that does not exclude would show.
fn work(number: usize) {
    START.wait();
    for round in 0..ROUNDS {
        {
            let mut counter = COUNTER.lock();
            let before = *counter;
            if round % 8 == number % 8 {
                sched::yield_now();
            }
            *counter = before + 1;
        }
        {
            let pair = PAIR.read();
            let first = pair[0];
            if round % 8 == number % 8 {
                sched::yield_now();
            }
            wrong_if(pair[1] != first);
        }
        ROOMS.down();
        wrong_if(INSIDE.fetch_add(1, Ordering::Relaxed) >= PERMITS);
        if round % 16 == number {
            sched::sleep(1);
        }
        INSIDE.fetch_sub(1, Ordering::Relaxed);
        ROOMS.up();
        *SPUN.lock() += 1;
    }
    let due = sched::ticks() + 2;
    wrong_if(NEVER.down_until(due) || sched::ticks() < due);
}

fn start(_: usize) {
    let _promise = START.promise();
    sched::sleep(1);
}

/// Gets its turn, though readers come all the time.
fn write(_: usize) {
    for round in 0..ROUNDS {
        let mut pair = PAIR.write();
        pair[0] = round;
        sched::yield_now();
        pair[1] = round;
        WRITTEN.fetch_add(1, Ordering::Relaxed);
    }
}

/// A wake-up that is lost between these two ends the trial's time.
fn ping(_: usize) {
    for _ in 0..ROUNDS {
        PING.up();
        PONG.down();
    }
}

fn pong(_: usize) {
    for _ in 0..ROUNDS {
        PING.down();
        PONG.up();
    }
}

/// Locks the page and hands it over ...
fn begin_io(_: usize) {
    for _ in 0..ROUNDS {
        PAGE.lock();
        PAGE.hand_over();
        IO.up();
    }
}

/// ... to who unlocks it.
fn end_io(_: usize) {
    for _ in 0..ROUNDS {
        IO.down();
        wrong_if(PAGE.try_lock());
        PAGES.fetch_add(1, Ordering::Relaxed);
        PAGE.unlock();
    }
}
