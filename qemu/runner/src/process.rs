//! Starting other programs: in the root of the repository, without what cargo and rustup left in our environment.
//!
//! `cargo xtask` is itself started by a cargo, which tells its children by environment variables which cargo, rustc and
//! toolchain they belong to. A child of ours may be another cargo with another rustc, so none of that is passed on.

use anyhow::{Context as _, Result, bail};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    const RUNNER: &str = env!("CARGO_MANIFEST_DIR");
    Path::new(RUNNER).ancestors().nth(2).unwrap_or(Path::new("."))
}

/// A program, to be run in the root of the repository, that reads nothing from our stdin.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_of_our_parent) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether cargo or rustup set this variable for us rather than the person for all.
fn is_of_our_parent(name: &str) -> bool {
    matches!(
        name,
        "CARGO"
            | "CARGO_MANIFEST_DIR"
            | "CARGO_MANIFEST_PATH"
            | "CARGO_BIN_NAME"
            | "CARGO_CRATE_NAME"
            | "CARGO_PRIMARY_PACKAGE"
            | "RUSTC"
            | "RUSTC_BOOTSTRAP"
            | "RUSTDOC"
            | "RUSTUP_TOOLCHAIN"
            | "RUSTUP_TOOLCHAIN_SOURCE"
            | "RUST_RECURSION_COUNT"
    ) || name.starts_with("CARGO_PKG_")
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs a program to its end; an exit code other than 0 is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| cannot_start(command))?;
    check(command, status)
}

/// Like [`succeed`], and kills the program at the time limit.
pub(crate) fn succeed_within(command: &mut Command, limit: Duration) -> Result<()> {
    let mut child = command.spawn().with_context(|| cannot_start(command))?;
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return check(command, status);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    child.wait()?;
    bail!("`{}` did not end within {} s", shown(command), limit.as_secs());
}

/// The standard output of a program that can be started and succeeds; its stderr is dropped.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Why a program cannot be started: what to look at first.
pub(crate) fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`: is it installed and on the PATH?", command.get_program().to_string_lossy())
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("qemu/runner/src/process.rs").is_file());
    }

    #[test]
    fn what_belongs_to_our_parent_is_told_from_what_belongs_to_the_person() {
        for name in ["CARGO", "RUSTUP_TOOLCHAIN", "CARGO_PKG_NAME", "RUSTC"] {
            assert!(is_of_our_parent(name), "{name}");
        }
        for name in
            ["CARGO_HOME", "RUSTUP_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "PATH", "RUSTUP_AUTO_INSTALL"]
        {
            assert!(!is_of_our_parent(name), "{name}");
        }
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let start = Instant::now();
        let error = succeed_within(command("sleep").arg("30"), Duration::from_millis(50)).expect_err("it ended");
        assert!(error.to_string().contains("sleep 30"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn failures_name_the_program() {
        let error = format!("{:#}", succeed(&mut command("no-such-program")).expect_err("it started"));
        assert!(error.contains("no-such-program") && error.contains("PATH"), "{error}");
        let error = succeed(&mut command("false")).expect_err("it succeeded");
        assert!(error.to_string().contains("`false` ended with"), "{error}");
    }
}
