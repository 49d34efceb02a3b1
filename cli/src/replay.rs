//! Executes a trace: each statement becomes an event of the validator, through its public interface.
//!
//! Tasks and interrupts are contexts made of plain values, the fast path is on. Contexts and names are kept for the whole
//! run of the program, since the validator wants them to live as long as a kernel; they are used again by later traces.
//!
//! A trace that has no verdict ("What no trace does" in `trace-format.md`) is refused by name.

use crate::trace::{self, Event, Expect, Statement, Trace};
use lockdep::class::LockMap;
use lockdep::context::{Context, Level};
use lockdep::held::Acquire;
use lockdep::mode::Mode;
use lockdep::report::Report;
use lockdep::site::Site;
use lockdep::tables::Validator;
use lockdep::validator;
use lockdep::wait_type::WaitTypes;
use std::collections::{HashMap, HashSet};

/// What a trace came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A verdict.
    Verdict(Expect),
    /// None: the trace does what no trace does.
    Refused(&'static str),
}

/// A validator with the pools that traces draw on.
pub struct Replayer {
    validator: Box<Validator<1024, 8192, 16384>>,
    traces: usize,
    contexts: Vec<&'static Context>,
    names: HashSet<&'static str>,
}

impl Default for Replayer {
    fn default() -> Self {
        Replayer { validator: Box::default(), traces: 0, contexts: Vec::new(), names: HashSet::new() }
    }
}

/// How many traces one validator serves: each uses up a generation of its slots.
const TRACES_A_VALIDATOR: usize = 10_000;

impl Replayer {
    /// Runs a trace to its first report, or to its end.
    pub fn run(&mut self, trace: &Trace) -> Outcome {
        self.traces += 1;
        if self.traces.is_multiple_of(TRACES_A_VALIDATOR) {
            self.validator = Box::default();
        }
        self.validator.engine().reset();
        let mut run = Run::new(self);
        let mut event = 0;
        for statement in &trace.statements {
            match statement {
                Statement::Class(name, waits) => drop(run.classes.insert(name, *waits)),
                Statement::Lock(name, class) => run.declare(name, class),
                Statement::Event(what) => {
                    event += 1;
                    if let Err(why) = run.event(what) {
                        return Outcome::Refused(why);
                    }
                    if let Some(kind) = run.replayer.validator.found() {
                        return Outcome::Verdict(Expect { kind: Some(kind), event: Some(event) });
                    }
                }
            }
        }
        Outcome::Verdict(Expect { kind: None, event: None })
    }

    /// The report of the last trace, if there was one.
    pub fn report(&self) -> Option<&Report> {
        self.validator.report()
    }

    fn name(&mut self, name: &str) -> &'static str {
        if let Some(known) = self.names.get(name) {
            return known;
        }
        let leaked: &'static str = String::from(name).leak();
        self.names.insert(leaked);
        leaked
    }
}

/// A trace while it runs.
struct Run<'r, 't> {
    replayer: &'r mut Replayer,
    classes: HashMap<&'t str, WaitTypes>,
    locks: HashMap<String, Box<LockMap>>,
    tasks: HashMap<&'t str, Task>,
    task: &'t str,
    contexts: usize,
}

/// A task: the context that runs, and the kinds of the interrupts that it is in.
struct Task {
    context: &'static Context,
    entered: Vec<Level>,
}

impl<'r, 't> Run<'r, 't> {
    fn new(replayer: &'r mut Replayer) -> Self {
        let mut run = Run {
            replayer,
            classes: HashMap::new(),
            locks: HashMap::new(),
            tasks: HashMap::new(),
            task: "",
            contexts: 0,
        };
        run.switch("");
        run
    }

