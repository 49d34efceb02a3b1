//! `cargo xtask`: the host's side of the project. Set-up, builds, QEMU, the verdict over a boot, and CI.
//!
//! This file only hands over to the verb that was asked for. Exit code 0 means that all is green, 1 that something is
//! not, 2 that the arguments were not understood. The last line on stdout of `boot`, `bench` and `test` is
//! `N passed, N failed`, with `, N skipped` behind it when there are any.

mod args;
mod baseline;
mod bench;
mod boards;
mod book;
mod boot;
mod cases;
mod clippy;
mod debian;
mod drill;
mod golden;
mod html;
mod msrv;
mod nopanic;
mod normalise;
mod package;
mod process;
mod qemu;
mod quotes;
mod rustdoc;
mod setup;
mod size;
mod tally;
mod test;
mod toolchain;
mod twins;
mod verdict;

use anyhow::{Context as _, Result};
use args::Verb;
use std::ffi::OsString;
use std::process::{ExitCode, Stdio};

fn main() -> ExitCode {
    let verb = match args::parse(std::env::args_os()) {
        Ok(verb) => verb,
        Err(error) => {
            eprintln!("error: {error}\n\n{}", args::usage());
            return ExitCode::from(2);
        }
    };
    let green = match verb {
        Verb::Help => {
            print!("{}", args::usage());
            Ok(true)
        }
        Verb::Setup => setup::run().map(|()| true),
        Verb::Docs => rustdoc::check().and_then(|()| book::run()).map(|()| true),
        Verb::Clippy => clippy::run(),
        Verb::Size => size::run().map(|()| true),
        Verb::Boot(options) => boot::run(&options).map(|tally| tally.finish()),
        Verb::Bench { bless } => bench::run(bless).map(|tally| tally.finish()),
        Verb::Replay(arguments) => replay(&arguments),
        Verb::Test => Ok(test::run().finish()),
    };
    match green {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the host tool; its exit code is the answer.
fn replay(arguments: &[OsString]) -> Result<bool> {
    let mut cargo = toolchain::host_cargo();
    cargo.args(["run", "--quiet", "--release", "-p", "lockdep-cli", "--", "replay"]).args(arguments);
    cargo.stdin(Stdio::inherit()); // which it reads as the file `-`
    Ok(cargo.status().with_context(|| process::cannot_start(&cargo))?.success())
}
