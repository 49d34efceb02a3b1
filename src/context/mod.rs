//! A context: the stack of holds and the flags of a task, or of one interrupt level of a CPU.
//!
//! An interrupt's context links to the one that it interrupted, since recursion, release and the marks of held locks
//! look through contexts. The *run* is what is held in the present interrupt context, the pair (in hardirq, in
//! softirq): an interrupt that does not change the pair continues the run of the context that it interrupted.
//!
//! Invariants:
//! - Only the code that runs in a context writes to it. Two fields are for all CPUs: its claim, by which an interrupt's
//!   context is entered on one CPU at a time, and its link in the list of contexts.
//! - Other CPUs may read what `foreign.rs` reads, and nothing else: those words are made for it (`atomic/relaxed.rs`).
//! - Levels nest: the link is set at entry, cleared at exit, and points to a context that stays in place meanwhile, as
//!   the code that sets the link promises. No walk along the links is longer than [`LEVELS`].
//!
//! # What may happen between two instructions
//!
//! With interrupts enabled, an interrupt may come at *every* instruction of every event. At its tail the scheduler may
//! run in the interrupted context itself, switch to another task, and return later, on another CPU.
//!
//! It finds everything that is held, and besides at most one slot that is being filled. No walk shows that slot, and it
//! is not held yet. It is in use before anything is written to it, so a push that comes meanwhile goes above it. All
//! other changes of a stack (slow pushes, releases out of order, changed holds) are made with interrupts disabled.
//!
//! It may do this:
//! - In a context of its own (`enter` to `leave`): anything.
//! - In the interrupted context: take and release any locks, if everything that it took is released and the flags are
//!   as they were when the interrupted code continues. So may every other task that runs meanwhile, in its own context.
//! - Release, hand over or downgrade a lock that the interrupted code holds only if its holder handed it over before
//!   (`hooks::hand_over`); then it is on no stack. The fast path compares, and some instructions later stores: what is
//!   held must be the same at both, and rechecking a flag does not fit into its budget. In the middle of a fill it is
//!   correct all the same: that hold ends at its slot (`disturbed.rs`). If an interrupt leaves a lock behind at that
//!   moment, which is reported, its hold may be missing afterwards.
//!
//! What it does not do: check anything. It never looks at a class.
//!
//! `unsafe` is here to send a context to another CPU.
#![allow(unsafe_code)]

pub(crate) mod cell;
pub(crate) mod chain_key;
pub(crate) mod hold;

mod disturbed;
mod flags;
pub(crate) mod foreign;
mod gate;
#[cfg(feature = "watch")]
pub(crate) mod holder;
mod levels;
pub(crate) mod registry;
mod stack;
pub(crate) mod view;
pub(crate) mod wait;
mod walks;

pub use flags::{Flags, Toggles};
pub use levels::Level;

use crate::atomic::relaxed::{Own, Own64};
use crate::lock::site_cell::OwnSite;
use crate::lock::usage::{Irqs, Usage, UsageMask};
use crate::lock::wait_type::WaitType;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, Ordering};
use flags::{Inside, LevelCell};
use gate::{Gate, Start};
use stack::Stack;

/// How many locks one context can record as held. More are only counted.
pub const HOLDS: usize = stack::HOLDS;

/// How many interrupt levels are walked: more than any machine nests.
const LEVELS: usize = 32;

/// The record of a task or of an interrupt level: what it holds, and its flags. It belongs in the task's control block;
/// most kernels use it as a [`ContextCell`](crate::context::cell::ContextCell), which can be shared. It can move to
/// another CPU together with its task. From when it is first passed to
/// [`Port::set_context`](crate::port::Port::set_context) until the task has ended it must not move in memory.
///
/// The layout is that of C: the fields of the fast path are together.
#[derive(Debug)]
#[repr(C)]
pub struct Context {
    stack: Stack,
    toggles: [OwnSite; 4],
    /// The context that this interrupt interrupted; null in a task. Other CPUs compare it, and never follow it.
    interrupted: Own<AtomicPtr<Context>>,
    gate: Gate,
    /// The usage bits of an exclusive acquire with interrupts off, and with interrupts on; derived from the flags.
    usage_mask: [Cell<UsageMask>; 2],
    /// Since when it waits.
    waits_since: Own64,
    /// The next in the list of contexts: see `registry.rs`.
    next: AtomicPtr<Context>,
    /// The number of the record of wait and owner.
    number: Own<AtomicU32>,
    /// Who runs in it: the name in four words, and the id. (The CPU is in the base of the stack.)
    who: [Own<AtomicU32>; 5],
    /// While the stack is disturbed: the slot that is being filled, or was.
    hole: Own<AtomicU8>,
    /// While the stack is disturbed: from this index on, keys are stale.
    stale: Own<AtomicU8>,
    /// Which of the program's validators it belongs to.
    validator: u8,
    /// Entries that were refused, since their context was in use: as many exits are ignored.
    refused: Cell<u8>,
    reclaim: Cell<u8>,
    level: LevelCell,
    /// The least wait type that the levels up to this one allow.
    limit: Cell<u8>,
    /// Who may use it: see `claim`. A `core` atomic also under loom, where contexts outlive the runs of a model.
    claim: AtomicU8,
}

