//! A context: the stack of holds and the flags of a task, or of one interrupt level of a CPU.
//!
//! An interrupt's context links to the one that it interrupted, since recursion, release and the marks of held locks
//! look through contexts. The *run* is what is held in the present interrupt context, the pair (in hardirq, in
//! softirq): an interrupt that does not change the pair continues the run of the context that it interrupted.
//!
//! Invariants:
//! - Only the code that runs in a context writes to it, and only the CPU that runs it accesses it. The exception is its
//!   claim, which is atomic: by it an interrupt's context is entered on one CPU at a time.
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
//! `unsafe` is here to follow the link, and to send a context to another CPU.
#![allow(unsafe_code)]

pub(crate) mod cell;
pub(crate) mod chain_key;
pub(crate) mod hold;

mod disturbed;
mod gate;
mod stack;

use crate::context::hold::HoldFlags;
use crate::lock::site::Site;
use crate::lock::usage::{Usage, UsageMask, UsageState};
use crate::lock::wait_type::WaitType;
use bitflags::bitflags;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU8, Ordering};
use gate::Gate;
use stack::Stack;

/// How many locks one context can record as held. More are only counted.
pub const HOLDS: usize = stack::HOLDS;

/// How many interrupt levels are walked: more than any machine nests.
const LEVELS: usize = 32;

/// The kind of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// A task.
    Task,
    /// Deferred work on the way out of an interrupt.
    Softirq,
    /// A hard interrupt.
    Hardirq,
    /// A hard interrupt whose handler may run as a thread in another configuration: its wait-type limit is `config`.
    ThreadedHardirq,
    /// An interrupt that cannot be disabled: nothing is checked or learned in it.
    Nmi,
}

/// The flags of a context, as a report shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flags {
    /// In a hard interrupt.
    pub hardirq: bool,
    /// In a softirq.
    pub softirq: bool,
    /// Hard interrupts are on.
    pub irqs_on: bool,
    /// Softirqs are on.
    pub softirqs_on: bool,
}

/// Where each flag last changed, for reports.
///
/// If the machine's flag changed without the validator being told, the site is that of the first event that noticed it;
/// the change happened earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Toggles {
    /// Where hard interrupts were last enabled.
    pub irqs_on: Option<Site>,
    /// Where hard interrupts were last disabled.
    pub irqs_off: Option<Site>,
    /// Where softirqs were last enabled.
    pub softirqs_on: Option<Site>,
    /// Where softirqs were last disabled.
    pub softirqs_off: Option<Site>,
    /// `irqs_on` is where the change was noticed, not where it happened.
    pub irqs_on_noticed: bool,
    /// `irqs_off` is where the change was noticed, not where it happened.
    pub irqs_off_noticed: bool,
}

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
    toggles: [Cell<Option<Site>>; 4],
    /// Where a change of the machine's flag was last noticed, off and on. If it is the site in `toggles`, the validator
    /// was not told.
    noticed: [Cell<Option<Site>>; 2],
    /// The context that this interrupt interrupted; null in a task.
    interrupted: Cell<*const Context>,
    gate: Gate,
    /// The usage bits of an exclusive acquire with interrupts off, and with interrupts on; derived from the flags.
    usage_mask: [Cell<UsageMask>; 2],
    /// Acquisitions that did not fit. As long as there are any, a release of an unknown lock is counted as one of
    /// theirs.
    lost: Cell<u32>,
    /// While the stack is disturbed: the slot that is being filled, or was.
    hole: Cell<u8>,
    /// While the stack is disturbed: from this index on, keys are stale.
    stale: Cell<u8>,
    /// Which of the program's validators it belongs to.
    validator: u8,
    /// Entries that were refused, since their context was in use: as many exits are ignored.
    refused: Cell<u8>,
    reclaim: Cell<u8>,
    softirqs_on: Cell<bool>,
    level: Cell<Level>,
    inside: Cell<Inside>,
    /// The least wait type that the levels up to this one allow.
    limit: Cell<u8>,
    /// Who may use it: see `claim`. A `core` atomic also under loom, where contexts outlive the runs of a model.
    claim: AtomicU8,
}

// SAFETY: a context is data, and a pointer that is null while the context can be moved: only `enter_over` sets it,
// whose callers enter contexts that are borrowed for ever. Only the CPU that runs in the context follows it.
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

