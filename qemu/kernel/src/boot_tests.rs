//! The self-tests at boot: the list of `lockdep::selftest`, through real tracked locks, with the machine's own
//! interrupt flag.
//!
//! The cases run in contexts of a validator that is theirs alone and is reset for each of them; the kernel's own locks,
//! and its timer, which ticks on meanwhile, are on the other one. The other CPUs are not up yet.

use crate::board::Board;
use crate::sleeping::{Local, Sleeping};
use crate::{console, cpu, irq, judge};
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::selftest::{Bench, CASES, Case, Lock, Machine, Name, Nest, table};
use lockdep::spin::{Mutex, RwLock};
use lockdep::{ContextCell, Kind};
use lockdep::{Level, LockClassKey, LockMap};
use lockdep_proto::{KERNEL_CASES, SCENARIOS};

/// How many cases this judges.
pub(crate) const COUNT: usize = CASES.len();

/// Where the cases run: two tasks and their interrupts, on validator 1.
static TASKS: [ContextCell; 2] = [ContextCell::new(1), ContextCell::new(1)];
static HARDIRQ: ContextCell = ContextCell::new(1);
static SOFTIRQ: ContextCell = ContextCell::new(1);

/// Runs the list, prints the table, and judges each case.
pub(crate) fn run<B: Board>() {
    let mut got = ["malformed"; CASES.len()];
    let (mut failed, mut done) = (0, 0);
    let (mut out, mut rows) = (Out::<B>(PhantomData), table::Rows::default());
    each_case::<B>(|case, verdict| {
        got[done] = verdict;
        done += 1;
        let passed = verdict == expected(case);
        failed += usize::from(!passed);
        let outcome = if passed { table::Outcome::Passed } else { table::Outcome::Failed };
        // The console takes everything.
        let _ = rows.cell(&mut out, case, outcome);
    });
    let _ = rows.end(&mut out);
    let _ = table::closing(&mut out, failed, KERNEL_CASES.len() + SCENARIOS.len());
    // The words come after the table, so that its lines are whole.
    for (case, got) in CASES.iter().zip(got) {
        judge::case::<B>(case, expected(case), got);
    }
}

/// The name of the verdict that is right.
pub fn expected(case: &Case) -> &'static str {
    judge::verdict(case.expected())
}

/// Runs each case, and reports its result.
pub fn each_case<B: Board>(mut judged: impl FnMut(&Case, &'static str)) {
    let mut machine =
        Boot::<B> { kernel: B::current(), locks: Locks::new(), ww: Bench::new(), untrue: 0, board: PhantomData };
    for case in CASES.iter() {
        let got = case.run(&mut machine).map_or("malformed", judge::verdict);
        machine.end();
        judged(case, got);
    }
    // Judged with what is yet to come.
    cpu::this::<B>().untrue.fetch_add(machine.untrue, Ordering::Relaxed);
}

struct Out<B>(PhantomData<B>);

impl<B: Board> Write for Out<B> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        console::print::<B>(format_args!("{s}"));
        Ok(())
    }
}

/// The locks of the cases: of each kind one of each name.
struct Locks {
    spin: [Mutex<()>; NAMES],
    raw: [Mutex<()>; NAMES],
    untyped: [Mutex<()>; NAMES],
    rwlock: [RwLock<()>; NAMES],
    /// The same classes, with readers that queue.
    queued: [Sleeping; NAMES],
    mutex: [Sleeping; NAMES],
    rwsem: [Sleeping; NAMES],
    rtmutex: [Sleeping; NAMES],
    local: [Local; NAMES],
}

const NAMES: usize = Name::ALL.len();

/// The classes of one kind of lock; X1 and X2 share one, and so on.
macro_rules! keys {
    ($kind:literal) => {
        [
            LockClassKey::named(concat!($kind, " A")),
            LockClassKey::named(concat!($kind, " B")),
            LockClassKey::named(concat!($kind, " C")),
            LockClassKey::named(concat!($kind, " D")),
            LockClassKey::named(concat!($kind, " X")),
            LockClassKey::named(concat!($kind, " Y")),
            LockClassKey::named(concat!($kind, " Z")),
        ]
    };
}