// SAFETY: a context is data, and two pointers that are null while the context can be moved. One is set by `enter_over`
// alone, whose callers enter contexts that are borrowed for ever, and followed by the CPU that runs in the context. The
// other is the link of the list, which contexts enter that stay in place; it is used under the list's lock.
unsafe impl Send for Context {}

/// What a context may be used for, in `claim`.
mod claim {
    /// Free: an interrupt may enter it, or a task may claim it.
    pub(super) const FREE: u8 = 0;
    /// An interrupt runs in it.
    pub(super) const INTERRUPT: u8 = 1;
    /// It belongs to a task, running or not.
    pub(super) const TASK: u8 = 2;
}

/// Why a context cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InUse {
    /// An interrupt runs in it, or did not exit.
    ByInterrupt,
    /// It belongs to a task.
    ByTask,
}

impl Default for Context {
    fn default() -> Self {
        Context::new()
    }
}

impl Context {
    /// A task's context that holds nothing, with interrupts and softirqs enabled.
    pub const fn new() -> Context {
        Context::of(0)
    }

    /// The same, for validator number `validator` of a program that has several.
    pub const fn of(validator: u8) -> Context {
        Context {
            validator,
            stack: Stack::new(chain_key::seed(WaitType::NO_LIMIT)),
            toggles: [const { OwnSite::new() }; 4],
            interrupted: Own::<AtomicPtr<_>>::new(ptr::null_mut()),
            gate: Gate::new(),
            number: Own::<AtomicU32>::new(0),
            usage_mask: [
                Cell::new(UsageMask::new(Usage::empty(), Irqs::Off)),
                Cell::new(UsageMask::new(Usage::HARDIRQ_ON.union(Usage::SOFTIRQ_ON), Irqs::On)),
            ],
            who: [const { Own::<AtomicU32>::new(0) }; 5],
            waits_since: Own64::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
            hole: Own::<AtomicU8>::new(0),
            stale: Own::<AtomicU8>::new(0),
            refused: Cell::new(0),
            reclaim: Cell::new(0),
            level: LevelCell::new(),
            limit: Cell::new(WaitType::NO_LIMIT),
            claim: AtomicU8::new(claim::FREE),
        }
    }

    /// The same in a cell: other CPUs are introduced to it by its first acquisition.
    pub(super) const fn in_cell(validator: u8) -> Context {
        let mut context = Context::of(validator);
        context.gate = Gate::new_in_cell();
        context
    }

    /// Returns whether other CPUs are still to be introduced to it. `false` for a context without a cell.
    #[inline(always)]
    pub(crate) fn is_new(&self) -> bool {
        self.gate.is_new()
    }

    /// Other CPUs are to be introduced to it by the next acquisition.
    pub(crate) fn set_new(&self) {
        self.gate.set_new();
    }

    /// Other CPUs are introduced to it.
    pub(crate) fn clear_new(&self) {
        self.gate.clear_new();
    }

    /// Resets it to a new task's context: forgets what is held, and all flags. Not while it is below an interrupt.
    pub fn reset(&self) {
        self.gate.begin(Start { irqs: Irqs::On, is_above_holds: false, is_unchecked: false });
        self.lost_count().set(0);
        self.reclaim.set(0);
        self.refused.set(0);
        self.toggles.iter().for_each(|toggle| toggle.set(None));
        self.settle(Level::Task, None, Inside::SOFTIRQS_ON);
        self.forget_waits();
    }

