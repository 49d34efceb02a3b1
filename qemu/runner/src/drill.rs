//! A drill: the kernel is told to panic with a lock held, and must die as a kernel should. It prints the message and what
//! it holds, by name and line, ends with the code that says panic, and no judge takes the run for green.

use crate::boards::Board;
use crate::boot;
use crate::cases::expected_cases;
use crate::qemu;
use crate::toolchain::Toolchain;
use crate::verdict::{Expectation, How, judge};
use anyhow::{Result, ensure};
use lockdep_proto::{CommandLine, DRILL, exit_code};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);

/// Lets a board's kernel panic.
pub(crate) fn panic(toolchain: Toolchain, board: &Board) -> Result<()> {
    let elf = boot::build(toolchain, board)?;
    let machine = &board.machines[0];
    let asked = CommandLine { smp: 1, scenario: Some(DRILL) };
    let ended = qemu::run(qemu::machine(machine, &elf, asked), LIMIT, &mut |_| ())?;
    let log = String::from_utf8_lossy(&ended.log);

    ensure!(ended.how == How::Code(exit_code::PANICKED.into()), "it ended with {:?}:\n{log}", ended.how);
    for part in ["a drill", "locks held on CPU 0:", "(drill_lock)", "at: qemu/kernel/src/"] {
        ensure!(log.contains(part), "the log has no `{part}`:\n{log}");
    }
    let (cases, reports) = (expected_cases(Some(DRILL)), Vec::new());
    let expected = Expectation { board: board.name.to_owned(), smp: 1, cases, reports };
    ensure!(!judge(&ended.log, ended.how, &expected).green(), "a run that panicked passes for green");
    Ok(())
}
