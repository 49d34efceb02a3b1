//! The packages that are published, as crates.io would get them.
//!
//! A dry run of `cargo publish` builds each package from its own files alone, the tool against the packed validator. A
//! warning is an error, but for those that say what the lists `include` say already: tests stay in the repository.

use crate::process::{cannot_start, shown};
use crate::toolchain::host_cargo;
use anyhow::{Context as _, Result, ensure};

/// The packages, each after what it needs.
const PACKAGES: &[&str] = &["lockdep", "lockdep-cli"];

/// Packs and builds what is published; nothing is uploaded.
pub(crate) fn check() -> Result<()> {
    let mut cargo = host_cargo();
    // A person tries this before a commit, too.
    cargo.args(["publish", "--dry-run", "--allow-dirty"]);
    for package in PACKAGES {
        cargo.args(["-p", package]);
    }
    let output = cargo.output().with_context(|| cannot_start(&cargo))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{said}`{}` ended with {}", shown(&cargo), output.status);
    let warnings = warnings(&said);
    ensure!(warnings.is_empty(), "`{}` warns:\n{}", shown(&cargo), warnings.join("\n"));
    Ok(())
}

/// The warnings that are not expected.
fn warnings(said: &str) -> Vec<&str> {
    let expected = |line: &str| {
        let is_test = line.starts_with("warning: ignoring test `")
            && line.ends_with("` is not included in the published package");
        is_test || line == "warning: aborting upload due to dry run"
    };
    said.lines().filter(|line| line.starts_with("warning: ") && !expected(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_told_from_what_include_says() {
        let said = "\
   Packaging lockdep v0.1.0
warning: ignoring test `ww` as `tests/ww.rs` is not included in the published package
warning: aborting upload due to dry run
";
        assert!(warnings(said).is_empty());
        for line in [
            "warning: manifest has no documentation, homepage or repository",
            "warning: ignoring example `smp` as `examples/smp.rs` is not included in the published package",
            "warning: unused variable: `x`",
        ] {
            assert_eq!(warnings(&format!("{said}{line}\n")), [line]);
        }
    }
}
