//! The twin of `macros.rs` for builds without the feature `validate`: only the two functions that disable and restore
//! interrupts remain.
#![allow(unsafe_code)]

/// Makes a [`Port`](crate::port::Port) the program's. Built without `validate`, so only its functions that disable and
/// restore interrupts are used. The sizes of the tables are accepted and ignored.
#[macro_export]
macro_rules! port {
    ($port:ty $(, $size:ident = $n:expr)* $(,)?) => {
        const _: () = {
            #[unsafe(export_name = $crate::__symbol!("off_irq_save"))]
            fn __lockdep_irq_save() -> $crate::SavedIrqs {
                let state = <$port as $crate::Port>::irqs_disable();
                $crate::SavedIrqs::new(state, false)
            }
            #[unsafe(export_name = $crate::__symbol!("off_irq_restore"))]
            fn __lockdep_irq_restore(saved: $crate::SavedIrqs) {
                <$port as $crate::Port>::irqs_restore(saved.state());
            }
        };
    };
}
