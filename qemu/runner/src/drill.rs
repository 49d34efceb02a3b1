//! The drills: kernels that are told to go wrong, and must be red.
//!
//! One panics with a lock held: it prints the message and what it holds, by name and line, and ends with the code that
//! says panic. The other hangs with interrupts off: it is killed at the limit, and the verdict says so.

use crate::boards::{self, Board};
use crate::boot;
use crate::cases::{Asked, expected_cases};
use crate::qemu::{self, Ended};
use crate::setup;
use crate::toolchain::Toolchain;
use crate::verdict::{Expectation, Fault, How, Verdict, judge};
use anyhow::{Result, ensure};
use lockdep_proto::{CommandLine, drill, exit_code};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for what never ends: long enough for a busy host to boot it.
const HANG_LIMIT: Duration = Duration::from_secs(3);

/// Lets a board's kernel panic.
pub(crate) fn panic(toolchain: Toolchain, board: &Board) -> Result<()> {
    let (ended, verdict) = run(toolchain, board, drill::PANIC, LIMIT)?;
    let log = String::from_utf8_lossy(&ended.log);
    ensure!(ended.how == How::Code(exit_code::PANICKED.into()), "it ended with {:?}:\n{log}", ended.how);
    for part in ["a drill", " is on since ", "locks held on CPU 0:", "(drill_lock)", "at: qemu/kernel/src/"] {
        ensure!(log.contains(part), "the log has no `{part}`:\n{log}");
    }
    ensure!(!verdict.green(), "a run that panicked passes for green");
    Ok(())
}

/// Lets a board's kernel hang.
pub(crate) fn hang(toolchain: Toolchain, board: &Board) -> Result<()> {
    let (ended, verdict) = run(toolchain, board, drill::HANG, HANG_LIMIT)?;
    let log = String::from_utf8_lossy(&ended.log);
    let killed = Fault::Ended { how: How::TimedOut(HANG_LIMIT), failed: 0 };
    ensure!(log.contains("begin board="), "it did not even begin:\n{log}");
    ensure!(verdict.faults.contains(&killed), "the verdict does not say that it was killed: {:?}", verdict.faults);
    for fault in &verdict.faults {
        println!("red, as it must be: {fault}");
    }
    Ok(())
}

/// Runs a drill on the board's own machine.
fn run(toolchain: Toolchain, board: &Board, name: &str, limit: Duration) -> Result<(Ended, Verdict)> {
    let machine = &board.machines[0];
    setup::qemu(&boards::emulators([machine]))?;
    let elf = boot::build(toolchain, board)?;
    let asked = CommandLine { smp: 1, scenario: Some(name), minutes: None };
    let ended = qemu::run(qemu::machine(machine, &elf, asked), limit, &mut |_| ())?;
    let (cases, reports, figures) =
        (expected_cases(Asked { scenario: Some(name), smp: 1, off: false }), Vec::new(), Vec::new());
    let expected = Expectation { board: board.name.to_owned(), smp: 1, cases, reports, figures };
    let verdict = judge(&ended.log, ended.how, &expected);
    Ok((ended, verdict))
}
