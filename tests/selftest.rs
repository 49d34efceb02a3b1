//! The self-tests on the host: the list that the kernel runs at boot, on a machine made of plain values.
//!
//! Also: that the list says of each cell what `linux-matrix.trace` says, by the cell's own name.

use lockdep::class::LockMap;
use lockdep::context::{Context, Level};
use lockdep::held::Acquire;
use lockdep::mode::Mode;
use lockdep::report::Kind;
use lockdep::selftest::{CASES, Column, Machine, Name};
use lockdep::site::Site;
use lockdep::tables::Validator;
use lockdep::validator;
use lockdep::wait_type::WaitTypes;
use std::collections::HashMap;

/// One task, its interrupts, and a lock of each kind and name.
/// (`LockMap`s do not move while they are used: the map of them is filled once.)
struct Host {
    validator: Box<Validator<64, 256, 256>>,
    task: &'static Context,
    context: &'static Context,
    interrupts: [&'static Context; 2],
    depth: usize,
    locks: HashMap<(&'static str, Name), LockMap>,
}

/// The lock that a column means: both ways of taking a readers-writer lock are one lock.
fn object(kind: Column) -> (&'static str, WaitTypes) {
    match kind {
        Column::Spin => ("spin", WaitTypes::CONFIG),
        Column::Wlock | Column::Rlock => ("rwlock", WaitTypes::CONFIG),
        Column::Mutex => ("mutex", WaitTypes::SLEEP),
        Column::Wsem | Column::Rsem => ("rwsem", WaitTypes::SLEEP),
        Column::Rtmutex => ("rtmutex", WaitTypes::SLEEP),
    }
}

fn lock(kind: Column, name: Name) -> LockMap {
    let (object, waits) = object(kind);
    LockMap::of_class(format!("{object} {}", name.class()).leak(), Site::caller(), waits)
}

impl Host {
    fn new() -> Host {
        let names = Name::ALL.iter().flat_map(|&name| Column::ALL.map(|kind| (kind, name)));
        let locks = names.map(|(kind, name)| ((object(kind).0, name), lock(kind, name))).collect();
        let leak = || -> &'static Context { Box::leak(Box::default()) };
        let task = leak();
        let interrupts = [leak(), leak()];
        Host { validator: Box::default(), task, context: task, interrupts, depth: 0, locks }
    }

    fn interrupt(&mut self, level: Level, enter: bool) {
        if enter {
            let own = self.interrupts[self.depth];
            validator::enter(own, level, self.context);
            (self.context, self.depth) = (own, self.depth + 1);
        } else {
            self.context = self.validator.engine().leave(self.context, Site::caller()).expect("an interrupt to leave");
            self.depth -= 1;
        }
    }
}

impl Machine for Host {
    fn begin(&mut self) {
        self.validator.engine().reset();
        self.task.reset();
        (self.context, self.depth) = (self.task, 0);
    }

    fn take(&mut self, kind: Column, name: Name) {
        let mode = match kind {
            Column::Rlock => Mode::RECURSIVE_READ,
            Column::Rsem => Mode::READ,
            _ => Mode::WRITE,
        };
        let map = &self.locks[&(object(kind).0, name)];
        self.validator.acquire(self.context, &Acquire::new(map, mode, Site::caller()));
    }

    fn release(&mut self, kind: Column, name: Name) {
        let map = &self.locks[&(object(kind).0, name)];
        self.validator.release(self.context, map, Some(Site::caller()));
    }

    fn renew(&mut self, kind: Column, name: Name) {
        let map = &self.locks[&(object(kind).0, name)];
        self.validator.engine().free(self.context, map, Site::caller());
    }

    fn irqs(&mut self, on: bool) {
        if on {
            self.validator.engine().irqs_on(self.context, Site::caller());
        } else {
            validator::irqs_off(self.context, Site::caller());
        }
    }

    fn softirqs(&mut self, on: bool) {
        if on {
            self.validator.engine().softirqs_on(self.context, Site::caller());
        } else {
            validator::softirqs_off(self.context, Site::caller());
        }
    }

    fn hardirq(&mut self, enter: bool) {
        self.interrupt(Level::ThreadedHardirq, enter);
    }

    fn softirq(&mut self, enter: bool) {
        self.interrupt(Level::Softirq, enter);
    }

    fn found(&mut self) -> Option<Kind> {
        self.validator.found()
    }
}

#[test]
fn every_case_finds_what_it_must_by_name() {
    let mut host = Host::new();
    let mut wrong = Vec::new();
    for case in &CASES {
        let found = case.run(&mut host).unwrap_or_else(|_| panic!("{case}: its script is none"));
        if found != case.expected() {
            wrong.push(format!("{case}: expected {:?}, got {found:?}", case.expected()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), CASES.len(), wrong.join("\n"));
}

#[test]
fn the_list_is_what_linux_has_in_these_groups() {
    assert_eq!(CASES.len(), 63 + 15 + 24 + 210);
    let matrix = include_str!("traces/linux-matrix.trace");
    let verdicts: HashMap<&str, &str> = matrix
        .split("\ntrace ")
        .skip(1)
        .map(|trace| {
            let expect = trace.split("\nexpect ").nth(1).expect("an expect");
            (trace.split_whitespace().next().unwrap_or(""), expect.split_whitespace().next().unwrap_or(""))
        })
        .collect();
    for case in &CASES {
        let name = case.to_string();
        let verdict = verdicts.get(name.as_str()).unwrap_or_else(|| panic!("Linux has no cell {name}"));
        assert_eq!(*verdict, case.expected().map_or("ok", Kind::verdict), "{name}");
    }
}

#[test]
fn no_two_cases_have_one_name() {
    let mut names: Vec<String> = CASES.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), CASES.len());
}
