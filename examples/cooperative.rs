//! A cooperative kernel for one core, and the validator in it. `cargo run --example cooperative` prints the report.
//!
//! A task runs until it gives the core away, which it may do with a lock held. There are no interrupts. The port is the
//! page in the middle; the rest is a kernel as there are many.

use lockdep::Context;
use lockdep::hooks;
use lockdep::report::TaskName;
use lockdep::spin::{Mutex, MutexGuard}; // was: use spin::{Mutex, MutexGuard};
use lockdep::{ContextCell, IrqState, Message, Port, TaskInfo};
use std::sync::atomic::{AtomicUsize, Ordering};

// ---- the port: all that the validator asks of such a kernel

struct Kernel;

// SAFETY: one core, which is in one task at a time: nobody else uses that task's context.
unsafe impl Port for Kernel {
    const CLASSES: usize = 64;
    const DEPENDENCIES: usize = 256;
    const CHAINS: usize = 1024;

    fn context() -> *const Context {
        CONTEXTS[CURRENT.load(Ordering::Relaxed)].get()
    }
    unsafe fn set_context(_: *const Context) {} // for interrupts, of which there are none
    fn irqs_enabled() -> bool {
        true
    }
    fn irqs_disable() -> IrqState {
        IrqState(0)
    }
    fn irqs_restore(_: IrqState) {}
    fn who() -> TaskInfo {
        let id = CURRENT.load(Ordering::Relaxed);
        TaskInfo { task: TaskName::new(NAMES[id]), id: id as u32, cpu: 0 }
    }
    fn show(message: Message<'_>) {
        println!("{message}"); // a kernel: to its serial port
    }
}

lockdep::port!(Kernel);

// ---- the scheduler

const TASKS: usize = 2;
const NAMES: [&str; TASKS] = ["writer", "flusher"];

/// The task that runs.
static CURRENT: AtomicUsize = AtomicUsize::new(0);
/// What each task holds, as the validator knows it.
static CONTEXTS: [ContextCell; TASKS] = [const { ContextCell::new(0) }; TASKS];

/// A task that can be left and come back to. `go_on` returns whether it wants to.
trait Task {
    fn go_on(&mut self) -> bool;
}

/// Runs all tasks in turn until each has ended.
fn schedule(mut tasks: [Option<Box<dyn Task>>; TASKS]) {
    while tasks.iter().any(Option::is_some) {
        for (id, slot) in tasks.iter_mut().enumerate() {
            CURRENT.store(id, Ordering::Relaxed); // the switch; the validator need not be told
            let Some(task) = slot else { continue };
            if !task.go_on() {
                *slot = None;
                hooks::task_exit(); // does it hold a lock still?
            }
        }
    }
}

// ---- two tasks

static DISK: Mutex<u32> = Mutex::new(7);
static CACHE: Mutex<u32> = Mutex::new(0);

/// Reads the disk, gives the core away, and puts what it read into the cache: the disk before the cache.
#[derive(Default)]
struct Writer {
    disk: Option<MutexGuard<'static, u32>>,
}

impl Task for Writer {
    fn go_on(&mut self) -> bool {
        let Some(disk) = self.disk.take() else {
            self.disk = Some(DISK.lock());
            return true;
        };
        *CACHE.lock() = *disk;
        false
    }
}

/// Waits a little, and writes the cache to the disk: the cache before the disk. One turn earlier, and it would spin for
/// ever for the disk, which the writer holds, which never runs again.
#[derive(Default)]
struct Flusher {
    turns: u32,
}

impl Task for Flusher {
    fn go_on(&mut self) -> bool {
        self.turns += 1;
        if self.turns < 3 {
            return true;
        }
        let cache = CACHE.lock();
        *DISK.lock() = *cache;
        false
    }
}

fn main() {
    schedule([Some(Box::new(Writer::default())), Some(Box::new(Flusher::default()))]);
    println!("Nothing hung. What was found: {:?}", hooks::first_finding());
}

#[test]
fn the_deadlock_that_did_not_happen_is_found() {
    main();
    assert_eq!(hooks::first_finding(), Some(lockdep::Kind::Circular));
}
