//! The two ways to build for a target without an operating system, and the cargo commands of each.
//!
//! - **rustup** has `core` ready made for each target that was added: a plain `cargo build --target`.
//! - **debian** has a rustc and the sources of `core`, which is built along (`-Zbuild-std`), once. Everything is
//!   called by its full path, since rustup's cargo may come first on the PATH, and even Debian's cargo would look for
//!   its clippy in `~/.cargo/bin` before all else. It builds in a directory of its own, so that the two ways never undo
//!   each other's work.
//!
//! Host code is always built by the cargo that is on the PATH. Nothing here installs anything.

use crate::boards;
use crate::process::{ask, cannot_start, command, root, shown};
use anyhow::{Context as _, Result};
use std::path::PathBuf;
use std::process::Command;

/// A way to build for bare metal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Toolchain {
    Rustup,
    Debian,
}

/// What cargo is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Build,
    Clippy,
}

/// A cargo for the host.
pub(crate) fn host_cargo() -> Command {
    command("cargo")
}

impl Toolchain {
    /// The way's name, as in `LOCKDEP_TOOLCHAIN`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Toolchain::Rustup => "rustup",
            Toolchain::Debian => "debian",
        }
    }

    /// Its compiler, as the baselines of the bench are named: `1.95.0-rustup`. The same version is another compiler where
    /// another LLVM is below it, or `core` was built another way.
    pub(crate) fn compiler(self) -> Result<String> {
        let mut rustc = match self {
            Toolchain::Rustup => command("rustc"),
            Toolchain::Debian => command("/usr/bin/rustc"),
        };
        let said = ask(rustc.arg("--version")).with_context(|| cannot_start(&rustc))?;
        let version = version(&said).with_context(|| format!("`{}` says {said}", shown(&rustc)))?;
        Ok(format!("{version}-{}", self.name()))
    }

    /// Where this way builds.
    fn target_dir(self) -> PathBuf {
        match self {
            Toolchain::Rustup => root().join("target"),
            Toolchain::Debian => root().join("target/debian"),
        }
    }

    /// Where what was built for release for a target is.
    pub(crate) fn release_dir(self, triple: &str) -> PathBuf {
        self.target_dir().join(triple).join("release")
    }

    /// The ELF of a board's program that was built for release.
    pub(crate) fn elf(self, board: &boards::Board, program: boards::Program) -> PathBuf {
        self.release_dir(board.triple).join(board.elf(program))
    }

    /// A cargo that does this job for this target. The caller adds the packages.
    pub(crate) fn cargo(self, job: Job, triple: &str) -> Command {
        let mut cargo = match self {
            Toolchain::Rustup => rustup_cargo(job),
            Toolchain::Debian => debian_cargo(job, triple),
        };
        // Any of these takes precedence over the flags of one target, so a person's own would undo the board's.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(name);
        }
        cargo.env(of_target(triple, "RUSTFLAGS"), boards::rustflags(triple).join(" "));
        cargo.arg("--target").arg(triple).arg("--target-dir").arg(self.target_dir());
        cargo
    }
}

/// The version in what `rustc --version` prints.
fn version(said: &str) -> Option<&str> {
    let version = said.strip_prefix("rustc ")?.split_whitespace().next()?;
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

fn rustup_cargo(job: Job) -> Command {
    let mut cargo = host_cargo();
    cargo.arg(match job {
        Job::Build => "build",
        Job::Clippy => "clippy",
    });
    cargo
}

fn debian_cargo(job: Job, triple: &str) -> Command {
    let mut cargo = match job {
        Job::Build => command("/usr/bin/cargo"),
        Job::Clippy => command("/usr/bin/cargo-clippy"),
    };
    cargo
        .arg(match job {
            Job::Build => "build",
            Job::Clippy => "clippy",
        })
        .args(["-Zbuild-std=core,compiler_builtins", "-Zbuild-std-features=compiler-builtins-mem"])
        .env("CARGO", "/usr/bin/cargo") // which cargo clippy calls
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1") // -Zbuild-std with a stable compiler
        .env(of_target(triple, "LINKER"), "/usr/bin/ld.lld")
        .env_remove("LD_LIBRARY_PATH"); // cargo put the libraries of its own rustc there
    cargo
}

/// The variable by which cargo is told something about one target.
fn of_target(triple: &str, what: &str) -> String {
    format!("CARGO_TARGET_{}_{what}", triple.to_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    fn env_of(command: &Command, name: &str) -> Option<Option<String>> {
        let value = command.get_envs().find(|(key, _)| *key == OsStr::new(name))?.1;
        Some(value.map(|value| value.to_string_lossy().into_owned()))
    }

    #[test]
    fn rustup_builds_with_the_cargo_of_the_path() {
        let cargo = Toolchain::Rustup.cargo(Job::Build, "x86_64-unknown-none");
        assert!(shown(&cargo).starts_with("cargo build --target x86_64-unknown-none --target-dir "));
        let flags = env_of(&cargo, "CARGO_TARGET_X86_64_UNKNOWN_NONE_RUSTFLAGS");
        assert_eq!(flags, Some(Some("-Crelocation-model=static".to_owned())));
        assert_eq!(env_of(&cargo, "RUSTFLAGS"), Some(None));
        assert_eq!(env_of(&cargo, "RUSTC_BOOTSTRAP").flatten(), None);
    }

    #[test]
    fn debian_calls_everything_by_its_full_path() {
        let cargo = Toolchain::Debian.cargo(Job::Clippy, "aarch64-unknown-none-softfloat");
        assert!(shown(&cargo).starts_with("/usr/bin/cargo-clippy clippy -Zbuild-std="));
        assert!(shown(&cargo).ends_with("/target/debian"));
        for (name, value) in [
            ("CARGO", "/usr/bin/cargo"),
            ("RUSTC", "/usr/bin/rustc"),
            ("CARGO_TARGET_AARCH64_UNKNOWN_NONE_SOFTFLOAT_LINKER", "/usr/bin/ld.lld"),
        ] {
            assert_eq!(env_of(&cargo, name), Some(Some(value.to_owned())), "{name}");
        }
    }

    #[test]
    fn a_compiler_is_named_by_its_version() {
        assert_eq!(version("rustc 1.95.0 (59807616e 2026-04-14)\n"), Some("1.95.0"));
        assert_eq!(version("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)"), Some("1.96.0"));
        assert_eq!(version("rustc 1.97.0-nightly (1 2026-05-25)"), Some("1.97.0-nightly"));
        assert_eq!((version("error: no rustc"), version("rustc ../x")), (None, None));
    }
}
