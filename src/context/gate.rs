//! What opens the fast path, in two bytes that are compared as one word: how many holds there are, and the flag of hard
//! interrupts.
//!
//! Invariant: whatever forbids the fast path makes one of the two bytes differ from the depth or the flag that it would
//! have, so that the comparisons which it makes anyway settle that too.

use core::cell::Cell;
use core::sync::atomic::{Ordering, compiler_fence};

/// The two bytes.
#[derive(Debug)]
#[repr(C, align(2))]
pub(super) struct Gate {
    /// The number of holds, and [`BELOW`].
    depth: Cell<u8>,
    /// [`ON`] alone, or nothing; or [`WAS_ON`], and how often [`BUSY`].
    state: Cell<u8>,
}

/// In `depth`: something is held in an interrupted context, or was when the interrupt began. So the depth is no index,
/// and the fast path leaves such an interrupt to the next one.
const BELOW: u8 = 0x80;
/// In `state`: interrupts are on, and the validator is not at work for this context.
const ON: u8 = 1;
/// In `state`: interrupts are on, and the validator is at work.
const WAS_ON: u8 = 2;
/// In `state`, counted: the validator is at work, and what is taken now is not checked.
const BUSY: u8 = 4;

impl Gate {
    /// A task's: nothing held, interrupts on.
    pub(super) const fn new() -> Gate {
        Gate { depth: Cell::new(0), state: Cell::new(ON) }
    }

    /// Begins with nothing held.
    pub(super) fn begin(&self, irqs_on: bool, busy: bool, below: bool) {
        self.depth.set(if below { BELOW } else { 0 });
        self.state.set(if irqs_on { ON } else { 0 });
        if busy {
            self.set_busy(true);
        }
    }

    #[inline(always)]
    pub(super) fn is_busy(&self) -> bool {
        self.state.get() >= BUSY
    }

    /// The validator begins to work, or ends. Nests.
    pub(super) fn set_busy(&self, busy: bool) {
        let state = self.state.get();
        self.state.set(match (busy, self.is_busy()) {
            (true, false) => state * WAS_ON + BUSY,
            (true, true) => state.checked_add(BUSY).unwrap_or(state),
            (false, true) if state < 2 * BUSY => (state - BUSY) / WAS_ON,
            (false, true) => state - BUSY,
            (false, false) => state,
        });
    }

    #[inline(always)]
    pub(super) fn irqs_on(&self) -> bool {
        self.state.get() & (ON | WAS_ON) != 0
    }

    /// Sets the flag; returns what it was.
    pub(super) fn set_irqs(&self, on: bool) -> bool {
        let before = self.irqs_on();
        let on = if !on {
            0
        } else if self.is_busy() {
            WAS_ON
        } else {
            ON
        };
        self.state.set(self.state.get() & !(ON | WAS_ON) | on);
        before
    }

    /// Whether interrupts are off, nothing is held here or below, and the validator is not at work.
    #[inline(always)]
    pub(super) fn is_free_and_off(&self) -> bool {
        u16::from_ne_bytes([self.depth.get(), self.state.get()]) == 0
    }

    /// Whether interrupts are on, and the validator is not at work.
    #[inline(always)]
    pub(super) fn is_on_and_idle(&self) -> bool {
        self.state.get() & ON != 0
    }

    /// Turns interrupts on, from [`Gate::is_free_and_off`].
    #[inline(always)]
    pub(super) fn turn_on(&self) {
        self.state.set(ON);
    }

    /// Turns interrupts off, from [`Gate::is_on_and_idle`]: then nothing else is in the state.
    #[inline(always)]
    pub(super) fn turn_off(&self) {
        self.state.set(0);
    }

    /// The depth, if interrupts are as said and the validator is not at work; no index if something is held below.
    #[inline(always)]
    pub(super) fn open(&self, irqs_on: bool) -> Option<usize> {
        (self.state.get() == u8::from(irqs_on)).then(|| usize::from(self.depth.get()))
    }

    /// The index of the topmost hold; none if nothing is held, or something is held below.
    #[inline(always)]
    pub(super) fn top(&self) -> usize {
        usize::from(self.depth.get()).wrapping_sub(1)
    }

    /// Shows one hold more, from [`Gate::open`].
    #[inline(always)]
    pub(super) fn one_more(&self) {
        compiler_fence(Ordering::Release);
        self.depth.set(self.depth.get().wrapping_add(1));
    }

    /// Hides the topmost hold, from [`Gate::top`].
    #[inline(always)]
    pub(super) fn drop_to(&self, top: usize) {
        compiler_fence(Ordering::Release);
        self.depth.set(top as u8);
    }

    #[inline(always)]
    pub(super) fn depth(&self) -> usize {
        usize::from(self.depth.get() & !BELOW)
    }

    /// Shows or hides holds; those that it shows are written before.
    #[inline(always)]
    pub(super) fn set_depth(&self, depth: usize) {
        compiler_fence(Ordering::Release);
        self.depth.set(self.depth.get() & BELOW | depth as u8);
    }
}
