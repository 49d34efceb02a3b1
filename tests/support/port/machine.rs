//! A machine of plain values for tests of the runtime: one global runtime, so tests run one after the other, each on a
//! validator that is reset and in a context of its own. The interrupt flag is a variable, what is shown is kept, and an
//! interrupt may come whenever the validator asks the port. `host_port!` makes its port, for whatever policy.

#[path = "../plain.rs"]
pub(crate) mod plain;

use lockdep::Context;
use lockdep::hooks;
use lockdep::report::TaskName;
use lockdep::spin::Mutex;
use lockdep::{ContextCell, Message, TaskInfo};
pub(crate) use plain::{CONTEXT, IRQS};
use std::cell::Cell;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

thread_local! {
    /// What happens when the validator asks the port: an interrupt, at the worst of times.
    pub(crate) static ON_WHO: Cell<Option<fn()>> = const { Cell::new(None) };
    /// The machine's flag when something was shown last.
    pub(crate) static IRQS_IN_SHOW: Cell<Option<bool>> = const { Cell::new(None) };
    /// Who runs.
    pub(crate) static WHO: Cell<TaskInfo> = const { Cell::new(TaskInfo { task: TaskName::new("test"), id: 7, cpu: 0 }) };
    /// What happens while something is shown.
    pub(crate) static ON_SHOW: Cell<Option<fn()>> = const { Cell::new(None) };
}

static SHOWN: StdMutex<Vec<String>> = StdMutex::new(Vec::new());
static ONE_AT_A_TIME: StdMutex<()> = StdMutex::new(());
/// Taken by the port whenever it shows something, as a console's lock is.
pub(crate) static CONSOLE: Mutex<()> = Mutex::named("console", ());

/// What the port is told of the time.
pub(crate) static NOW: AtomicU64 = AtomicU64::new(0);

/// Makes the machine's port, with the constants and functions given, and puts it into the program.
macro_rules! host_port {
    ($($item:item)*) => {
        struct Host;

        // SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
        unsafe impl lockdep::Port for Host {
            const CLASSES: usize = 64;
            const DEPENDENCIES: usize = 128;
            const CHAINS: usize = 256;
            $($item)*
            machine::plain::functions!(machine::plain);

            fn who() -> lockdep::TaskInfo {
                machine::who()
            }
            fn show(message: lockdep::Message<'_>) {
                machine::show(message);
            }
            fn now() -> u64 {
                machine::NOW.load(std::sync::atomic::Ordering::Relaxed)
            }
        }

        lockdep::port!(Host);
    };
}
pub(crate) use host_port;

pub(crate) fn who() -> TaskInfo {
    if let Some(interrupt) = ON_WHO.take() {
        interrupt();
    }
    WHO.get()
}

/// As a console does that saves and restores the interrupt flag.
pub(crate) fn show(message: Message<'_>) {
    let were_on = IRQS.replace(false);
    IRQS_IN_SHOW.set(Some(were_on));
    hooks::irqs_disabled();
    // The one who is reported may hold it: then it is not waited for.
    let console = (!hooks::holds(CONSOLE.map())).then(|| CONSOLE.lock());
    shown().push(message.to_string());
    if let Some(meanwhile) = ON_SHOW.take() {
        meanwhile();
    }
    drop(console);
    if were_on {
        hooks::irqs_enabled();
        IRQS.set(true);
    }
}

pub(crate) fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn new_context() -> &'static Context {
    // SAFETY: the cell lives for ever, and this thread alone knows it.
    unsafe { &*new_cell().get() }
}

/// A context for an interrupt.
pub(crate) fn new_cell() -> &'static ContextCell {
    Box::leak(Box::new(ContextCell::new(0)))
}

/// Begins a test: a task of its own, nothing learned.
pub(crate) fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IRQS.set(true);
    CONTEXT.set(Some(new_context()));
    assert!(hooks::reset());
    shown().clear();
    turn
}

pub(crate) fn context() -> &'static Context {
    CONTEXT.get().expect("a test has a context")
}
