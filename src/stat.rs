//! Lock statistics (feature `stat`): what is counted at each acquire and release, and what is made of it when asked.
//!
//! - `recorder.rs`: what happens at an event, on the fast path and off it.
//! - `reading.rs`: sums over the CPUs, clearing, and the order of a listing.
//!
//! Without the feature a `Recorder` has no size and its functions have no instructions.

#[cfg(feature = "stat")]
mod asking;
#[cfg(not(feature = "stat"))]
mod nothing;
#[cfg(feature = "stat")]
mod reading;
#[cfg(feature = "stat")]
mod recorder;

#[cfg(feature = "stat")]
pub use asking::*;
#[cfg(not(feature = "stat"))]
pub(crate) use nothing::Recorder;
#[cfg(feature = "stat")]
pub(crate) use recorder::Recorder;
#[cfg(feature = "stat")]
pub use recorder::Recording;

/// The entry point of the statistics, for `port!`.
#[cfg(feature = "stat")]
#[doc(hidden)]
#[macro_export]
macro_rules! __port_stat {
    ($runtime:ident) => {
        #[unsafe(export_name = $crate::__symbol!("stat"))]
        fn __lockdep_stat(ask: $crate::stat::Ask<'_>) -> bool {
            $runtime.stat(ask)
        }
    };
}

/// There is none.
#[cfg(not(feature = "stat"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __port_stat {
    ($runtime:ident) => {};
}
