//! A machine for tests of preemption: one CPU whose context and interrupt flag are atomics that a signal's handler may use,
//! as the handler of an interrupt uses a machine's own. Its tests run one after the other.

use lockdep::Context;
use lockdep::hooks;
use lockdep::{ContextCell, IrqState, Message, Port, TaskInfo};
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
    const CLASSES: usize = 64;
    const DEPENDENCIES: usize = 256;
    const CHAINS: usize = 512;

    fn context() -> *const Context {
        CURRENT.load(SeqCst)
    }
    unsafe fn set_context(context: *const Context) {
        CURRENT.store(context.cast_mut(), SeqCst);
    }
    fn irqs_enabled() -> bool {
        FLAG.load(SeqCst)
    }
    fn irqs_disable() -> IrqState {
        IrqState(usize::from(FLAG.swap(false, SeqCst)))
    }
    fn irqs_restore(state: IrqState) {
        FLAG.store(state.0 != 0, SeqCst);
    }
    fn who() -> TaskInfo {
        TaskInfo { task: "task".into(), id: 1, cpu: 0 }
    }
    fn show(_: Message<'_>) {
        SHOWN.fetch_add(1, SeqCst);
    }
}

lockdep::port!(Kernel);

/// A context of a task, or of an interrupt.
pub(crate) fn new_cell() -> &'static ContextCell {
    Box::leak(Box::new(ContextCell::new(0)))
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
    // SAFETY: it is new, and lives as long as the program.
    unsafe { Kernel::set_context(new_cell().get()) };
    assert!(hooks::reset());
    SHOWN.store(0, SeqCst);
}
