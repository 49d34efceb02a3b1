//! The recorded holds of a task, as far as they are needed to see that a trace has no verdict.
//!
//! Some traces do what no program can mean ("What no trace does" in `docs/trace-format.md`), above all with counted
//! holds. The validator has an answer to them, since a kernel must go on; a replay refuses them. Whether that happens
//! depends on which hold is looked up, in what order, while a release acquires holds again: so the stack is kept here a
//! second time, by sections 7 and 8 of `docs/semantics.md`, without any check.
//!
//! Invariant: as long as nothing was found, the stack here is the one that the validator has recorded.

use lockdep::report::HOLDS;
use lockdep::{Kind, Report};
use std::collections::HashSet;

/// How often the validator counts one hold: 12 bits of it.
pub const MOST_TIMES: u32 = 4095;

/// A lock, by its number in the trace, and its class likewise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockId {
    /// The instance.
    pub lock: usize,
    /// The class.
    pub class: usize,
}

/// The classes that were ever acquired at subclass 0: a counted hold can stand for no lock of another.
pub type Acquired = HashSet<usize>;

/// How deep a task is in interrupts, and their kinds as far as they part the runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Here {
    /// In a hard interrupt, in a softirq.
    pub pair: (bool, bool),
    /// How many interrupts deep.
    pub level: usize,
}

/// One hold.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    id: LockId,
    subclass: u8,
    nest: Option<LockId>,
    merged: bool,
    count: u32,
    here: Here,
}

/// The steps of an acquire, in their order: what a report or a refusal belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    WaitAndUsage,
    Nest,
    Order,
    Push,
}

/// A trace has no verdict from here on, unless something was found before.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// Why.
    pub why: &'static str,
    /// How many holds were below, and the step of taking the next.
    at: (usize, Step),
}

impl Refusal {
    /// At this event, before anything can be found in it.
    pub const fn at_once(why: &'static str) -> Refusal {
        Refusal { why, at: (0, Step::WaitAndUsage) }
    }

    /// Whether the finding came before: over fewer holds, or in an earlier step of taking the same one.
    pub fn is_after(&self, report: &Report) -> bool {
        let step = match report.kind() {
            Kind::WaitContext | Kind::Inconsistent | Kind::IrqInversion => Step::WaitAndUsage,
            Kind::NestNotHeld => Step::Nest,
            _ => Step::Order,
        };
        (report.held().len() + report.held_cut(), step) < self.at
    }
}

/// The stack of a task.
#[derive(Clone, Debug, Default)]
pub struct Tracked {
    held: Vec<Held>,
}

impl Tracked {
    /// A lock is taken.
    ///
    /// # Errors
    /// The trace has no verdict from here on.
    pub fn acquire(
        &mut self,
        id: LockId,
        subclass: u8,
        nest: Option<LockId>,
        here: Here,
        acquired: &Acquired,
    ) -> Result<(), Refusal> {
        self.take(Held { id, subclass, nest, merged: false, count: 1, here }, here, acquired)
    }

    /// A lock is released. (Where no such lock is held, that is a finding.)
    ///
    /// # Errors
    /// The trace has no verdict from here on.
    pub fn release(&mut self, id: LockId, here: Here, acquired: &Acquired) -> Result<(), Refusal> {
        let Some(index) = self.find(id, acquired)? else { return Ok(()) };
        let Some(held) = self.held.get_mut(index) else { return Ok(()) };
        held.count = held.count.saturating_sub(1);
        if held.count > 0 {
            return Ok(());
        }
        self.reacquire(index, index + 1, here, acquired)
    }

    /// A hold becomes a reader's.
    ///
    /// # Errors
    /// The trace has no verdict from here on.
    pub fn downgrade(&mut self, id: LockId, here: Here, acquired: &Acquired) -> Result<(), Refusal> {
        let Some(index) = self.find(id, acquired)? else { return Ok(()) };
        let before = self.held.len();
        self.reacquire(index, index, here, acquired)?;
        if self.held.len() == before {
            return Ok(());
        }
        Err(Refusal { why: "a downgrade that merges holds", at: (usize::MAX, Step::Push) })
    }

    fn reacquire(&mut self, from: usize, keep: usize, here: Here, acquired: &Acquired) -> Result<(), Refusal> {
        let again = self.held.split_off(keep);
        self.held.truncate(from);
        again.into_iter().try_for_each(|held| self.take(held, here, acquired))
    }

    fn take(&mut self, mut new: Held, here: Here, acquired: &Acquired) -> Result<(), Refusal> {
        let height = self.held.len();
        let full = |why| Err(Refusal { why, at: (height, Step::Push) });
        if let Some(top) = self.held.last_mut().filter(|top| new.merges_with(top)) {
            top.count = top.count.saturating_add(new.count);
            top.merged = true;
            return if top.count > MOST_TIMES { full("one hold counted more than 4,095 times") } else { Ok(()) };
        }
        if let Some(nest) = new.nest {
            self.look_up_nest(nest, acquired).map_err(|why| Refusal { why, at: (height, Step::Nest) })?;
        }
        if self.held.iter().filter(|held| held.here.level == here.level).count() == HOLDS {
            return full("more locks held in one context than the validator has room for");
        }
        new.here = here;
        self.held.push(new);
        Ok(())
    }

    fn look_up_nest(&self, nest: LockId, acquired: &Acquired) -> Result<(), &'static str> {
        for held in &self.held {
            if held.matches(nest, acquired)? {
                break;
            }
        }
        Ok(())
    }

    /// The topmost hold of the lock, not beyond the first change of context from the top of the stack.
    fn find(&self, id: LockId, acquired: &Acquired) -> Result<Option<usize>, Refusal> {
        let Some(top) = self.held.last() else { return Ok(None) };
        for (index, held) in self.held.iter().enumerate().rev().take_while(|(_, held)| held.here.pair == top.here.pair)
        {
            if held.matches(id, acquired).map_err(Refusal::at_once)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

impl Held {
    /// Whether the two are counted as one if this hold comes right above `top`: not over the nest lock itself.
    fn merges_with(&self, top: &Held) -> bool {
        (self.id.class, self.subclass) == (top.id.class, top.subclass)
            && self.nest.is_some_and(|nest| nest.lock != top.id.lock)
    }

    fn matches(&self, id: LockId, acquired: &Acquired) -> Result<bool, &'static str> {
        if self.id.lock == id.lock {
            return Ok(true);
        }
        if !self.merged || !acquired.contains(&id.class) {
            return Ok(false);
        }
        match self.nest {
            Some(_) => Ok((self.id.class, self.subclass) == (id.class, 0)),
            None => Err("a counted hold that was first taken without `nest` is looked up by another lock"),
        }
    }
}
