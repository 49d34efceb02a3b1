//! Puts other names into a report that was made: for the tool `lockdep` and the tests of this crate, which show a report
//! by the names and numbers of a trace, and not by the addresses of a machine. Not part of the interface.

use crate::report::kind::Kind;
use crate::report::policy::FindingId;
use crate::report::{LockView, Report, TaskInfo};

/// Sets the task that the report names.
pub fn set_who(report: &mut Report, who: TaskInfo) {
    report.who = Some(who);
}

/// Calls `edit` for every lock that the report shows.
pub fn for_each_lock(report: &mut Report, edit: impl FnMut(&mut LockView)) {
    report.lock.iter_mut().chain(&mut report.held_lock).chain(&mut report.held).for_each(edit);
}

/// Makes it a report of another kind. It has no id then: that of the real kind would mislead.
pub fn set_kind(report: &mut Report, kind: Kind) {
    (report.kind, report.id) = (Some(kind), FindingId(0));
}
