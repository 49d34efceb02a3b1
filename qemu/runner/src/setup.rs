//! What must be there to build for the boards and to run them, and getting it when it is missing.
//!
//! Every verb asks here for what it needs. When all is there, these functions look, and do nothing else: no network, no
//! lists of packages, nothing written. What they do beyond looking they say first. Nothing is remembered on disk; the
//! machine itself is the memory.
//!
//! The order for the boards' Rust: what is complete is used, rustup's targets before Debian's packages; when nothing is
//! complete, `rustup target add` is tried, then apt. `LOCKDEP_TOOLCHAIN` leaves one of the two.

use crate::boards::{self, BOARDS, Emulator};
use crate::debian;
use crate::process::{ask, command, shown, succeed_within};
use crate::toolchain::{Toolchain, host_cargo};
use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::time::Duration;

/// How long rustup may take to fetch something.
pub(crate) const FETCH_LIMIT: Duration = Duration::from_secs(600);
/// The mdbook that is installed where there is none.
const MDBOOK: &str = "0.5.4";

/// The verb `setup`: everything that any verb needs.
pub(crate) fn run() -> Result<()> {
    components(&["fmt", "clippy"])?;
    let toolchain = bare_metal()?;
    let emulators = boards::emulators(BOARDS.iter().flat_map(|board| board.machines));
    qemu(&emulators)?;
    if let Err(error) = mdbook() {
        println!("setup: without mdbook there is no book, and all else works: {error:#}");
    }
    let programs: Vec<_> = emulators.iter().map(|emulator| emulator.program).collect();
    println!("setup: all is there: Rust for the boards by {}, {}", toolchain.name(), programs.join(", "));
    Ok(())
}

/// Sees to it that these parts of the host's cargo are there: `fmt` and `clippy` (the component `rustfmt` for `fmt`).
pub(crate) fn components(subcommands: &[&str]) -> Result<()> {
    for subcommand in subcommands {
        if ask(host_cargo().args([subcommand, "--version"])).is_some() {
            continue;
        }
        let component = if *subcommand == "fmt" { "rustfmt" } else { subcommand };
        let mut add = command("rustup");
        add.args(["component", "add", component]);
        println!("setup: `cargo {subcommand}` is missing: {}", shown(&add));
        if let Err(error) = succeed_within(&mut add, FETCH_LIMIT) {
            bail!("`cargo {subcommand}` is missing and cannot be installed ({error:#}). Please run: {}", shown(&add));
        }
    }
    Ok(())
}

/// Sees to it that these emulators are there.
pub(crate) fn qemu(emulators: &[Emulator]) -> Result<()> {
    let runs = |program| ask(command(program).arg("--version")).is_some();
    let missing: Vec<_> = emulators.iter().filter(|emulator| !runs(emulator.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<_> = missing.iter().map(|emulator| emulator.package).collect();
    debian::install(&packages, "QEMU")?;
    for emulator in missing {
        if !runs(emulator.program) {
            bail!(
                "`{0} --version` fails though the package {1} is installed: see what it says",
                emulator.program,
                emulator.package
            );
        }
    }
    Ok(())
}

/// Sees to it that mdbook is there. To build it, without its server and its search, takes one or two minutes, once.
pub(crate) fn mdbook() -> Result<()> {
    if ask(command("mdbook").arg("--version")).is_some() {
        return Ok(());
    }
    let mut install = host_cargo();
    install.args(["install", "mdbook", "--version", MDBOOK, "--locked", "--no-default-features", "--debug"]);
    install.env("CARGO_PROFILE_DEV_DEBUG", "0");
    println!("setup: `mdbook` is missing: {}", shown(&install));
    succeed_within(&mut install, FETCH_LIMIT)?;
    ask(command("mdbook").arg("--version")).context("mdbook was installed, and is not on the PATH")?;
    Ok(())
}

/// Finds a way to build for the boards, and completes it when it is not complete.
pub(crate) fn bare_metal() -> Result<Toolchain> {
    match std::env::var("LOCKDEP_TOOLCHAIN").as_deref() {
        Ok("rustup") if rustup_missing().is_some_and(|missing| missing.is_empty()) => Ok(Toolchain::Rustup),
        Ok("rustup") => add_targets(),
        Ok("debian") if debian_missing().is_empty() => Ok(Toolchain::Debian),
        Ok("debian") => install_debian(),
        Ok(other) if !other.is_empty() => bail!("LOCKDEP_TOOLCHAIN={other}: neither `rustup` nor `debian`"),
        _ => any_way(),
    }
}

/// The first way that is complete, or that can be completed.
fn any_way() -> Result<Toolchain> {
    if rustup_missing().is_some_and(|missing| missing.is_empty()) {
        return Ok(Toolchain::Rustup);
    }
    if debian_missing().is_empty() {
        return Ok(Toolchain::Debian);
    }
    let Err(rustup) = add_targets() else {
        return Ok(Toolchain::Rustup);
    };
    println!("setup: {rustup:#}");
    println!("setup: so Debian's Rust is to build for the boards");
    let Err(debian) = install_debian() else {
        return Ok(Toolchain::Debian);
    };
    bail!(
        "there is no Rust for the boards, and it cannot be installed from here.\n\n\
        {debian:#}\n\nor, with rustup, which needs no root:\n    {}",
        shown(&target_add(&boards::bare_triples().collect::<Vec<_>>()))
    );
}

/// The targets that the rustc in use has no `core` for; `None` without rustup. Rustup's own list says what it installed
/// for its active toolchain, which is not always the one whose rustc comes first on the PATH.
fn rustup_missing() -> Option<Vec<&'static str>> {
    ask(command("rustup").arg("--version"))?;
    Some(boards::bare_triples().filter(|triple| !has_target(triple)).collect())
}

/// Whether the rustc in use has what it needs to build for a target.
fn has_target(triple: &str) -> bool {
    let libraries = ask(command("rustc").args(["--print", "target-libdir", "--target", triple]));
    libraries.is_some_and(|path| Path::new(path.trim()).is_dir())
}

/// Adds the missing targets to rustup's active toolchain.
fn add_targets() -> Result<Toolchain> {
    let Some(missing) = rustup_missing() else {
        bail!("there is no rustup on the PATH (https://rustup.rs)");
    };
    let mut add = target_add(&missing);
    println!("setup: rustup lacks targets of the boards: {}", shown(&add));
    succeed_within(&mut add, FETCH_LIMIT)?;
    match rustup_missing() {
        Some(still) if !still.is_empty() => bail!(
            "rustup has added them, and the rustc on the PATH still lacks {}: is it another than rustup's?",
            still.join(", ")
        ),
        _ => Ok(Toolchain::Rustup),
    }
}

fn target_add(triples: &[&str]) -> std::process::Command {
    let mut add = command("rustup");
    add.args(["target", "add"]).args(triples);
    add
}

/// The packages of Debian's Rust that are not installed.
fn debian_missing() -> Vec<&'static str> {
    debian::missing(debian::RUST_PACKAGES)
}

/// Installs the missing packages of Debian's Rust.
fn install_debian() -> Result<Toolchain> {
    debian::install(&debian_missing(), "Debian's Rust for the boards")?;
    Ok(Toolchain::Debian)
}
