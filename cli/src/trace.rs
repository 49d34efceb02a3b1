//! The language of traces: text in, statements out. (`trace-format.md` is its reference.)
//!
//! Invariant: whatever the input, the answer is a list of traces or an error that names the line and what was expected
//! there. Nothing is executed here, and nothing about verdicts is known but their names.

use lockdep::class::Subclass;
use lockdep::mode::Mode;
use lockdep::report::Kind;
use lockdep::wait_type::{WaitType, WaitTypes};
use std::collections::HashSet;
use std::fmt;

/// A trace: its name, what happens in it, and the verdict that it must have.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Its name.
    pub name: String,
    /// The line of its file on which it begins, counted from 1.
    pub line: usize,
    /// Its statements, `expect` left out.
    pub statements: Vec<Statement>,
    /// Its `expect`.
    pub expect: Option<Expect>,
}

/// What a trace must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The verdict; `None` is `ok`.
    pub kind: Option<Kind>,
    /// The event at which it is reached, if the trace says.
    pub event: Option<usize>,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Declares a class.
    Class(String, WaitTypes),
    /// Declares a lock of a class.
    Lock(String, String),
    /// Something happens: this counts.
    Event(Event),
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The events that follow are this task's.
    Task(String),
    /// A lock is taken.
    Acquire(Acquire),
    /// A lock is let go.
    Release(String),
    /// A hold becomes a reader's.
    Downgrade(String),
    /// The memory of a lock is freed.
    Free(String),
    /// Hard interrupts are turned on or off.
    Irqs(bool),
    /// Softirqs are turned on or off.
    Softirqs(bool),
    /// A hard interrupt begins or ends.
    Hardirq(bool),
    /// A softirq begins or ends.
    Softirq(bool),
    /// Reclaim begins or ends.
    Reclaim(bool),
    /// An allocation that may enter reclaim.
    Alloc,
    /// A point that may sleep.
    MightSleep,
    /// The task ends.
    TaskExit,
    /// The task returns to user mode.
    UserReturn,
}

/// How a lock is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquire {
    /// The lock.
    pub lock: String,
    /// Its mode.
    pub mode: Mode,
    /// By a try-lock.
    pub tried: bool,
    /// With all checks.
    pub checked: bool,
    /// At this level.
    pub subclass: Subclass,
    /// Under this nest lock.
    pub nest: Option<String>,
}

/// A line that is no line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub why: String,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.why)
    }
}

/// Reads a file of traces.
///
/// # Errors
/// The first line that is no line of a trace.
pub fn parse(text: &str) -> Result<Vec<Trace>, Malformed> {
    let mut parser = Parser::default();
    for (number, line) in text.lines().enumerate() {
        let code = line.split('#').next().unwrap_or("");
        let words: Vec<&str> = code.split_whitespace().collect();
        if let Some((&verb, args)) = words.split_first() {
            parser.line(number + 1, verb, args).map_err(|why| Malformed { line: number + 1, why })?;
        }
    }
    Ok(parser.traces)
}

#[derive(Default)]
struct Parser {
    traces: Vec<Trace>,
    /// What was declared or used in the present trace: it cannot be declared any more.
    classes: HashSet<String>,
    locks: HashSet<String>,
}

impl Parser {
    fn line(&mut self, number: usize, verb: &str, args: &[&str]) -> Result<(), String> {
        if verb == "trace" {
            let name = one(verb, args)?;
            self.traces.push(Trace { name, line: number, statements: Vec::new(), expect: None });
            self.classes.clear();
            self.locks.clear();
            return Ok(());
        }
        let done = match self.traces.last() {
            None => return Err(format!("`{verb}` before the first trace: expected `trace NAME`")),
            Some(trace) => trace.expect.is_some(),
        };
        if done {
            return Err(format!("`{verb}` after `expect`: expected `trace NAME`"));
        }
        if verb == "expect" {
            let expect = expect(args)?;
            self.last().expect = Some(expect);
            return Ok(());
        }
        let statement = match verb {
            "class" => self.class(args)?,
            "lock" => self.lock(args)?,
            _ => Statement::Event(self.event(verb, args)?),
        };
        self.last().statements.push(statement);
        Ok(())
    }

    fn last(&mut self) -> &mut Trace {
        self.traces.last_mut().expect("`line` has looked that there is one")
    }

    fn class(&mut self, args: &[&str]) -> Result<Statement, String> {
        let (name, waits) = match args {
            [name] => (*name, WaitTypes::NONE),
            [name, waits] => (*name, wait_types(waits)?),
            _ => return Err("expected `class C [wait=[OUTER:]INNER]`".into()),
        };
        declare(&mut self.classes, name)?;
        Ok(Statement::Class(name.into(), waits))
    }

    fn lock(&mut self, args: &[&str]) -> Result<Statement, String> {
        let [name, class] = args else { return Err("expected `lock L C`".into()) };
        declare(&mut self.locks, name)?;
        self.classes.insert((*class).into());
        Ok(Statement::Lock((*name).into(), (*class).into()))
    }

