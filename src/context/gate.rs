//! The word that opens the fast path: how many slots of the stack are in use, and above it the flag of hard interrupts.
//!
//! Invariant: everything that forbids the fast path changes the word, so that the one comparison that is made anyway
//! covers it. That includes the two states in which the stack is not plain (`disturbed.rs` has the protocol): the
//! topmost slot in use is being filled ([`BUILDING`]), and the stack must be repaired ([`DISTURBED`]).
//!
//! It is 32 bits wide, though 16 would do: compilers load half of an aligned word as a whole, and a load that is wider
//! than the store before it waits until the store is done. A pair took three times as long on a PC. For the same reason
//! `BUILDING` is subtracted: a mask would become a store of one byte.
//!
//! Only the code that runs in a context changes its word. What interrupts that code (an interrupt, and a scheduler at
//! its tail) leaves depth and flags as it found them; it may set [`DISTURBED`]. So a change with interrupts enabled
//! always starts from the current word.
//!
//! Other CPUs may read it. A change by addition loads atomically as well: both together are one instruction of x86.
//!
//! What it does not do: hold anything; the slots are in `stack.rs`.

use crate::atomic::relaxed::Own;
use crate::lock::usage::Irqs;
use core::sync::atomic::{AtomicU32, Ordering, compiler_fence};

/// The gate's word.
#[derive(Debug)]
pub(super) struct Gate(Own<AtomicU32>);

/// How many slots of the stack are in use.
const DEPTH: u32 = 0x3f;
/// The topmost slot in use is being filled, or was topmost when that began: it is no hold yet.
const BUILDING: u32 = 0x40;
/// Something is held in an interrupted context, or was when the interrupt began. So the number below [`ON`] is no
/// depth, and the fast path leaves such an interrupt to the recheck path.
const BELOW: u32 = 0x80;
/// Interrupts are enabled, and lockdep is not running for this context.
const ON: u32 = 0x100;
/// Interrupts are enabled, and lockdep is running for this context.
const WAS_ON: u32 = 0x200;
/// The stack is not plain: something is above the slot that is, or was, being filled; or keys are stale.
const DISTURBED: u32 = 0x400;
/// The context is not introduced to other CPUs (`registry.rs`): the first acquisition does that.
const NEW: u32 = 0x800;
/// Counted from here on: lockdep is running for this context, and locks that are taken now are not checked.
const BUSY: u32 = 0x1000;

/// How a context starts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start {
    pub(super) irqs: Irqs,
    /// Something is held in an interrupted context.
    pub(super) is_above_holds: bool,
    /// Locks are not checked in it.
    pub(super) is_unchecked: bool,
}

impl Gate {
    /// A task's gate: nothing held, interrupts enabled.
    pub(super) const fn new() -> Gate {
        Gate(Own::<AtomicU32>::new(ON))
    }

    /// The same, of a context that other CPUs will be introduced to.
    pub(super) const fn new_in_cell() -> Gate {
        Gate(Own::<AtomicU32>::new(ON | NEW))
    }

    /// Starts a context that holds nothing. It stays introduced, or not.
    pub(super) fn begin(&self, start: Start) {
        let below = if start.is_above_holds { BELOW } else { 0 };
        let busy = if start.is_unchecked { BUSY } else { 0 };
        self.0.set(with_irqs(self.0.get() & NEW | below | busy, start.irqs));
    }

    /// Returns whether the context is to be introduced.
    #[inline(always)]
    pub(super) fn is_new(&self) -> bool {
        self.0.get() & NEW != 0
    }

    /// The context is to be introduced, again.
    pub(super) fn set_new(&self) {
        self.0.set(self.0.get() | NEW);
    }

    /// The context is introduced.
    pub(super) fn clear_new(&self) {
        self.0.set(self.0.get() & !NEW);
    }

    /// Returns the whole word, on any CPU.
    pub(super) fn load(&self) -> GateWord {
        GateWord(self.0.load())
    }

    #[inline(always)]
    pub(super) fn is_busy(&self) -> bool {
        self.0.get() >= BUSY
    }

    /// Marks that lockdep starts running for this context. Nests.
    pub(super) fn enter_lockdep(&self) {
        let word = self.0.get();
        self.set_busy_part(word.checked_add(BUSY).unwrap_or(word));
    }

    /// Marks that lockdep ends running for this context.
    pub(super) fn leave_lockdep(&self) {
        let word = self.0.get();
        self.set_busy_part(word.checked_sub(BUSY).unwrap_or(word));
    }

    /// Stores a word with another count: the interrupt flag stays, in the bit that belongs to it then.
    fn set_busy_part(&self, word: u32) {
        self.0.set(with_irqs(word, irqs_of(word)));
    }

