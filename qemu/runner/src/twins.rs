//! That `lockdep` switched off costs nothing: the machine code of a function over its lock is that over the bare lock.
//!
//! The package `lockdep-twins` has pairs of functions, `bare_…` and `off_…`. What the compiler made of the two is
//! compared as it is in the library: the bytes, and the symbols that are still to be linked into them. Data (a panic's
//! text) is not compared.

use crate::process::succeed;
use crate::toolchain::{Job, Toolchain};
use anyhow::{Context as _, Result, ensure};
use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SymbolKind};
use std::collections::BTreeMap;

const PACKAGE: &str = "lockdep-twins";

/// A function: its bytes, and where what is linked into it: offset, kind, name, addend.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    bytes: Vec<u8>,
    links: Vec<(u64, String, String, i64)>,
}

/// Builds the pairs for a target and compares them.
pub(crate) fn check(toolchain: Toolchain, triple: &str) -> Result<()> {
    succeed(toolchain.cargo(Job::Build, triple).args(["--release", "-p", PACKAGE]))?;
    let path = toolchain.release_dir(triple).join("liblockdep_twins.rlib");
    let library = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    let functions = functions(&library).with_context(|| format!("{} cannot be understood", path.display()))?;
    let unequal = unequal(&functions)?;
    ensure!(unequal.is_empty(), "switched off, these cost more than the bare lock: {}", unequal.join(", "));
    Ok(())
}

/// The pairs whose two are not the same.
fn unequal(functions: &BTreeMap<String, Code>) -> Result<Vec<&str>> {
    let names: Vec<_> = functions.keys().filter_map(|name| name.strip_prefix("bare_")).collect();
    ensure!(names.len() > 5, "there are only {} pairs: are the functions no longer called `bare_…`?", names.len());
    let mut unequal = Vec::new();
    for name in names {
        let off = functions.get(&format!("off_{name}")).with_context(|| format!("`bare_{name}` has no twin"))?;
        if functions.get(&format!("bare_{name}")) != Some(off) {
            unequal.push(name);
        }
    }
    Ok(unequal)
}

/// The functions of a library whose names are those of a pair.
fn functions(library: &[u8]) -> Result<BTreeMap<String, Code>> {
    let mut all = BTreeMap::new();
    for member in ArchiveFile::parse(library)?.members() {
        // What is no object file is what rustc knows of the crate.
        let Ok(file) = object::File::parse(member?.data(library)?) else { continue };
        for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
            let name = symbol.name()?;
            if name.starts_with("bare_") || name.starts_with("off_") {
                all.insert(name.to_owned(), code(&file, &symbol)?);
            }
        }
    }
    Ok(all)
}

fn code(file: &object::File<'_>, symbol: &object::Symbol<'_, '_>) -> Result<Code> {
    let section = file.section_by_index(symbol.section_index().context("a function without a section")?)?;
    let (begin, size) = (symbol.address(), symbol.size());
    let bytes = section.data_range(begin, size)?.context("a function beyond its section")?.to_vec();
    ensure!(!bytes.is_empty(), "`{}` has no code", symbol.name()?);
    let inside = section.relocations().filter(|(at, _)| (begin..begin + size).contains(at));
    let mut links = Vec::new();
    for (at, link) in inside {
        let target = match link.target() {
            RelocationTarget::Symbol(index) => file.symbol_by_index(index)?,
            other => anyhow::bail!("a link to {other:?}"),
        };
        let is_code = target.kind() == SymbolKind::Text || target.is_undefined();
        let (name, addend) = if is_code { (target.name()?, link.addend()) } else { ("data", 0) };
        links.push((at - begin, format!("{:?}", link.flags()), name.to_owned(), addend));
    }
    Ok(Code { bytes, links })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(off: &[u8]) -> BTreeMap<String, Code> {
        let code = |bytes: &[u8]| Code { bytes: bytes.to_vec(), links: Vec::new() };
        let names = ["a", "b", "c", "d", "e", "f"];
        let bare = names.iter().map(|name| (format!("bare_{name}"), code(&[1, 2])));
        let off = names.iter().map(|name| (format!("off_{name}"), code(if *name == "d" { off } else { &[1, 2] })));
        bare.chain(off).collect()
    }

    #[test]
    fn a_byte_too_much_is_seen() {
        assert_eq!(unequal(&pairs(&[1, 2])).unwrap(), [""; 0]);
        assert_eq!(unequal(&pairs(&[1, 2, 3])).unwrap(), ["d"]);
    }

    #[test]
    fn a_function_without_a_twin_is_no_pass() {
        let mut functions = pairs(&[1, 2]);
        functions.remove("off_b");
        assert!(unequal(&functions).is_err());
        assert!(unequal(&BTreeMap::new()).is_err());
    }
}
