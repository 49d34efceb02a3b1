//! Counts the instructions of one lock and unlock, under valgrind, and prints a table for `docs/cost.md`.
//!
//! The program runs itself under `cachegrind`, for each lock and depth twice, with different numbers of repetitions; what
//! the second run has more is what they cost, without start and first sight. The figures hardly differ from run to run.

use anyhow::{Context as _, Result, bail};
use lockdep_benches::{DEPTHS, Lock, Locks, Visit, each_lock};
use std::env;
use std::process::Command;

/// How often the nesting is repeated in the first run, and how much more often in the second.
const FEW: u64 = 200;
const MORE: u64 = 1_000;

fn main() -> Result<()> {
    match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => print_table(),
        [name, depth, times] => {
            each_lock(&mut Run { name: name.clone(), depth: depth.parse()?, times: times.parse()? });
            Ok(())
        }
        _ => bail!("usage: lockdep-benches: without arguments; counts the instructions of every lock"),
    }
}

/// What runs under valgrind: one lock.
struct Run {
    name: String,
    depth: usize,
    times: u64,
}

impl Visit for Run {
    fn visit<L: Lock>(&mut self) {
        if L::NAME == self.name {
            Locks::<L>::new().run(self.depth, self.times);
        }
    }
}

/// The instructions of each lock, a pair, at each depth.
#[derive(Default)]
struct Table {
    rows: Vec<(&'static str, &'static str, Result<Vec<u64>>)>,
}

impl Visit for Table {
    fn visit<L: Lock>(&mut self) {
        eprintln!("{}", L::NAME);
        let row = DEPTHS.into_iter().map(|depth| pair(L::NAME, depth)).collect();
        self.rows.push((L::NAME, L::OVER, row));
    }
}

fn print_table() -> Result<()> {
    let mut table = Table::default();
    each_lock(&mut table);
    println!("| lock | over | depth 1 | 2 | 4 | 8 | times the bare one, depth 1 | 8 |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (name, over, row) in &table.rows {
        let row = row.as_ref().map_err(|error| anyhow::anyhow!("{name}: {error:#}"))?;
        let bare = table.rows.iter().find(|(bare, ..)| bare == over).and_then(|(.., bare)| bare.as_ref().ok());
        let bare = bare.with_context(|| format!("`{over}` was not counted"))?;
        let cells: Vec<String> = row.iter().map(|count| count.to_string()).collect();
        let times = |index: usize| row[index] as f64 / bare[index] as f64;
        let last = DEPTHS.len() - 1;
        println!("| {name} | {over} | {} | {:.1} | {:.1} |", cells.join(" | "), times(0), times(last));
    }
    Ok(())
}

/// Instructions for one lock and unlock, at a depth.
fn pair(name: &str, depth: usize) -> Result<u64> {
    let [few, all] = [FEW, FEW + MORE].map(|times| count(name, depth, times));
    Ok((all? - few?) / (MORE * depth as u64))
}

/// Instructions of a whole run.
fn count(name: &str, depth: usize, times: u64) -> Result<u64> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]);
    valgrind.arg(env::current_exe()?).args([name, &depth.to_string(), &times.to_string()]);
    let output = valgrind.output().context("valgrind does not start: `apt-get install valgrind`")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("depth {depth}: {}\n{text}", output.status);
    }
    let line = text.lines().find(|line| line.contains("I refs:") || line.contains("I   refs:"));
    let number = line.and_then(|line| line.rsplit(' ').next()).context("valgrind printed no `I refs`")?;
    Ok(number.replace(',', "").parse()?)
}
