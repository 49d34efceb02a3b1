//! What an interrupt-disabling call saves for the one that restores: the machine's state, and what the validator wants to know of it.

use crate::port::IrqState;

/// What [`irq_save`] returns and [`irq_restore`] takes: what the machine's flag was, and what the validator wants to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay disabled until this is restored"]
pub struct SavedIrqs {
    state: IrqState,
    were_on: bool,
}

impl SavedIrqs {
    /// The machine's state, and whether an interrupt could come then.
    #[inline(always)]
    pub const fn new(state: IrqState, were_on: bool) -> SavedIrqs {
        SavedIrqs { state, were_on }
    }

    /// What the port saved.
    #[inline(always)]
    pub const fn state(self) -> IrqState {
        self.state
    }

    /// Whether an interrupt could come before, so that it can again when the state is restored.
    #[inline(always)]
    pub const fn were_on(self) -> bool {
        self.were_on
    }
}
