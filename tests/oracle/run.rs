//! Runs a trace through the rules of `model`: names, tasks, flags, interrupts, ends.

use super::model::{Go, Hold, Lock, Mode, State, Task, Undefined, World};
use lockdep::WaitTypes;
use lockdep_cli::trace::{Acquire, Event, Trace, What};

/// The oracle's opinion of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    Ok,
    Report(&'static str, u64),
    /// It has no verdict, from this event on.
    Undefined(u64),
}

/// Judges a trace: by the first report.
pub(crate) fn judge(trace: &Trace) -> Opinion {
    let mut run = Run::new();
    let mut event = 0;
    for statement in &trace.statements {
        event += u64::from(matches!(statement.what, What::Event(_)));
        let done = run.execute(&statement.what);
        match (run.world.found.first(), done) {
            (Some(kind), _) => return Opinion::Report(kind, event),
            (None, Err(Undefined)) => return Opinion::Undefined(event),
            (None, Ok(())) => {}
        }
    }
    Opinion::Ok
}

/// A trace while it runs.
#[derive(Default)]
pub(crate) struct Run<'t> {
    world: World,
    waits: Vec<(&'t str, WaitTypes)>,
    classes: Vec<&'t str>,
    locks: Vec<(&'t str, Lock, WaitTypes)>,
    tasks: Vec<(&'t str, Task)>,
    task: usize,
}

impl<'t> Run<'t> {
    /// One at the beginning of a trace.
    pub(crate) fn new() -> Self {
        Run { tasks: vec![("", Task::default())], ..Run::default() }
    }

    /// Executes a statement.
    pub(crate) fn execute(&mut self, what: &'t What) -> Go {
        match what {
            What::Class(name, waits) => self.waits.push((name, *waits)),
            What::Lock(name, class) => drop(self.declare(name, class)),
            What::Event(what) => return self.event(what),
        }
        Ok(())
    }

    /// Forgets a class, by its number in the trace, modulo that of all: its name, unless a lock of it is held or serialises one.
    pub(crate) fn forget(&mut self, number: usize) -> Option<&'t str> {
        let number = number % self.classes.len().max(1);
        let is_of = |lock: &Lock| lock.class == number;
        let holds = self.tasks.iter().flat_map(|(_, task)| &task.holds);
        let is_held = holds.into_iter().any(|hold| is_of(&hold.lock) || hold.nest.as_ref().is_some_and(is_of));
        let name = *self.classes.get(number)?;
        if is_held {
            return None;
        }
        self.world.forget(number);
        Some(name)
    }

    /// What was reported since this was last asked.
    pub(crate) fn take_found(&mut self) -> Vec<&'static str> {
        std::mem::take(&mut self.world.found)
    }

    fn declare(&mut self, name: &'t str, class: &'t str) -> (Lock, WaitTypes) {
        if !self.classes.contains(&class) {
            self.classes.push(class);
        }
        let class_number = self.classes.iter().position(|known| *known == class).unwrap_or_default();
        let waits = self.waits.iter().find(|(known, _)| *known == class).map_or(WaitTypes::NONE, |(_, waits)| *waits);
        let lock = Lock { number: self.locks.len(), class: class_number };
        self.locks.push((name, lock, waits));
        (lock, waits)
    }

    /// The lock that was declared last under the name; one that was not is of the class of its name.
    fn lock(&mut self, name: &'t str) -> (Lock, WaitTypes) {
        let known = self.locks.iter().rev().find(|(known, ..)| *known == name).map(|(_, lock, waits)| (*lock, *waits));
        known.unwrap_or_else(|| self.declare(name, name))
    }

    fn event(&mut self, event: &'t Event) -> Go {
        match event {
            Event::Task(name) => {
                let known = self.tasks.iter().position(|(task, _)| task == name);
                self.task = known.unwrap_or(self.tasks.len());
                if known.is_none() {
                    self.tasks.push((name, Task::default()));
                }
                Ok(())
            }
            Event::Acquire(what) => self.acquire(what),
            Event::Release(name) => {
                let (lock, _) = self.lock(name);
                self.world.release(&mut self.tasks[self.task].1, lock)
            }
            Event::Downgrade(name) => {
                let (lock, _) = self.lock(name);
                self.world.downgrade(&mut self.tasks[self.task].1, lock)
            }
            Event::Free(name) => {
                let (lock, _) = self.lock(name);
                let is_held = self.tasks[self.task].1.holds.iter().any(|hold| hold.lock == lock);
                self.world.report_if("held-freed", is_held);
                Ok(())
            }
            _ => context_event(&mut self.world, &mut self.tasks[self.task].1, event),
        }
    }

    fn acquire(&mut self, what: &'t Acquire) -> Go {
        let (lock, waits) = self.lock(&what.lock);
        let nest = what.nest.as_ref().map(|nest| self.lock(nest).0);
        let task = &mut self.tasks[self.task].1;
        let class = (lock.class, what.subclass.get());
        self.world.acquired.push(class);
        let mode = match (what.mode.recursive, what.mode.shared) {
            (true, _) => Mode::RecursiveRead,
            (false, true) => Mode::Read,
            (false, false) => Mode::Write,
        };
        let hold = Hold {
            class,
            lock,
            waits,
            mode,
            tried: what.tried,
            checked: what.checked,
            nest,
            irqs_off: !task.irqs_on,
            count: 1,
            merged: false,
            level: 0,
            pair: (false, false),
        };
        self.world.take(task, hold)
    }
}

