//! A trace while it runs: each statement becomes an event of the validator.
//!
//! Tasks and interrupts are contexts made of plain values; acquires and releases try the fast path first, unless told
//! otherwise. An interrupt's context is used again once the interrupt has ended.
//!
//! What it does not do: judge. The one question of its own is whether the trace still has a verdict (`tracked.rs`).

use crate::replay::{Outcome, Replayer};
use crate::sites;
use crate::trace::{self, Event, Trace, Verdict, What};
use crate::tracked::{Acquired, Here, LockId, Refusal, Tracked};
use lockdep::__private::{engine, rewrite};
use lockdep::{Context, Level, LockMap, Mode, Report, Site, Subclass, TaskInfo, WaitTypes};
use std::collections::HashMap;

/// A trace while it runs.
pub(crate) struct Run<'r, 't, const C: usize, const D: usize, const K: usize> {
    replayer: &'r mut Replayer<C, D, K>,
    first_line: usize,
    waits: HashMap<&'t str, WaitTypes>,
    classes: HashMap<&'t str, usize>,
    /// The number of the class that the validator has recorded for this key.
    keys: HashMap<u64, usize>,
    locks: HashMap<&'t str, Lock>,
    acquired: Acquired,
    tasks: Vec<Task>,
    numbers: HashMap<&'t str, usize>,
    /// The number of the task that runs.
    task: usize,
}

/// A lock of the trace.
struct Lock {
    id: LockId,
    map: Box<LockMap>,
}

/// A task: the context that runs, the kinds of the interrupts that it is in, and what it holds.
struct Task {
    name: &'static str,
    context: &'static Context,
    entered: Vec<Level>,
    tracked: Tracked,
    reclaims: u16,
}

/// What a step of a run comes to: done, or the trace has no verdict.
type Done = Result<(), Refusal>;

impl<'r, 't, const C: usize, const D: usize, const K: usize> Run<'r, 't, C, D, K> {
    /// The events before the first `task` are a task of their own: it has a number, and no name in the language.
    pub(crate) fn new(replayer: &'r mut Replayer<C, D, K>, first_line: usize) -> Self {
        let mut run = Run {
            replayer,
            first_line,
            waits: HashMap::new(),
            classes: HashMap::new(),
            keys: HashMap::new(),
            locks: HashMap::new(),
            acquired: Acquired::new(),
            tasks: Vec::new(),
            numbers: HashMap::new(),
            task: 0,
        };
        run.new_task("task");
        run
    }

    pub(crate) fn events(&mut self, trace: &'t Trace, found: impl FnOnce(&Self, &Report)) -> Outcome {
        let mut event = 0;
        for statement in &trace.statements {
            let site = sites::of_line(statement.line.saturating_sub(self.first_line));
            let refusal = match &statement.what {
                What::Class(name, waits) => {
                    self.waits.insert(name, *waits);
                    None
                }
                What::Lock(name, class) => self.declare(name, class, site).err(),
                What::Event(what) => {
                    event += 1;
                    self.event(what, site).err()
                }
            };
            match (self.replayer.validator.report(), refusal) {
                (Some(report), refusal) if refusal.is_none_or(|refusal| refusal.is_after(report)) => {
                    found(self, report);
                    return Outcome::Verdict(Verdict { kind: Some(report.kind()), event: Some(event) });
                }
                (_, Some(refusal)) => return Outcome::Refused { event, why: refusal.why },
                (_, None) => {}
            }
        }
        Outcome::Verdict(Verdict::OK)
    }

    /// Gives the contexts back.
    pub(crate) fn end(self) {
        for task in self.tasks {
            self.replayer.idle.extend(std::iter::successors(Some(task.context), |context| context.interrupted()));
        }
    }

    /// The report, with locks and tasks by their numbers in the trace instead of addresses and names of nobody. Its id
    /// is made of the trace's names and of lines counted from the trace's first: it is the same on every machine.
    pub(crate) fn in_words_of_the_trace(&self, report: &Report) -> Report {
        let mut report = report.clone();
        let task = self.running();
        rewrite::set_who(&mut report, TaskInfo { task: task.name.into(), id: self.task as u32, cpu: 0 });
        rewrite::for_each_lock(&mut report, |view| {
            if let Some(lock) = self.locks.values().find(|lock| lock.map.instance() == view.instance) {
                view.instance = lock.id.lock + 1;
            }
        });
        report
    }

    // ---- names

    fn running(&self) -> &Task {
        &self.tasks[self.task]
    }

