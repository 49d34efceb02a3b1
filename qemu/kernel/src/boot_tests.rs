//! The self-tests at boot: the list of `lockdep::selftest`, through real tracked locks, with the machine's own interrupt
//! flag.
//!
//! The cases run in contexts of a validator that is theirs alone and is reset for each of them; the kernel's own locks,
//! and its timer, which ticks on meanwhile, are on the other one. The other CPUs are not up yet.

use crate::board::Board;
use crate::sleeping::Sleeping;
use crate::{console, cpu, irq, judge};
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use lockdep::class::LockClassKey;
use lockdep::context::{Context, Level};
use lockdep::hooks;
use lockdep::report::Kind;
use lockdep::runtime::ContextCell;
use lockdep::selftest::{CASES, Column, Machine, Name, table};
use lockdep::spin::{Mutex, RwLock};

/// How many cases this judges: the list, and two of the kernel's own.
pub(crate) const COUNT: usize = CASES.len() + lockdep_proto::KERNEL_CASES.len();

/// Where the cases run: a task and its interrupts, on validator 1.
static TASK: ContextCell = ContextCell::new(1);
static HARDIRQ: ContextCell = ContextCell::new(1);
static SOFTIRQ: ContextCell = ContextCell::new(1);

/// Runs the list and prints the table, then looks whether the kernel itself is in order.
pub(crate) fn run<B: Board>() {
    let mut machine = Boot::<B> { kernel: B::current(), locks: Locks::new(), untrue: 0, board: PhantomData };
    let mut got = ["malformed"; CASES.len()];
    let mut failed = 0;
    let (mut out, mut rows) = (Out::<B>(PhantomData), table::Rows::default());
    // The console takes everything.
    let _ = table::heading(&mut out);
    for (case, got) in CASES.iter().zip(&mut got) {
        if let Ok(found) = case.run(&mut machine) {
            *got = judge::verdict(found);
        }
        machine.leave();
        let passed = *got == judge::verdict(case.expected());
        failed += usize::from(!passed);
        let _ = rows.cell(&mut out, case, passed);
    }
    let _ = rows.end(&mut out);
    let _ = table::closing(&mut out, CASES.len(), failed);
    // The words come after the table, so that its lines are whole.
    for (case, got) in CASES.iter().zip(got) {
        judge::case::<B>(case, judge::verdict(case.expected()), got);
    }
    own_cases::<B>(machine.untrue);
}

/// What the kernel says of itself: the flag was true all the time, and its own locks are in order.
fn own_cases<B: Board>(untrue: usize) {
    let untrue = untrue + cpu::this::<B>().untrue.load(Ordering::Relaxed);
    let own = judge::verdict(hooks::found());
    let [flag, locks] = lockdep_proto::KERNEL_CASES;
    judge::case::<B>(&flag, "true", if untrue == 0 { "true" } else { "untrue" });
    judge::case::<B>(&locks, "ok", own);
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
    rwlock: [RwLock<()>; NAMES],
    mutex: [Sleeping; NAMES],
    rwsem: [Sleeping; NAMES],
    rtmutex: [Sleeping; NAMES],
}

const NAMES: usize = Name::ALL.len();