    /// The number of the validator that the context belongs to.
    #[inline(always)]
    pub fn validator(&self) -> u8 {
        self.validator
    }

    // ---- ownership

    /// Claims it for an interrupt, until [`Context::free_claim`].
    ///
    /// # Errors
    /// Returns which other owner has it.
    pub(crate) fn claim_for_interrupt(&self) -> Result<(), InUse> {
        match self.claim.compare_exchange(claim::FREE, claim::INTERRUPT, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(claim::TASK) => Err(InUse::ByTask),
            Err(_) => Err(InUse::ByInterrupt),
        }
    }

    /// Claims it for a task, unless an interrupt runs in it.
    pub(crate) fn claim_for_task(&self) {
        if self.claim.load(Ordering::Relaxed) == claim::FREE {
            let claimed = self.claim.compare_exchange(claim::FREE, claim::TASK, Ordering::Acquire, Ordering::Relaxed);
            if claimed.is_ok() && self.level() != Level::Task {
                self.reset(); // it was an interrupt's, which has ended
                self.set_new();
            }
        }
    }

    /// Releases the claim. Everything done in the context happens before what its next owner does.
    pub(crate) fn free_claim(&self) {
        self.claim.store(claim::FREE, Ordering::Release);
    }

    /// Counts a refused entry: the exit that belongs to it is to be ignored.
    pub(crate) fn refuse_entry(&self) {
        self.refused.set(self.refused.get().saturating_add(1));
    }

    /// Returns whether an exit belongs to a refused entry, which is counted off.
    pub(crate) fn ignores_exit(&self) -> bool {
        let count = self.refused.get();
        self.refused.set(count.saturating_sub(1));
        count > 0
    }

    /// Forgets the refused entries: every exit counts again.
    pub(crate) fn forget_refused(&self) {
        self.refused.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::hold::Hold;
    use crate::lock::site::Site;
    use crate::lock::usage::UsageState;

    fn leak() -> &'static Context {
        Box::leak(Box::new(Context::new()))
    }

    fn hold(instance: usize) -> Hold {
        Hold { instance: instance * 2, count: 1, ..Hold::EMPTY }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_context_keeps_to_its_budget() {
        assert!(
            size_of::<Context>() <= 1408 + HOLDS * size_of::<crate::lock::last_holder::Since>(),
            "{}",
            size_of::<Context>()
        );
    }

    #[test]
    fn a_full_stack_counts_what_it_loses() {
        let task = leak();
        for i in 0..HOLDS {
            assert!(task.push(hold(i + 1)));
        }
        assert!(!task.push(hold(99)));
        assert_eq!((task.depth(), task.lost()), (HOLDS, 1));
        assert!(task.forget_lost() && !task.forget_lost());
        assert!(task.pop(2).is_none() && task.pop(2 * HOLDS).is_some());
    }

    #[test]
    fn an_interrupt_sees_what_it_interrupted_and_starts_a_run_of_its_own() {
        let (task, irq, nested) = (leak(), leak(), leak());
        task.push(hold(1));
        irq.enter(Level::Hardirq, task, Site::caller());
        irq.push(hold(2));
        nested.enter(Level::Hardirq, irq, Site::caller());
        nested.push(hold(3));
        assert!(nested.all().map(|h| h.instance).eq([2, 4, 6]));
        assert!(nested.run().map(|h| h.instance).eq([6, 4]), "a hardirq in a hardirq goes on with its run");
        assert!(irq.run().map(|h| h.instance).eq([4]));
        assert!(!nested.irqs_on() && nested.in_hardirq() && irq.interrupted_holder());
        assert!(nested.find(|h| h.instance == 4).is_some());
        assert!(nested.find(|h| h.instance == 2).is_none(), "not beyond a change of context");
    }

    #[test]
    fn leaving_restores_the_flag_that_the_level_took() {
        let (task, soft) = (leak(), leak());
        soft.enter(Level::Softirq, task, Site::caller());
        assert!(!soft.softirqs_on() && soft.irqs_on());
        soft.set_irqs(Irqs::Off, None);
        let (outer, turn_on) = soft.leave().unwrap();
        assert_eq!(turn_on, Some(UsageState::Softirq));
        assert!(!outer.irqs_on(), "hard interrupts stay as the softirq left them");
        assert!(soft.leave().is_none());
    }
}