    fn context(&self) -> &'static Context {
        self.running().context
    }

    fn new_task(&mut self, name: &str) {
        let (name, context) = (self.replayer.name(name), self.replayer.context());
        self.task = self.tasks.len();
        self.tasks.push(Task { name, context, entered: Vec::new(), tracked: Tracked::default(), reclaims: 0 });
    }

    fn switch(&mut self, name: &'t str) {
        match self.numbers.get(name) {
            Some(&number) => self.task = number,
            None => {
                self.new_task(name);
                self.numbers.insert(name, self.task);
            }
        }
    }

    /// A lock of a class: the last lock of that name, from now on.
    fn declare(&mut self, name: &'t str, class: &'t str, site: Site) -> Done {
        let waits = self.waits.get(class).copied().unwrap_or_default();
        let map = Box::new(LockMap::of_class(self.replayer.name(class), site, waits));
        let next = self.classes.len();
        let number = *self.classes.entry(class).or_insert(next);
        let id = LockId { lock: self.locks.len(), class: number };
        let known = *self.keys.entry(map.key()).or_insert(number);
        self.locks.insert(name, Lock { id, map });
        if known == number { Ok(()) } else { Err(Refusal::at_once("the names of two classes have one key")) }
    }

    /// A lock that is not declared is one of the class of its name.
    fn know(&mut self, name: &'t str, site: Site) -> Result<LockId, Refusal> {
        if !self.locks.contains_key(name) {
            self.declare(name, name, site)?;
        }
        Ok(self.locks[name].id)
    }

    fn here(&self) -> Here {
        let context = self.context();
        Here { pair: (context.in_hardirq(), context.in_softirq()), level: self.running().entered.len() }
    }

    // ---- events

    fn event(&mut self, event: &'t Event, site: Site) -> Done {
        match event {
            Event::Task(name) => self.switch(name),
            Event::Acquire(what) => self.acquire(what, site)?,
            Event::Release(lock) => self.release(lock, site)?,
            Event::Downgrade(lock) => self.downgrade(lock, site)?,
            Event::Free(lock) => self.free(lock, site),
            Event::Hardirq(true) => self.enter(Level::Hardirq, site),
            Event::Softirq(true) => self.enter(Level::Softirq, site),
            Event::Hardirq(false) => self.leave(Level::Hardirq, site)?,
            Event::Softirq(false) => self.leave(Level::Softirq, site)?,
            Event::Reclaim(enter) => self.reclaim(*enter)?,
            _ => self.flag(event, site)?,
        }
        Ok(())
    }

    fn flag(&mut self, event: &Event, site: Site) -> Done {
        let context = self.context();
        let mut engine = self.replayer.validator.engine();
        match event {
            Event::Irqs(true) if context.in_hardirq() && !context.irqs_on() => {
                return Err(Refusal::at_once("irq-on in a hardirq"));
            }
            Event::Irqs(true) => engine.irqs_on(context, site),
            Event::Irqs(false) => engine::irqs_off(context, site),
            Event::Softirqs(true) => engine.softirqs_on(context, site),
            Event::Softirqs(false) => engine::softirqs_off(context, site),
            Event::Alloc => engine.allocate(context, site),
            Event::MightSleep => engine.might_sleep(context, site),
            Event::TaskExit => engine.task_exit(context, site),
            Event::UserReturn => engine.user_return(context, site),
            _ => {}
        }
        Ok(())
    }

    fn acquire(&mut self, what: &'t trace::Acquire, site: Site) -> Done {
        let id = self.know(&what.lock, site)?;
        let nest = what.nest.as_ref().map(|nest| self.know(nest, site)).transpose()?;
        let here = self.here();
        if what.subclass == Subclass::ZERO {
            self.acquired.insert(id.class);
        }
        let tracked = &mut self.tasks[self.task].tracked;
        let refused = tracked.acquire(id, what.subclass.get(), nest, here, &self.acquired);
        let nest = what.nest.as_deref().map(|nest| &*self.locks[nest].map);
        let acquire = what.begin(&self.locks[what.lock.as_str()].map, nest, site);
        let (context, validator) = (self.tasks[self.task].context, &mut self.replayer.validator);
        match self.replayer.how.fast_path {
            true => validator.acquire(context, &acquire),
            false => validator.engine().acquire(context, &acquire),
        }
        refused
    }

    fn release(&mut self, lock: &'t str, site: Site) -> Done {
        let (id, here) = (self.know(lock, site)?, self.here());
        let refused = self.tasks[self.task].tracked.release(id, here, &self.acquired);
        let (context, map, validator) = (self.context(), &self.locks[lock].map, &mut self.replayer.validator);
        match self.replayer.how.fast_path {
            true => validator.release(context, map, Some(site)),
            false => validator.engine().release(context, map, Some(site)),
        }
        refused
    }

    fn downgrade(&mut self, lock: &'t str, site: Site) -> Done {
        let (id, here) = (self.know(lock, site)?, self.here());
        let refused = self.tasks[self.task].tracked.downgrade(id, here, &self.acquired);
        self.replayer.validator.engine().downgrade(
            self.tasks[self.task].context,
            &self.locks[lock].map,
            Mode::READ,
            Some(site),
        );
        refused
    }

    /// Nobody holds a lock that was never named.
    fn free(&mut self, lock: &str, site: Site) {
        if let Some(lock) = self.locks.get(lock) {
            self.replayer.validator.engine().free(self.tasks[self.task].context, &lock.map, Some(site));
        }
    }

    fn enter(&mut self, level: Level, site: Site) {
        let own = self.replayer.context();
        let task = &mut self.tasks[self.task];
        engine::enter(own, level, task.context, site);
        task.context = own;
        task.entered.push(level);
    }

    fn leave(&mut self, level: Level, site: Site) -> Done {
        let task = &mut self.tasks[self.task];
        if task.entered.pop() != Some(level) {
            return Err(Refusal::at_once("an exit that does not match the innermost enter"));
        }
        if let Some(outer) = self.replayer.validator.engine().leave(task.context, site) {
            self.replayer.idle.push(std::mem::replace(&mut task.context, outer));
        }
        Ok(())
    }

    fn reclaim(&mut self, enter: bool) -> Done {
        let task = &mut self.tasks[self.task];
        let (next, why) = match enter {
            true => (task.reclaims.checked_add(1), "more than 65,535 entries to reclaim, one in the other"),
            false => (task.reclaims.checked_sub(1), "reclaim-exit outside reclaim"),
        };
        task.reclaims = next.ok_or_else(|| Refusal::at_once(why))?;
        match enter {
            true => engine::reclaim_enter(task.context),
            false => drop(engine::reclaim_exit(task.context)),
        }
        Ok(())
    }
}
