//! Classes that share a name: where the locks of each are constructed, so that a reader can tell them apart.
//!
//! Names such as `lock` and `inner` are common. From the second class on, a name has a number, as in Linux, and a
//! report lists the lines of all its classes that share their name. It reads the report alone.

use crate::report::{ClassView, Report};
use core::fmt::{self, Formatter};

pub(super) fn same_names(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let mut first = true;
    for (index, class) in shared(report).enumerate() {
        let Some(site) = class.site.filter(|_| shared(report).take(index).all(|other| !is_same(other, class))) else {
            continue;
        };
        if first {
            writeln!(f, "\nother classes have the same name:")?;
            first = false;
        }
        writeln!(f, " `{class}` is constructed at {site}")?;
    }
    Ok(())
}

/// All mentions of classes whose name another class shares.
fn shared(report: &Report) -> impl Iterator<Item = &ClassView> {
    let locks = report.lock.iter().chain(&report.held_lock).chain(&report.held).map(|lock| &lock.class);
    let steps = report.path_to_held.steps.iter().chain(&report.path.steps).flat_map(|step| [&step.from, &step.to]);
    let usage = report.usage.iter().flat_map(|usage| [&usage.used_class, &usage.enabled_class]);
    locks.chain(steps).chain(usage).filter(|class| class.ordinal > 0)
}

fn is_same(one: &ClassView, other: &ClassView) -> bool {
    (one.name, one.ordinal, one.subclass) == (other.name, other.ordinal, other.subclass)
}
