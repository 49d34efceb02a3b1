//! The smallest port for threads: each has a context of its own, and there are no interrupts.
//!
//! `unsafe` is here to give each thread its context.

use lockdep::report::TaskName;
use lockdep::{Context, ContextCell, IrqState, Message, Port, TaskInfo};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static CONTEXT: Cell<*const Context> = const { Cell::new(ptr::null()) };
}

struct Threads;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Threads {
    #[inline(always)]
    fn context() -> *const Context {
        match CONTEXT.get() {
            context if context.is_null() => begin(),
            context => context,
        }
    }
    unsafe fn set_context(_: *const Context) {}
    #[inline(always)]
    fn irqs_enabled() -> bool {
        true
    }
    fn irqs_disable() -> IrqState {
        IrqState(0)
    }
    fn irqs_restore(_: IrqState) {}
    fn who() -> TaskInfo {
        TaskInfo { task: TaskName::new("thread"), id: 0, cpu: 0 }
    }
    fn show(message: Message<'_>) {
        panic!("nothing that is measured here is wrong: {message}");
    }
}

/// A thread's first lock. Its context is never freed: a program here has few threads.
#[cold]
fn begin() -> *const Context {
    CONTEXT.set(Box::leak(Box::new(ContextCell::new(0))).get());
    CONTEXT.get()
}

lockdep::port!(Threads);
