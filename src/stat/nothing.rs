//! No statistics: nothing is kept, and nothing is done.

use crate::class::LockMap;
use crate::classes::SeenClasses;
use crate::context::Context;
use crate::held::{Ended, Hold};
use crate::port::Port;
use crate::report::Overheld;
use crate::trail::Since;

/// Counts nothing.
pub(crate) struct Recorder<const C: usize, const N: usize>;

impl<const C: usize, const N: usize> Recorder<C, N> {
    pub(crate) const fn new() -> Self {
        Recorder
    }

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
    pub(crate) fn let_go<P: Port>(&self, _: &SeenClasses, _: &LockMap, _: &Ended) -> Overheld {
        Overheld::NONE
    }
}
