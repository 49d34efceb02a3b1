//! What ports in tests have in common: each thread is a CPU, whose context and interrupt flag are plain variables.
//!
//! A thread gives its context to no other: that is what makes a port of `functions!` sound.

use lockdep::context::Context;
use std::cell::Cell;

thread_local! {
    pub(crate) static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    pub(crate) static IRQS: Cell<bool> = const { Cell::new(true) };
    /// What comes as soon as interrupts are enabled.
    pub(crate) static ON_ENABLE: Cell<Option<fn()>> = const { Cell::new(None) };
}

pub(crate) fn irqs_enable() {
    IRQS.set(true);
    if let Some(interrupt) = ON_ENABLE.take() {
        interrupt();
    }
}

/// The functions of a port that are about the context and the flag. The argument is the path of this module.
macro_rules! functions {
    ($($plain:ident)::+) => {
        fn context() -> Option<&'static lockdep::context::Context> {
            $($plain)::+::CONTEXT.get()
        }
        fn set_context(context: &'static lockdep::context::Context) {
            $($plain)::+::CONTEXT.set(Some(context));
        }
        fn irqs_enabled() -> bool {
            $($plain)::+::IRQS.get()
        }
        fn irqs_disable() {
            $($plain)::+::IRQS.set(false);
        }
        fn irqs_enable() {
            $($plain)::+::irqs_enable();
        }
    };
}
pub(crate) use functions;
