//! The little language of the tests, which is the notation of their description.
//!
//! | word | meaning |
//! | --- | --- |
//! | `L(A)` `U(A)` | takes lock A with the column's kind, releases it |
//! | `W(A)` `UW(A)` | a readers-writer lock for writing |
//! | `R(A)` `UR(A)` | the same for reading |
//! | `Q(A)` `UQ(A)` | the same for reading in turn: in an interrupt by a recursive reader, else by a queued one |
//! | `S(A)` `US(A)` | the plain lock beside it |
//! | `S(Y1:X1)` | that lock with X1 as its nest lock; `:o` is the wound/wait mutex o |
//! | `SPIN` `RAW` `N` `M` `LL` | in any column: a spinning lock, raw, without wait type, a mutex, a local lock |
//! | `init(A)` | constructs A again |
//! | `{` `}`, `[` `]` | enters the interrupt of the row, leaves it; disables it, enables it |
//! | `{h` `h}`, `{n` `n}`, `{s` `s}` | a hard interrupt with a threaded handler, one without, a softirq |
//! | `[h` `h]`, `[bh` `bh]` | disables hard interrupts, enables them; softirqs |
//! | `(rcu` `rcu)` | enters an RCU read section, leaves it; likewise `rcu-bh`, `rcu-sched` |
//! | `(fs` `fs)` | takes the pseudo lock of reclaim that may enter file systems, releases it |
//! | `alloc` | takes it and releases it, unless between `[nofs` and `nofs]`; `alloc-nofs` never does |
//! | `task1` `task2` | goes on as this task |
//!
//! What is opened with `{` or `[` is closed in the same script, the last first.
//!
//! Every other call belongs to the wound/wait mutexes: see `ww.rs`. `call=RESULT` gives the result that it must have.
//!
//! In a column of sleeping locks, R, W and S are the sleeping kinds. A softirq of the tests runs with hard interrupts
//! off, as Linux's do.

use super::words::{Column, Irq, Lock, Name, Nest};
use super::{Machine, OK};
use crate::context::Level;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::report::kind::Kind;
use crate::sync::rcu::{self, ReadSection};
use heapless::Vec;

/// A word that is none of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

type Result<T> = core::result::Result<T, Malformed>;

/// The pseudo lock that stands for reclaim that may enter file systems. Linux's `__fs_reclaim_map`.
static FS_RECLAIM: LockMap = LockMap::named("fs_reclaim", WaitTypes::NONE);

/// Runs the script on `machine`.
pub(super) fn run(script: &str, column: Column, irq: Irq, machine: &mut impl Machine) -> Result<()> {
    let (open, sections) = (Vec::new(), Vec::new());
    let mut run = Run { machine, column, irq, open, sections, in_interrupt: false, nofs: false };
    script.split(' ').try_for_each(|word| {
        run.bracket(word)?;
        run.word(word)
    })?;
    if run.open.is_empty() { Ok(()) } else { Err(Malformed) }
}

/// A script that is being run, and what is open in it.
struct Run<'a, M> {
    machine: &'a mut M,
    column: Column,
    irq: Irq,
    /// The words that open something that is not closed yet.
    open: Vec<&'a str, 4>,
    sections: Vec<ReadSection, 4>,
    in_interrupt: bool,
    nofs: bool,
}

impl<'a, M: Machine> Run<'a, M> {
    /// Keeps book of what is open, if the word opens or closes.
    fn bracket(&mut self, word: &'a str) -> Result<()> {
        if word.starts_with(['{', '[']) {
            return self.open.push(word).map_err(|_| Malformed);
        }
        let Some(what) = word.strip_suffix(['}', ']']) else { return Ok(()) };
        let bracket = if word.ends_with('}') { '{' } else { '[' };
        let opened = self.open.pop().and_then(|opener| opener.strip_prefix(bracket));
        if opened == Some(what) { Ok(()) } else { Err(Malformed) }
    }

    fn word(&mut self, word: &str) -> Result<()> {
        match word {
            "{" => self.enter(self.irq),
            "}" => self.leave(self.irq),
            "{h" => self.enter(Irq::Hard),
            "h}" => self.leave(Irq::Hard),
            "{s" => self.enter(Irq::Soft),
            "s}" => self.leave(Irq::Soft),
            "{n" => self.machine.enter(Level::Hardirq),
            "n}" => self.machine.leave(Level::Hardirq),
            "[" => self.disable(self.irq),
            "]" => self.enable(self.irq),
            "[h" => self.machine.irqs_off(),
            "h]" => self.machine.irqs_on(),
            "[bh" => self.machine.softirqs_off(),
            "bh]" => self.machine.softirqs_on(),
            "(rcu" => self.section(rcu::read())?,
            "(rcu-bh" => self.section(rcu::read_bh())?,
            "(rcu-sched" => self.section(rcu::read_sched())?,
            "rcu)" | "rcu-bh)" | "rcu-sched)" => drop(self.sections.pop().ok_or(Malformed)?),
            "(fs" => hooks::acquire(&FS_RECLAIM, Mode::WRITE, Site::caller()),
            "fs)" => hooks::release(&FS_RECLAIM, Some(Site::caller())),
            "[nofs" => self.nofs = true,
            "nofs]" => self.nofs = false,
            "alloc" if !self.nofs => {
                self.word("(fs")?;
                self.word("fs)")?;
            }
            "alloc" | "alloc-nofs" => {}
            "task1" => self.machine.task(0),
            "task2" => self.machine.task(1),
            _ => self.call(word)?,
        }
        Ok(())
    }

