//! A machine for tests of preemption: one CPU whose context and interrupt flag are atomics that a signal's handler may use,
//! as the handler of an interrupt uses a machine's own. Its tests run one after the other.

use lockdep::context::Context;
use lockdep::hooks;
use lockdep::news::News;
use lockdep::port::Port;
use lockdep::report::Who;
use lockdep::runtime::ContextCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

static CURRENT: AtomicPtr<Context> = AtomicPtr::new(ptr::null_mut());
/// The machine's flag of interrupts.
pub(crate) static FLAG: AtomicBool = AtomicBool::new(true);
/// How many reports were shown.
pub(crate) static SHOWN: AtomicU64 = AtomicU64::new(0);
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) struct Kernel;

// SAFETY: one thread at a time is the CPU, by `ONE_AT_A_TIME`; a signal's handler on that thread is its interrupt.
unsafe impl Port for Kernel {
    fn context() -> Option<&'static Context> {
        // SAFETY: nothing but contexts that live as long as the program is ever stored.
        unsafe { CURRENT.load(SeqCst).as_ref() }
    }
    fn set_context(context: &'static Context) {
        CURRENT.store(ptr::from_ref(context).cast_mut(), SeqCst);
    }
    fn irqs_enabled() -> bool {
        FLAG.load(SeqCst)
    }
    fn irqs_disable() {
        FLAG.store(false, SeqCst);
    }
    fn irqs_enable() {
        FLAG.store(true, SeqCst);
    }
    fn who() -> Who {
        Who { task: "task", id: 1, cpu: 0 }
    }
    fn show(_: News<'_>) {
        SHOWN.fetch_add(1, SeqCst);
    }
}

lockdep::port!(Kernel, classes = 64, dependencies = 256, chains = 512, validators = 1);

pub(crate) fn new_context() -> &'static Context {
    let cell: &'static ContextCell = Box::leak(Box::new(ContextCell::new(0)));
    // SAFETY: it was made here, and is used by the one CPU alone.
    unsafe { cell.get() }
}

/// Begins a test: a task of its own.
pub(crate) fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    FLAG.store(true, SeqCst);
    start_again();
    turn
}

/// A new task; nothing is learned, and nothing shown.
pub(crate) fn start_again() {
    Kernel::set_context(new_context());
    assert!(hooks::reset());
    SHOWN.store(0, SeqCst);
}
