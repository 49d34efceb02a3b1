//! The verb `size`: what the validator takes in memory, for the host and for each target, and whether that is within its
//! budget.
//!
//! The package `lockdep-sizes` has the figures. For a target it is compiled, and they are read out of the object file.

use crate::boards;
use crate::process::succeed;
use crate::setup;
use crate::toolchain::{Job, Toolchain};
use anyhow::{Context as _, Result, ensure};
use lockdep_sizes::{COUNT, DEFAULT, FIGURES, IN_ALL};
use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

const PACKAGE: &str = "lockdep-sizes";
const SYMBOL: &str = "LOCKDEP_SIZES";

/// What the default configuration may need at most, on every machine.
const BUDGET: u64 = 600 * 1024;

/// The figures of one machine, in the order of [`FIGURES`].
type Bytes = [u64; COUNT];

/// Prints the figures of all machines side by side.
pub(crate) fn run() -> Result<()> {
    let toolchain = setup::bare_metal()?;
    let mut machines = vec![("host", FIGURES.map(|(_, _, bytes)| bytes as u64))];
    for triple in boards::bare_triples() {
        machines.push((triple, of_target(toolchain, triple)?));
    }
    print!("{}", table(&machines));
    machines.iter().try_for_each(|(machine, bytes)| within_budget(machine, bytes))
}

/// Measures one target; an error says by how much it is above the budget.
pub(crate) fn check(toolchain: Toolchain, triple: &str) -> Result<()> {
    within_budget(triple, &of_target(toolchain, triple)?)
}

fn within_budget(machine: &str, bytes: &Bytes) -> Result<()> {
    let whole = FIGURES.iter().zip(bytes).find(|((part, name, _), _)| (*part, *name) == (DEFAULT, IN_ALL));
    let (_, &whole) = whole.context("the default configuration is not measured")?;
    ensure!(whole <= BUDGET, "{machine}: the default configuration needs {whole} bytes; the budget is {BUDGET}");
    Ok(())
}

/// Compiles the figures for a target, and reads them.
fn of_target(toolchain: Toolchain, triple: &str) -> Result<Bytes> {
    succeed(toolchain.cargo(Job::Build, triple).args(["--release", "-p", PACKAGE]))?;
    let path = toolchain.release_dir(triple).join(format!("lib{}.rlib", PACKAGE.replace('-', "_")));
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
fn table(machines: &[(&str, Bytes)]) -> String {
    let mut text = format!("{:36}", "bytes");
    for (machine, _) in machines {
        text += &format!("{:>14}", machine.split('-').next().unwrap_or(machine));
    }
    let mut last = "";
    for (index, (part, name, _)) in FIGURES.iter().enumerate() {
        if *part != last {
            text += &format!("\n{part}\n");
            last = part;
        }
        text += &format!("  {name:34}");
        for (_, bytes) in machines {
            text += &format!("{:>14}", bytes[index]);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_all_figures_of_all_machines() {
        let bytes = std::array::from_fn(|index| 1000 + index as u64);
        let text = table(&[("host", bytes), ("thumbv7em-none-eabi", bytes)]);
        assert!(text.starts_with("bytes") && text.contains("host     thumbv7em\n"), "{text}");
        for index in 0..COUNT {
            assert!(text.contains(&format!("{0:>14}{0:>14}\n", 1000 + index)), "{index}: {text}");
        }
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
