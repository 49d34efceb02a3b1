//! Lock statistics (feature `stat`): what is counted at each acquire and release, and how it is read. Linux's
//! lock_stat.
//!
//! - `recorder.rs`: what happens at an event, on the fast path and off it.
//! - `counters.rs`: the counters of a class on a CPU; `sum.rs`: the sums in them; `points.rs`: where it was contended.
//! - `reading.rs`: sums over the CPUs, clearing, and the order of a listing.
//! - `listing.rs`, `summary.rs`: the results as plain data; `text.rs`: as text; `api.rs`: the public functions.
//!
//! Without the feature, `off.rs` replaces all of it: a `Recorder` is zero-sized and its functions are empty.

#[cfg(feature = "stat")]
pub(crate) mod api;
#[cfg(feature = "stat")]
pub(crate) mod counters;
#[cfg(feature = "stat")]
pub(crate) mod listing;
#[cfg(not(feature = "stat"))]
mod off;
#[cfg(feature = "stat")]
mod points;
#[cfg(feature = "stat")]
mod reading;
#[cfg(feature = "stat")]
pub(crate) mod recorder;
#[cfg(feature = "stat")]
mod sum;
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
#[cfg(all(feature = "validate", not(feature = "stat")))]
pub(crate) use off::{acquired, contended};
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

/// Built without `stat`: no entry point.
#[cfg(not(feature = "stat"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __port_stat {
    ($runtime:ident) => {};
}