fn context_event(world: &mut World, task: &mut Task, event: &Event) -> Go {
    match event {
        Event::Irqs(false) => task.irqs_on = false,
        Event::Softirqs(false) => task.softirqs_on = false,
        Event::Irqs(true) => return irqs_on(world, task),
        Event::Softirqs(true) => softirqs_on(world, task),
        Event::Hardirq(true) => {
            task.entered.push((State::Hardirq, task.irqs_on));
            task.irqs_on = false;
        }
        Event::Softirq(true) => {
            task.entered.push((State::Softirq, task.softirqs_on));
            task.softirqs_on = false;
        }
        Event::Hardirq(false) => return leave(world, task, State::Hardirq),
        Event::Softirq(false) => return leave(world, task, State::Softirq),
        Event::Reclaim(true) => task.reclaim += 1,
        Event::Reclaim(false) => task.reclaim = task.reclaim.checked_sub(1).ok_or(Undefined)?,
        Event::Alloc if task.irqs_on && task.pair() == (false, false) && task.reclaim == 0 => {
            world.mark_held(task, State::Reclaim);
        }
        Event::MightSleep => world.report_if("sleep-atomic", task.is_atomic()),
        Event::TaskExit => world.report_if("held-at-exit", !task.holds.is_empty()),
        Event::UserReturn => world.report_if("held-to-user", !task.holds.is_empty()),
        _ => {}
    }
    Ok(())
}

fn irqs_on(world: &mut World, task: &mut Task) -> Go {
    if task.irqs_on {
        return Ok(());
    }
    if task.pair().0 {
        return Err(Undefined);
    }
    world.mark_held(task, State::Hardirq);
    if task.softirqs_on {
        world.mark_held(task, State::Softirq);
    }
    task.irqs_on = true;
    Ok(())
}

fn softirqs_on(world: &mut World, task: &mut Task) {
    if !std::mem::replace(&mut task.softirqs_on, true) && task.irqs_on {
        world.mark_held(task, State::Softirq);
    }
}

fn leave(world: &mut World, task: &mut Task, state: State) -> Go {
    let level = task.entered.len();
    let Some(&(innermost, was_on)) = task.entered.last() else { return Err(Undefined) };
    if innermost != state {
        return Err(Undefined);
    }
    if task.holds.iter().any(|hold| hold.level == level) {
        world.report_if("held-at-exit", true);
        return Err(Undefined); // the rules do not say whose these holds are now
    }
    task.entered.pop();
    match (was_on, state) {
        (false, _) => {}
        (true, State::Hardirq) => return irqs_on(world, task),
        (true, _) => softirqs_on(world, task),
    }
    Ok(())
}