    #[inline(always)]
    pub(super) fn irqs(&self) -> Irqs {
        irqs_of(self.0.get())
    }

    /// Sets the interrupt flag. Returns its old value.
    pub(super) fn set_irqs(&self, irqs: Irqs) -> Irqs {
        let word = self.0.get();
        self.0.set(with_irqs(word, irqs));
        irqs_of(word)
    }

    /// Sets the interrupt flag if it is clear, nothing is held here or below, and lockdep is not running for this
    /// context. Returns whether it did.
    #[inline(always)]
    pub(super) fn turn_on(&self) -> bool {
        let free = self.0.get() == 0;
        if free {
            self.0.set(ON);
        }
        free
    }

    /// Clears the interrupt flag if it is set and lockdep is not running for this context. Returns whether it did.
    #[inline(always)]
    pub(super) fn turn_off(&self) -> bool {
        let word = self.0.get();
        let on = word & ON != 0;
        if on {
            self.0.set(word & !ON);
        }
        on
    }

    /// Returns the depth, if the interrupt flag is `irqs`, lockdep is not running for this context, and nothing is
    /// held below. Otherwise more than any depth.
    #[inline(always)]
    pub(super) fn open(&self, irqs: Irqs) -> usize {
        self.0.get().wrapping_sub(irqs as u32 * ON) as usize
    }

    /// Takes one more slot into use, to be filled. The value comes from [`Gate::open`].
    #[inline(always)]
    pub(super) fn begin_one(&self) {
        self.0.set(self.0.get().wrapping_add(1 + BUILDING));
        compiler_fence(Ordering::Release);
    }

    /// The slot is filled. After [`Gate::begin_one`].
    #[inline(always)]
    pub(super) fn end_one(&self) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.load().wrapping_sub(BUILDING));
    }

    /// Returns the index of the topmost hold; no valid index if nothing is held, something is held below, or a slot is
    /// being filled.
    #[inline(always)]
    pub(super) fn top(&self) -> usize {
        (self.0.get().wrapping_sub(1) & (DEPTH | BUILDING | BELOW)) as usize
    }

    /// Returns whether no slot is being filled and the stack needs no repair.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.0.get() & (BUILDING | DISTURBED) == 0
    }

    /// Returns whether a slot is being filled.
    #[inline(always)]
    pub(super) fn is_building(&self) -> bool {
        self.0.get() & BUILDING != 0
    }

    /// Returns whether the stack is marked as disturbed.
    #[inline(always)]
    pub(super) fn is_disturbed(&self) -> bool {
        self.0.get() & DISTURBED != 0
    }

    /// Marks the stack as disturbed.
    pub(super) fn set_disturbed(&self) {
        self.0.set(self.0.get() | DISTURBED);
    }

    /// Clears that mark.
    pub(super) fn clear_disturbed(&self) {
        self.0.set(self.0.get() & !DISTURBED);
    }

    /// Removes the topmost hold. Its index comes from [`Gate::top`].
    #[inline(always)]
    pub(super) fn one_less(&self) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.load().wrapping_sub(1));
    }

    #[inline(always)]
    pub(super) fn depth(&self) -> usize {
        (self.0.get() & DEPTH) as usize
    }

    /// Sets the depth: shows holds, which must be written before, or hides them. With interrupts disabled.
    #[inline(always)]
    pub(super) fn set_depth(&self, depth: usize) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.get() & !DEPTH | depth as u32 & DEPTH);
    }
}

/// The word as another CPU read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GateWord(u32);

impl GateWord {
    /// How many slots are in use.
    pub(super) fn depth(self) -> usize {
        (self.0 & DEPTH) as usize
    }

    pub(super) fn irqs_on(self) -> bool {
        irqs_of(self.0).are_on()
    }

    /// The index of the slot that is being filled, or one that does not exist. `recorded`: where it is while the stack
    /// is disturbed.
    pub(super) fn hole(self, recorded: u8) -> usize {
        match (self.0 & BUILDING != 0, self.0 & DISTURBED != 0) {
            (false, _) => usize::MAX,
            (true, false) => self.depth().wrapping_sub(1),
            (true, true) => usize::from(recorded),
        }
    }
}

#[inline(always)]
fn irqs_of(word: u32) -> Irqs {
    Irqs::from(word & (ON | WAS_ON) != 0)
}

/// The word with this state of the interrupt flag, in the bit that belongs to it.
#[inline(always)]
fn with_irqs(word: u32, irqs: Irqs) -> u32 {
    let bit = if word >= BUSY { WAS_ON } else { ON };
    word & !(ON | WAS_ON) | (irqs as u32 * bit)
}
