//! The verb `boot`: builds the kernel for each board, boots it on each machine with one CPU and with two, judges each
//! run, and compares the reports with their golden texts.
//!
//! The first run is shown as it happens, without the words of the protocol; of a later one only its result, unless it
//! failed. A board that cannot be built is one failure, and the others go on.

use crate::args::BootOptions;
use crate::boards::{self, BOARDS, Board, Machine, Program};
use crate::cases::{Asked, expected_cases, expected_figures, expected_reports};
use crate::golden::Goldens;
use crate::process::succeed;
use crate::qemu::{self, Ended};
use crate::quotes;
use crate::setup;
use crate::tally::Tally;
use crate::toolchain::{Job, Toolchain};
use crate::verdict::{Expectation, Fault, Verdict, judge};
use anyhow::Result;
use lockdep_proto::{ALL_TRIALS, COMMANDS, CommandLine, MARK, SHELL, STACK_WORST};
use std::path::PathBuf;
use std::time::Duration;

/// The feature of the kernel that has it validate.
pub(crate) const VALIDATE: &str = "lockdep-kernel/validate";
/// The feature that has it count as well.
pub(crate) const STAT: &str = "lockdep-kernel/stat";

/// How many lines of a failed run are shown.
const TAIL: usize = 40;

/// Boots what the options ask for.
pub(crate) fn run(options: &BootOptions) -> Result<Tally> {
    let chosen: Vec<_> = BOARDS.iter().map(|board| (board, machines(board, options))).collect();
    let toolchain = setup::bare_metal()?;
    setup::qemu(&boards::emulators(chosen.iter().flat_map(|(_, machines)| machines.iter().copied())))?;

    let mut boots =
        Boots { options, goldens: Goldens::new(options.bless), tally: Tally::default(), show: !options.quiet };
    for (board, machines) in chosen.iter().filter(|(_, machines)| !machines.is_empty()) {
        let features: &[&str] = match options {
            BootOptions { off: true, .. } => &[],
            BootOptions { stat: true, .. } => &[STAT],
            _ => &[VALIDATE],
        };
        match build_program(toolchain, board, Program::Kernel, features) {
            Ok(elf) => boots.all(board, machines, &elf)?,
            Err(error) => {
                println!("FAILED {}: the kernel cannot be built: {error:#}", board.name);
                boots.tally += Tally::FAILED;
            }
        }
    }
    Ok(boots.tally)
}

/// The machines of a board that were asked for.
fn machines(board: &'static Board, options: &BootOptions) -> Vec<&'static Machine> {
    if options.board.is_some_and(|asked| asked != board) {
        return Vec::new();
    }
    board.machines.iter().filter(|machine| options.machine.is_none_or(|asked| asked == *machine)).collect()
}

/// Builds the kernel for a board; gives the ELF.
pub(crate) fn build(toolchain: Toolchain, board: &Board) -> Result<PathBuf> {
    build_program(toolchain, board, Program::Kernel, &[VALIDATE])
}

/// Builds a program of a board with these features of the crates that it is made of; gives the ELF. The next one takes its
/// place.
pub(crate) fn build_program(
    toolchain: Toolchain,
    board: &Board,
    program: Program,
    features: &[&str],
) -> Result<PathBuf> {
    let mut cargo = toolchain.cargo(Job::Build, board.triple);
    cargo.args(["--release", "-p", board.name, "--bin", &board.elf(program), "--features", &features.join(",")]);
    succeed(&mut cargo)?;
    Ok(toolchain.elf(board, program))
}

/// The runs of one `cargo xtask boot`.
struct Boots<'a> {
    options: &'a BootOptions,
    goldens: Goldens,
    tally: Tally,
    /// Whether the next run is shown as it happens.
    show: bool,
}

