//! Reads the language of traces: text in, traces out.
//!
//! Invariant: whatever the input, the answer is a list of traces or an error that names the line, what is wrong there and
//! what was expected. What is accepted is what the model (`lockmodel.py`) accepts, down to blanks and ends of lines, with two
//! differences: a byte-order mark at the start is skipped, and the number of an event is from 1 to 2^64 - 1.

use crate::trace::{Acquire, Event, Statement, Trace, Verdict, WAIT_TYPES, What};
use lockdep::{Kind, Mode, Subclass, WaitType, WaitTypes};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::{self, Display, Formatter};

/// A line that is no line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub wrong: String,
    /// What was expected instead.
    pub expected: &'static str,
}

impl Display for Malformed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; expected {}", self.line, self.wrong, self.expected)
    }
}

/// The same without its line, which `parse` adds.
type Wrong = (String, &'static str);

/// How many words may follow `acquire`, as in the model: more can only repeat themselves.
const ACQUIRE_WORDS: usize = 9;

/// Reads the bytes of a file of traces.
///
/// # Errors
/// The first line that is no line of a trace, or no UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Vec<Trace>, Malformed> {
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(error) => {
            let before = bytes.iter().take(error.valid_up_to());
            let line = 1 + before.filter(|&&byte| byte == b'\n').count();
            Err(Malformed { line, wrong: "bytes that are no UTF-8".into(), expected: "text in UTF-8" })
        }
    }
}

/// Reads a file of traces.
///
/// # Errors
/// The first line that is no line of a trace.
pub fn parse(text: &str) -> Result<Vec<Trace>, Malformed> {
    let mut parser = Parser::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // the byte-order mark that some editors write
    for (index, line) in with_newlines(text).split('\n').enumerate() {
        let code = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = code.split(is_blank).filter(|word| !word.is_empty()).collect();
        if let Some((&verb, args)) = words.split_first() {
            let number = index + 1;
            parser.line(number, verb, args).map_err(|(wrong, expected)| Malformed { line: number, wrong, expected })?;
        }
    }
    Ok(parser.traces)
}

/// Lines end with a newline, whatever the system that wrote them.
fn with_newlines(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n").into() } else { text.into() }
}

/// What parts words: white space, and the four separators of ASCII, which Python counts as such.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

#[derive(Default)]
struct Parser {
    traces: Vec<Trace>,
    /// What was declared or used in the present trace: it cannot be declared any more.
    classes: HashSet<String>,
    locks: HashSet<String>,
}

impl Parser {
    fn line(&mut self, number: usize, verb: &str, args: &[&str]) -> Result<(), Wrong> {
        if verb == "trace" {
            let name = one(verb, args, "`trace NAME`")?;
            self.traces.push(Trace { name, line: number, statements: Vec::new(), expect: None });
            self.classes.clear();
            self.locks.clear();
            return Ok(());
        }
        match self.traces.last() {
            None => return Err((format!("`{verb}` before the first trace"), "`trace NAME`")),
            Some(trace) if trace.expect.is_some() => {
                return Err((format!("`{verb}` after `expect`, which is a trace's last line"), "`trace NAME`"));
            }
            Some(_) => {}
        }
        let said = match verb {
            "expect" => Said::Expect(expect(args)?),
            "class" => Said::Statement(self.class(args)?),
            "lock" => Said::Statement(self.lock(args)?),
            "acquire" => Said::Statement(What::Event(Event::Acquire(self.acquire(args)?))),
            _ => Said::Statement(What::Event(event(verb, args)?)),
        };
        if let Some(trace) = self.traces.last_mut() {
            match said {
                Said::Expect(expect) => trace.expect = Some(expect),
                Said::Statement(what) => trace.statements.push(Statement { line: number, what }),
            }
        }
        Ok(())
    }

    fn class(&mut self, args: &[&str]) -> Result<What, Wrong> {
        let (name, waits) = match args {
            [name] => (*name, WaitTypes::NONE),
            [name, waits] => (*name, wait_types(waits)?),
            _ => return Err(("wrong number of words".into(), "`class C [wait=[OUTER:]INNER]`")),
        };
        declare(&mut self.classes, name)?;
        Ok(What::Class(name.into(), waits))
    }

    fn lock(&mut self, args: &[&str]) -> Result<What, Wrong> {
        let [name, class] = args else { return Err(("wrong number of words".into(), "`lock L C`")) };
        declare(&mut self.locks, name)?;
        self.classes.insert((*class).into());
        Ok(What::Lock((*name).into(), (*class).into()))
    }

