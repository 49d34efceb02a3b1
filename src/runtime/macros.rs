//! `port!`: makes a port the program's only one, with a runtime and its entry points as link-time symbols. It decides
//! nothing at run time.
#![allow(unsafe_code)]

/// Makes a [`Port`](crate::port::Port) the program's, with tables of the sizes that its constants say. Use it once in a
/// program.
#[macro_export]
macro_rules! port {
    ($port:ty) => {
        const _: () = {
            static RUNTIME: $crate::__private::Runtime<
                $port,
                { <$port as $crate::Port>::CLASSES + 1 },
                { <$port as $crate::Port>::DEPENDENCIES + 1 },
                { <$port as $crate::Port>::CHAINS },
                { <$port as $crate::Port>::VALIDATORS },
                { <$port as $crate::Port>::CPUS },
                { <$port as $crate::Port>::REPORTS + 1 },
                { <$port as $crate::Port>::FINDINGS },
            > = $crate::__private::Runtime::new();
            $crate::__port_stat!(RUNTIME);
            $crate::__port_watch!(RUNTIME);

            #[unsafe(export_name = $crate::__symbol!("acquire"))]
            #[inline(never)]
            fn __lockdep_acquire(map: &$crate::LockMap, site: $crate::Site) {
                RUNTIME.acquire(map, $crate::Mode::WRITE, site);
            }
            #[unsafe(export_name = $crate::__symbol!("acquire_shared"))]
            #[inline(never)]
            fn __lockdep_acquire_shared(map: &$crate::LockMap, mode: $crate::Mode, site: $crate::Site) {
                RUNTIME.acquire(map, mode, site);
            }
            #[unsafe(export_name = $crate::__symbol!("acquire_with"))]
            fn __lockdep_acquire_with(what: &$crate::Acquire<'_>) {
                RUNTIME.acquire_with(what);
            }
            #[unsafe(export_name = $crate::__symbol!("release"))]
            #[inline(never)]
            fn __lockdep_release(map: &$crate::LockMap, site: Option<$crate::Site>) {
                RUNTIME.release(map, site);
            }
            #[unsafe(export_name = $crate::__symbol!("wait_asleep"))]
            fn __lockdep_wait_asleep(site: $crate::Site) {
                RUNTIME.wait_asleep(site);
            }
            #[unsafe(export_name = $crate::__symbol!("irqs_enabled"))]
            fn __lockdep_irqs_enabled(site: $crate::Site) {
                RUNTIME.irqs_enabled(site);
            }
            #[unsafe(export_name = $crate::__symbol!("irqs_disabled"))]
            fn __lockdep_irqs_disabled(site: $crate::Site) {
                RUNTIME.irqs_disabled(site);
            }
            #[unsafe(export_name = $crate::__symbol!("event"))]
            fn __lockdep_event(event: $crate::__private::Event<'_>, site: $crate::Site) {
                RUNTIME.event(event, site);
            }
            #[unsafe(export_name = $crate::__symbol!("irq_save"))]
            fn __lockdep_irq_save(site: $crate::Site) -> $crate::SavedIrqs {
                RUNTIME.irq_save(site)
            }
            #[unsafe(export_name = $crate::__symbol!("irq_restore"))]
            fn __lockdep_irq_restore(saved: $crate::SavedIrqs, site: $crate::Site) {
                RUNTIME.irq_restore(saved, site);
            }
            #[unsafe(export_name = $crate::__symbol!("irqs_recorded_on"))]
            fn __lockdep_irqs_recorded_on() -> bool {
                RUNTIME.irqs_recorded_on()
            }
            #[unsafe(export_name = $crate::__symbol!("wait_begin"))]
            fn __lockdep_wait_begin(wait: &$crate::hooks::Wait<'_>) {
                RUNTIME.wait_begin(wait);
            }
            #[unsafe(export_name = $crate::__symbol!("wait_end"))]
            fn __lockdep_wait_end() {
                RUNTIME.wait_end();
            }
            #[unsafe(export_name = $crate::__symbol!("next_context"))]
            fn __lockdep_next_context(after: usize, view: &mut $crate::hooks::ContextView) -> bool {
                RUNTIME.next_context(after, view)
            }
            #[unsafe(export_name = $crate::__symbol!("holds"))]
            fn __lockdep_holds(map: &$crate::LockMap) -> bool {
                RUNTIME.holds(map)
            }
            #[unsafe(export_name = $crate::__symbol!("for_each_held"))]
            fn __lockdep_for_each_held(show: &mut dyn FnMut(&$crate::report::LockView)) {
                RUNTIME.for_each_held(show);
            }
            #[unsafe(export_name = $crate::__symbol!("state"))]
            fn __lockdep_state() -> $crate::report::State {
                RUNTIME.state()
            }
            #[unsafe(export_name = $crate::__symbol!("show_pending"))]
            fn __lockdep_show_pending() -> usize {
                RUNTIME.show_pending()
            }
            #[unsafe(export_name = $crate::__symbol!("reset"))]
            fn __lockdep_reset() -> bool {
                RUNTIME.reset()
            }
            #[unsafe(export_name = $crate::__symbol!("first_finding"))]
            fn __lockdep_first_finding() -> Option<$crate::Kind> {
                RUNTIME.first_finding()
            }
            #[unsafe(export_name = $crate::__symbol!("occupancy"))]
            fn __lockdep_occupancy() -> $crate::report::Occupancy {
                RUNTIME.occupancy()
            }
            #[unsafe(export_name = $crate::__symbol!("memory_footprint"))]
            fn __lockdep_memory_footprint() -> $crate::report::MemoryFootprint {
                RUNTIME.memory_footprint()
            }
        };
    };
}
