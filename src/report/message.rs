//! Messages of the validator to the kernel's log: reports, notices, and the request to halt. Plain data; the views turn
//! it into text.

use crate::report::Report;
use crate::report::capacity::Notice;

/// A message for [`Port::show`](crate::port::Port::show). A port that treats all alike just displays it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A finding.
    Report(&'a Report),
    /// A table is full. Not a finding, and shown once.
    Notice(&'a Notice),
    /// The policy is to halt, and the report was shown: stop the machine here. No message follows. If this returns, the
    /// rules are silent, as after a first finding.
    Halt,
}
