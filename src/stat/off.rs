//! The twin of `recorder.rs` for builds without the feature `stat`: nothing is recorded.

use crate::context::Context;
use crate::context::hold::{Ended, Hold};
use crate::graph::classes::UsageWords;
use crate::lock::last_holder::{Overheld, Since};
use crate::lock::lock_map::LockMap;
use crate::port::Port;

/// Zero-sized: built without `stat`.
pub(crate) struct Recorder<const C: usize, const N: usize>;

impl<const C: usize, const N: usize> Recorder<C, N> {
    pub(crate) const fn new() -> Self {
        Recorder
    }

    #[expect(clippy::extra_unused_type_parameters, reason = "the real one asks the port for the time")]
    #[inline(always)]
    pub(crate) fn since<P: Port>(&self, _: &Context) -> Since {
        Since::UNKNOWN
    }

    #[inline(always)]
    pub(crate) fn begin<P: Port>(&self, _: &Context, _: &LockMap) {}

    #[inline(always)]
    pub(crate) fn ending(&self, _: &Context, _: &LockMap) -> Option<Hold> {
        None
    }

    #[inline(always)]
    pub(crate) fn count(&self, _: &UsageWords, _: &LockMap, _: &Ended, _: u64, _: u32) -> bool {
        true
    }

    #[expect(clippy::extra_unused_type_parameters, reason = "the real one asks the port for the time")]
    #[inline(always)]
    pub(crate) fn count_special<P: Port>(
        &self,
        _: &UsageWords,
        _: &LockMap,
        _: &Ended,
        _length: u64,
        _cpu: u32,
    ) -> Overheld {
        Overheld::NONE
    }
}

/// No-op: built without `stat`.
#[cfg(feature = "validate")]
#[inline(always)]
pub(crate) fn contended(_: &LockMap) {}

/// No-op: built without `stat`.
#[cfg(feature = "validate")]
#[inline(always)]
pub(crate) fn acquired(_: &LockMap) {}
