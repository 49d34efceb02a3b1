//! What the linker made of the validator alone: no panic in it, and its tables no part of the image.
//!
//! The package `lockdep-nopanic` calls every entry point and nothing else. Whatever of `core::panicking` is in it, the
//! validator brought along.

use crate::process::succeed;
use crate::toolchain::{Job, Toolchain};
use anyhow::{Context as _, Result, ensure};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};

const PACKAGE: &str = "lockdep-nopanic";

/// Links it for a target and looks into it.
pub(crate) fn check(toolchain: Toolchain, triple: &str) -> Result<()> {
    succeed(toolchain.cargo(Job::Build, triple).args(["--release", "-p", PACKAGE]))?;
    let path = toolchain.release_dir(triple).join(PACKAGE);
    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| format!("{} is no object file", path.display()))?;

    let names = || file.symbols().filter_map(|symbol| symbol.name().ok());
    ensure!(names().any(|name| name.contains("lockdep")), "{} has no symbols to look at", path.display());
    let panics: Vec<_> = names().filter(|name| is_panic(name)).collect();
    ensure!(panics.is_empty(), "the validator links {}: find the indexing, slicing or arithmetic", panics.join(", "));

    let tables = file.symbols().find(|symbol| symbol.name().is_ok_and(|name| name.contains("RUNTIME")));
    let section = tables.and_then(|symbol| file.section_by_index(symbol.section_index()?).ok());
    let section = section.context("there is no RUNTIME, the tables of `port!`, among the symbols")?;
    ensure!(
        section.kind() == SectionKind::UninitializedData,
        "the tables are in {}: one that is empty must be all zeros, to be no part of the image",
        section.name().unwrap_or("a section without a name")
    );
    Ok(())
}

/// Whether a mangled name is one of `core::panicking`.
fn is_panic(name: &str) -> bool {
    name.contains("core9panicking") || name.contains("core..panicking")
}

#[cfg(test)]
mod tests {
    use super::is_panic;

    #[test]
    fn both_manglings_are_known() {
        assert!(is_panic("_ZN4core9panicking18panic_bounds_check17h0123456789abcdefE"));
        assert!(is_panic("_RNvNtCs1_4core9panicking5panic"));
        assert!(!is_panic("_ZN15lockdep_nopanic4bare7Nowhere17h0123456789abcdefE"));
    }
}