    fn acquire(&mut self, args: &[&str]) -> Result<Acquire, Wrong> {
        let (lock, words) = match args.split_first() {
            Some((lock, words)) if args.len() <= ACQUIRE_WORDS => (lock, words),
            _ => return Err(("wrong number of words".into(), "`acquire L [MODE] [try] [sub=N] [nest=L2] [nocheck]`")),
        };
        let mut what = Acquire::new(lock);
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
                _ => {
                    let words = "read, rread, try, sub=0 to sub=7, nest=LOCK or nocheck";
                    return Err((format!("`{word}` says nothing of an acquire"), words));
                }
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

enum Said {
    Expect(Verdict),
    Statement(What),
}

fn event(verb: &str, args: &[&str]) -> Result<Event, Wrong> {
    let plain = match verb {
        "task" => return one(verb, args, "`task T`").map(Event::Task),
        "release" => return one(verb, args, "`release L`").map(Event::Release),
        "downgrade" => return one(verb, args, "`downgrade L`").map(Event::Downgrade),
        "free" => return one(verb, args, "`free L`").map(Event::Free),
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
        _ => return Err((format!("`{verb}` is no statement"), "one of those in docs/trace-format.md")),
    };
    match args {
        [] => Ok(plain),
        [extra, ..] => Err((format!("`{extra}` after `{verb}`"), "the end of the line")),
    }
}

fn one(verb: &str, args: &[&str], expected: &'static str) -> Result<String, Wrong> {
    match args {
        [name] => Ok((*name).into()),
        [] => Err((format!("`{verb}` without a name"), expected)),
        [_, extra, ..] => Err((format!("`{extra}` after the name"), expected)),
    }
}

fn declare(known: &mut HashSet<String>, name: &str) -> Result<(), Wrong> {
    match known.insert(name.into()) {
        true => Ok(()),
        false => Err((format!("`{name}` is declared twice or after its first use"), "one declaration, before its use")),
    }
}

fn subclass(level: &str) -> Result<Subclass, Wrong> {
    match level.as_bytes() {
        [digit @ b'0'..=b'7'] => Ok(Subclass::new(digit - b'0')),
        _ => Err((format!("`sub={level}` is no subclass"), "sub=0 to sub=7")),
    }
}

fn wait_types(word: &str) -> Result<WaitTypes, Wrong> {
    let wrong = || (format!("`{word}` is no wait type"), "wait=[OUTER:]INNER of none, free, spin, config, sleep");
    let types = word.strip_prefix("wait=").ok_or_else(wrong)?;
    let one = |name: &str| -> Result<WaitType, Wrong> {
        WAIT_TYPES.iter().find(|(known, _)| *known == name).map(|(_, wait)| *wait).ok_or_else(wrong)
    };
    match types.split_once(':') {
        None => Ok(WaitTypes::both(one(types)?)),
        Some((outer, inner)) => Ok(WaitTypes::new(one(outer)?, one(inner)?)),
    }
}

/// The verdicts of the language. (The validator knows more kinds than a trace can ask for.)
const VERDICTS: [&str; 12] = [
    "recursive",
    "circular",
    "inconsistent",
    "irq-order",
    "irq-inversion",
    "unbalanced",
    "wait-context",
    "nest-not-held",
    "held-freed",
    "held-at-exit",
    "held-to-user",
    "sleep-atomic",
];

fn expect(args: &[&str]) -> Result<Verdict, Wrong> {
    let (name, at) = match args {
        [name] => (*name, None),
        [name, at] => (*name, Some(event_number(at)?)),
        _ => return Err(("wrong number of words".into(), "`expect VERDICT [@N]`")),
    };
    let kind = Kind::ALL.into_iter().find(|kind| kind.verdict() == name && VERDICTS.contains(&name));
    match (kind, at) {
        (None, None) if name == "ok" => Ok(Verdict::OK),
        (None, Some(_)) if name == "ok" => Err(("`ok` has no event".into(), "the end of the line")),
        (None, _) => Err((format!("`{name}` is no verdict"), "one of those in docs/trace-format.md")),
        (kind, event) => Ok(Verdict { kind, event }),
    }
}

/// `@N`. A number that no event has is an error rather than a disagreement with whatever is found.
fn event_number(at: &str) -> Result<u64, Wrong> {
    let digits = at.strip_prefix('@').filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let digits = digits.ok_or_else(|| (format!("`{at}` is no event"), "@ and the number of an event"))?;
    match digits.parse() {
        Ok(number @ 1..) => Ok(number),
        Ok(_) => Err((format!("`{at}` is no event: they are counted from 1"), "@ and the number of an event")),
        Err(_) => Err((format!("`{at}` is beyond the last event that a trace can have"), "a number below 2^64")),
    }
}