    fn event(&mut self, verb: &str, args: &[&str]) -> Result<Event, String> {
        let plain = match verb {
            "task" => return Ok(Event::Task(one(verb, args)?)),
            "acquire" => return self.acquire(args).map(Event::Acquire),
            "release" => return Ok(Event::Release(one(verb, args)?)),
            "downgrade" => return Ok(Event::Downgrade(one(verb, args)?)),
            "free" => return Ok(Event::Free(one(verb, args)?)),
            "irq-off" => Event::Irqs(false),
            "irq-on" => Event::Irqs(true),
            "bh-off" => Event::Softirqs(false),
            "bh-on" => Event::Softirqs(true),
            "hardirq-enter" => Event::Hardirq(true),
            "hardirq-exit" => Event::Hardirq(false),
            "softirq-enter" => Event::Softirq(true),
            "softirq-exit" => Event::Softirq(false),
            "reclaim-enter" => Event::Reclaim(true),
            "reclaim-exit" => Event::Reclaim(false),
            "alloc" => Event::Alloc,
            "might-sleep" => Event::MightSleep,
            "task-exit" => Event::TaskExit,
            "user-return" => Event::UserReturn,
            _ => return Err(format!("`{verb}` is no statement: expected one of those in trace-format.md")),
        };
        match args {
            [] => Ok(plain),
            [extra, ..] => Err(format!("`{extra}` after `{verb}`: expected the end of the line")),
        }
    }

    fn acquire(&mut self, args: &[&str]) -> Result<Acquire, String> {
        let Some((&lock, words)) = args.split_first() else {
            return Err("expected `acquire L [MODE] [try] [sub=N] [nest=L2] [nocheck]`".into());
        };
        let mut what = Acquire {
            lock: lock.into(),
            mode: Mode::WRITE,
            tried: false,
            checked: true,
            subclass: Subclass::ZERO,
            nest: None,
        };
        self.touch(lock);
        for word in words {
            match (*word, word.split_once('=')) {
                ("read", _) => what.mode = Mode::READ,
                ("rread", _) => what.mode = Mode::RECURSIVE_READ,
                ("try", _) => what.tried = true,
                ("nocheck", _) => what.checked = false,
                (_, Some(("sub", level))) => what.subclass = subclass(level)?,
                (_, Some(("nest", nest))) if !nest.is_empty() => {
                    self.touch(nest);
                    what.nest = Some(nest.into());
                }
                _ => return Err(format!("`{word}`: expected read, rread, try, sub=0 to sub=7, nest=LOCK or nocheck")),
            }
        }
        Ok(what)
    }

    /// A lock that is used without being declared is one of the class of its name.
    fn touch(&mut self, lock: &str) {
        self.locks.insert(lock.into());
        self.classes.insert(lock.into());
    }
}

fn one(verb: &str, args: &[&str]) -> Result<String, String> {
    match args {
        [name] => Ok((*name).into()),
        _ => Err(format!("expected `{verb} NAME`, and nothing else")),
    }
}

fn declare(known: &mut HashSet<String>, name: &str) -> Result<(), String> {
    match known.insert(name.into()) {
        true => Ok(()),
        false => Err(format!("`{name}` is declared twice or after its first use: declare it once, before")),
    }
}

fn subclass(level: &str) -> Result<Subclass, String> {
    match level.parse() {
        Ok(n) if n < Subclass::COUNT && level.len() == 1 => Ok(Subclass::new(n)),
        _ => Err(format!("`sub={level}`: expected sub=0 to sub=7")),
    }
}

fn wait_types(word: &str) -> Result<WaitTypes, String> {
    let wrong = || format!("`{word}`: expected wait=[OUTER:]INNER of none, free, spin, config, sleep");
    let types = word.strip_prefix("wait=").ok_or_else(wrong)?;
    let one = |name: &str| match name {
        "none" => Ok(WaitType::None),
        "free" => Ok(WaitType::Free),
        "spin" => Ok(WaitType::Spin),
        "config" => Ok(WaitType::Config),
        "sleep" => Ok(WaitType::Sleep),
        _ => Err(wrong()),
    };
    match types.split_once(':') {
        None => Ok(WaitTypes::both(one(types)?)),
        Some((outer, inner)) => Ok(WaitTypes::new(one(outer)?, one(inner)?)),
    }
}

fn expect(args: &[&str]) -> Result<Expect, String> {
    let (verdict, event) = match args {
        [verdict] => (*verdict, None),
        [verdict, at] => (*verdict, Some(*at)),
        _ => return Err("expected `expect VERDICT [@N]`".into()),
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.verdict() == verdict);
    if kind.is_none() && verdict != "ok" {
        return Err(format!("`{verdict}` is no verdict: expected one of those in trace-format.md"));
    }
    if kind.is_none() && event.is_some() {
        return Err("`ok` has no event: expected the end of the line".into());
    }
    let number = |at: &str| at.strip_prefix('@').filter(|n| n.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let event = match event {
        None => None,
        Some(at) => Some(number(at).ok_or_else(|| format!("`{at}`: expected @ and the number of an event"))?),
    };
    Ok(Expect { kind, event })
}
