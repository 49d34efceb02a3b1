//! The self-tests on the host: the list that the kernel runs at boot, through the same runtime, on a machine made of plain
//! values.
//!
//! Also: that the list says of each cell what `linux-matrix.trace` says, by the cell's own name, and that the table is
//! printed as Linux prints it.

#[path = "support/fake.rs"]
mod fake;

use fake::Fake;
use lockdep::hooks;
use lockdep::selftest::{Bench, CASES, LINUX, Lock, Machine, Name, Nest, table};
use lockdep::{Acquire, Context, Level, LockMap};
use lockdep::{ContextCell, Kind, Mode, Port};
use lockdep::{Site, WaitTypes};
use std::collections::{HashMap, HashSet};

/// Two tasks, their interrupts, and a lock of each kind and name.
/// (`LockMap`s do not move while they are used: the map of them is filled once.)
struct Host {
    tasks: [&'static Context; 2],
    hardirq: &'static ContextCell,
    softirq: &'static ContextCell,
    locks: HashMap<(&'static str, Name), LockMap>,
    ww: Bench,
}

const KINDS: [Lock; 11] = [
    Lock::Spin,
    Lock::Raw,
    Lock::Untyped,
    Lock::Wlock,
    Lock::Rlock,
    Lock::Qread,
    Lock::Mutex,
    Lock::Wsem,
    Lock::Rsem,
    Lock::Rtmutex,
    Lock::Local,
];

/// The lock that a way of taking it means: all ways of taking a readers-writer lock are one lock.
fn object(lock: Lock) -> (&'static str, WaitTypes) {
    match lock {
        Lock::Spin => ("spin", WaitTypes::CONFIG),
        Lock::Raw => ("raw", WaitTypes::SPIN),
        Lock::Untyped => ("untyped", WaitTypes::NONE),
        Lock::Wlock | Lock::Rlock | Lock::Qread => ("rwlock", WaitTypes::CONFIG),
        Lock::Mutex => ("mutex", WaitTypes::SLEEP),
        Lock::Wsem | Lock::Rsem => ("rwsem", WaitTypes::SLEEP),
        Lock::Rtmutex => ("rtmutex", WaitTypes::SLEEP),
        Lock::Local => ("local", WaitTypes::CONFIG),
    }
}

fn map(lock: Lock, name: Name) -> LockMap {
    let (object, waits) = object(lock);
    LockMap::of_class(format!("{object} {}", name.class()).leak(), Site::caller(), waits)
}

impl Host {
    fn new() -> Host {
        let names = Name::ALL.iter().flat_map(|&name| KINDS.map(|lock| (lock, name)));
        Host {
            tasks: [fake::task(0), fake::task(0)],
            hardirq: Box::leak(Box::new(ContextCell::new(0))),
            softirq: Box::leak(Box::new(ContextCell::new(0))),
            locks: names.map(|(lock, name)| ((object(lock).0, name), map(lock, name))).collect(),
            ww: Bench::new(),
        }
    }

    fn map(&self, lock: Lock, name: Name) -> &LockMap {
        &self.locks[&(object(lock).0, name)]
    }
}

impl Machine for Host {
    fn begin(&mut self) {
        self.tasks.iter().for_each(|task| task.reset());
        fake::run(self.tasks[0]);
        fake::plain::irqs_enable();
        // SAFETY: the case before is over, and its interrupts with it.
        [self.hardirq, self.softirq].into_iter().for_each(|own| unsafe { own.reset() });
        assert!(hooks::reset());
        self.ww = Bench::new();
    }

    fn take(&mut self, lock: Lock, name: Name) {
        let mode = match lock {
            Lock::Rlock => Mode::RECURSIVE_READ,
            Lock::Rsem | Lock::Qread => Mode::READ,
            _ => Mode::WRITE,
        };
        let tried = lock == Lock::Local;
        hooks::acquire_with(&Acquire { tried, ..Acquire::new(self.map(lock, name), mode, Site::caller()) });
    }

    fn take_nested(&mut self, name: Name, nest: Nest) {
        let nest = match nest {
            Nest::Spin(name) => self.map(Lock::Spin, name),
            Nest::Ww => self.ww.map(),
        };
        let what = Acquire::new(self.map(Lock::Spin, name), Mode::WRITE, Site::caller());
        hooks::acquire_with(&Acquire { nest: Some(nest), ..what });
    }

    fn release(&mut self, lock: Lock, name: Name) {
        hooks::release(self.map(lock, name), Some(Site::caller()));
    }

    fn renew(&mut self, lock: Lock, name: Name) {
        hooks::lock_freed(self.map(lock, name));
    }

    fn ww(&mut self) -> &Bench {
        &self.ww
    }

    fn irqs_on(&mut self) {
        hooks::irqs_enabled();
        fake::plain::irqs_enable();
    }

    fn irqs_off(&mut self) {
        Fake::irqs_disable();
        hooks::irqs_disabled();
    }

    fn softirqs_on(&mut self) {
        hooks::softirqs_on();
    }

    fn softirqs_off(&mut self) {
        hooks::softirqs_off();
    }

    fn enter(&mut self, level: Level) {
        if level == Level::Softirq {
            hooks::irq_enter(level, self.softirq);
        } else {
            Fake::irqs_disable();
            hooks::irq_enter(level, self.hardirq);
        }
    }

    fn leave(&mut self, level: Level) {
        hooks::irq_exit();
        if level != Level::Softirq {
            fake::plain::irqs_enable();
        }
    }

    fn task(&mut self, number: usize) {
        fake::run(self.tasks[number]);
    }

    fn found(&mut self) -> Option<Kind> {
        hooks::first_finding()
    }
}

#[test]
fn every_case_finds_what_it_must_by_name() {
    let mut host = Host::new();
    let mut wrong = Vec::new();
    for case in &CASES {
        let found = case.run(&mut host).unwrap_or_else(|_| panic!("{case}: its script is none"));
        if found != case.expected() {
            let reports = fake::reports();
            wrong.push(format!("{case}: expected {:?}, got {found:?}\n{reports:?}", case.expected()));
        }
        fake::reports();
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

/// What the corpus cannot express: misuse of wound/wait mutexes is no finding about locks, and it knows no threaded
/// interrupts. (Its header says so, cell by cell.)
const NOT_IN_THE_CORPUS: [(&str, &str); 15] = [
    ("ww-api-failures-3", "ww-misuse"),
    ("ww-contexts-mixing-2", "ww-misuse"),
    ("ww-finishing-context-1", "ww-misuse"),
    ("ww-finishing-context-4", "ww-misuse"),
    ("ww-locking-mismatches-2", "ww-misuse"),
    ("ww-locking-mismatches-3", "ww-misuse"),
    ("ww-EDEADLK-handling-3", "ww-misuse"),
    ("ww-EDEADLK-handling-4", "ww-misuse"),
    ("ww-EDEADLK-handling-5", "ww-misuse"),
    ("ww-EDEADLK-handling-6", "ww-misuse"),
    ("ww-EDEADLK-handling-7", "ww-misuse"),
    ("ww-EDEADLK-handling-8", "ww-misuse"),
    ("ww-EDEADLK-handling-9", "ww-misuse"),
    ("ww-EDEADLK-handling-10", "ww-misuse"),
    ("wait-in-hardirq-threaded-spin", "ok"),
];

#[test]
fn the_list_is_what_linux_has_cell_by_cell() {
    assert_eq!(CASES.len(), 63 + 15 + 24 + 210 + 36 + 3 + 3 + 36 + 4);
    assert_eq!(CASES.len(), LINUX);
    let matrix = include_str!("traces/linux-matrix.trace");
    let mut verdicts: HashMap<&str, &str> = matrix
        .split("\ntrace ")
        .skip(1)
        .map(|trace| {
            let expect = trace.split("\nexpect ").nth(1).expect("an expect");
            (trace.split_whitespace().next().unwrap_or(""), expect.split_whitespace().next().unwrap_or(""))
        })
        .collect();
    assert_eq!(verdicts.len(), LINUX - NOT_IN_THE_CORPUS.len());
    verdicts.extend(NOT_IN_THE_CORPUS);
    for case in &CASES {
        let name = case.to_string();
        let verdict = verdicts.get(name.as_str()).unwrap_or_else(|| panic!("Linux has no cell {name}"));
        assert_eq!(*verdict, case.expected().map_or("ok", Kind::verdict), "{name}");
    }
    let failures = CASES.iter().filter(|case| case.expected().is_some()).count();
    assert_eq!((failures, CASES.len() - failures), (250, 144), "what Linux expects to be reported, and what not");
}

#[test]
fn no_two_cases_have_one_name_and_none_has_a_blank() {
    let names: HashSet<String> = CASES.iter().map(ToString::to_string).collect();
    assert_eq!(names.len(), CASES.len());
    assert!(names.iter().all(|name| !name.contains(char::is_whitespace)));
}

#[test]
fn the_table_is_printed_as_linux_prints_it() {
    let (mut out, mut rows) = (String::new(), table::Rows::default());
    for case in &CASES {
        rows.cell(&mut out, case, table::Outcome::Passed).unwrap();
    }
    rows.end(&mut out).unwrap();
    table::closing(&mut out, 0, 4).unwrap();
    for (line, golden) in out.lines().zip(include_str!("golden/selftest.table").lines()) {
        assert_eq!(line, golden);
    }
    assert_eq!(out.len(), include_str!("golden/selftest.table").len());
}
