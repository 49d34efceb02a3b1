//! No statistics: nothing is kept, and nothing is done.

use super::Broken;
use crate::class::LockMap;
use crate::classes::SeenClasses;
use crate::context::Context;
use crate::port::Port;
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
    pub(crate) fn popped<P: Port>(&self, _: &SeenClasses, _: &Context, _: &LockMap) -> Option<Broken> {
        None
    }

    #[inline(always)]
    pub(crate) fn ending(&self, _: &Context, _: &LockMap) {}

    #[inline(always)]
    pub(crate) fn ended<P: Port>(&self, _: &SeenClasses, _: &LockMap, (): ()) -> Option<Broken> {
        None
    }
}
