//! The verb `size`: what the validator takes in memory, for the host and for each target, and whether that is within its
//! budget.
//!
//! The package `lockdep-sizes` has the figures. For a target it is compiled, and they are read out of the object file.

use crate::boards;
use crate::process::{root, succeed};
use crate::setup;
use crate::toolchain::{Job, Toolchain, host_cargo};
use anyhow::{Context as _, Result, ensure};
use lockdep_sizes::{COUNT, DEFAULT, FIGURES, IN_ALL, TRACKED};
use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use std::path::Path;
use std::process::Command;

const PACKAGE: &str = "lockdep-sizes";
const SYMBOL: &str = "LOCKDEP_SIZES";

/// What cargo is told where the validator is to be off.
const OFF: &[&str] = &["--no-default-features"];

/// What the default configuration may need at most, on every machine.
const BUDGET: u64 = 600 * 1024;

/// The figures of one machine, in the order of [`FIGURES`].
type Bytes = [u64; COUNT];

/// What one machine needs, with the validator and without it.
struct Machine {
    name: &'static str,
    on: Bytes,
    off: Bytes,
}

/// Prints the figures of all machines side by side.
pub(crate) fn run() -> Result<()> {
    let toolchain = setup::bare_metal()?;
    let release = root().join("target/release");
    let off = measure(host_cargo().arg("build"), &release, OFF)?;
    let mut machines = vec![Machine { name: "host", on: FIGURES.map(|(_, _, bytes)| bytes as u64), off }];
    for name in boards::bare_triples() {
        let off = of_target(toolchain, name, OFF)?;
        machines.push(Machine { name, on: of_target(toolchain, name, &[])?, off });
    }
    print!("{}", table(&machines));
    machines.iter().try_for_each(|machine| within_budget(machine.name, &machine.on))
}

/// Measures one target; an error names by how much it is above the budget.
pub(crate) fn check(toolchain: Toolchain, triple: &str) -> Result<()> {
    within_budget(triple, &of_target(toolchain, triple, &[])?)
}

fn within_budget(machine: &str, bytes: &Bytes) -> Result<()> {
    let whole = FIGURES.iter().zip(bytes).find(|((part, name, _), _)| (*part, *name) == (DEFAULT, IN_ALL));
    let (_, &whole) = whole.context("the default configuration is not measured")?;
    ensure!(whole <= BUDGET, "{machine}: the default configuration needs {whole} bytes; the budget is {BUDGET}");
    Ok(())
}

/// The figures for a target.
fn of_target(toolchain: Toolchain, triple: &str, features: &[&str]) -> Result<Bytes> {
    measure(&mut toolchain.cargo(Job::Build, triple), &toolchain.release_dir(triple), features)
}

/// Compiles the figures, and reads them.
fn measure(build: &mut Command, release: &Path, features: &[&str]) -> Result<Bytes> {
    succeed(build.args(["--quiet", "--release", "-p", PACKAGE]).args(features))?;
    let path = release.join(format!("lib{}.rlib", PACKAGE.replace('-', "_")));
    let archive = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    figures_in(&archive).with_context(|| format!("{} has no {SYMBOL}", path.display()))
}

/// The figures in an archive of object files.
fn figures_in(archive: &[u8]) -> Option<Bytes> {
    let file = ArchiveFile::parse(archive).ok()?;
    file.members().flatten().find_map(|member| figures_in_object(member.data(archive).ok()?))
}

fn figures_in_object(bytes: &[u8]) -> Option<Bytes> {
    let file = object::File::parse(bytes).ok()?;
    let symbol = file.symbols().find(|symbol| symbol.name() == Ok(SYMBOL))?;
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    let data = section.data_range(symbol.address(), 8 * COUNT as u64).ok()??;
    let mut figures = data.chunks_exact(8).map(|figure| u64::from_le_bytes(figure.try_into().unwrap_or_default()));
    Some(std::array::from_fn(|_| figures.next().unwrap_or_default()))
}

/// The figures of machines side by side, the parts one below the other.
fn table(machines: &[Machine]) -> String {
    let names = machines.iter().map(|machine| machine.name.split('-').next().unwrap_or(machine.name).to_owned());
    let mut text = row("bytes", names);
    let mut last = "";
    for (index, (part, name, _)) in FIGURES.iter().enumerate() {
        if *part != last {
            text += &format!("\n{part}\n");
            last = part;
        }
        text += &row(&format!("  {name}"), machines.iter().map(|machine| machine.on[index].to_string()));
        if let Some(lock) = name.strip_suffix(TRACKED) {
            text += &row(&format!("  {lock}, off"), machines.iter().map(|machine| machine.off[index].to_string()));
        }
    }
    text
}

fn row(name: &str, cells: impl Iterator<Item = String>) -> String {
    let cells: String = cells.map(|cell| format!("{cell:>12}")).collect();
    format!("{name:36}{cells}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_all_figures_of_all_machines() {
        let machine = |name| Machine { name, on: std::array::from_fn(|index| 1000 + index as u64), off: [77; COUNT] };
        let text = table(&[machine("host"), machine("thumbv7em-none-eabi")]);
        assert!(text.starts_with("bytes") && text.contains("        host   thumbv7em\n"), "{text}");
        for index in 0..COUNT {
            assert!(text.contains(&format!("{0:>12}{0:>12}\n", 1000 + index)), "{index}: {text}");
        }
        assert_eq!(text.matches("off").count(), 2, "{text}");
        assert!(text.contains("spin::Mutex<()>, off") && text.contains("          77          77\n"), "{text}");
    }

    #[test]
    fn the_default_configuration_keeps_to_its_budget() {
        let mut bytes = FIGURES.map(|(_, _, bytes)| bytes as u64);
        assert!(within_budget("host", &bytes).is_ok());
        bytes.fill(BUDGET + 1);
        let error = within_budget("host", &bytes).expect_err("one byte too many");
        assert!(error.to_string().contains("needs 614401 bytes"), "{error}");
    }

    #[test]
    fn what_is_no_archive_has_no_figures() {
        assert_eq!(figures_in(b""), None);
        assert_eq!(figures_in(b"!<arch>\n"), None);
    }
}
