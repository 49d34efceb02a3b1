//! What the port says once and for all: who runs, what time it is, and what is done about findings.

use crate::report::TaskInfo;
use crate::report::policy::{Accepted, Policy};

/// What the port says once and for all: whom to ask, and what to do with findings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PortConfig {
    pub(crate) who: fn() -> TaskInfo,
    pub(crate) backtrace: fn(&mut [usize]) -> usize,
    pub(crate) now: fn() -> u64,
    pub(crate) policy: Policy,
    pub(crate) accepted: &'static [Accepted],
}

impl PortConfig {
    /// Without a port: nobody runs, no time passes, the first finding counts.
    pub(crate) const NO_PORT: PortConfig =
        PortConfig { who: || TaskInfo::UNKNOWN, backtrace: |_| 0, now: || 0, policy: Policy::FIRST, accepted: &[] };
}
