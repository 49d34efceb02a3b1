//! The machine of these tests: a port whose clock and CPU are variables, and what they do with locks on it.
//!
//! One validator serves all tests, so they run one after the other: see [`begin`].

use crate::plain::{self, CONTEXT, IRQS};
use lockdep::WaitTypes;
use lockdep::hooks;
use lockdep::stat::ClassTimes;
use lockdep::stat::Lengths;
use lockdep::stat::{self, Recording};
use lockdep::{Context, LockMap};
use lockdep::{ContextCell, Kind, Message, Mode, Port, TaskInfo};
use lockdep_cli::sites;
use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};
use std::{env, fs};

thread_local! {
    pub(crate) static CPU: Cell<u32> = const { Cell::new(0) };
    pub(crate) static CLOCK: Cell<u64> = const { Cell::new(0) };
}

pub(crate) static SHOWN: StdMutex<Vec<(Option<Kind>, String)>> = StdMutex::new(Vec::new());
pub(crate) static ONE_AT_A_TIME: StdMutex<()> = StdMutex::new(());

pub(crate) struct Fake;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Fake {
    const CLASSES: usize = 16;
    const DEPENDENCIES: usize = 16;
    const CHAINS: usize = 16;
    const CPUS: usize = 2;

    plain::functions!(plain);

    fn who() -> TaskInfo {
        TaskInfo { task: "T".into(), id: 1, cpu: CPU.get() }
    }
    fn show(message: Message<'_>) {
        let kind = if let Message::Report(report) = &message { Some(report.kind()) } else { None };
        shown().push((kind, message.to_string()));
    }
    fn now() -> u64 {
        CLOCK.get()
    }
}

lockdep::port!(Fake);

pub(crate) fn shown() -> MutexGuard<'static, Vec<(Option<Kind>, String)>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn new_context() -> &'static Context {
    // SAFETY: the cell lives for ever, and this thread alone knows it.
    unsafe { &*new_cell().get() }
}

/// A context for an interrupt.
pub(crate) fn new_cell() -> &'static ContextCell {
    Box::leak(Box::new(ContextCell::new(0)))
}

/// Begins a test: a task of its own on CPU 0 at time 0, nothing learned, nothing counted.
pub(crate) fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IRQS.set(true);
    CONTEXT.set(Some(new_context()));
    CPU.set(0);
    CLOCK.set(0);
    assert!(hooks::reset());
    stat::clear();
    stat::record(Recording::All);
    shown().clear();
    turn
}

pub(crate) fn lock(name: &'static str) -> LockMap {
    LockMap::of_class(name, sites::of_line(0), WaitTypes::SPIN)
}

pub(crate) fn pass(units: u64) {
    CLOCK.set(CLOCK.get() + units);
}

pub(crate) fn take(map: &LockMap, line: usize) {
    hooks::acquire(map, Mode::WRITE, sites::of_line(line));
}

pub(crate) fn release(map: &LockMap) {
    hooks::release(map, None);
}

/// Holds a lock, taken at a line, for so long.
pub(crate) fn hold(map: &LockMap, line: usize, units: u64) {
    take(map, line);
    pass(units);
    release(map);
}

/// Waits for a lock that somebody else has, then holds it.
pub(crate) fn wait(map: &LockMap, line: usize, waits: u64, holds: u64) {
    take(map, line);
    stat::contended(map);
    pass(waits);
    stat::acquired(map);
    pass(holds);
    release(map);
}

/// The statistics of all classes, in their order.
pub(crate) fn all_times() -> Vec<ClassTimes> {
    let mut all = Vec::new();
    assert!(stat::for_each_class_times(&mut |times| all.push(times.clone())));
    all
}

/// Those of the only class that has any.
pub(crate) fn times() -> ClassTimes {
    let mut all = all_times();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

pub(crate) fn lengths(count: u64, bounces: u64, total: u64, (min, max): (u64, u64), line: Option<usize>) -> Lengths {
    let mut lengths = Lengths::default();
    (lengths.count, lengths.bounces, lengths.total) = (count, bounces, total);
    (lengths.min, lengths.max, lengths.longest_at) = (min, max, line.map(sites::of_line));
    lengths
}

/// Compares with the golden text of this name.
pub(crate) fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stat").join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).expect("tests/golden/stat can be written to");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{}: BLESS=1 writes it again", path.display());
}