impl Boots<'_> {
    /// Boots an ELF on these machines, with each number of CPUs.
    fn all(&mut self, board: &Board, machines: &[&Machine], elf: &std::path::Path) -> Result<()> {
        for machine in machines {
            let smps = self.options.smp.map_or(vec![1, 2], |smp| vec![smp]);
            for smp in smps {
                if expected_cases(self.asked(smp)).is_empty() {
                    continue;
                }
                let name = format!("{} on {}, smp {smp}", board.name, machine.name);
                let asked = CommandLine { smp, scenario: self.options.scenario, minutes: self.options.minutes };
                let show = std::mem::replace(&mut self.show, self.options.verbose);
                if show {
                    println!("-- {name}");
                }
                let limit = self.options.timeout + Duration::from_secs(60 * self.options.minutes.unwrap_or(0));
                let mut on_line = |line: &[u8]| self.show_line(show, line);
                let qemu = qemu::machine(machine, elf, asked);
                let ended = qemu::run_with_input(qemu, self.input(), limit, &mut on_line)?;
                let verdict = self.judge(board, smp, &ended);
                self.tally += verdict.tally();
                show_result(&name, show, &ended, &verdict);
                self.compare_quotes(&name, &ended)?;
            }
        }
        Ok(())
    }

    /// What is sent to the kernel's shell, where it has one.
    fn input(&self) -> &'static [u8] {
        match self.options.scenario {
            Some(SHELL | ALL_TRIALS) => COMMANDS.as_bytes(),
            _ => b"",
        }
    }

    /// Shows one line of a run that is shown.
    fn show_line(&self, show: bool, line: &[u8]) {
        let line = printable(line);
        if show && (self.options.verbose || !line.starts_with(MARK)) {
            println!("{line}");
        }
    }

    /// Compares what the documents quote of a run with the log. They quote whole runs, without statistics.
    fn compare_quotes(&mut self, name: &str, ended: &Ended) -> Result<()> {
        if self.options.scenario.is_some() || self.options.stat {
            return Ok(());
        }
        for fault in quotes::not_in_log(name, &String::from_utf8_lossy(&ended.log))? {
            println!("FAULT {fault}");
            self.tally += Tally::FAILED;
        }
        Ok(())
    }

    /// What decides on the cases of a run.
    fn asked(&self, smp: usize) -> Asked<'static> {
        Asked { scenario: self.options.scenario, smp, off: self.options.off }
    }

    /// Judges a run, and its reports by their golden texts.
    fn judge(&mut self, board: &Board, smp: usize, ended: &Ended) -> Verdict {
        let scenario = self.options.scenario;
        let asked = self.asked(smp);
        let (cases, reports) = (expected_cases(asked), expected_reports(asked));
        let figures = expected_figures(scenario);
        let expected = Expectation { board: board.name.to_owned(), smp, cases, reports, figures };
        let mut verdict = judge(&ended.log, ended.how, &expected);
        let sound = verdict.green();
        for (name, report) in std::mem::take(&mut verdict.reports) {
            if expected.reports.contains(&name)
                && let Err(text) = self.goldens.check(&name, &report, sound)
            {
                verdict.fail(&name, Fault::NotGolden { name: name.clone(), text });
            }
        }
        verdict
    }
}

/// The result of a run in one line; of a failed one all that helps to find out why.
fn show_result(name: &str, shown: bool, ended: &Ended, verdict: &Verdict) {
    if shown {
        for (figure, value, unit) in &verdict.figures {
            println!("{figure}: {value} {unit}");
        }
    }
    if !verdict.green() {
        show_tail(ended);
        for fault in &verdict.faults {
            println!("FAULT {}", fault.to_string().trim_end());
        }
    }
    let word = if verdict.green() { "ok    " } else { "FAILED" };
    let stack = verdict.figure(STACK_WORST).map_or(String::new(), |worst| format!(", worst stack {worst}"));
    println!("{word} {name}: {}{stack} ({:.1} s)", verdict.tally(), ended.took.as_secs_f32());
}

/// The last lines of a run, as they came, and what QEMU complained of.
fn show_tail(ended: &Ended) {
    let lines: Vec<_> = ended.log.split(|&byte| byte == b'\n').collect();
    let lines = lines.strip_suffix(&[&b""[..]]).unwrap_or(&lines);
    let tail = &lines[lines.len().saturating_sub(TAIL)..];
    println!("-- the last {} of {} lines:", tail.len(), lines.len());
    for line in tail {
        println!("   | {}", printable(line));
    }
    for line in ended.complaints.lines() {
        println!("QEMU: {line}");
    }
}

/// A line without anything that would command the terminal.
fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end().chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
