//! The smallest port for threads: each has a context of its own, and there are no interrupts.
//!
//! `unsafe` is here to give each thread its context.

use lockdep::context::Context;
use lockdep::news::News;
use lockdep::port::Port;
use lockdep::report::Who;
use lockdep::runtime::ContextCell;
use std::cell::Cell;

thread_local! {
    static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
}

struct Threads;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Threads {
    #[inline(always)]
    fn context() -> Option<&'static Context> {
        CONTEXT.get().or_else(begin)
    }
    fn set_context(_: &'static Context) {}
    #[inline(always)]
    fn irqs_enabled() -> bool {
        true
    }
    fn irqs_disable() {}
    fn irqs_enable() {}
    fn who() -> Who {
        Who { task: "thread", id: 0, cpu: 0 }
    }
    fn show(news: News<'_>) {
        panic!("nothing that is measured here is wrong: {news}");
    }
}

/// A thread's first lock. Its context is never freed: a program here has few threads.
#[cold]
fn begin() -> Option<&'static Context> {
    let cell: &'static ContextCell = Box::leak(Box::new(ContextCell::new(0)));
    // SAFETY: it was made here, and is used by this thread alone.
    CONTEXT.set(Some(unsafe { cell.get() }));
    CONTEXT.get()
}

lockdep::port!(Threads);
