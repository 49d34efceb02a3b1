//! The port: the one page that a kernel implements.
//!
//! ```
//! use lockdep::context::Context;
//! use lockdep::port::Port;
//! use lockdep::news::News;
//! use lockdep::report::Who;
//! use lockdep::runtime::ContextCell;
//!
//! static TASK: ContextCell = ContextCell::new(0);
//!
//! struct Kernel;
//!
//! // SAFETY: one CPU, one task, no interrupts: nobody else is ever in `TASK`.
//! unsafe impl Port for Kernel {
//!     fn context() -> Option<&'static Context> {
//!         // SAFETY: as above.
//!         Some(unsafe { TASK.get() })
//!     }
//!     fn set_context(_: &'static Context) {}
//!     fn irqs_enabled() -> bool {
//!         true
//!     }
//!     fn irqs_disable() {}
//!     fn irqs_enable() {}
//!     fn who() -> Who {
//!         Who { task: "main", id: 0, cpu: 0 }
//!     }
//!     fn show(news: News<'_>) {
//!         println!("{news}");
//!     }
//! }
//!
//! lockdep::port!(Kernel);
//! # fn main() {
//! static COUNTER: lockdep::spin::Mutex<u32> = lockdep::spin::Mutex::new(0);
//! *COUNTER.lock() += 1;
//! # assert_eq!(lockdep::hooks::found(), None);
//! # }
//! ```

use crate::context::Context;
use crate::news::News;
use crate::policy::{Accepted, Policy};
use crate::report::Who;

/// What the validator asks of a kernel.
///
/// None of these functions takes a tracked lock, apart from [`Port::show`], where locks are not
/// checked.
///
/// # Safety
/// [`Port::context`] returns a context that belongs to the caller alone: no other CPU uses it until this one has
/// switched away from it.
#[allow(unsafe_code)] // a wrong `context` would hand one stack of holds to two CPUs
pub unsafe trait Port: 'static {
    /// What is done about findings: the first is reported at once, and then the validator is silent.
    const POLICY: Policy = Policy::FIRST;
    /// The findings that are known and accepted, each with its reason.
    const ACCEPTED: &'static [Accepted] = &[];

    /// Whether a critical section of the crate `critical-section` is a lock beside disabled interrupts, as its implementations
    /// for several CPUs are, and the one for threads: then `lockdep::critical_section::with` (feature `critical-section`) is
    /// checked as a lock, too.
    const SECTION_IS_LOCK: bool = false;

    /// The context that runs on this CPU; `None` before there is one: then nothing is checked, and that is counted.
    fn context() -> Option<&'static Context>;
    /// Makes `context` the one that runs on this CPU.
    fn set_context(context: &'static Context);
    /// Whether this CPU takes interrupts, by its own flag.
    fn irqs_enabled() -> bool;
    /// Disables interrupts, without telling the validator.
    fn irqs_disable();
    /// Enables interrupts, without telling the validator.
    fn irqs_enable();
    /// Who runs, for reports.
    fn who() -> Who;
    /// Shows a report, or that a table is full; or stops the machine, if [`Port::POLICY`] is to halt. Interrupts are
    /// disabled, the internal lock is not held.
    fn show(news: News<'_>);
    /// The time of this CPU, in any unit that suits the kernel: for how long a lock was held, and since when something is
    /// so. Never going back. Zero where nobody asks.
    #[inline(always)]
    fn now() -> u64 {
        0
    }
    /// The number of this CPU, for statistics (feature `stat`), which ask at each release. [`Port::who`] knows it too, so it
    /// need not be given; but what gives no more than the number is cheaper.
    const CPU: fn() -> u32 = || Self::who().cpu;
}
