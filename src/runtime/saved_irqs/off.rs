//! The twin of `saved_irqs.rs` for builds without the feature `validate`: only the machine's state.

use crate::port::IrqState;

/// The state that [`hooks::irq_save`](crate::hooks::irq_save) returns and
/// [`hooks::irq_restore`](crate::hooks::irq_restore) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay disabled until this is restored"]
pub struct SavedIrqs {
    state: IrqState,
}

impl SavedIrqs {
    /// The state from the port.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn from_enabled(state: IrqState) -> SavedIrqs {
        SavedIrqs { state }
    }

    /// The same: the flag is not kept.
    #[doc(hidden)]
    #[inline(always)]
    pub const fn from_disabled(state: IrqState) -> SavedIrqs {
        SavedIrqs { state }
    }

    /// Returns what the port saved.
    #[inline(always)]
    pub const fn state(self) -> IrqState {
        self.state
    }

    /// Returns `false`: built without `validate`.
    #[inline(always)]
    pub const fn were_on(self) -> bool {
        false
    }
}
