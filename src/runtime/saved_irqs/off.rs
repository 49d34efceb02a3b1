//! The twin of `saved_irqs.rs` for builds without the feature `validate`: the machine's state alone.

use crate::port::IrqState;

/// What [`irq_save`] returns and [`irq_restore`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay disabled until this is restored"]
pub struct SavedIrqs {
    state: IrqState,
}

impl SavedIrqs {
    /// The machine's state, and whether an interrupt could come then.
    #[inline(always)]
    pub const fn new(state: IrqState, _were_on: bool) -> SavedIrqs {
        SavedIrqs { state }
    }

    /// What the port saved.
    #[inline(always)]
    pub const fn state(self) -> IrqState {
        self.state
    }

    /// `false`: nobody asks.
    #[inline(always)]
    pub const fn were_on(self) -> bool {
        false
    }
}
