//! The verb `test`: everything that must hold, in the order in which a person would want to know: format, lints, MSRV,
//! `no_std` builds, host tests, boots, the bench. CI runs this and nothing else.
//!
//! A step that fails does not stop the next one. A step that cannot be taken here is skipped with a reason, never
//! silently.

use crate::args::BootOptions;
use crate::boards::{self, BOARDS};
use crate::process::{ask, cannot_start, command, shown, succeed, succeed_within};
use crate::tally::{self, Tally};
use crate::toolchain::{Job, Toolchain, host_cargo};
use crate::{bench, boot, clippy, drill, nopanic, setup, size, twins};
use anyhow::{Context as _, Result};
use lockdep_proto::SCENARIOS;
use std::process::{Command, Stdio};
use std::time::Instant;

/// The sets of features that the host tests run with, as arguments of `cargo test`.
const FEATURE_SETS: &[&[&str]] = &[
    &["--workspace", "--features", "lockdep/std,lockdep/lock_api,lockdep/lock_api_05,lockdep/selftest"],
    &["-p", "lockdep", "--no-default-features", "--features", "std"],
    &["-p", "lockdep", "--features", "stat,watch,std,lock_api,lock_api_05,selftest"],
];

/// The sets of features that the validator is built with for bare metal.
const BARE_FEATURES: &[&str] = &[
    "validate",
    "stat,watch,critical-section,defmt,lock_api,lock_api_05",
    "critical-section,defmt,lock_api,lock_api_05",
];

/// The oldest Rust that the project promises to build with.
const MSRV: &str = env!("CARGO_PKG_RUST_VERSION");

/// Why a step is skipped when set-up failed.
const NO_RUST: &str = "there is no Rust for the boards";

/// Takes all steps.
pub(crate) fn run() -> Tally {
    let mut steps = Steps::default();
    steps.step("format", || {
        setup::components(&["fmt"])?;
        succeed(host_cargo().args(["fmt", "--all", "--check"]))
    });
    steps.step("clippy, host", || {
        setup::components(&["clippy"])?;
        clippy::host()
    });
    steps.step("clippy, benches", clippy::benches);
    let toolchain = steps.find_toolchain();
    for board in BOARDS {
        steps.bare_metal(&format!("clippy, {}", board.name), toolchain, |way| clippy::bare_metal(way, board));
    }
    steps.msrv();
    for triple in boards::bare_triples() {
        for features in BARE_FEATURES {
            let name = format!("no_std, {triple} {}", if features.is_empty() { "off" } else { features });
            steps.bare_metal(&name, toolchain, |way| build_no_std(way, triple, features));
        }
    }
    for board in BOARDS {
        let name = format!("no panic in the validator, {}", board.triple);
        steps.bare_metal(&name, toolchain, |way| nopanic::check(way, board.triple));
        let name = format!("off is the bare lock's machine code, {}", board.triple);
        steps.bare_metal(&name, toolchain, |way| twins::check(way, board.triple));
    }
    for triple in boards::bare_triples() {
        steps.bare_metal(&format!("sizes, {triple}"), toolchain, |way| size::check(way, triple));
    }
    steps.step("docs: every public item has some, every link leads somewhere", docs);
    for features in FEATURE_SETS {
        steps.host_tests(features);
    }
    steps.oracle();
    steps.models();
    for board in BOARDS {
        let name = format!("drill: a panic is red, and tells what is held, {}", board.name);
        steps.bare_metal(&name, toolchain, |way| drill::panic(way, board));
        let name = format!("drill: a kernel that hangs is killed and red, {}", board.name);
        steps.bare_metal(&name, toolchain, |way| drill::hang(way, board));
    }
    steps.boots("boots", toolchain, &BootOptions::default());
    let counted = BootOptions { stat: true, smp: Some(2), quiet: true, ..BootOptions::default() };
    steps.boots("boots, with statistics", toolchain, &counted);
    for scenario in SCENARIOS {
        let name = format!("boots, {scenario} alone");
        let alone = BootOptions { scenario: Some(scenario), smp: Some(1), quiet: true, ..BootOptions::default() };
        steps.boots(&name, toolchain, &alone);
    }
    match toolchain {
        Some(_) => steps.counted("bench", || bench::run(false)),
        None => steps.skip("bench", NO_RUST),
    }
    steps.tally
}

/// The steps taken so far.
#[derive(Default)]
struct Steps {
    tally: Tally,
}