bitflags! {
    /// Properties of a level.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    struct Inside: u8 {
        /// In a hard interrupt, at this level or below.
        const HARDIRQ = 1;
        /// In a softirq, at this level or below.
        const SOFTIRQ = 1 << 1;
        /// The level enables its flag again when it ends: a hardirq that of hard interrupts, a softirq that of
        /// softirqs.
        const RESTORES = 1 << 2;
    }
}

impl Inside {
    /// The pair (in hardirq, in softirq).
    const PAIR: Inside = Inside::HARDIRQ.union(Inside::SOFTIRQ);
}

/// The indices in `toggles`, of hard interrupts and of softirqs: "off" at the index, "on" at the next.
const IRQS: usize = 0;
const SOFTIRQS: usize = 2;

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
            toggles: [const { Cell::new(None) }; 4],
            noticed: [const { Cell::new(None) }; 2],
            interrupted: Cell::new(ptr::null()),
            gate: Gate::new(),
            usage_mask: [
                Cell::new(UsageMask::new(Usage::empty(), false)),
                Cell::new(UsageMask::new(Usage::HARDIRQ_ON.union(Usage::SOFTIRQ_ON), true)),
            ],
            lost: Cell::new(0),
            hole: Cell::new(0),
            stale: Cell::new(0),
            refused: Cell::new(0),
            reclaim: Cell::new(0),
            softirqs_on: Cell::new(true),
            level: Cell::new(Level::Task),
            inside: Cell::new(Inside::empty()),
            limit: Cell::new(WaitType::NO_LIMIT),
            claim: AtomicU8::new(claim::FREE),
        }
    }

    /// Resets it to a new task's context: forgets what is held, and all flags. Not while it is below an interrupt.
    pub fn reset(&self) {
        self.gate.begin(true, false, false);
        self.lost.set(0);
        self.reclaim.set(0);
        self.refused.set(0);
        self.toggles.iter().chain(&self.noticed).for_each(|t| t.set(None));
        self.softirqs_on.set(true);
        self.settle(Level::Task, None, false);
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
            }
        }
    }

    /// Releases the claim. Everything done in the context happens before what its next owner does.
    pub(crate) fn free_claim(&self) {
        self.claim.store(claim::FREE, Ordering::Release);
    }

    // ---- levels

    /// Becomes the context of an interrupt that interrupted `interrupted`.
    pub(crate) fn enter(&self, level: Level, interrupted: &'static Context, site: Site) {
        // SAFETY: it lives for ever, and never moves.
        unsafe { self.enter_over(level, interrupted, site) };
    }

    /// Becomes the context of an interrupt that interrupted `interrupted`. The flags are copied; the flag that the
    /// level itself disables is cleared.
    ///
    /// # Safety
    /// `interrupted` stays where it is, and is used by no other CPU, until [`Context::leave`].
    pub(crate) unsafe fn enter_over(&self, level: Level, interrupted: &Context, site: Site) {
        let unchecked = level == Level::Nmi || interrupted.is_unchecked();
        let below = interrupted.depth() > 0 || interrupted.interrupted_holder();
        self.gate.begin(interrupted.irqs_on(), unchecked, below);
        self.lost.set(0);
        self.refused.set(0);
        self.reclaim.set(interrupted.reclaim.get());
        interrupted.hand_toggles_to(self);
        self.softirqs_on.set(interrupted.softirqs_on.get());
        let (restores, toggle) = match level {
            Level::Task => (false, None),
            Level::Softirq => (self.softirqs_on.replace(false), Some(SOFTIRQS)),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => (self.gate.set_irqs(false), Some(IRQS)),
        };
        if let Some(place) = toggle.filter(|_| restores).and_then(|toggle| self.toggles.get(toggle)) {
            place.set(Some(site));
        }
        self.settle(level, Some(interrupted), restores);
    }

    /// Passes the flags back to the interrupted context and unlinks. Locks that are still held become holds of that
    /// context, so that they stay recorded until they are released. They are unchecked there, since what that context
    /// does with them tells nothing about their class. Returns that context, and which flag is to be enabled there.
    pub(crate) fn leave(&self) -> Option<(&Context, Option<UsageState>)> {
        let outer = self.interrupted()?;
        self.interrupted.set(ptr::null());
        outer.gate.set_irqs(self.irqs_on());
        outer.softirqs_on.set(self.softirqs_on.get());
        outer.reclaim.set(self.reclaim.get());
        self.hand_toggles_to(outer);
        for mut hold in self.own() {
            hold.unchain();
            hold.flags.insert(HoldFlags::UNCHECKED);
            outer.push(hold);
        }
        outer.lost.set(outer.lost.get().saturating_add(self.lost.get()));
        self.truncate(0);
        outer.refresh();
        Some((outer, self.restores()))
    }

    /// Returns which flag is enabled when this interrupt ends.
    pub(crate) fn restores(&self) -> Option<UsageState> {
        let state = match self.level.get() {
            Level::Task => None,
            Level::Softirq => Some(UsageState::Softirq),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => Some(UsageState::Hardirq),
        };
        state.filter(|_| self.inside.get().contains(Inside::RESTORES))
    }

    fn settle(&self, level: Level, interrupted: Option<&Context>, restores: bool) {
        let (mut inside, own) = match level {
            Level::Task => (Inside::empty(), WaitType::NO_LIMIT),
            Level::Softirq => (Inside::SOFTIRQ, WaitType::Config as u8),
            Level::ThreadedHardirq => (Inside::HARDIRQ, WaitType::Config as u8),
            Level::Hardirq | Level::Nmi => (Inside::HARDIRQ, WaitType::Spin as u8),
        };
        inside |= interrupted.map_or(Inside::empty(), Context::pair);
        inside.set(Inside::RESTORES, restores);
        self.inside.set(inside);
        self.level.set(level);
        self.interrupted.set(interrupted.map_or(ptr::null(), ptr::from_ref));
        self.limit.set(own.min(interrupted.map_or(own, |c| c.limit.get())));
        self.reseed();
        self.refresh();
    }

    /// Restarts the chain keys. A run that continues from the context below starts with the key of what is held there.
    fn reseed(&self) {
        self.stack.seed(match self.continues() {
            Some(below) => chain_key::resume(below.key(), self.limit.get()),
            None => chain_key::seed(self.limit.get()),
        });
    }

    /// The kind of this context.
    pub fn level(&self) -> Level {
        self.level.get()
    }

    /// The context that this interrupt interrupted; `None` for a task.
    #[inline(always)]
    pub fn interrupted(&self) -> Option<&Context> {
        // SAFETY: it is null, or was passed to `enter_over`, whose caller promises that it stays in place and that no
        // other CPU uses it.
        unsafe { self.interrupted.get().as_ref() }
    }

    /// Clears the link to an interrupted context that no longer exists.
    pub(crate) fn unlink(&self) {
        self.interrupted.set(ptr::null());
    }

    /// Returns the context whose run this one continues: the interrupted one, if the pair is the same.
    fn continues(&self) -> Option<&Context> {
        self.interrupted().filter(|c| c.pair() == self.pair())
    }

    fn pair(&self) -> Inside {
        self.inside.get() & Inside::PAIR
    }

    /// The number of the validator that the context belongs to.
    #[inline(always)]
    pub fn validator(&self) -> u8 {
        self.validator
    }

    /// Returns whether locks are unchecked now: in an NMI, and while lockdep is running for this context.
    #[inline(always)]
    pub(crate) fn is_unchecked(&self) -> bool {
        self.gate.is_busy()
    }

    /// Marks that lockdep starts running for this context, or ends. Nests.
    pub(crate) fn set_busy(&self, busy: bool) {
        self.gate.set_busy(busy);
    }

    // ---- flags

    /// Returns whether this level or one below is a hard interrupt.
    pub fn in_hardirq(&self) -> bool {
        self.inside.get().contains(Inside::HARDIRQ)
    }

    /// Returns whether this level or one below is a softirq.
    pub fn in_softirq(&self) -> bool {
        self.inside.get().contains(Inside::SOFTIRQ)
    }

    /// Returns whether hard interrupts are enabled, according to the validator's record.
    #[inline(always)]
    pub fn irqs_on(&self) -> bool {
        self.gate.irqs_on()
    }

    /// Returns whether softirqs are enabled.
    pub fn softirqs_on(&self) -> bool {
        self.softirqs_on.get()
    }

    /// Returns all flags.
    pub fn flags(&self) -> Flags {
        Flags {
            hardirq: self.in_hardirq(),
            softirq: self.in_softirq(),
            irqs_on: self.irqs_on(),
            softirqs_on: self.softirqs_on(),
        }
    }

    /// Returns where the flags last changed.
    pub fn toggles(&self) -> Toggles {
        let [irqs_off, irqs_on, softirqs_off, softirqs_on] = self.toggles.each_ref().map(Cell::get);
        let [off, on] = self.noticed.each_ref().map(Cell::get);
        Toggles {
            irqs_on,
            irqs_off,
            softirqs_on,
            softirqs_off,
            irqs_on_noticed: on.is_some() && on == irqs_on,
            irqs_off_noticed: off.is_some() && off == irqs_off,
        }
    }

    /// Records that the flag of hard interrupts was just corrected to the machine's, after a change that nothing
    /// announced.
    pub(crate) fn note_noticed(&self, on: bool) {
        self.noticed[usize::from(on)].set(self.toggles[IRQS + usize::from(on)].get());
    }

    fn hand_toggles_to(&self, other: &Context) {
        let (to, from) = (other.toggles.iter().chain(&other.noticed), self.toggles.iter().chain(&self.noticed));
        to.zip(from).for_each(|(to, from)| to.set(from.get()));
    }

    /// The least wait type that the context itself allows.
    pub(crate) fn limit(&self) -> u8 {
        self.limit.get()
    }

    /// Returns whether the task is in reclaim: an interrupt is not part of the reclaim that it interrupts.
    pub(crate) fn in_reclaim(&self) -> bool {
        self.reclaim.get() > 0 && !self.in_hardirq() && !self.in_softirq()
    }

    /// Counts an entry to reclaim, or with `false` an exit. Returns whether the count could change: `false` for an exit
    /// without an entry.
    pub(crate) fn count_reclaim(&self, enter: bool) -> bool {
        let count = self.reclaim.get();
        let next = if enter { count.checked_add(1) } else { count.checked_sub(1) };
        self.reclaim.set(next.unwrap_or(count));
        self.refresh();
        next.is_some()
    }

    pub(crate) fn set_irqs(&self, on: bool, site: Option<Site>) {
        self.toggles[IRQS + usize::from(on)].set(site);
        self.gate.set_irqs(on);
    }

    /// Sets the flag of hard interrupts if it is clear, nothing is held here or below, and lockdep is not running for
    /// this context. Returns whether it did.
    #[inline(always)]
    pub(crate) fn free_irqs_on(&self, site: Site) -> bool {
        let done = self.gate.turn_on();
        if done {
            self.toggles[IRQS + 1].set(Some(site));
        }
        done
    }

    /// Clears the flag of hard interrupts if it is set and lockdep is not running for this context. Returns whether it
    /// did.
    #[inline(always)]
    pub(crate) fn free_irqs_off(&self, site: Site) -> bool {
        let done = self.gate.turn_off();
        if done {
            self.toggles[IRQS].set(Some(site));
        }
        done
    }

    pub(crate) fn set_softirqs(&self, on: bool, site: Option<Site>) {
        self.toggles[SOFTIRQS + usize::from(on)].set(site);
        self.softirqs_on.set(on);
        self.refresh();
    }

    fn refresh(&self) {
        let mut marks = Usage::empty();
        marks.set(Usage::IN_HARDIRQ, self.in_hardirq());
        marks.set(Usage::IN_SOFTIRQ, self.in_softirq());
        marks.set(Usage::IN_RECLAIM, self.in_reclaim());
        let [off, on] = &self.usage_mask;
        off.set(UsageMask::new(marks, false));
        marks.insert(Usage::HARDIRQ_ON);
        marks.set(Usage::SOFTIRQ_ON, self.softirqs_on());
        on.set(UsageMask::new(marks, true));
    }

    /// Returns the usage bits of an exclusive acquire that waits, if it began with hard interrupts in the given state;
    /// contexts, reclaim and softirqs are the current ones.
    pub(crate) fn marks(&self, irqs_on: bool) -> Usage {
        self.usage_mask(irqs_on).usage()
    }

    /// The same as a mask.
    #[inline(always)]
    pub(crate) fn usage_mask(&self, irqs_on: bool) -> UsageMask {
        self.usage_mask[usize::from(irqs_on)].get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::hold::Hold;

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
            size_of::<Context>() <= 1384 + HOLDS * size_of::<crate::lock::last_holder::Since>(),
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
        soft.set_irqs(false, None);
        let (outer, turn_on) = soft.leave().unwrap();
        assert_eq!(turn_on, Some(UsageState::Softirq));
        assert!(!outer.irqs_on(), "hard interrupts stay as the softirq left them");
        assert!(soft.leave().is_none());
    }
}
