//! Writes a case of `strategy` out as a trace.
//!
//! Invariant: whatever the pieces, what comes out leaves out what no trace does, apart from the tricks with counted
//! holds, which the oracle and the validator must refuse alike.

use super::strategy::{Case, Chain, Class, Env, Level, Nest, Piece, Setup, Single, Take, Undo};
use lockdep::{Subclass, WaitTypes};
use lockdep_cli::trace::{Acquire, Event, Statement, Trace, What};

impl Case {
    /// The trace, without `expect`.
    pub(crate) fn trace(&self) -> Trace {
        let mut writer = Writer::new(&self.setup);
        for piece in &self.pieces {
            match piece {
                Piece::Chain(chain) => writer.chain(chain),
                Piece::Single(single) => writer.single(single),
            }
        }
        let mut trace = Trace { name: "random".into(), line: 1, statements: Vec::new(), expect: None };
        let numbered = writer.statements.into_iter().zip(2..);
        trace.statements.extend(numbered.map(|(what, line)| Statement { line, what }));
        trace
    }
}

/// More than this is not held at a time: the validator's room for a context is not the question here.
const MOST_HOLDS: usize = 9;

struct Writer<'s> {
    setup: &'s Setup,
    /// Of each lock, its name and the number of its class, in the order of the classes.
    locks: Vec<(String, usize)>,
    statements: Vec<What>,
    tasks: Vec<Task>,
    task: usize,
}

/// What must be known of a task to leave out what no trace does.
#[derive(Clone)]
struct Task {
    /// Of each hold, its lock and how deep in interrupts it was taken.
    held: Vec<(usize, usize)>,
    /// The interrupts that it is in, with the flags of before.
    entered: Vec<(Level, (bool, bool))>,
    irqs_on: bool,
    softirqs_on: bool,
    reclaim: usize,
}

impl Task {
    fn new() -> Task {
        Task { held: Vec::new(), entered: Vec::new(), irqs_on: true, softirqs_on: true, reclaim: 0 }
    }

    fn in_hardirq(&self) -> bool {
        self.entered.iter().any(|(level, _)| *level == Level::Hardirq)
    }

    /// Whether a lock of this level is safe from interrupts here, and may be taken in those that there are.
    fn is_fit_for(&self, level: Level) -> bool {
        let inside = self.entered.iter().map(|(level, _)| *level).max().unwrap_or(Level::Task);
        match level {
            Level::Task => inside == Level::Task,
            Level::Softirq => inside <= Level::Softirq && (!self.irqs_on || !self.softirqs_on),
            Level::Hardirq => !self.irqs_on,
        }
    }
}

impl<'s> Writer<'s> {
    fn new(setup: &'s Setup) -> Self {
        let tasks = vec![Task::new(); setup.tasks];
        let mut writer = Writer { setup, locks: Vec::new(), statements: Vec::new(), tasks, task: 0 };
        for (class, (letter, &Class { waits, locks, .. })) in ('a'..='z').zip(&setup.classes).enumerate() {
            if locks == 1 && waits == WaitTypes::NONE {
                writer.locks.push((letter.into(), class));
                continue;
            }
            let name = letter.to_ascii_uppercase().to_string();
            writer.statements.push(What::Class(name.clone(), waits));
            for number in 1..=locks {
                let lock = format!("{letter}{number}");
                writer.statements.push(What::Lock(lock.clone(), name.clone()));
                writer.locks.push((lock, class));
            }
        }
        writer
    }

    fn here(&mut self) -> &mut Task {
        &mut self.tasks[self.task]
    }

    fn emit(&mut self, event: Event) {
        self.statements.push(What::Event(event));
    }

    fn chain(&mut self, chain: &Chain) {
        let Chain { env, takes, interruption, undo } = chain;
        let below = self.here().held.len();
        let entered = self.enter(*env);
        takes.iter().for_each(|take| self.take(take));
        if let Some((interrupt, takes)) = interruption {
            self.interrupted_by(*interrupt, takes, if *interrupt == *env { Some((below, *undo)) } else { None });
        }
        if entered && matches!(undo, Undo::EnvFirst) {
            self.leave(*env);
        }
        self.undo(below, *undo);
        if entered && !matches!(undo, Undo::EnvFirst) {
            self.leave(*env);
        }
    }

    /// An interrupt. If its context is that of the interrupted one, it may release locks that were taken there.
    fn interrupted_by(&mut self, interrupt: Env, takes: &[Take], undo: Option<(usize, Undo)>) {
        if !self.enter(interrupt) {
            return;
        }
        takes.iter().for_each(|take| self.take(take));
        match undo {
            Some((below, Undo::Forwards)) => self.undo(below, Undo::Forwards),
            _ => self.release_the_innermost(),
        }
        self.exit();
    }

    fn undo(&mut self, below: usize, undo: Undo) {
        while !matches!(undo, Undo::Not) && self.here().held.len() > below {
            let top = self.here().held.len() - 1;
            self.release(if matches!(undo, Undo::Forwards) { below } else { top });
        }
    }

    /// Returns whether there is something to leave.
    fn enter(&mut self, env: Env) -> bool {
        let is_on = if env == Env::Reclaim { self.setup.reclaim } else { self.setup.interrupts };
        if !is_on {
            return false;
        }
        match env {
            Env::Here => return false,
            Env::IrqsOff => self.irqs(false),
            Env::SoftirqsOff => self.softirqs(false),
            Env::Hardirq => self.interrupt(Level::Hardirq),
            Env::Softirq => self.interrupt(Level::Softirq),
            Env::Reclaim => {
                self.here().reclaim += 1;
                self.emit(Event::Reclaim(true));
            }
        }
        true
    }

