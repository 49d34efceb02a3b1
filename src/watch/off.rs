//! The twin of the watchdogs for builds without the feature `watch`: nothing is watched.

/// No-op: built without `watch`.
#[inline(always)]
pub fn tick() {}

/// Built without `watch`: no entry point.
#[doc(hidden)]
#[macro_export]
macro_rules! __port_watch {
    ($runtime:ident) => {};
}
