//! Lock statistics (feature `stat`): what is counted at each acquire and release, and what is made of it when asked.
//!
//! - `recorder.rs`: what happens at an event, on the fast path and off it.
//! - `reading.rs`: sums over the CPUs, clearing, and the order of a listing.
//!
//! Without the feature a `Recorder` has no size and its functions have no instructions.

#[cfg(feature = "stat")]
pub(crate) mod api;
#[cfg(feature = "stat")]
pub(crate) mod counters;
#[cfg(feature = "stat")]
pub(crate) mod listing;
#[cfg(not(feature = "stat"))]
mod off;
#[cfg(feature = "stat")]
mod reading;
#[cfg(feature = "stat")]
pub(crate) mod recorder;
#[cfg(feature = "stat")]
pub(crate) mod summary;
#[cfg(feature = "stat")]
mod text;

#[cfg(feature = "stat")]
pub use api::*;
#[cfg(feature = "stat")]
pub use counters::Lengths;
#[cfg(feature = "stat")]
pub use listing::{ChainLine, ClassEntry, ClassLine, ClassTimes, Point, SideTimes};
#[cfg(not(feature = "stat"))]
pub(crate) use off::Recorder;
#[cfg(feature = "stat")]
pub(crate) use recorder::Recorder;
#[cfg(feature = "stat")]
pub use recorder::Recording;
#[cfg(feature = "stat")]
pub use summary::{Safety, Sums};

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
