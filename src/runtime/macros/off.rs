//! The twin of `macros.rs` for builds without the feature `validate`: only the two functions that disable and restore
//! interrupts remain.
#![allow(unsafe_code)]

/// Makes a [`Port`](crate::port::Port) the program's. Built without `validate`, so only its functions that disable and
/// restore interrupts are used.
#[macro_export]
macro_rules! port {
    ($port:ty) => {
        const _: () = {
            #[unsafe(export_name = $crate::__symbol!("off_irq_save"))]
            fn __lockdep_irq_save() -> $crate::SavedIrqs {
                let state = <$port as $crate::Port>::irqs_disable();
                $crate::SavedIrqs::from_disabled(state)
            }
            #[unsafe(export_name = $crate::__symbol!("off_irq_restore"))]
            fn __lockdep_irq_restore(saved: $crate::SavedIrqs) {
                <$port as $crate::Port>::irqs_restore(saved.state());
            }
        };
    };
}
