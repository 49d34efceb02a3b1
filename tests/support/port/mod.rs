//! The port of most tests of the runtime, and the machine that it is of.

mod machine;

pub(crate) use machine::*;

host_port! {}

/// What was shown, which is one report.
pub(crate) fn the_report() -> String {
    let shown = shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    shown[0].clone()
}
