//! The verb `test`: everything that must hold, in the order in which a person would want to know: format, lints, MSRV,
//! `no_std` builds, host tests, boots, the bench. CI runs this and nothing else.
//!
//! A step that fails does not stop the next one. A step that cannot be taken here is skipped with a reason, never
//! silently.

use crate::args::BootOptions;
use crate::boards::{self, BOARDS};
use crate::process::{cannot_start, command, root, shown, succeed};
use crate::tally::{self, Tally};
use crate::toolchain::{Job, Toolchain, host_cargo};
use crate::{bench, book, boot, clippy, drill, msrv, nopanic, package, rustdoc, setup, size, twins};
use anyhow::{Context as _, Result};
use lockdep_proto::{ALL_TRIALS, SCENARIOS};
use std::process::{Command, Stdio};
use std::time::Instant;

/// The sets of features that the host tests run with, as arguments of `cargo test`. Each names what it is to have: what
/// another crate of the workspace asks for may be gone tomorrow.
const FEATURE_SETS: &[&[&str]] = &[
    &[
        "--workspace",
        "--features",
        "lockdep/critical-section,lockdep/lock_api,lockdep/lock_api_05,lockdep/selftest,lockdep/std",
    ],
    &["-p", "lockdep", "--no-default-features", "--features", "std"],
    &["-p", "lockdep", "--features", "critical-section,defmt,lock_api,lock_api_05,selftest,stat,std,watch"],
];

/// The sets of features that the validator is built with for bare metal.
const BARE_FEATURES: &[&str] = &[
    "validate",
    "stat,watch,critical-section,defmt,lock_api,lock_api_05",
    "critical-section,defmt,lock_api,lock_api_05",
];

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
    for promise in msrv::PROMISES {
        steps.msrv(promise);
    }
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
    steps.step("docs: every public item has some, every feature a badge, every link leads somewhere", rustdoc::check);
    steps.book();
    steps.step("packages: as crates.io gets them", package::check);
    steps.step("the tool is installed from its folder", install_tool);
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
    for smp in [1, 4] {
        let trials = BootOptions { scenario: Some(ALL_TRIALS), smp: Some(smp), quiet: true, ..BootOptions::default() };
        steps.boots(&format!("trials, smp {smp}"), toolchain, &trials);
        let off = BootOptions { off: true, ..trials };
        steps.boots(&format!("trials without the validator, smp {smp}"), toolchain, &off);
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

    /// Checks what is promised of a version of Rust, if rustup has it or can get it.
    fn msrv(&mut self, promise: &msrv::Promise) {
        let name = format!("MSRV {} {}", promise.version, promise.what.join(" "));
        match msrv::toolchain(promise) {
            Ok(toolchain) => self.step(&name, || msrv::check(promise, &toolchain)),
            Err(error) => self.skip(&name, &format!("{error:#}")),
        }
    }

    /// Builds the book, if mdbook is there or can be installed.
    fn book(&mut self) {
        let name = "book: every chapter is there, every link leads somewhere";
        match setup::mdbook() {
            Ok(()) => self.step(name, book::build),
            Err(error) => self.skip(name, &format!("{error:#}")),
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

/// Installs the host tool as a person does, into a folder of ours, from what was built before.
fn install_tool() -> Result<()> {
    let mut cargo = host_cargo();
    cargo.args(["install", "--path", "cli", "--debug", "--locked", "--force", "--no-track"]);
    succeed(cargo.args(["--target-dir", "target", "--root", "target/installed"]))?;
    let tool = root().join("target/installed/bin/lockdep");
    succeed(command(&tool.to_string_lossy()).args(["replay", "tests/cases/circular.trace"]))
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

#[cfg(test)]
mod tests {
    use super::*;
    use regex_lite::Regex;
    use std::collections::BTreeSet;

    /// The features that nothing is built with here: `default` is a list of others, `loom` is for the models alone.
    const NO_CODE: [&str; 2] = ["default", "loom"];

    fn manifest() -> String {
        std::fs::read_to_string(root().join("Cargo.toml")).expect("it can be read")
    }

    /// The features of the validator, without those that add no code.
    fn features() -> BTreeSet<String> {
        let manifest = manifest();
        let (_, table) = manifest.split_once("\n[features]\n").expect("a table of features");
        let names = table.lines().take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once(" = "));
        let names = names.map(|(name, _)| name.trim()).filter(|name| !name.starts_with('#') && !NO_CODE.contains(name));
        names.map(str::to_owned).collect()
    }

    /// The features that a set of host tests has by what it says itself.
    fn of_set(arguments: &[&str]) -> BTreeSet<String> {
        let words = arguments.iter().flat_map(|argument| argument.split(',')).filter(|word| !word.starts_with('-'));
        let mut set: BTreeSet<String> =
            words.map(|word| word.strip_prefix("lockdep/").unwrap_or(word).to_owned()).collect();
        if !arguments.contains(&"--no-default-features") {
            set.insert("validate".to_owned());
        }
        set
    }

    #[test]
    fn every_feature_is_tested_on_the_host_and_built_for_bare_metal() {
        let features = features();
        assert!(features.len() >= 8, "{features:?}");
        for feature in &features {
            assert!(FEATURE_SETS.iter().any(|set| of_set(set).contains(feature)), "no host test has `{feature}`");
            let of_host = ["std", "selftest"].contains(&&**feature); // the boards' kernel has the self-tests
            let built = BARE_FEATURES.iter().any(|set| set.split(',').any(|name| name == feature));
            assert!(of_host || built, "`{feature}` is never built alone for bare metal");
        }
    }

    #[test]
    fn every_test_has_a_set_with_the_features_that_it_requires() {
        let required = Regex::new(r#"name = "(\w+)"\nrequired-features = \[([^\]]*)\]"#).expect("a constant pattern");
        let manifest = manifest();
        let mut seen = 0;
        for test in required.captures_iter(&manifest) {
            let wanted: BTreeSet<String> = test[2].split(", ").map(|name| name.trim_matches('"').to_owned()).collect();
            let runs = FEATURE_SETS.iter().any(|set| wanted.is_subset(&of_set(set)));
            assert!(runs, "`{}` requires {wanted:?}, which no set of host tests names", &test[1]);
            seen += 1;
        }
        assert!(seen > 20, "only {seen} were seen");
    }
}
