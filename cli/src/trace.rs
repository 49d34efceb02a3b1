//! The language of traces as data: what `parse` makes of a file, and what `Display` writes back.
//!
//! Invariant: what `Display` writes, `parse` reads as the same trace. Nothing is executed here, and nothing about
//! verdicts is known but their names. (The reference of the language: `docs/trace-format.md`.)

use lockdep::{Kind, LockMap, Mode, Site, Subclass, WaitType, WaitTypes};
use std::fmt::{self, Display, Formatter};

/// A trace: its name, what happens in it, and the verdict that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its name.
    pub name: String,
    /// The line of its file on which it begins, counted from 1.
    pub line: usize,
    /// Its statements, `expect` left out.
    pub statements: Vec<Statement>,
    /// Its `expect`.
    pub expect: Option<Verdict>,
}

/// A verdict, as `expect` states it and a replay returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was found; `None` is `ok`.
    pub kind: Option<Kind>,
    /// The event at which it was found, counted from 1; `None` for `ok`, and where `expect` does not name one.
    pub event: Option<u64>,
}

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The line of its file, counted from 1.
    pub line: usize,
    /// The statement itself.
    pub what: What,
}

/// A statement: one line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
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
    /// A lock is released.
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
    /// Its mode: one of the three that the language knows.
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

impl Acquire {
    /// The plain one: `acquire LOCK`.
    pub fn new(lock: &str) -> Acquire {
        Acquire {
            lock: lock.into(),
            mode: Mode::WRITE,
            tried: false,
            checked: true,
            subclass: Subclass::ZERO,
            nest: None,
        }
    }
}

impl Acquire {
    /// As the validator's: of the lock `map` with the nest lock `nest`, at `site`.
    pub fn begin<'a>(&self, map: &'a LockMap, nest: Option<&'a LockMap>, site: Site) -> lockdep::Acquire<'a> {
        let plain = lockdep::Acquire::new(map, self.mode, site).subclass(self.subclass);
        let tried = if self.tried { plain.tried() } else { plain };
        let checked = if self.checked { tried } else { tried.unchecked() };
        nest.map_or(checked, |nest| checked.nest(nest))
    }
}

impl Verdict {
    /// Nothing is reported.
    pub const OK: Verdict = Verdict { kind: None, event: None };

    /// Its name, without the event.
    pub fn name(&self) -> &'static str {
        self.kind.map_or("ok", Kind::verdict)
    }

    /// Whether a replay that came to `got` is as expected here: the event counts if it is named.
    pub fn allows(&self, got: &Verdict) -> bool {
        self.kind == got.kind && (self.event.is_none() || self.event == got.event)
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.event {
            Some(event) => write!(f, "{} @{event}", self.name()),
            None => f.write_str(self.name()),
        }
    }
}

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "trace {}", self.name)?;
        for statement in &self.statements {
            writeln!(f, "{}", statement.what)?;
        }
        self.expect.map_or(Ok(()), |expect| writeln!(f, "expect {expect}"))
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            What::Class(name, waits) if *waits == WaitTypes::NONE => write!(f, "class {name}"),
            What::Class(name, waits) if waits.outer() == waits.inner() => {
                write!(f, "class {name} wait={}", wait_name(waits.inner()))
            }
            What::Class(name, waits) => {
                write!(f, "class {name} wait={}:{}", wait_name(waits.outer()), wait_name(waits.inner()))
            }
            What::Lock(name, class) => write!(f, "lock {name} {class}"),
            What::Event(event) => event.fmt(f),
        }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let word = match self {
            Event::Task(name) => return write!(f, "task {name}"),
            Event::Acquire(acquire) => return acquire.fmt(f),
            Event::Release(lock) => return write!(f, "release {lock}"),
            Event::Downgrade(lock) => return write!(f, "downgrade {lock}"),
            Event::Free(lock) => return write!(f, "free {lock}"),
            Event::Irqs(true) => "irq-on",
            Event::Irqs(false) => "irq-off",
            Event::Softirqs(true) => "bh-on",
            Event::Softirqs(false) => "bh-off",
            Event::Hardirq(true) => "hardirq-enter",
            Event::Hardirq(false) => "hardirq-exit",
            Event::Softirq(true) => "softirq-enter",
            Event::Softirq(false) => "softirq-exit",
            Event::Reclaim(true) => "reclaim-enter",
            Event::Reclaim(false) => "reclaim-exit",
            Event::Alloc => "alloc",
            Event::MightSleep => "might-sleep",
            Event::TaskExit => "task-exit",
            Event::UserReturn => "user-return",
        };
        f.write_str(word)
    }
}

impl Display for Acquire {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "acquire {}", self.lock)?;
        match (self.mode.recursive, self.mode.shared) {
            (true, _) => write!(f, " rread")?,
            (false, true) => write!(f, " read")?,
            (false, false) => {}
        }
        if self.tried {
            write!(f, " try")?;
        }
        if self.subclass != Subclass::ZERO {
            write!(f, " sub={}", self.subclass.get())?;
        }
        if let Some(nest) = &self.nest {
            write!(f, " nest={nest}")?;
        }
        if self.checked { Ok(()) } else { write!(f, " nocheck") }
    }
}

/// The wait types by their names in the language.
pub(crate) const WAIT_TYPES: [(&str, WaitType); 5] = [
    ("none", WaitType::None),
    ("free", WaitType::Free),
    ("spin", WaitType::Spin),
    ("config", WaitType::Config),
    ("sleep", WaitType::Sleep),
];

fn wait_name(wait: WaitType) -> &'static str {
    WAIT_TYPES.iter().find(|(_, known)| *known == wait).map_or("none", |(name, _)| name)
}
