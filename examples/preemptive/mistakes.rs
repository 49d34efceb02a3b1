//! Mistakes that are made in such kernels, to be planted one at a time. None of them hangs when it runs: each happens at a moment
//! at which it does no harm, and is found all the same.

use crate::kernel::{self, ALARM, ALARM_IS_DUE, SleepLock, give_cpu_away, spawn, without_interrupts};
use lockdep::Kind;
use lockdep::spin::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mistake {
    None,
    /// Two tasks take two locks in different orders.
    Abba,
    /// A lock that the timer takes is held with interrupts on.
    TimerLock,
    /// A task sleeps with a lock that spins.
    Sleep,
    /// A task ends with a lock.
    Exit,
    /// The scheduler does not hand the run queue's lock over.
    NoHandOver,
}

impl Mistake {
    pub(crate) const ALL: [Mistake; 6] =
        [Mistake::None, Mistake::Abba, Mistake::TimerLock, Mistake::Sleep, Mistake::Exit, Mistake::NoHandOver];

    /// What the validator must say.
    pub(crate) fn is_found_as(self) -> Option<Kind> {
        match self {
            Mistake::None => None,
            Mistake::Abba => Some(Kind::Circular),
            Mistake::TimerLock => Some(Kind::Inconsistent),
            Mistake::Sleep => Some(Kind::SleepAtomic),
            Mistake::Exit => Some(Kind::HeldAtExit),
            Mistake::NoHandOver => Some(Kind::Unbalanced),
        }
    }

    fn spawn_culprits(self) {
        match self {
            Mistake::None | Mistake::NoHandOver => {}
            Mistake::Abba => {
                spawn("left first", left_before_right);
                spawn("right first", right_before_left);
            }
            Mistake::TimerLock => spawn("careless", careless),
            Mistake::Sleep => spawn("sleeper", sleeper),
            Mistake::Exit => spawn("forgetful", forgetful),
        }
    }
}

static PLANTED: AtomicU8 = AtomicU8::new(Mistake::None as u8);
/// How many reports were shown.
pub(crate) static REPORTS: AtomicU32 = AtomicU32::new(0);

/// Plants it for the next run.
pub(crate) fn plant(mistake: Mistake) {
    PLANTED.store(mistake as u8, Relaxed);
    REPORTS.store(0, Relaxed);
    mistake.spawn_culprits();
}

pub(crate) fn is_planted(mistake: Mistake) -> bool {
    PLANTED.load(Relaxed) == mistake as u8
}

/// Waits while other tasks and interrupts run.
fn wait_until(what: &AtomicBool, value: bool) {
    while what.load(Relaxed) != value && !kernel::STOP.load(Relaxed) {
        give_cpu_away();
    }
}

static LEFT: SleepLock<()> = SleepLock::named("left", ());
static RIGHT: SleepLock<()> = SleepLock::named("right", ());
static LEFT_WAS_FIRST: AtomicBool = AtomicBool::new(false);

fn left_before_right() {
    let _left = LEFT.lock();
    let _right = RIGHT.lock();
    LEFT_WAS_FIRST.store(true, Relaxed);
}

/// If it did not wait, both tasks could wait for each other for ever.
fn right_before_left() {
    wait_until(&LEFT_WAS_FIRST, true);
    let _right = RIGHT.lock();
    let _left = LEFT.lock();
}

/// If the alarm were due while it is held here, the interrupt would spin for a lock of its own CPU.
fn careless() {
    ALARM_IS_DUE.store(true, Relaxed);
    wait_until(&ALARM_IS_DUE, false); // the interrupt has taken the lock
    let mut alarm = ALARM.lock();
    *alarm = 0;
}

/// If another task wanted the lock, its CPU would spin for as long as this one sleeps.
fn sleeper() {
    static LOG: Mutex<u32> = Mutex::named("log", 0);
    let mut log = LOG.lock();
    give_cpu_away();
    *log += 1;
}

/// The next task that takes the lock would wait for ever.
fn forgetful() {
    let lock = without_interrupts(|| Box::new(SleepLock::named("forgotten", ())));
    std::mem::forget(Box::leak(lock).lock());
}