type Keys = [LockClassKey; 7];
static SPIN: Keys = keys!("spin");
static RAW: Keys = keys!("raw");
static UNTYPED: Keys = keys!("untyped");
static RWLOCK: Keys = keys!("rwlock");
static MUTEX: Keys = keys!("mutex");
static RWSEM: Keys = keys!("rwsem");
static RTMUTEX: Keys = keys!("rtmutex");
static LOCAL: Keys = keys!("local");

/// The place of a name's class among the keys.
const fn class(name: usize) -> usize {
    if name < 4 { name } else { 4 + (name - 4) / 2 }
}

/// One lock of each name.
fn of_each<L>(keys: &'static Keys, lock: impl Fn(&'static LockClassKey) -> L) -> [L; NAMES] {
    core::array::from_fn(|name| lock(&keys[class(name)]))
}

impl Locks {
    fn new() -> Locks {
        Locks {
            spin: of_each(&SPIN, |key| Mutex::with_waits(key, WaitTypes::CONFIG, ())),
            raw: of_each(&RAW, |key| Mutex::with_key(key, ())),
            untyped: of_each(&UNTYPED, |key| Mutex::with_waits(key, WaitTypes::NONE, ())),
            rwlock: of_each(&RWLOCK, |key| RwLock::with_waits(key, WaitTypes::CONFIG, ())),
            queued: of_each(&RWLOCK, |key| Sleeping::with_key(key, WaitTypes::CONFIG)),
            mutex: of_each(&MUTEX, |key| Sleeping::with_key(key, WaitTypes::SLEEP)),
            rwsem: of_each(&RWSEM, |key| Sleeping::with_key(key, WaitTypes::SLEEP)),
            rtmutex: of_each(&RTMUTEX, |key| Sleeping::with_key(key, WaitTypes::SLEEP)),
            local: of_each(&LOCAL, Local::with_key),
        }
    }

    fn map(&self, lock: Lock, n: usize) -> &LockMap {
        match lock {
            Lock::Spin => self.spin[n].map(),
            Lock::Raw => self.raw[n].map(),
            Lock::Untyped => self.untyped[n].map(),
            Lock::Wlock | Lock::Rlock => self.rwlock[n].map(),
            Lock::Qread => self.queued[n].map(),
            Lock::Mutex => self.mutex[n].map(),
            Lock::Wsem | Lock::Rsem => self.rwsem[n].map(),
            Lock::Rtmutex => self.rtmutex[n].map(),
            Lock::Local => self.local[n].map(),
        }
    }
}

/// The machine that the kernel runs on, as the cases see it.
struct Boot<B> {
    /// The word of the kernel's own context.
    kernel: usize,
    locks: Locks,
    ww: Bench,
    /// How often the machine's flag and the validator's differed.
    untrue: usize,
    board: PhantomData<B>,
}

impl<B: Board> Boot<B> {
    /// Goes back to the kernel's own context; interrupts are on there.
    fn end(&mut self) {
        B::irqs_disable();
        B::set_current(self.kernel);
        B::irqs_enable();
    }

    fn check(&mut self) {
        self.untrue += usize::from(cpu::current::<B>().irqs_on() != B::irqs_enabled());
    }
}

/// Releases a `spin::Mutex` by name.
fn unlock(lock: &Mutex<()>) {
    // SAFETY: its guard was forgotten; or nobody has it, and then this does nothing to it.
    unsafe { lock.force_unlock() }
}

impl<B: Board> Machine for Boot<B> {
    fn begin(&mut self) {
        B::irqs_disable();
        for context in TASKS.iter().chain([&HARDIRQ, &SOFTIRQ]) {
            // SAFETY: the cases run one after the other, and nothing else runs in their contexts.
            unsafe { context.reset() };
        }
        self.task(0);
        B::irqs_enable();
        hooks::reset();
        self.locks = Locks::new();
        self.ww = Bench::new();
    }