    fn context(&mut self) -> &'static Context {
        if self.contexts == self.replayer.contexts.len() {
            self.replayer.contexts.push(Box::leak(Box::new(Context::new())));
        }
        let context = self.replayer.contexts[self.contexts];
        self.contexts += 1;
        context.reset();
        context
    }

    fn switch(&mut self, task: &'t str) {
        self.task = task;
        if !self.tasks.contains_key(task) {
            let context = self.context();
            self.tasks.insert(task, Task { context, entered: Vec::new() });
        }
    }

    fn declare(&mut self, lock: &str, class: &str) {
        let waits = self.classes.get(class).copied().unwrap_or_default();
        let class = self.replayer.name(class);
        self.locks.insert(lock.into(), Box::new(LockMap::of_class(class, Site::caller(), waits)));
    }

    fn know(&mut self, lock: &str) {
        if !self.locks.contains_key(lock) {
            self.declare(lock, lock);
        }
    }

    fn event(&mut self, event: &'t Event) -> Result<(), &'static str> {
        let site = Site::caller();
        match event {
            Event::Task(name) => self.switch(name),
            Event::Acquire(what) => self.acquire(what, site)?,
            Event::Release(lock) => {
                self.check_lookup(lock)?;
                let context = self.tasks[self.task].context;
                self.replayer.validator.release(context, &self.locks[lock], Some(site));
            }
            Event::Downgrade(lock) => self.downgrade(lock, site)?,
            Event::Free(lock) => {
                self.know(lock);
                let context = self.tasks[self.task].context;
                self.replayer.validator.engine().free(context, &self.locks[lock], site);
            }
            Event::Hardirq(true) => self.enter(Level::Hardirq),
            Event::Softirq(true) => self.enter(Level::Softirq),
            Event::Hardirq(false) => self.leave(Level::Hardirq, site)?,
            Event::Softirq(false) => self.leave(Level::Softirq, site)?,
            Event::Reclaim(enter) => self.reclaim(*enter)?,
            _ => self.flag(event, site)?,
        }
        Ok(())
    }

    fn flag(&mut self, event: &Event, site: Site) -> Result<(), &'static str> {
        let context = self.tasks[self.task].context;
        let mut engine = self.replayer.validator.engine();
        match event {
            Event::Irqs(true) if context.in_hardirq() && !context.irqs_on() => return Err("irq-on in a hardirq"),
            Event::Irqs(true) => engine.irqs_on(context, site),
            Event::Irqs(false) => validator::irqs_off(context, site),
            Event::Softirqs(true) => engine.softirqs_on(context, site),
            Event::Softirqs(false) => validator::softirqs_off(context, site),
            Event::Alloc => engine.allocate(context, site),
            Event::MightSleep => engine.might_sleep(context, site),
            Event::TaskExit => engine.task_exit(context, site),
            Event::UserReturn => engine.user_return(context, site),
            _ => {}
        }
        Ok(())
    }

    fn acquire(&mut self, what: &trace::Acquire, site: Site) -> Result<(), &'static str> {
        self.know(&what.lock);
        if let Some(nest) = &what.nest {
            self.know(nest);
        }
        let context = self.tasks[self.task].context;
        let nest = what.nest.as_ref().map(|nest| &*self.locks[nest]);
        let acquire = Acquire {
            mode: what.mode,
            tried: what.tried,
            checked: what.checked,
            subclass: what.subclass,
            nest,
            ..Acquire::new(&self.locks[&what.lock], Mode::WRITE, site)
        };
        self.replayer.validator.acquire(context, &acquire);
        Ok(())
    }

    fn downgrade(&mut self, lock: &str, site: Site) -> Result<(), &'static str> {
        self.check_lookup(lock)?;
        let context = self.tasks[self.task].context;
        let before = context.all().count();
        self.replayer.validator.engine().downgrade(context, &self.locks[lock], Some(site));
        let found = self.replayer.validator.found().is_some();
        if !found && context.all().count() != before {
            return Err("a downgrade that merges holds");
        }
        Ok(())
    }

    fn check_lookup(&mut self, lock: &str) -> Result<(), &'static str> {
        self.know(lock);
        Ok(())
    }

    fn enter(&mut self, level: Level) {
        let context = self.context();
        let Some(task) = self.tasks.get_mut(self.task) else { return };
        validator::enter(context, level, task.context);
        task.context = context;
        task.entered.push(level);
    }

    fn leave(&mut self, level: Level, site: Site) -> Result<(), &'static str> {
        let Some(task) = self.tasks.get_mut(self.task) else { return Ok(()) };
        if task.entered.pop() != Some(level) {
            return Err("an exit that does not match the innermost enter");
        }
        if let Some(outer) = self.replayer.validator.engine().leave(task.context, site) {
            task.context = outer;
        }
        Ok(())
    }

    fn reclaim(&mut self, enter: bool) -> Result<(), &'static str> {
        let context = self.tasks[self.task].context;
        if enter {
            validator::reclaim_enter(context);
        } else if !validator::reclaim_exit(context) {
            return Err("reclaim-exit outside reclaim");
        }
        Ok(())
    }
}
