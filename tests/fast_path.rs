//! An acquire that is already known writes nothing that CPUs share, on the fast path or the recheck path: shown by
//! memory that cannot be written.
//!
//! Four CPUs have contexts on pages of their own, and locks of their own of the same classes. For each of them in turn,
//! all statics of this program (the validator and the locks among them) and the contexts of the others are made
//! read-only; then it takes its locks a thousand times: nested, with interrupts off, out of order, by a try-lock, and
//! in an interrupt while the lock below is held. A single write elsewhere than to its own context, its stack and its
//! thread's variables ends the process with SIGSEGV: so that is done in a child process. That a write does end it is
//! shown with a lock that is new.
//!
//! With the feature `stat` a release writes more: the table of its CPU, and the lock, which it still has.
#![cfg(all(target_os = "linux", not(feature = "stat")))]

#[path = "support/plain.rs"]
mod plain;

use lockdep::__private::{Event, Runtime};
use lockdep::{Acquire, ContextCell, Level, LockMap, Message, Mode, Port, Site, TaskInfo, WaitTypes};
use plain::IRQS;
use std::ops::Range;
use std::{fs, ptr};

const CPUS: usize = 4;
const DEPTH: usize = 8;
/// The lock that interrupts take, and nobody else.
const INTERRUPT: usize = DEPTH - 1;
/// How often.
const TIMES: usize = 1_000;

struct Machine;

// SAFETY: one thread is all CPUs in turn, and says itself which it is.
unsafe impl Port for Machine {
    const CLASSES: usize = 4;
    const DEPENDENCIES: usize = 4;
    const CHAINS: usize = 4;

    plain::functions!(plain);

    fn who() -> TaskInfo {
        TaskInfo { task: "cpu".into(), id: 0, cpu: 0 }
    }
    fn show(message: Message<'_>) {
        panic!("nothing here is wrong: {message}");
    }
}

// The drop of a context is an event of the program's own validator, which has no part in this.
lockdep::port!(Machine);

/// The validator, as `lockdep::port!` would make it.
static RUNTIME: Runtime<Machine, 64, 64, 256, 1, 1, 4, 64> = Runtime::new();

/// The locks of each CPU: lock `i` of each is of class `i`.
static LOCKS: [[LockMap; DEPTH]; CPUS] = [const { locks() }; CPUS];
/// One of a class that nobody has seen.
static NEW: LockMap = LockMap::named("new", WaitTypes::SPIN);

const fn locks() -> [LockMap; DEPTH] {
    const SITE: Site = Site::caller();
    const NAMES: [&str; DEPTH] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let mut locks = [const { LockMap::of_class(NAMES[0], SITE, WaitTypes::SPIN) }; DEPTH];
    let mut class = 1;
    while class < DEPTH {
        locks[class] = LockMap::of_class(NAMES[class], SITE, WaitTypes::SPIN);
        class += 1;
    }
    locks
}

/// A CPU: a task's context and an interrupt's, with the pages to themselves.
#[repr(C, align(4096))]
struct Cpu {
    task: ContextCell,
    interrupt: ContextCell,
}

impl Cpu {
    fn new() -> &'static Cpu {
        Box::leak(Box::new(Cpu { task: ContextCell::new(0), interrupt: ContextCell::new(0) }))
    }

    fn pages(&self) -> Range<usize> {
        let start = ptr::from_ref(self).addr();
        start..start + size_of::<Cpu>()
    }

    /// This thread becomes the CPU, and takes the locks of CPU `own`.
    fn run(&'static self, own: &'static [LockMap; DEPTH]) {
        // SAFETY: one thread is all CPUs, and each has contexts of its own.
        unsafe { Machine::set_context(self.task.get()) };
        nest(&own[..INTERRUPT]);
        self.with_interrupts_off(&own[1..INTERRUPT]);
        self.out_of_order(own);
        self.tried(&own[3]);
        self.interrupted(&own[0], &own[INTERRUPT]);
    }

    fn with_interrupts_off(&'static self, locks: &'static [LockMap]) {
        RUNTIME.irqs_disabled(Site::caller());
        IRQS.set(false);
        nest(locks);
        IRQS.set(true);
        RUNTIME.irqs_enabled(Site::caller());
    }

    fn out_of_order(&'static self, [a, b, ..]: &'static [LockMap; DEPTH]) {
        [a, b].into_iter().for_each(|lock| RUNTIME.acquire(lock, Mode::WRITE, Site::caller()));
        [a, b].into_iter().for_each(|lock| RUNTIME.release(lock, None));
    }

    fn tried(&'static self, lock: &'static LockMap) {
        RUNTIME.acquire_with(&Acquire::new(lock, Mode::WRITE, Site::caller()).tried());
        RUNTIME.release(lock, None);
    }

    /// An interrupt that takes a lock comes while the task holds one.
    fn interrupted(&'static self, held: &'static LockMap, taken: &'static LockMap) {
        RUNTIME.acquire(held, Mode::WRITE, Site::caller());
        IRQS.set(false);
        RUNTIME.event(Event::Enter(Level::Hardirq, &self.interrupt), Site::caller());
        nest(std::slice::from_ref(taken));
        RUNTIME.event(Event::Leave, Site::caller());
        IRQS.set(true);
        RUNTIME.release(held, None);
    }
}

