//! The part of a port that the engine uses: who runs, what time it is, and the policy. Plain function pointers and
//! data, so the engine need not be generic over the port.

use crate::report::TaskInfo;
use crate::report::policy::{Accepted, Policy};

/// The functions and constants of a port that the engine uses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortConfig {
    pub(crate) who: fn() -> TaskInfo,
    pub(crate) backtrace: fn(&mut [usize]) -> usize,
    pub(crate) now: fn() -> u64,
    pub(crate) policy: Policy,
    pub(crate) accepted: &'static [Accepted],
    /// How many reports may wait to be shown.
    pub(crate) reports: usize,
}

impl PortConfig {
    /// Without a port: no task, no time, the first finding counts.
    pub(crate) const NO_PORT: PortConfig = PortConfig {
        who: || TaskInfo::UNKNOWN,
        backtrace: |_| 0,
        now: || 0,
        policy: Policy::FIRST,
        accepted: &[],
        reports: 1,
    };
}
