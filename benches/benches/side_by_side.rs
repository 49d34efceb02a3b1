//! Measures the time of one lock and unlock, with one thread and with two, and prints a table for `docs/cost.md`.
//!
//! Times are of this machine at this moment, so the table has ratios, from one run: to the bare lock, and of the work that
//! two threads get done to that of one.

use criterion::{BenchmarkId, Criterion};
use lockdep_benches::{DEPTHS, Lock, Locks, Visit, each_lock};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

const THREADS: [usize; 2] = [1, 2];

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("side_by_side");
    let criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .configure_from_args();
    each_lock(&mut Measure(criterion));
    let mut table = Table { directory, rows: Vec::new() };
    each_lock(&mut table);
    table.print();
}

struct Measure(Criterion);

impl Visit for Measure {
    fn visit<L: Lock>(&mut self) {
        for threads in THREADS {
            let mut group = self.0.benchmark_group(group(L::NAME, threads));
            for depth in DEPTHS {
                group.bench_function(BenchmarkId::from_parameter(depth), |bencher| {
                    bencher.iter_custom(|times| run::<L>(threads, depth, times));
                });
            }
        }
    }
}

/// How long the slowest of the threads takes for `times` repetitions, each with locks of its own.
fn run<L: Lock>(threads: usize, depth: usize, times: u64) -> Duration {
    let start = Barrier::new(threads);
    let work = || {
        let locks = Box::new(Locks::<L>::new());
        locks.run(depth, 1);
        start.wait();
        let begin = Instant::now();
        locks.run(depth, times);
        begin.elapsed()
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        running.into_iter().map(|thread| thread.join().expect("a lock does not panic")).max().unwrap_or_default()
    })
}

fn group(name: &str, threads: usize) -> String {
    format!("{} {threads}", name.replace([',', ' '], "_"))
}

/// What criterion has measured.
struct Table {
    directory: PathBuf,
    rows: Vec<Row>,
}

/// Nanoseconds for a pair, by threads and depth; `None` if it was not measured.
struct Row {
    name: &'static str,
    over: &'static str,
    times: [[Option<f64>; DEPTHS.len()]; THREADS.len()],
}

impl Visit for Table {
    fn visit<L: Lock>(&mut self) {
        let times = THREADS.map(|threads| DEPTHS.map(|depth| self.read(L::NAME, threads, depth)));
        self.rows.push(Row { name: L::NAME, over: L::OVER, times });
    }
}

impl Table {
    fn read(&self, name: &str, threads: usize, depth: usize) -> Option<f64> {
        let directory = self.directory.join(group(name, threads).replace(' ', "_"));
        let _ = depth;
        let path = directory.join(depth.to_string()).join("new/estimates.json");
        let estimates: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        Some(estimates["median"]["point_estimate"].as_f64()? / depth as f64)
    }

    fn print(&self) {
        println!(
            "| lock | over | ns a pair, depth 1 | 2 | 4 | 8 | times the bare one, depth 1 | 8 | with two threads, depth 1 | 8 | two threads do, depth 1 | 8 |"
        );
        println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        for row in &self.rows {
            let Some(bare) = self.rows.iter().find(|bare| bare.name == row.over) else { continue };
            let [one, two] = &row.times;
            let [bare_one, bare_two] = &bare.times;
            let last = DEPTHS.len() - 1;
            let mut cells: Vec<String> = one.iter().map(|&time| figure(time, Some(1.0))).collect();
            for (times, bare) in [(one, bare_one), (two, bare_two)] {
                cells.extend([0, last].map(|index| figure(times[index], bare[index])));
            }
            // In the time that a pair takes, each of the two threads does one.
            cells.extend([0, last].map(|index| figure(one[index].map(|time| 2.0 * time), two[index])));
            println!("| {} | {} | {} |", row.name, row.over, cells.join(" | "));
        }
    }
}

/// A quotient, as a cell.
fn figure(over: Option<f64>, under: Option<f64>) -> String {
    match (over, under) {
        (Some(over), Some(under)) => format!("{:.1}", over / under),
        _ => "–".to_owned(),
    }
}