    fn take(&mut self, lock: Lock, name: Name) {
        let n = name as usize;
        let locks = &self.locks;
        // The guards are forgotten: a case releases by name, in its own order, or never.
        match lock {
            Lock::Spin => core::mem::forget(locks.spin[n].lock()),
            Lock::Raw => core::mem::forget(locks.raw[n].lock()),
            Lock::Untyped => core::mem::forget(locks.untyped[n].lock()),
            Lock::Wlock => core::mem::forget(locks.rwlock[n].write()),
            Lock::Rlock => core::mem::forget(locks.rwlock[n].read()),
            Lock::Qread => locks.queued[n].down_read(),
            Lock::Mutex => locks.mutex[n].down_write(),
            Lock::Wsem => locks.rwsem[n].down_write(),
            Lock::Rsem => locks.rwsem[n].down_read(),
            Lock::Rtmutex => locks.rtmutex[n].down_write(),
            Lock::Local => locks.local[n].lock(),
        }
        self.check();
    }

    fn take_nested(&mut self, name: Name, nest: Nest) {
        let nest = match nest {
            Nest::Spin(name) => self.locks.spin[name as usize].map(),
            Nest::Ww => self.ww.map(),
        };
        core::mem::forget(self.locks.spin[name as usize].lock_nest(nest));
        self.check();
    }

    fn release(&mut self, lock: Lock, name: Name) {
        let n = name as usize;
        let rwlock = &self.locks.rwlock[n];
        match lock {
            Lock::Spin => unlock(&self.locks.spin[n]),
            Lock::Raw => unlock(&self.locks.raw[n]),
            Lock::Untyped => unlock(&self.locks.untyped[n]),
            // SAFETY: a writer has the lock, and its guard was forgotten.
            Lock::Wlock if rwlock.writer_count() > 0 => unsafe { rwlock.force_write_unlock() },
            // SAFETY: a reader has the lock, and its guard was forgotten.
            Lock::Rlock if rwlock.reader_count() > 0 => unsafe { rwlock.force_read_decrement() },
            Lock::Wlock | Lock::Rlock => hooks::release(rwlock.map(), None),
            Lock::Qread => self.locks.queued[n].up_read(),
            Lock::Mutex => self.locks.mutex[n].up_write(),
            Lock::Wsem => self.locks.rwsem[n].up_write(),
            Lock::Rsem => self.locks.rwsem[n].up_read(),
            Lock::Rtmutex => self.locks.rtmutex[n].up_write(),
            Lock::Local => self.locks.local[n].unlock(),
        }
        self.check();
    }

    fn renew(&mut self, lock: Lock, name: Name) {
        hooks::lock_freed(self.locks.map(lock, name as usize));
    }

    fn ww(&mut self) -> &Bench {
        &self.ww
    }

    fn irqs_on(&mut self) {
        irq::enable::<B>();
        self.check();
    }

    fn irqs_off(&mut self) {
        irq::disable::<B>();
        self.check();
    }

    fn softirqs_on(&mut self) {
        hooks::softirqs_on();
    }

    fn softirqs_off(&mut self) {
        hooks::softirqs_off();
    }

    fn enter(&mut self, level: Level) {
        let own = if level == Level::Softirq {
            &SOFTIRQ
        } else {
            B::irqs_disable();
            &HARDIRQ
        };
        hooks::irq_enter(level, own);
        self.check();
    }

    fn leave(&mut self, level: Level) {
        hooks::irq_exit();
        if level != Level::Softirq {
            B::irqs_enable();
        }
        self.check();
    }

    fn task(&mut self, number: usize) {
        B::set_current(cpu::word_of_context(TASKS[number].get()));
    }

    fn found(&mut self) -> Option<Kind> {
        hooks::first_finding()
    }
}
