//! A port made of plain values, for tests of the locks themselves: each thread is a CPU, which runs one context, and the
//! interrupt flag is a `bool`. What is reported is kept, for the thread that was told.

#[path = "plain.rs"]
pub(crate) mod plain;

use lockdep::{Context, Kind, Message, Port, TaskInfo};
use std::cell::RefCell;

thread_local! {
    static REPORTS: RefCell<Vec<(Kind, String)>> = const { RefCell::new(Vec::new()) };
}

/// The machine.
pub(crate) struct Fake;

// SAFETY: the context is the thread's own, set by `run`, whose caller gives it to no other thread.
unsafe impl Port for Fake {
    const CLASSES: usize = 128;
    const DEPENDENCIES: usize = 512;
    const CHAINS: usize = 512;
    const VALIDATORS: usize = 32; // a test takes one for itself

    plain::functions!(plain);

    fn who() -> TaskInfo {
        TaskInfo::UNKNOWN
    }
    fn show(message: Message<'_>) {
        if let Message::Report(report) = message {
            REPORTS.with_borrow_mut(|all| all.push((report.kind(), report.to_string())));
        }
    }
}

lockdep::port!(Fake);

/// A new task's context, on this validator. It lives as long as the program.
pub(crate) fn task(validator: u8) -> &'static Context {
    Box::leak(Box::new(Context::of(validator)))
}

/// This thread goes on in `context`, which no other thread runs.
pub(crate) fn run(context: &'static Context) {
    // SAFETY: the caller promises it, and it lives as long as the program.
    unsafe { Fake::set_context(context) };
}

/// What was shown to this thread since it was last asked.
pub(crate) fn reports() -> Vec<(Kind, String)> {
    REPORTS.take()
}