impl Steps {
    /// Takes one step that counts as one.
    fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        self.counted(name, || work().map(|()| Tally::PASSED));
    }

    /// Takes one step that counts for itself.
    fn counted(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) {
        println!("== {name}");
        let start = Instant::now();
        let tally = work().unwrap_or_else(|error| {
            println!("{error:#}");
            Tally::FAILED
        });
        let word = if tally.failed == 0 { "ok    " } else { "FAILED" };
        println!("{word} {name}: {tally} ({:.1} s)", start.elapsed().as_secs_f32());
        self.tally += tally;
    }

    /// Passes over a step.
    fn skip(&mut self, name: &str, reason: &str) {
        println!("== {name}\nskipped: {reason}");
        self.tally += Tally::SKIPPED;
    }

    /// Finds or installs what builds for the boards. That there is none is a failure, once.
    fn find_toolchain(&mut self) -> Option<Toolchain> {
        setup::bare_metal()
            .inspect_err(|error| {
                println!("FAILED set-up: {error:#}");
                self.tally += Tally::FAILED;
            })
            .ok()
    }

    /// Takes a step that needs what builds for the boards.
    fn bare_metal(&mut self, name: &str, toolchain: Option<Toolchain>, work: impl FnOnce(Toolchain) -> Result<()>) {
        match toolchain {
            Some(toolchain) => self.step(name, || work(toolchain)),
            None => self.skip(name, NO_RUST),
        }
    }

    /// Checks all that runs on the host with the oldest Rust, if rustup has it or can get it.
    fn msrv(&mut self) {
        let name = format!("MSRV {MSRV}");
        match msrv_toolchain() {
            Ok(toolchain) => self.step(&name, || {
                let check = ["run", &toolchain, "cargo", "check", "--workspace", "--target-dir", "target/msrv"];
                succeed(command("rustup").args(check))
            }),
            Err(error) => self.skip(&name, &format!("{error:#}")),
        }
    }

    /// Runs the tests of the host with these features; each test counts.
    fn host_tests(&mut self, features: &[&str]) {
        self.counted(format!("host tests {}", features.join(" ")).trim_end(), || {
            let mut cargo = host_cargo();
            cargo.args(["test", "--no-fail-fast"]).args(features);
            count_tests(cargo)
        });
    }

    /// Runs all cases of the oracle, of which the debug builds above run a share (tests/oracle/day.rs). Each test counts.
    fn oracle(&mut self) {
        self.counted("oracle, all cases", || {
            let mut cargo = host_cargo();
            cargo.args(["test", "-p", "lockdep", "--release", "--no-fail-fast", "--test", "oracle"]);
            count_tests(cargo)
        });
    }

    /// Runs the models: two CPUs in every order, under loom (tests/loom.rs). Each counts.
    fn models(&mut self) {
        self.counted("models of two CPUs", || {
            let mut cargo = host_cargo();
            cargo.env("RUSTFLAGS", "--cfg loom").args(["test", "-p", "lockdep", "--release", "--no-fail-fast"]);
            cargo.args(["--target-dir", "target/loom", "--features", "loom", "--lib", "--test", "loom", "models"]);
            count_tests(cargo)
        });
    }

    /// Boots what the options ask for; each case of each run counts. Without what builds for the boards nothing is
    /// tried: that was counted as a failure, and installing it a second time will not do better.
    fn boots(&mut self, name: &str, toolchain: Option<Toolchain>, options: &BootOptions) {
        match toolchain {
            Some(_) => self.counted(name, || boot::run(options)),
            None => self.skip(name, NO_RUST),
        }
    }
}

/// Builds the pages of the validator with all features, warnings denied.
fn docs() -> Result<()> {
    let mut cargo = host_cargo();
    cargo.args(["doc", "--no-deps", "-p", "lockdep", "--all-features"]);
    succeed(cargo.env("RUSTDOCFLAGS", "-Dwarnings -Dmissing_docs"))
}

/// Runs `cargo test`, and counts its tests.
fn count_tests(mut cargo: Command) -> Result<Tally> {
    let output = cargo.stderr(Stdio::inherit()).output().with_context(|| cannot_start(&cargo))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let mut tally = tally::of_cargo_test(&stdout);
    if !output.status.success() && tally.failed == 0 {
        tally += Tally::FAILED; // it did not even build, or a test killed its program
    }
    if tally.failed > 0 {
        println!("{stdout}`{}` ended with {}", shown(&cargo), output.status);
    }
    Ok(tally)
}

/// Builds the validator alone, for a target without an operating system.
fn build_no_std(toolchain: Toolchain, triple: &str, features: &str) -> Result<()> {
    succeed(toolchain.cargo(Job::Build, triple).args([
        "--release",
        "-p",
        "lockdep",
        "--no-default-features",
        "--features",
        features,
    ]))
}

/// The name of the oldest Rust's toolchain, installed when it was missing.
fn msrv_toolchain() -> Result<String> {
    // `1.95` in Cargo.toml is `1.95.0` to rustup.
    let name = if MSRV.matches('.').count() == 1 { format!("{MSRV}.0") } else { MSRV.to_owned() };
    if ask(command("rustup").args(["run", &name, "rustc", "--version"])).is_none() {
        let mut install = command("rustup");
        install.args(["toolchain", "install", &name, "--profile", "minimal"]);
        println!("setup: the oldest Rust that we promise is missing: {}", shown(&install));
        succeed_within(&mut install, setup::FETCH_LIMIT)?;
    }
    Ok(name)
}
