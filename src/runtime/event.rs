//! The events of a context that share one entry point, since they are rare.

use crate::context::cell::ContextCell;
use crate::context::{Context, Level};
use crate::engine::assertions::Claim;
use crate::lock::class::DynamicKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::report::kind::Kind;

/// A thing that happens to a context and is rare enough to share one entry point. (`hooks` has a function for each.)
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// An interrupt begins; the cell becomes its context.
    Enter(Level, &'static ContextCell),
    /// The innermost interrupt ends.
    Leave,
    /// The interrupt that entered this cell ends, and with it what was entered since and not left.
    End(&'static ContextCell),
    /// A task's context is dropped.
    Gone(&'a Context),
    /// Softirqs are turned on or off.
    Softirqs(bool),
    /// The task enters reclaim, or leaves it.
    Reclaim(bool),
    /// The task allocates in a way that may enter reclaim.
    Allocate,
    /// The task may sleep here.
    MightSleep,
    /// The memory of a lock is freed.
    Free(&'a LockMap),
    /// A lock is dropped that may be held.
    Dropped(&'a LockMap),
    /// The classes of a key that was made at run time are taken back.
    UnregisterKey(&'a DynamicKey),
    /// The class of a lock that is a class of its own is taken back: its memory goes.
    ForgetOwnClass(&'a LockMap),
    /// A hold becomes one of this mode, a reader's.
    Downgrade(&'a LockMap, Mode),
    /// A lock will be let go by another context.
    HandOver(&'a LockMap),
    /// A lock that was handed over is this context's now, held in this mode.
    TakeOver(&'a LockMap, Mode),
    /// Something is claimed of a lock.
    Claim(Claim, &'a LockMap),
    /// A hold is pinned, or with `false` unpinned.
    Pin(&'a LockMap, bool),
    /// Interrupts are claimed to be on, or off.
    ClaimIrqs(bool),
    /// The validator's flag is to be compared with the machine's.
    CheckIrqs,
    /// Time has passed: are holds longer than they may be?
    CheckHolds,
    /// The task ends.
    TaskExit,
    /// The task returns to user mode.
    UserReturn,
    /// An outermost critical section begins, or with `false` ends; it is a lock where the port says so.
    Section(&'a LockMap, bool),
    /// Something that no rule decides is wrong: what kind, in which words, about which lock.
    Wrong(Kind, &'static str, Option<&'a LockMap>),
}
