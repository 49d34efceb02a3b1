//! Measures the time of one lock and unlock, with one thread and with two, and prints a table for `docs/cost.md`.
//!
//! Times are of this machine at this moment, so the table has ratios, from one run: to the bare lock, and of the work that
//! two threads get done to that of one. Each time is that of the fastest of a hundred short samples: what else the machine does makes a
//! sample slower, and never faster.

use criterion::{BenchmarkId, Criterion, SamplingMode};
use lockdep_benches::{DEPTHS, Lock, Locks, Visit, each_lock};
use serde_json::Value;
use std::fs;
use std::hint;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: [usize; 2] = [1, 2];

/// How many repetitions make one of criterion's: it would take too few, since it counts the wait for the other thread.
const AT_ONCE: u64 = 200;

fn main() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("side_by_side");
    let criterion = Criterion::default()
        .output_directory(&directory)
        .sample_size(100)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(300))
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
            group.sampling_mode(SamplingMode::Flat);
            for depth in DEPTHS {
                group.bench_function(BenchmarkId::from_parameter(depth), |bencher| {
                    bencher.iter_custom(|times| run::<L>(threads, depth, times));
                });
            }
        }
    }
}

/// How long the threads take for `times` repetitions, each with locks of its own: from the first's begin to the last's end,
/// so that it counts if one of them did not run meanwhile. They begin when all run.
fn run<L: Lock>(threads: usize, depth: usize, times: u64) -> Duration {
    let ready = AtomicUsize::new(0);
    let work = || {
        let locks = Box::new(Locks::<L>::new());
        locks.run(depth, AT_ONCE);
        ready.fetch_add(1, Ordering::Relaxed);
        while ready.load(Ordering::Relaxed) < threads {
            hint::spin_loop();
        }
        let begin = Instant::now();
        locks.run(depth, times * AT_ONCE);
        (begin, Instant::now())
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let spans: Vec<_> = running.into_iter().map(|thread| thread.join().expect("a lock does not panic")).collect();
        let begin = spans.iter().map(|&(begin, _)| begin).min();
        let end = spans.iter().map(|&(_, end)| end).max();
        begin.zip(end).map_or(Duration::ZERO, |(begin, end)| (end - begin) / AT_ONCE as u32)
    })
}

fn group(name: &str, threads: usize) -> String {
    format!("{}_{threads}", name.replace([',', ' '], "_"))
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
        let path = self.directory.join(group(name, threads)).join(depth.to_string()).join("new/sample.json");
        let sample: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
        let numbers = |of: &str| Some(sample[of].as_array()?.iter().filter_map(Value::as_f64));
        let times = numbers("times")?.zip(numbers("iters")?).map(|(time, repetitions)| time / repetitions);
        Some(times.min_by(f64::total_cmp)? / depth as f64)
    }

    fn print(&self) {
        println!("| lock | ns, 1 | 2 | 4 | 8 | times bare, 1 | 8 | two threads, 1 | 8 | do more, 1 | 8 |");
        println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
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
            println!("| {} | {} |", row.name, cells.join(" | "));
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