/// Takes all locks, each under those before it, and releases them.
fn nest(locks: &'static [LockMap]) {
    for lock in locks {
        RUNTIME.acquire(lock, Mode::WRITE, Site::caller());
    }
    for lock in locks.iter().rev() {
        RUNTIME.release(lock, None);
    }
}

/// All of this program's own memory that can be written and is neither stack nor heap: `.data` and `.bss`.
fn statics() -> Vec<Range<usize>> {
    let program = std::env::current_exe().expect("a program has a path");
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux tells");
    let mut found: Vec<Range<usize>> = Vec::new();
    for line in maps.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (start, end) = words[0].split_once('-').expect("a range");
        let [start, end] = [start, end].map(|word| usize::from_str_radix(word, 16).expect("a number"));
        // What is all zeros has no file; it follows what has one.
        let is_rest = words.len() == 5 && found.last().is_some_and(|last| last.end == start);
        let is_own = words.get(5).is_some_and(|path| program.as_os_str() == *path);
        if words[1].starts_with("rw") && (is_own || is_rest) {
            found.push(start..end);
        }
    }
    let inside = |at: usize| found.iter().any(|range| range.contains(&at));
    let [runtime, locks, new] =
        [ptr::from_ref(&RUNTIME).addr(), ptr::from_ref(&LOCKS).addr(), ptr::from_ref(&NEW).addr()];
    assert!(inside(runtime) && inside(runtime + size_of_val(&RUNTIME) - 1) && inside(locks) && inside(new), "{maps}");
    found
}

fn make_writable(ranges: &[Range<usize>], writable: bool) {
    let access = if writable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_READ };
    for range in ranges {
        // SAFETY: the pages are this program's own. A thread that writes to them meanwhile dies, as the test wants.
        let answer = unsafe { libc::mprotect(ptr::without_provenance_mut(range.start), range.len(), access) };
        assert_eq!(answer, 0, "mprotect");
    }
}

/// How a child process ends that does this: by itself, or by which signal.
fn in_child(work: impl FnOnce()) -> Result<(), i32> {
    // SAFETY: the child has this thread alone; it works on memory that exists, and ends without a word to the test's harness.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork");
    if child == 0 {
        work();
        // SAFETY: nothing is left to be done.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: `status` is ours, and so is the child.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    if libc::WIFEXITED(status) {
        assert_eq!(libc::WEXITSTATUS(status), 0);
        return Ok(());
    }
    Err(libc::WTERMSIG(status))
}

/// Four CPUs that have seen all that they will see.
fn warm() -> [&'static Cpu; CPUS] {
    let cpus = [(); CPUS].map(|()| Cpu::new());
    for (cpu, own) in cpus.iter().zip(&LOCKS) {
        (0..2).for_each(|_| cpu.run(own));
    }
    assert_eq!(RUNTIME.first_finding(), None);
    assert_eq!(RUNTIME.occupancy().classes.used, DEPTH, "the CPUs have the same classes");
    cpus
}

/// What nobody may write to while this CPU works.
fn not_of(cpus: &[&'static Cpu; CPUS], this: usize) -> Vec<Range<usize>> {
    let others = cpus.iter().enumerate().filter(|&(cpu, _)| cpu != this).map(|(_, other)| other.pages());
    statics().into_iter().chain(others).collect()
}

#[test]
fn each_cpu_writes_to_its_own_contexts_alone() {
    for this in 0..CPUS {
        let end = in_child(|| {
            let cpus = warm();
            let shared = not_of(&cpus, this);
            make_writable(&shared, false);
            (0..TIMES).for_each(|_| cpus[this].run(&LOCKS[this]));
            make_writable(&shared, true);
            assert_eq!(RUNTIME.first_finding(), None);
        });
        assert_eq!(end, Ok(()), "CPU {this} wrote to what all share (by signal {})", libc::SIGSEGV);
    }
}

#[test]
fn a_write_to_what_is_shared_would_have_been_seen() {
    let dies = |work: fn(&[&'static Cpu; CPUS])| {
        in_child(|| {
            let cpus = warm();
            let shared = not_of(&cpus, 0);
            cpus[0].run(&LOCKS[0]);
            make_writable(&shared, false);
            work(&cpus);
            make_writable(&shared, true);
        })
    };
    assert_eq!(dies(|_| nest(&LOCKS[0][..INTERRUPT])), Ok(()), "already known");
    assert_eq!(dies(|_| nest(std::slice::from_ref(&NEW))), Err(libc::SIGSEGV), "a class that is new");
    assert_eq!(dies(|_| nest(&LOCKS[0][2..INTERRUPT])), Err(libc::SIGSEGV), "a chain that is new");
    assert_eq!(dies(|cpus| cpus[1].run(&LOCKS[1])), Err(libc::SIGSEGV), "another CPU's context");
}
