//! The rare events of a context, which share one entry point. Plain data; `runtime/dispatch.rs` dispatches them.

use crate::context::cell::ContextCell;
use crate::context::{Context, Level};
use crate::engine::assertions::Claim;
use crate::lock::class::DynamicKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::report::kind::Kind;

/// A rare event of a context. (`hooks` has a function for each.)
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// An interrupt begins; the cell becomes its context.
    Enter(Level, &'static ContextCell),
    /// The innermost interrupt ends.
    Leave,
    /// The interrupt that entered this cell ends, and with it every later one that did not exit.
    End(&'static ContextCell),
    /// A task's context is dropped.
    Gone(&'a Context),
    /// Softirqs are enabled.
    SoftirqsOn,
    /// Softirqs are disabled.
    SoftirqsOff,
    /// The task enters reclaim.
    ReclaimEnter,
    /// The task leaves reclaim.
    ReclaimExit,
    /// The task allocates, which may enter reclaim.
    Allocate,
    /// The task may sleep here.
    MightSleep,
    /// The memory of a lock is freed.
    Free(&'a LockMap),
    /// A lock is dropped, which may be held.
    Dropped(&'a LockMap),
    /// A key that was made at run time is unregistered.
    UnregisterKey(&'a DynamicKey),
    /// The class of a lock that is a class of its own is unregistered: the lock's memory is freed.
    ForgetOwnClass(&'a LockMap),
    /// A hold becomes a shared one, of this mode.
    Downgrade(&'a LockMap, Mode),
    /// Another context will release the lock.
    HandOver(&'a LockMap),
    /// A lock that was handed over belongs to this context now, held in this mode.
    TakeOver(&'a LockMap, Mode),
    /// Something is asserted about a lock.
    Claim(Claim, &'a LockMap),
    /// A hold is pinned.
    Pin(&'a LockMap),
    /// A hold is unpinned.
    Unpin(&'a LockMap),
    /// Interrupts are asserted to be enabled.
    ClaimIrqsOn,
    /// Interrupts are asserted to be disabled.
    ClaimIrqsOff,
    /// Compare the validator's record of the interrupt flag with the machine's.
    CheckIrqs,
    /// Check the holds against their limits.
    CheckHolds,
    /// The task ends.
    TaskExit,
    /// The task returns to user mode.
    UserReturn,
    /// An outermost critical section begins; it is a lock if the port declares so.
    SectionBegin(&'a LockMap),
    /// An outermost critical section ends.
    SectionEnd(&'a LockMap),
    /// Misuse that no rule decides: its kind, a note, and the lock.
    Wrong(Kind, &'static str, Option<&'a LockMap>),
}
