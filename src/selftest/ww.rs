//! The wound/wait mutexes of the tests: o, o2, o3; and their contexts: t, t2, and x, which is of another class.
//!
//! | call | meaning | comes to |
//! | --- | --- | --- |
//! | `init(t)` `done(t)` `fini(t)` | the context begins, has all, ends | `ok` |
//! | `lock(o,t)` | takes o with t | `ok`, `EDEADLK`, `EALREADY` |
//! | `slow(o,t)` | takes it after `EDEADLK` | the same |
//! | `lock1(o)` | takes it without a context | `ok` |
//! | `try(o)` | the same if it is free | `ok`, `busy` |
//! | `unlock(o)` | releases it, also if nobody has it | `ok` |
//! | `acquired(t)` | asks how many t has | `none`, `some` |
//! | `uncount(t)` `stale(o)` | spoils: t forgets what it has; o, which is free, still names a context | `ok` |
//!
//! A second task may have t2: an `EDEADLK` of the tests comes from one that is older and really has the mutex.
//!
//! Invariants: nothing here ends by being dropped, since a case may leave a context begun or a mutex locked. Everything
//! that calls a hook is `inline`, so a build that runs no self-test needs no `port!`.

use super::OK;
use super::script::Malformed;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::sync::ww::{State, WwClass, WwError, WwMutex, WwMutexGuard};
use core::cell::Cell;

static CLASS: WwClass = WwClass::new("ww_mutex", "ww_acquire");
static OTHER: WwClass = WwClass::new("other_mutex", "other_acquire");

/// A mutex, and the context that has it.
#[derive(Debug)]
struct Entry {
    mutex: WwMutex<()>,
    taken_with: Cell<Option<usize>>,
}

impl Entry {
    fn new() -> Entry {
        Entry { mutex: WwMutex::new(&CLASS, ()), taken_with: Cell::new(None) }
    }

    /// Notes its owner. The guard is forgotten: a case releases by name, in its own order, or never.
    fn taken(&self, guard: WwMutexGuard<'_, ()>, context: Option<usize>) -> &'static str {
        core::mem::forget(guard);
        self.taken_with.set(context);
        OK
    }
}

/// The mutexes and their contexts. A [`Machine`](super::Machine) makes new ones for each case.
#[derive(Debug)]
pub struct Bench {
    entries: [Entry; 3],
    contexts: [State; 3],
}

impl Default for Bench {
    fn default() -> Self {
        Bench::new()
    }
}

impl Bench {
    /// All free, none begun.
    pub fn new() -> Bench {
        Bench {
            entries: [Entry::new(), Entry::new(), Entry::new()],
            contexts: [State::new(&CLASS), State::new(&CLASS), State::new(&OTHER)],
        }
    }

    /// What the mutex o carries for the validator.
    pub fn map(&self) -> &LockMap {
        let [o, ..] = &self.entries;
        o.mutex.map()
    }

    /// Runs a call and returns its result.
    #[inline]
    pub(super) fn run(&self, verb: &str, arguments: &str) -> Result<&'static str, Malformed> {
        let (first, second) = arguments.split_once(',').unwrap_or((arguments, ""));
        match verb {
            "init" => self.context(first)?.1.init(Site::caller()),
            "done" => self.context(first)?.1.done(Site::caller()),
            "fini" => self.context(first)?.1.fini(Site::caller()),
            "uncount" => self.context(first)?.1.spoil(),
            "acquired" if self.context(first)?.1.acquired() > 0 => return Ok("some"),
            "acquired" => return Ok("none"),
            "stale" => self.entry(first)?.mutex.spoil(),
            "unlock" => {
                let entry = self.entry(first)?;
                let context = entry.taken_with.take().and_then(|number| self.contexts.get(number));
                entry.mutex.unlock(context);
            }
            _ => return self.take(verb, self.entry(first)?, second),
        }
        Ok(OK)
    }

    #[inline]
    fn take(&self, verb: &str, entry: &Entry, context: &str) -> Result<&'static str, Malformed> {
        match verb {
            "lock1" => return Ok(entry.taken(entry.mutex.lock_alone(), None)),
            "try" => return Ok(entry.mutex.try_lock().map_or("busy", |guard| entry.taken(guard, None))),
            _ => {}
        }
        let (number, context) = self.context(context)?;
        let result = match verb {
            "lock" => entry.mutex.lock_with(context),
            "slow" => entry.mutex.lock_slow_with(context),
            _ => return Err(Malformed),
        };
        Ok(match result {
            Ok(guard) => entry.taken(guard, Some(number)),
            Err(WwError::Deadlock) => "EDEADLK",
            Err(WwError::Already) => "EALREADY",
        })
    }

    /// Takes a mutex with t, which begins if it has not.
    #[inline]
    pub(super) fn lock_begun(&self, mutex: &str) -> Result<&'static str, Malformed> {
        if !self.context("t")?.1.is_begun() {
            self.run("init", "t")?;
        }
        self.take("lock", self.entry(mutex)?, "t")
    }

    fn entry(&self, name: &str) -> Result<&Entry, Malformed> {
        let number = ["o", "o2", "o3"].iter().position(|known| *known == name);
        number.and_then(|number| self.entries.get(number)).ok_or(Malformed)
    }

    fn context(&self, name: &str) -> Result<(usize, &State), Malformed> {
        let number = ["t", "t2", "x"].iter().position(|known| *known == name).ok_or(Malformed)?;
        self.contexts.get(number).map(|context| (number, context)).ok_or(Malformed)
    }
}
