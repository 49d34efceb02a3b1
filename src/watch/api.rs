//! The public function of the watchdogs. What it does not do: look; the runtime does (`runtime/watch.rs`).

use crate::lock::site::Site;

#[allow(unsafe_code)] // a symbol of the user's crate
// SAFETY: `port!` defines it with just this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("watch_tick")]
    safe fn __lockdep_watch_tick(site: Site);
}

/// Looks once for hangs among all contexts of the running context's validator, and reports each that it finds, once:
/// contexts that wait for one another for ever (`deadlock`), and tasks that have waited for longer than
/// [`Port::HUNG_TASK`](crate::port::Port::HUNG_TASK) (`hung-task`). Linux's `khungtaskd`.
///
/// Call it from the timer interrupt or the idle loop, on one CPU or on several, once a second say. A call looks at a few
/// waiters and the next call goes on after them, so that interrupts are not disabled for long; while another CPU looks, it
/// does nothing. A hang is reported whatever was found before, also where the policy lets the rules be silent. Not in an
/// NMI. It needs up to 4 KiB of stack, when there is something to report.
#[track_caller]
#[inline]
pub fn tick() {
    __lockdep_watch_tick(Site::caller());
}

/// The entry point of the watchdogs, for `port!`.
#[doc(hidden)]
#[macro_export]
macro_rules! __port_watch {
    ($runtime:ident) => {
        static WATCH: $crate::__private::Watch = $crate::__private::Watch::new();
        #[unsafe(export_name = $crate::__symbol!("watch_tick"))]
        fn __lockdep_watch_tick(site: $crate::Site) {
            $runtime.watch_tick(&WATCH, site);
        }
    };
}