    fn enter(&mut self, irq: Irq) {
        match irq {
            Irq::No => {}
            Irq::Hard => self.machine.enter(Level::ThreadedHardirq),
            Irq::Soft => {
                self.machine.enter(Level::Softirq);
                self.machine.irqs_off();
            }
        }
        self.in_interrupt = true;
    }

    fn leave(&mut self, irq: Irq) {
        match irq {
            Irq::No => {}
            Irq::Hard => self.machine.leave(Level::ThreadedHardirq),
            Irq::Soft => {
                self.machine.irqs_on();
                self.machine.leave(Level::Softirq);
            }
        }
        self.in_interrupt = false;
    }

    fn disable(&mut self, irq: Irq) {
        match irq {
            Irq::No => {}
            Irq::Hard => self.machine.irqs_off(),
            Irq::Soft => self.machine.softirqs_off(),
        }
    }

    fn enable(&mut self, irq: Irq) {
        match irq {
            Irq::No => {}
            Irq::Hard => self.machine.irqs_on(),
            Irq::Soft => self.machine.softirqs_on(),
        }
    }

    fn section(&mut self, section: ReadSection) -> Result<()> {
        self.sections.push(section).map_err(|_| Malformed)
    }

    /// A word with brackets: a call, and the result that it must have.
    fn call(&mut self, word: &str) -> Result<()> {
        let (call, wanted) = word.split_once('=').unwrap_or((word, OK));
        let (verb, arguments) = call.strip_suffix(')').and_then(|call| call.split_once('(')).ok_or(Malformed)?;
        let result = match (verb, Name::parse(arguments)) {
            ("L", name) => self.take_column(arguments, name)?,
            ("U", name) => self.release_column(name)?,
            ("init", Some(name)) => self.on_lock(|machine, lock| machine.renew(lock, name))?,
            _ => self.take_or_release(verb, arguments)?,
        };
        if result != wanted {
            hooks::report_misuse(
                Kind::Assertion,
                "a call of a self-test comes to another result",
                None,
                Site::caller(),
            );
        }
        Ok(())
    }

    /// Does something with the lock that the column stands for.
    fn on_lock(&mut self, work: impl FnOnce(&mut M, Lock)) -> Result<&'static str> {
        work(self.machine, self.column.lock().ok_or(Malformed)?);
        Ok(OK)
    }

    fn take_column(&mut self, arguments: &str, name: Option<Name>) -> Result<&'static str> {
        match self.column {
            Column::Rcu => self.word("(rcu").map(|()| OK),
            Column::Block => self.machine.ww().run("lock1", arguments),
            Column::Try => self.machine.ww().run("try", arguments),
            Column::Context => self.machine.ww().lock_begun(arguments),
            _ => {
                let name = name.ok_or(Malformed)?;
                self.on_lock(|machine, lock| machine.take(lock, name))
            }
        }
    }

    fn release_column(&mut self, name: Option<Name>) -> Result<&'static str> {
        if self.column == Column::Rcu {
            return self.word("rcu)").map(|()| OK);
        }
        let name = name.ok_or(Malformed)?;
        self.on_lock(|machine, lock| machine.release(lock, name))
    }

    /// The calls that name a kind of lock; what they do not know, the wound/wait mutexes may.
    fn take_or_release(&mut self, verb: &str, arguments: &str) -> Result<&'static str> {
        let released = verb.strip_prefix('U').and_then(|kind| self.kind(kind));
        match (self.kind(verb), released, arguments.split_once(':')) {
            (Some(_), _, Some((name, nest))) => {
                let nest = match nest {
                    "o" => Nest::Ww,
                    _ => Nest::Spin(Name::parse(nest).ok_or(Malformed)?),
                };
                self.machine.take_nested(Name::parse(name).ok_or(Malformed)?, nest);
            }
            (Some(lock), ..) => self.machine.take(lock, Name::parse(arguments).ok_or(Malformed)?),
            (_, Some(lock), _) => self.machine.release(lock, Name::parse(arguments).ok_or(Malformed)?),
            _ => return self.machine.ww().run(verb, arguments),
        }
        Ok(OK)
    }

    /// The kind of lock that a verb names.
    fn kind(&self, verb: &str) -> Option<Lock> {
        let sleeps = matches!(self.column, Column::Mutex | Column::Wsem | Column::Rsem | Column::Rtmutex);
        match verb {
            "W" if sleeps => Some(Lock::Wsem),
            "W" => Some(Lock::Wlock),
            "R" if sleeps => Some(Lock::Rsem),
            "R" => Some(Lock::Rlock),
            "Q" if self.in_interrupt => Some(Lock::Rlock),
            "Q" => Some(Lock::Qread),
            "S" if sleeps => Some(Lock::Mutex),
            "S" | "SPIN" => Some(Lock::Spin),
            "RAW" => Some(Lock::Raw),
            "N" => Some(Lock::Untyped),
            "M" => Some(Lock::Mutex),
            "LL" => Some(Lock::Local),
            _ => None,
        }
    }
}
