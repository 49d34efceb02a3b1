//! What opens the fast path, in one word: how many places of the stack are in use, and above it the flag of hard interrupts.
//!
//! Invariant: whatever forbids the fast path makes the word differ from what it would be, so that the comparison that is
//! made anyway settles that too. So do the two states of the stack in which it is not plain (`stack.rs` has the protocol):
//! the topmost place in use is being filled ([`BUILDING`]), and the stack must be put in order ([`DISTURBED`]).
//!
//! It is 32 bits wide, though 16 would do: compilers load the half of an aligned word as a whole, and a load that is wider
//! than the store before it waits until that is done. A pair took three times as long on a PC. For the same reason
//! `BUILDING` is subtracted: a mask would be made a store of one byte.
//!
//! Only the one who runs in a context changes its word. What comes in between two instructions (an interrupt, and a
//! scheduler at its tail) finds it as it is and leaves depth and flags as it found them; it may set [`DISTURBED`]. So every
//! change that is made with interrupts enabled is one of the word as it is at that moment.

use core::cell::Cell;
use core::sync::atomic::{Ordering, compiler_fence};

/// The word.
#[derive(Debug)]
pub(super) struct Gate(Cell<u32>);

/// How many places of the stack are in use.
const DEPTH: u32 = 0x3f;
/// The topmost place in use is being filled, or was topmost when that began: it is no hold yet.
const BUILDING: u32 = 0x40;
/// Something is held in an interrupted context, or was when the interrupt began. So the number below [`ON`] is no depth,
/// and the fast path leaves such an interrupt to the second way.
const BELOW: u32 = 0x80;
/// Interrupts are on, and the validator is not at work for this context.
const ON: u32 = 0x100;
/// Interrupts are on, and the validator is at work.
const WAS_ON: u32 = 0x200;
/// The stack is not plain: something is above the place that is, or was, being filled; or keys do not say what is held.
const DISTURBED: u32 = 0x400;
/// Counted from here on: the validator is at work, and what is taken now is not checked.
const BUSY: u32 = 0x800;

impl Gate {
    /// A task's: nothing held, interrupts on.
    pub(super) const fn new() -> Gate {
        Gate(Cell::new(ON))
    }

    /// Begins with nothing held.
    pub(super) fn begin(&self, irqs_on: bool, busy: bool, below: bool) {
        let on = match (irqs_on, busy) {
            (true, false) => ON,
            (true, true) => WAS_ON,
            (false, _) => 0,
        };
        self.0.set(on | if busy { BUSY } else { 0 } | if below { BELOW } else { 0 });
    }

    #[inline(always)]
    pub(super) fn is_busy(&self) -> bool {
        self.0.get() >= BUSY
    }

    /// The validator begins to work, or ends. Nests.
    pub(super) fn set_busy(&self, busy: bool) {
        let word = self.0.get();
        let on = word & (ON | WAS_ON) != 0;
        self.0.set(if busy { word.checked_add(BUSY).unwrap_or(word) } else { word.checked_sub(BUSY).unwrap_or(word) });
        self.set_irqs(on);
    }

    #[inline(always)]
    pub(super) fn irqs_on(&self) -> bool {
        self.0.get() & (ON | WAS_ON) != 0
    }

    /// Sets the flag; returns what it was.
    pub(super) fn set_irqs(&self, on: bool) -> bool {
        let before = self.irqs_on();
        let bit = match (on, self.is_busy()) {
            (true, false) => ON,
            (true, true) => WAS_ON,
            (false, _) => 0,
        };
        self.0.set(self.0.get() & !(ON | WAS_ON) | bit);
        before
    }

    /// Turns interrupts on if they are off, nothing is held here or below, and the validator is not at work; says whether
    /// it did.
    #[inline(always)]
    pub(super) fn turn_on(&self) -> bool {
        let free = self.0.get() == 0;
        if free {
            self.0.set(ON);
        }
        free
    }

    /// Turns interrupts off if they are on and the validator is not at work; says whether it did.
    #[inline(always)]
    pub(super) fn turn_off(&self) -> bool {
        let word = self.0.get();
        let on = word & ON != 0;
        if on {
            self.0.set(word & !ON);
        }
        on
    }

    /// The depth, if interrupts are as said, the validator is not at work, and nothing is held below; otherwise no index:
    /// more than any depth.
    #[inline(always)]
    pub(super) fn open(&self, irqs_on: bool) -> usize {
        self.0.get().wrapping_sub(u32::from(irqs_on) * ON) as usize
    }

    /// Takes one place more into use, to be filled. From [`Gate::open`].
    #[inline(always)]
    pub(super) fn begin_one(&self) {
        self.0.set(self.0.get().wrapping_add(1 + BUILDING));
        compiler_fence(Ordering::Release);
    }

    /// The place is filled. From [`Gate::begin_one`].
    #[inline(always)]
    pub(super) fn end_one(&self) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.get().wrapping_sub(BUILDING));
    }

    /// The index of the topmost hold; none if nothing is held, something is held below, or a place is being filled.
    #[inline(always)]
    pub(super) fn top(&self) -> usize {
        (self.0.get().wrapping_sub(1) & (DEPTH | BUILDING | BELOW)) as usize
    }

    /// Whether neither a place is being filled, nor the stack is to be put in order.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.0.get() & (BUILDING | DISTURBED) == 0
    }

    /// Whether a place is being filled.
    #[inline(always)]
    pub(super) fn is_building(&self) -> bool {
        self.0.get() & BUILDING != 0
    }

    /// Whether the stack is to be put in order.
    #[inline(always)]
    pub(super) fn is_disturbed(&self) -> bool {
        self.0.get() & DISTURBED != 0
    }

    /// Says whether the stack is to be put in order.
    pub(super) fn set_disturbed(&self, disturbed: bool) {
        self.0.set(self.0.get() & !DISTURBED | if disturbed { DISTURBED } else { 0 });
    }

    /// Hides the topmost hold. From [`Gate::top`].
    #[inline(always)]
    pub(super) fn one_less(&self) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.get().wrapping_sub(1));
    }

    #[inline(always)]
    pub(super) fn depth(&self) -> usize {
        (self.0.get() & DEPTH) as usize
    }

    /// Shows or hides holds; those that it shows are written before. With interrupts disabled.
    #[inline(always)]
    pub(super) fn set_depth(&self, depth: usize) {
        compiler_fence(Ordering::Release);
        self.0.set(self.0.get() & !DEPTH | depth as u32 & DEPTH);
    }
}
