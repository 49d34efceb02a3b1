//! The verb `bench`: boots the program that counts instructions on each board, prints what it says as a table and as
//! lines `BENCH board name value unit`, and compares with what each may be at most and with the compiler's baseline.
//!
//! QEMU runs with `-icount shift=0`: one instruction takes one nanosecond of the machine's time, the same in every run,
//! on a busy host as on an idle one. So a figure is compared as a number, without a margin for noise.

use crate::baseline::{self, Figure};
use crate::boards::{self, BOARDS, Board, Program};
use crate::boot::{self, STAT, VALIDATE};
use crate::qemu;
use crate::setup;
use crate::tally::Tally;
use crate::toolchain::Toolchain;
use crate::verdict::{Expectation, judge};
use anyhow::{Context as _, Result, bail};
use lockdep_proto::CommandLine;
use object::{Object as _, ObjectSection as _, SectionFlags, SectionKind};
use std::path::Path;
use std::time::Duration;

/// How long one program may count.
const LIMIT: Duration = Duration::from_secs(300);

/// The features with which the bench counts: with the validator, with large tables, with statistics, with nothing.
const RUNS: &[&[&str]] =
    &[&["lockdep-bench/validate"], &["lockdep-bench/validate", "lockdep-bench/wide"], &["lockdep-bench/stat"], &[]];

/// The kernels whose images are measured: the figure, and the features.
const IMAGES: &[(&str, &[&str])] = &[("image.off", &[]), ("image.stat", &[STAT]), ("image", &[VALIDATE])];

/// What the figures are to come to (issue 6): Linux's, the target, and what to reach for.
const TARGETS: &[(&str, u64, u64, u64)] = &[
    ("pair.depth1", 746, 80, 50),
    ("pair.depth8", 866, 80, 50),
    ("pair.depth1.stat", 1_268, 180, 120),
    ("pair.depth8.stat", 2_027, 180, 120),
    ("irq.toggle", 189, 15, 8),
    ("class.first", 27_500, 1_000, 400),
    ("dependency.mean", 41_000, 4_000, 1_500),
    ("dependency.worst", 212_000, 20_000, 8_000),
    ("chain.known", 103_000, 500, 250),
    ("class.unregister", 298_000, 10_000, 3_000),
    ("tables.default", 11_534_336, 614_400, 409_600),
    ("task", 2_688, 1_344, 1_024),
    ("pair.off", 0, 0, 0),
];

/// Counts everything on all boards, and compares: with the musts, and with the baseline of the compiler at hand, if it has
/// one. `bless` makes the figures that baseline.
pub(crate) fn run(bless: bool) -> Result<Tally> {
    let toolchain = setup::bare_metal()?;
    setup::qemu(&boards::emulators(BOARDS.iter().map(|board| &board.machines[0])))?;
    let compiler = toolchain.compiler()?;
    let mut figures = Vec::new();
    for board in BOARDS {
        figures.extend(count(toolchain, board)?);
    }
    show(&figures);
    for figure in &figures {
        println!("{figure}");
    }
    let file = baseline::file_of(&compiler);
    if bless {
        baseline::write(&compiler, &figures)?;
        println!("blessed {file}");
    }
    let mut faults = baseline::exceed(&baseline::musts()?, &figures);
    match baseline::read(&compiler)? {
        Some(accepted) => {
            let differs = baseline::compare(&accepted, &figures);
            if !differs.is_empty() {
                println!("differs from {file}; if that is intended: `cargo xtask bench --bless`, and commit it");
            }
            faults.extend(differs);
        }
        None => {
            println!("there is no {file}: compared with {} alone", baseline::MUSTS);
            println!("`cargo xtask bench --bless` records one for this compiler; commit it");
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(Tally { passed: figures.len().saturating_sub(faults.len()), failed: faults.len(), skipped: 0 })
}

/// All figures of a board.
fn count(toolchain: Toolchain, board: &Board) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for &features in RUNS {
        let elf = boot::build_program(toolchain, board, Program::Bench, features)?;
        figures.extend(boot_and_hear(board, &elf)?);
    }
    for &(name, features) in IMAGES {
        let elf = boot::build_program(toolchain, board, Program::Kernel, features)?;
        figures.push(Figure {
            board: board.name.to_owned(),
            name: name.to_owned(),
            value: image(&elf)?,
            unit: "bytes".to_owned(),
        });
    }
    let mut names: Vec<_> = figures.iter().map(|figure| &figure.name).collect();
    names.sort();
    if let Some(twice) = names.windows(2).find(|two| two[0] == two[1]) {
        bail!("{}: the figure {} comes twice", board.name, twice[0]);
    }
    Ok(figures)
}

/// Boots a program that counts; returns its output.
fn boot_and_hear(board: &Board, elf: &Path) -> Result<Vec<Figure>> {
    let mut qemu = qemu::machine(&board.machines[0], elf, CommandLine { smp: 1, scenario: None, minutes: None });
    qemu.args(["-icount", "shift=0"]);
    let ended = qemu::run(qemu, LIMIT, &mut |_| ())?;
    let nothing = Vec::new;
    let expected =
        Expectation { board: board.name.to_owned(), smp: 1, cases: nothing(), reports: nothing(), figures: nothing() };
    let verdict = judge(&ended.log, ended.how, &expected);
    if !verdict.green() {
        let faults: Vec<_> = verdict.faults.iter().map(ToString::to_string).collect();
        bail!("{}: {}\n{}{}", board.name, faults.join("; "), String::from_utf8_lossy(&ended.log), ended.complaints);
    }
    let figure = |(name, value, unit)| Figure { board: board.name.to_owned(), name, value, unit };
    Ok(verdict.figures.into_iter().map(figure).collect())
}

/// The bytes of an image: what is loaded from the file. Tables that begin as zeros are no part of it.
fn image(elf: &Path) -> Result<u64> {
    const ALLOCATED: u64 = 2; // SHF_ALLOC
    let bytes = std::fs::read(elf).with_context(|| format!("{} cannot be read", elf.display()))?;
    let file = object::File::parse(&*bytes).with_context(|| format!("{} is no object file", elf.display()))?;
    let is_loaded = |section: &object::Section<'_, '_>| {
        let allocated = matches!(section.flags(), SectionFlags::Elf { sh_flags } if sh_flags & ALLOCATED != 0);
        allocated && section.kind() != SectionKind::UninitializedData
    };
    Ok(file.sections().filter(is_loaded).map(|section| section.size()).sum())
}

/// The table: a row a figure, a column a board; then those that have a target.
fn show(figures: &[Figure]) {
    let value = |board: &Board, name: &str| {
        let figure = figures.iter().find(|figure| figure.board == board.name && figure.name == name);
        figure.map_or("-".to_owned(), |figure| figure.value.to_string())
    };
    let heads = BOARDS.iter().map(|board| format!("{:>14}", board.name)).collect::<String>();
    println!("{:<24}{heads}  unit", "what validation adds");
    for figure in figures.iter().filter(|figure| figure.board == BOARDS[0].name) {
        let row: String = BOARDS.iter().map(|board| format!("{:>14}", value(board, &figure.name))).collect();
        println!("{:<24}{row}  {}", figure.name, figure.unit);
    }
    println!("\n{:<24}{heads}{:>14}{:>10}{:>10}", "with a target", "Linux 6.1", "target", "reach");
    for &(name, linux, target, reach) in TARGETS {
        let row: String = BOARDS.iter().map(|board| format!("{:>14}", value(board, name))).collect();
        println!("{name:<24}{row}{linux:>14}{target:>10}{reach:>10}");
    }
    println!();
}
