//! The oldest Rust that the project promises, and that the promise holds.
//!
//! There is one for the validator and its tool, which is `rust-version` in `Cargo.toml`, and a newer one for each feature
//! that needs it. All are named in README.md; a test compares.

use crate::process::{ask, command, shown, succeed, succeed_within};
use crate::setup::FETCH_LIMIT;
use anyhow::Result;

/// A version of Rust, and what is checked with it, as arguments of `cargo check`.
pub(crate) struct Promise {
    pub(crate) version: &'static str,
    pub(crate) what: &'static [&'static str],
}

/// The promises, the oldest first.
pub(crate) const PROMISES: &[Promise] = &[
    // Conditions with `let` need 1.88.
    Promise {
        version: env!("CARGO_PKG_RUST_VERSION"),
        what: &[
            "-p",
            "lockdep",
            "-p",
            "lockdep-cli",
            "--features",
            "lockdep/critical-section,lockdep/defmt,lockdep/lock_api,lockdep/selftest,lockdep/stat",
        ],
    },
    // `RwLockWriteGuard::downgrade` of the standard library needs 1.92.
    Promise { version: "1.92", what: &["-p", "lockdep", "--features", "std"] },
    // `lock_api` 0.5 needs 1.95. The workspace has images with it.
    Promise { version: "1.95", what: &["--workspace", "--features", "lockdep/std,lockdep/lock_api_05"] },
];

/// Checks what is promised of a version.
pub(crate) fn check(promise: &Promise, toolchain: &str) -> Result<()> {
    let mut check = command("rustup");
    check.args(["run", toolchain, "cargo", "check", "--target-dir", "target/msrv"]).args(promise.what);
    succeed(&mut check)
}

/// The name of a version's toolchain, installed when it was missing.
pub(crate) fn toolchain(promise: &Promise) -> Result<String> {
    let name = of_rustup(promise.version);
    if ask(command("rustup").args(["run", &name, "rustc", "--version"])).is_none() {
        let mut install = command("rustup");
        install.args(["toolchain", "install", &name, "--profile", "minimal"]);
        println!("setup: a Rust that we promise is missing: {}", shown(&install));
        succeed_within(&mut install, FETCH_LIMIT)?;
    }
    Ok(name)
}

/// `1.95` in `Cargo.toml` is `1.95.0` to rustup.
fn of_rustup(version: &str) -> String {
    if version.matches('.').count() == 1 { format!("{version}.0") } else { version.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::root;

    #[test]
    fn the_readme_states_what_is_checked() {
        let readme = std::fs::read_to_string(root().join("README.md")).expect("it can be read");
        let versions: Vec<_> = PROMISES.iter().map(|promise| promise.version).collect();
        let [base, std, lock_api_05] = versions[..] else { panic!("three promises") };
        let line = format!("MSRV {base} (`std`: {std}, `lock_api_05`: {lock_api_05})");
        assert!(readme.contains(&line), "README.md does not say `{line}`");
    }

    #[test]
    fn rustup_has_three_numbers() {
        assert_eq!(of_rustup("1.88"), "1.88.0");
        assert_eq!(of_rustup("1.88.1"), "1.88.1");
    }
}