/// The classes of one kind of lock; X1 and X2 share one, and so on.
const fn keys(names: [&'static str; 7]) -> [LockClassKey; 7] {
    let [a, b, c, d, x, y, z] = names;
    [
        LockClassKey::named(a),
        LockClassKey::named(b),
        LockClassKey::named(c),
        LockClassKey::named(d),
        LockClassKey::named(x),
        LockClassKey::named(y),
        LockClassKey::named(z),
    ]
}

static SPIN: [LockClassKey; 7] = keys(["spin A", "spin B", "spin C", "spin D", "spin X", "spin Y", "spin Z"]);
static RWLOCK: [LockClassKey; 7] =
    keys(["rwlock A", "rwlock B", "rwlock C", "rwlock D", "rwlock X", "rwlock Y", "rwlock Z"]);
static MUTEX: [LockClassKey; 7] = keys(["mutex A", "mutex B", "mutex C", "mutex D", "mutex X", "mutex Y", "mutex Z"]);
static RWSEM: [LockClassKey; 7] = keys(["rwsem A", "rwsem B", "rwsem C", "rwsem D", "rwsem X", "rwsem Y", "rwsem Z"]);
static RTMUTEX: [LockClassKey; 7] =
    keys(["rtmutex A", "rtmutex B", "rtmutex C", "rtmutex D", "rtmutex X", "rtmutex Y", "rtmutex Z"]);

/// The place of a name's class among the keys.
const fn class(name: usize) -> usize {
    if name < 4 { name } else { 4 + (name - 4) / 2 }
}

impl Locks {
    fn new() -> Locks {
        Locks {
            spin: core::array::from_fn(|n| Mutex::with_key(&SPIN[class(n)], ())),
            rwlock: core::array::from_fn(|n| RwLock::with_key(&RWLOCK[class(n)], ())),
            mutex: core::array::from_fn(|n| Sleeping::with_key(&MUTEX[class(n)])),
            rwsem: core::array::from_fn(|n| Sleeping::with_key(&RWSEM[class(n)])),
            rtmutex: core::array::from_fn(|n| Sleeping::with_key(&RTMUTEX[class(n)])),
        }
    }
}

/// The machine that the kernel runs on, as the cases see it.
struct Boot<B> {
    /// The word of the kernel's own context.
    kernel: usize,
    locks: Locks,
    /// How often the machine's flag and the validator's differed.
    untrue: usize,
    board: PhantomData<B>,
}

impl<B: Board> Boot<B> {
    /// Goes back to the kernel's own context; interrupts are on there.
    fn leave(&mut self) {
        B::irqs_disable();
        B::set_current(self.kernel);
        B::irqs_enable();
    }

    fn check(&mut self) {
        let told = cpu::context_of_word(B::current()).map(Context::irqs_on);
        self.untrue += usize::from(told != Some(B::irqs_enabled()));
    }
}

impl<B: Board> Machine for Boot<B> {
    fn begin(&mut self) {
        B::irqs_disable();
        // SAFETY: the cases run one after the other, and nothing else runs in their contexts.
        let task = unsafe { TASK.get() };
        task.reset();
        B::set_current(cpu::word_of_context(task));
        B::irqs_enable();
        hooks::reset();
        self.locks = Locks::new();
    }

    fn take(&mut self, kind: Column, name: Name) {
        let n = name as usize;
        let locks = &self.locks;
        // The guards are forgotten: a case lets go by name, in its own order, or never.
        match kind {
            Column::Spin => core::mem::forget(locks.spin[n].lock()),
            Column::Wlock => core::mem::forget(locks.rwlock[n].write()),
            Column::Rlock => core::mem::forget(locks.rwlock[n].read()),
            Column::Mutex => locks.mutex[n].down_write(),
            Column::Wsem => locks.rwsem[n].down_write(),
            Column::Rsem => locks.rwsem[n].down_read(),
            Column::Rtmutex => locks.rtmutex[n].down_write(),
        }
        self.check();
    }

    fn release(&mut self, kind: Column, name: Name) {
        let n = name as usize;
        let (spin, rwlock) = (&self.locks.spin[n], &self.locks.rwlock[n]);
        match kind {
            // SAFETY: to let go of a `spin::Mutex` that nobody has does nothing to it, and its guard was forgotten.
            Column::Spin => unsafe { spin.force_unlock() },
            // SAFETY: a writer has the lock, and its guard was forgotten.
            Column::Wlock if rwlock.writer_count() > 0 => unsafe { rwlock.force_write_unlock() },
            // SAFETY: a reader has the lock, and its guard was forgotten.
            Column::Rlock if rwlock.reader_count() > 0 => unsafe { rwlock.force_read_decrement() },
            Column::Wlock | Column::Rlock => hooks::release(rwlock.map(), None),
            Column::Mutex => self.locks.mutex[n].up_write(),
            Column::Wsem => self.locks.rwsem[n].up_write(),
            Column::Rsem => self.locks.rwsem[n].up_read(),
            Column::Rtmutex => self.locks.rtmutex[n].up_write(),
        }
        self.check();
    }

    fn renew(&mut self, kind: Column, name: Name) {
        let n = name as usize;
        hooks::free(match kind {
            Column::Spin => self.locks.spin[n].map(),
            Column::Wlock | Column::Rlock => self.locks.rwlock[n].map(),
            Column::Mutex => self.locks.mutex[n].map(),
            Column::Wsem | Column::Rsem => self.locks.rwsem[n].map(),
            Column::Rtmutex => self.locks.rtmutex[n].map(),
        });
    }

    fn irqs(&mut self, on: bool) {
        if on {
            irq::enable::<B>();
        } else {
            irq::disable::<B>();
        }
        self.check();
    }

    fn softirqs(&mut self, on: bool) {
        if on {
            hooks::softirqs_on();
        } else {
            hooks::softirqs_off();
        }
    }

    fn hardirq(&mut self, enter: bool) {
        if enter {
            B::irqs_disable();
            // SAFETY: the cases do not nest interrupts, so nothing else runs in this context.
            hooks::enter(Level::ThreadedHardirq, unsafe { HARDIRQ.get() });
        } else {
            hooks::leave();
            B::irqs_enable();
        }
        self.check();
    }

    fn softirq(&mut self, enter: bool) {
        if enter {
            // SAFETY: as above.
            hooks::enter(Level::Softirq, unsafe { SOFTIRQ.get() });
        } else {
            hooks::leave();
        }
        self.check();
    }

    fn found(&mut self) -> Option<Kind> {
        hooks::found()
    }
}
