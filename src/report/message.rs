//! Message: what the validator has to say to whoever runs the kernel. Plain data; the views make text of it.

use crate::report::Report;
use crate::report::capacity::Notice;

/// Something to show. A port that does not know what it is displays it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Message<'a> {
    /// A finding.
    Report(&'a Report),
    /// A table is full. Not a finding, and said once.
    Notice(&'a Notice),
    /// The policy is to halt, and the report was shown: stop the machine here. The last news; what happens if this returns
    /// is the same as after a first finding.
    Halt,
}