    fn leave(&mut self, env: Env) {
        match env {
            Env::Here => {}
            Env::IrqsOff => self.irqs(true),
            Env::SoftirqsOff => self.softirqs(true),
            Env::Hardirq | Env::Softirq => self.exit(),
            Env::Reclaim => {
                if let Some(left) = self.here().reclaim.checked_sub(1) {
                    self.here().reclaim = left;
                    self.emit(Event::Reclaim(false));
                }
            }
        }
    }

    fn irqs(&mut self, on: bool) {
        if on && self.here().in_hardirq() {
            return;
        }
        self.here().irqs_on = on;
        self.emit(Event::Irqs(on));
    }

    fn softirqs(&mut self, on: bool) {
        self.here().softirqs_on = on;
        self.emit(Event::Softirqs(on));
    }

    fn interrupt(&mut self, level: Level) {
        let task = self.here();
        task.entered.push((level, (task.irqs_on, task.softirqs_on)));
        if level == Level::Hardirq {
            task.irqs_on = false;
            self.emit(Event::Hardirq(true));
        } else {
            task.softirqs_on = false;
            self.emit(Event::Softirq(true));
        }
    }

    fn exit(&mut self) {
        let task = self.here();
        let Some((level, (irqs_on, softirqs_on))) = task.entered.pop() else { return };
        if level == Level::Hardirq {
            task.irqs_on = irqs_on;
            self.emit(Event::Hardirq(false));
        } else {
            task.softirqs_on |= softirqs_on;
            self.emit(Event::Softirq(false));
        }
    }

    /// What was taken in the innermost interrupt.
    fn release_the_innermost(&mut self) {
        let level = self.here().entered.len();
        while self.here().held.last().is_some_and(|(_, at)| level > 0 && *at == level) {
            let top = self.here().held.len() - 1;
            self.release(top);
        }
    }

    fn take(&mut self, take: &Take) {
        if self.here().held.len() >= MOST_HOLDS {
            return;
        }
        let task = self.here().clone();
        let (held, nest) = (&task.held, take.nest.as_ref().filter(|_| self.setup.nests));
        let top = held.last().map(|(lock, _)| self.locks[*lock].1);
        let over_top = matches!(nest, Some(Nest::OverTop(_))).then_some(top).flatten();
        let fits = |class: usize| match (over_top, top) {
            (Some(over), _) => class == over,
            (None, Some(top)) if !take.out_of_order && class <= top => take.again && class == top,
            _ if !take.again && held.iter().any(|(lock, _)| self.locks[*lock].1 == class) => false,
            _ => take.astray || task.is_fit_for(self.setup.classes[class].level),
        };
        let choice: Vec<usize> = (0..self.locks.len()).filter(|&lock| fits(self.locks[lock].1)).collect();
        if choice.is_empty() {
            return;
        }
        let lock = *take.lock.get(&choice);
        let nest = match nest {
            Some(Nest::OverTop(index) | Nest::Held(index)) if !held.is_empty() => Some(index.get(held).0),
            Some(Nest::Any(index)) => Some(index.index(self.locks.len())),
            _ => None,
        };
        let level = self.here().entered.len();
        self.here().held.push((lock, level));
        self.emit(Event::Acquire(Acquire {
            mode: take.mode,
            tried: take.tried,
            checked: take.checked,
            subclass: Subclass::new(take.subclass),
            nest: nest.map(|nest| self.locks[nest].0.clone()),
            ..Acquire::new(&self.locks[lock].0)
        }));
    }

    fn release(&mut self, hold: usize) {
        let (lock, _) = self.here().held.remove(hold);
        self.emit(Event::Release(self.locks[lock].0.clone()));
    }

    fn single(&mut self, single: &Single) {
        let holds = self.here().held.len();
        match single {
            Single::Take(take) => self.take(take),
            Single::Release(_) | Single::Downgrade(_) if holds == 0 => {}
            Single::Release(index) => self.release(index.index(holds)),
            Single::Downgrade(index) => {
                let (lock, _) = self.here().held[index.index(holds)];
                self.emit(Event::Downgrade(self.locks[lock].0.clone()));
            }
            Single::ReleaseAny(index) => self.emit(Event::Release(index.get(&self.locks).0.clone())),
            Single::Free(index) => self.emit(Event::Free(index.get(&self.locks).0.clone())),
            Single::Irqs(on) if self.setup.interrupts => self.irqs(*on),
            Single::Softirqs(on) if self.setup.interrupts => self.softirqs(*on),
            Single::Irqs(_) | Single::Softirqs(_) => {}
            Single::Enter(env) => drop(self.enter(*env)),
            Single::Exit { cleanly } => {
                if *cleanly {
                    self.release_the_innermost();
                }
                self.exit();
            }
            Single::ReclaimExit => self.leave(Env::Reclaim),
            Single::Alloc if self.setup.reclaim => self.emit(Event::Alloc),
            Single::Alloc => {}
            Single::MightSleep => self.emit(Event::MightSleep),
            Single::TaskExit => self.emit(Event::TaskExit),
            Single::UserReturn => self.emit(Event::UserReturn),
            Single::Switch(index) => {
                self.task = index.index(self.tasks.len());
                self.emit(Event::Task(format!("T{}", self.task + 1)));
            }
        }
    }
}
