//! What ports in tests have in common: each thread is a CPU, whose context and interrupt flag are plain variables.
//!
//! A thread gives its context to no other: that is what makes a port of `functions!` sound.

use lockdep::Context;
use std::cell::Cell;

thread_local! {
    pub(crate) static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    pub(crate) static IRQS: Cell<bool> = const { Cell::new(true) };
    /// What comes as soon as interrupts are enabled.
    pub(crate) static ON_ENABLE: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// Interrupts are enabled, by the machine.
pub(crate) fn irqs_enable() {
    IRQS.set(true);
    if let Some(interrupt) = ON_ENABLE.take() {
        interrupt();
    }
}

/// The functions of a port that are about the context and the flag. The argument is the path of this module.
macro_rules! functions {
    ($($plain:ident)::+) => {
        fn context() -> *const lockdep::Context {
            $($plain)::+::CONTEXT.get().map_or(std::ptr::null(), std::ptr::from_ref)
        }
        unsafe fn set_context(context: *const lockdep::Context) {
            // SAFETY: contexts in tests live as long as the program.
            $($plain)::+::CONTEXT.set(unsafe { context.as_ref() });
        }
        fn irqs_enabled() -> bool {
            $($plain)::+::IRQS.get()
        }
        fn irqs_disable() -> lockdep::IrqState {
            lockdep::IrqState(usize::from($($plain)::+::IRQS.replace(false)))
        }
        fn irqs_restore(state: lockdep::IrqState) {
            if state.0 != 0 {
                $($plain)::+::irqs_enable();
            }
        }
    };
}
pub(crate) use functions;
