//! What a function that disables interrupts saves for the one that restores them. Plain data; the port and the
//! validator interpret it.

use crate::port::IrqState;

/// The state that [`hooks::irq_save`](crate::hooks::irq_save) returns and
/// [`hooks::irq_restore`](crate::hooks::irq_restore) takes: what the port saved, and what the validator needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay disabled until this is restored"]
pub struct SavedIrqs {
    state: IrqState,
    were_on: bool,
}

impl SavedIrqs {
    /// The state from the port, where an interrupt could come before.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn from_enabled(state: IrqState) -> SavedIrqs {
        SavedIrqs { state, were_on: true }
    }

    /// The state from the port, where no interrupt could come before.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn from_disabled(state: IrqState) -> SavedIrqs {
        SavedIrqs { state, were_on: false }
    }

    /// Returns what the port saved.
    #[inline(always)]
    pub const fn state(self) -> IrqState {
        self.state
    }

    /// Returns whether an interrupt could come before, so that it can again when the state is restored.
    #[inline(always)]
    pub const fn were_on(self) -> bool {
        self.were_on
    }
}
