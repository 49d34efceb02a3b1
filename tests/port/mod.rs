//! A port of plain values for tests of the runtime: one global runtime, so tests run one after the other, each on a validator
//! that is reset and in a context of its own. The machine's interrupt flag is a variable, what is shown is kept, and an
//! interrupt may come whenever the validator asks the port.

use lockdep::context::Context;
use lockdep::hooks;
use lockdep::news::News;
use lockdep::port::Port;
use lockdep::report::Who;
use lockdep::runtime::ContextCell;
use lockdep::spin::Mutex;
use std::cell::Cell;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

thread_local! {
    pub(crate) static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    pub(crate) static IRQS: Cell<bool> = const { Cell::new(true) };
    /// What happens when the validator asks the port: an interrupt, at the worst of times.
    pub(crate) static ON_WHO: Cell<Option<fn()>> = const { Cell::new(None) };
    pub(crate) static ON_ENABLE: Cell<Option<fn()>> = const { Cell::new(None) };
}

static SHOWN: StdMutex<Vec<String>> = StdMutex::new(Vec::new());
static ONE_AT_A_TIME: StdMutex<()> = StdMutex::new(());
/// Taken by the port whenever it shows something, as a console's lock is.
pub(crate) static CONSOLE: Mutex<()> = Mutex::named("console", ());

struct Host;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Host {
    fn context() -> Option<&'static Context> {
        CONTEXT.get()
    }
    fn set_context(context: &'static Context) {
        CONTEXT.set(Some(context));
    }
    fn irqs_enabled() -> bool {
        IRQS.get()
    }
    fn irqs_disable() {
        IRQS.set(false);
    }
    fn irqs_enable() {
        IRQS.set(true);
        if let Some(interrupt) = ON_ENABLE.take() {
            interrupt();
        }
    }
    fn who() -> Who {
        if let Some(interrupt) = ON_WHO.take() {
            interrupt();
        }
        Who { task: "test", id: 7, cpu: 0 }
    }
    fn show(news: News<'_>) {
        // As a console does that saves and restores the interrupt flag.
        let were_on = IRQS.replace(false);
        hooks::irqs_off();
        // The one who is reported may hold it: then it is not waited for.
        let console = (!hooks::holds(CONSOLE.map())).then(|| CONSOLE.lock());
        shown().push(news.to_string());
        drop(console);
        if were_on {
            hooks::irqs_on();
            IRQS.set(true);
        }
    }
}

lockdep::port!(Host, classes = 64, dependencies = 128, chains = 256, validators = 1);

pub(crate) fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn new_context() -> &'static Context {
    let cell: &'static ContextCell = Box::leak(Box::new(ContextCell::new(0)));
    // SAFETY: it was made here, and is used by this thread alone.
    unsafe { cell.get() }
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

/// What was shown, which is one report.
pub(crate) fn the_report() -> String {
    let shown = shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    shown[0].clone()
}
