//! Wound/wait mutexes: many locks of one class, taken by many tasks in any order, without a deadlock. Linux's
//! `ww_mutex`.
//!
//! A task that wants several locks at once, and cannot know their order (the buffers of a frame, the objects of a
//! transaction), begins an acquire context, whose *stamp* is its age. A task that meets a lock of an older context
//! releases all of its own ([`WwError::Deadlock`]) and starts again with that one; a task that meets a lock of a
//! younger one waits. So only the older waits for the younger, and no cycle can close. This is Linux's *wait-die*;
//! *wound-wait*, in which the younger is told to release its locks, is not built.
//!
//! The validator sees the context as a lock, held from `init` to `fini`, which is the nest lock of every mutex that is
//! taken with it: so two contexts at once are `recursive`, and mutexes beside a context have an order again.
//!
//! Invariants:
//! - A broken rule is reported once, as `ww-misuse` with a few words, and then the call does what was asked for. No
//!   broken rule lets two have one lock.
//! - A mutex keeps the stamp of the context that has it, never a pointer to it.
//!
//! What it does not do: sleep. It waits by spinning, in a place where a kernel's own would yield the CPU, and tells the
//! validator the wait type `sleep`.
//!
//! ```standalone_crate
//! # use lockdep::{Context, ContextCell, IrqState, Message, Port, TaskInfo};
//! # static TASK: ContextCell = ContextCell::new(0);
//! # struct Kernel;
//! # // SAFETY: one CPU, one task, no interrupts: nobody else is ever in `TASK`.
//! # unsafe impl Port for Kernel {
//! #     fn context() -> *const Context { TASK.get() }
//! #     unsafe fn set_context(_: *const Context) {}
//! #     fn irqs_enabled() -> bool { true }
//! #     fn irqs_disable() -> IrqState { IrqState(0) }
//! #     fn irqs_restore(_: IrqState) {}
//! #     fn who() -> TaskInfo { TaskInfo::UNKNOWN }
//! #     fn show(message: Message<'_>) { println!("{message}"); }
//! # }
//! # lockdep::port!(Kernel);
//! use lockdep::ww::{WwAcquireContext, WwClass, WwError, WwMutex, WwMutexGuard};
//!
//! static BUFFERS: WwClass = WwClass::new("buffer", "buffer context");
//!
//! /// Moves between two accounts, whichever way round they are given.
//! fn transfer(from: &WwMutex<i64>, to: &WwMutex<i64>, amount: i64) -> Result<(), WwError> {
//!     let mut context = WwAcquireContext::new(&BUFFERS);
//!     let acquire = context.init();
//!     let (mut first, mut second) = (from, to);
//!     let mut have = first.lock(&acquire)?;
//!     let mut also = loop {
//!         match second.lock(&acquire) {
//!             Ok(guard) => break guard,
//!             Err(WwError::Already) => return Err(WwError::Already), // one account, twice
//!             Err(WwError::Deadlock) => {
//!                 drop(have); // back off: release all, then begin with the contended one
//!                 (first, second) = (second, first);
//!                 have = first.lock_slow(&acquire)?;
//!             }
//!         }
//!     };
//!     acquire.done();
//!     let sign = if core::ptr::eq(first, from) { -1 } else { 1 };
//!     *have += sign * amount;
//!     *also -= sign * amount;
//!     Ok(())
//! }
//!
//! # fn main() {
//! let (a, b) = (WwMutex::new(&BUFFERS, 5), WwMutex::new(&BUFFERS, 0));
//! transfer(&a, &b, 3).unwrap();
//! assert_eq!((a.into_inner(), b.into_inner()), (2, 3));
//! # assert_eq!(lockdep::hooks::first_finding(), None);
//! # }
//! ```

mod context;
mod mutex;

#[cfg(feature = "selftest")]
pub(crate) use context::State;
pub use context::{WwAcquire, WwAcquireContext};
pub use mutex::{WwMutex, WwMutexGuard};

use crate::lock::class::LockClassKey;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};

/// What belongs together: mutexes, and the contexts that may take them. Linux's `struct ww_class`, of the kind
/// `DEFINE_WD_CLASS`. Put it in a `static`.
#[derive(Debug)]
pub struct WwClass {
    /// The stamp that was given last. They are odd, so that none is 0.
    last: AtomicUsize,
    mutex: LockClassKey,
    context: LockClassKey,
}

impl WwClass {
    /// A class whose mutexes reports call `mutex`, and whose contexts `context`: two names that differ.
    #[track_caller]
    pub const fn new(mutex: &'static str, context: &'static str) -> WwClass {
        WwClass { last: AtomicUsize::new(1), mutex: LockClassKey::named(mutex), context: LockClassKey::named(context) }
    }

    /// The stamp of a context that begins now: younger than all before it.
    fn next_stamp(&self) -> usize {
        self.last.fetch_add(2, Ordering::Relaxed).wrapping_add(2)
    }
}

/// Whether the context with this stamp began after the other. Right as long as less than half of all stamps lie
/// between.
const fn is_younger(stamp: usize, other: usize) -> bool {
    (stamp.wrapping_sub(other) as isize) > 0
}

/// Why a mutex was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WwError {
    /// An older context has it: release all that this one has, then take this one with
    /// [`WwMutex::lock_slow`]. Linux's `-EDEADLK`.
    Deadlock,
    /// This very context has it. Linux's `-EALREADY`.
    Already,
}

impl fmt::Display for WwError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WwError::Deadlock => "an older context has the mutex: back off",
            WwError::Already => "this context has the mutex already",
        })
    }
}

impl core::error::Error for WwError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_survives_the_end_of_the_numbers() {
        let class = WwClass::new("m", "c");
        let (old, young) = (class.next_stamp(), class.next_stamp());
        assert!(is_younger(young, old) && !is_younger(old, young) && !is_younger(old, old));
        class.last.store(usize::MAX, Ordering::Relaxed);
        let (old, young) = (usize::MAX, class.next_stamp());
        assert!(young == 1 && is_younger(young, old));
    }
}
