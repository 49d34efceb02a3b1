//! The verb `clippy`: all lints of all crates, warnings denied. On the host all crates with their tests, on each
//! board's target the board and what it is made of, since code that exists only there is linted only there.

use crate::boards::{BOARDS, Board};
use crate::process::succeed;
use crate::setup;
use crate::toolchain::{Job, Toolchain, host_cargo};
use anyhow::Result;

/// What a board is made of, besides its own crate, and the program that shows that the validator does not panic.
const BELOW_THE_BOARD: &[&str] = &["lockdep", "lockdep-kernel", "lockdep-proto", "lockdep-nopanic", "lockdep-bench"];

/// The features of the validator that the boards do not all use.
const OTHER_FEATURES: &str = "critical-section,defmt";

/// Lints everything, also after a failure; returns whether all is clean.
pub(crate) fn run() -> Result<bool> {
    setup::components(&["clippy"])?;
    let toolchain = setup::bare_metal()?;
    let mut clean = report("the host", host()) & report("the benches", benches());
    for board in BOARDS {
        clean &= report(board.name, bare_metal(toolchain, board));
    }
    Ok(clean)
}

/// Lints all crates as the host sees them.
pub(crate) fn host() -> Result<()> {
    succeed(host_cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Lints the benches, a workspace of its own: that they still build is all that is asked of them without a person.
pub(crate) fn benches() -> Result<()> {
    let benches = ["--manifest-path", "benches/Cargo.toml"];
    succeed(host_cargo().arg("fmt").args(benches).arg("--check"))?;
    let mut clippy = host_cargo();
    clippy.arg("clippy").args(benches).args(["--target-dir", "target/benches", "--all-targets"]);
    succeed(clippy.args(["--", "-D", "warnings"]))
}

/// Lints a board's crate and all below it as the board's target sees them.
pub(crate) fn bare_metal(toolchain: Toolchain, board: &Board) -> Result<()> {
    let mut clippy = toolchain.cargo(Job::Clippy, board.triple);
    for package in BELOW_THE_BOARD.iter().chain([&board.name]) {
        clippy.args(["-p", package]);
    }
    succeed(clippy.args(["--", "-D", "warnings"]))?;
    let mut clippy = toolchain.cargo(Job::Clippy, board.triple);
    succeed(clippy.args(["-p", "lockdep", "--features", OTHER_FEATURES, "--", "-D", "warnings"]))
}

fn report(what: &str, result: Result<()>) -> bool {
    match &result {
        Ok(()) => println!("clippy: {what}: clean"),
        Err(error) => println!("clippy: {what}: {error:#}"),
    }
    result.is_ok()
}
