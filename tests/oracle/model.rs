//! The rules, written a second time: sections 1 to 10 of `docs/semantics.md`, to be read beside them.
//!
//! All that is known is two lists: bits that were marked, and dependencies that occurred, one for each kind. Every
//! question is answered by going through the lists; strong paths are closed by brute force, over and over until nothing
//! changes. Nothing is cached, nothing is indexed, nothing has a fixed size.
//!
//! It shares the words of the language with the validator (`lockdep_cli::trace`) and no code.

use lockdep::{WaitType, WaitTypes};

/// From here on a trace has no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Undefined;

pub(crate) type Go = Result<(), Undefined>;

/// A node: a class, by the number of its name, and a subclass.
pub(crate) type Class = (usize, u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Read,
    RecursiveRead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Hardirq,
    Softirq,
    Reclaim,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    UsedIn,
    Enabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bit {
    class: Class,
    state: State,
    side: Side,
    read: bool,
}

/// A dependency of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Dependency {
    from: Class,
    to: Class,
    source_shared: bool,
    target_recursive: bool,
}

/// A class, and whether it was reached restricted.
type Reached = (Class, bool);

/// A lock: its own number, and that of its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) number: usize,
    pub(crate) class: usize,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Hold {
    pub(crate) class: Class,
    pub(crate) lock: Lock,
    pub(crate) waits: WaitTypes,
    pub(crate) mode: Mode,
    pub(crate) tried: bool,
    pub(crate) checked: bool,
    pub(crate) nest: Option<Lock>,
    pub(crate) irqs_off: bool,
    pub(crate) count: usize,
    pub(crate) merged: bool,
    /// The context it was taken in: how many interrupts deep, and the pair.
    pub(crate) level: usize,
    pub(crate) pair: (bool, bool),
}

/// What is known of all tasks.
#[derive(Debug, Default)]
pub(crate) struct World {
    bits: Vec<Bit>,
    dependencies: Vec<Dependency>,
    /// The classes that were ever acquired.
    pub(crate) acquired: Vec<Class>,
    /// What was reported, by its name in the language.
    pub(crate) found: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) holds: Vec<Hold>,
    pub(crate) irqs_on: bool,
    pub(crate) softirqs_on: bool,
    /// The interrupts that it is in, each with the flag that it will restore.
    pub(crate) entered: Vec<(State, bool)>,
    pub(crate) reclaim: usize,
}

impl Default for Task {
    fn default() -> Self {
        Task { holds: Vec::new(), irqs_on: true, softirqs_on: true, entered: Vec::new(), reclaim: 0 }
    }
}

impl Task {
    fn is_in(&self, state: State) -> bool {
        self.entered.iter().any(|(entered, _)| *entered == state)
    }

    pub(crate) fn pair(&self) -> (bool, bool) {
        (self.is_in(State::Hardirq), self.is_in(State::Softirq))
    }

    /// The holds on top of the stack that were taken in the present context, the nearest first.
    fn run(&self) -> impl Iterator<Item = &Hold> {
        self.holds.iter().rev().take_while(|hold| hold.pair == self.pair())
    }

    pub(crate) fn is_atomic(&self) -> bool {
        let spins = |hold: &Hold| matches!(hold.waits.inner(), WaitType::Spin | WaitType::Config);
        self.pair() != (false, false) || !self.irqs_on || !self.softirqs_on || self.run().any(spins)
    }

    /// Section 8: the hold that a release is for.
    fn find(&self, world: &World, lock: Lock) -> Result<Option<usize>, Undefined> {
        let mut pair = None;
        for (index, hold) in self.holds.iter().enumerate().rev() {
            if *pair.get_or_insert(hold.pair) != hold.pair {
                break;
            }
            if world.matches(hold, lock)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

impl Mode {
    /// A wait is recursive, a hold is shared.
    fn is_read(self, side: Side) -> bool {
        match side {
            Side::UsedIn => self == Mode::RecursiveRead,
            Side::Enabled => self != Mode::Write,
        }
    }
}

impl World {
    /// It goes on after a report: the lock is held, its bits are marked, a dependency that was reported is not added.
    pub(crate) fn report_if(&mut self, kind: &'static str, is_so: bool) {
        self.found.extend(is_so.then_some(kind));
    }

    /// A class is unregistered, with its subclasses: all that is known of it is removed.
    pub(crate) fn forget(&mut self, class: usize) {
        self.bits.retain(|bit| bit.class.0 != class);
        self.dependencies.retain(|dependency| dependency.from.0 != class && dependency.to.0 != class);
        self.acquired.retain(|known| known.0 != class);
    }

    // ---- section 2: acquire, in the order of its steps

    pub(crate) fn take(&mut self, task: &mut Task, mut new: Hold) -> Go {
        let merges = |top: &&mut Hold| top.class == new.class && new.nest.is_some_and(|nest| nest != top.lock);
        if let Some(top) = task.holds.last_mut().filter(merges) {
            top.count += new.count;
            top.merged = true;
            return Ok(());
        }
        (new.level, new.pair) = (task.entered.len(), task.pair());
        self.check_wait(task, &new);
        self.mark_acquired(task, &new);
        self.check_nest(task, &new)?;
        if new.checked && !new.tried && !self.is_recursion(task, &new) {
            // To walk always to the bottom is not the same: nothing leads to a hold that was excused (see
            // `walk-ends-at-an-excused-hold` in `tests/cases`).
            for held in task.run().filter(|held| held.checked) {
                self.depend(held, &new);
                if !held.tried && held.mode != Mode::RecursiveRead {
                    break;
                }
            }
        }
        task.holds.push(new);
        Ok(())
    }

    /// Section 9.
    fn check_wait(&mut self, task: &Task, new: &Hold) {
        if new.waits.inner() == WaitType::None || new.tried {
            return;
        }
        let own = match task.pair() {
            (true, _) => Some(WaitType::Spin),
            (false, true) => Some(WaitType::Config),
            (false, false) => None,
        };
        let held = task.run().map(|hold| hold.waits.inner()).filter(|wait| *wait != WaitType::None);
        let outer = if new.waits.outer() == WaitType::None { new.waits.inner() } else { new.waits.outer() };
        self.report_if("wait-context", held.chain(own).any(|limit| outer > limit));
    }

    fn check_nest(&mut self, task: &Task, new: &Hold) -> Go {
        let Some(nest) = new.nest else { return Ok(()) };
        for hold in &task.holds {
            if self.matches(hold, nest)? {
                return Ok(());
            }
        }
        self.report_if("nest-not-held", true);
        Ok(())
    }

    /// Section 3. It is reported, or excused.
    fn is_recursion(&mut self, task: &Task, new: &Hold) -> bool {
        let is_shared = |mode| mode != Mode::Write;
        let conflicts =
            |hold: &Hold| hold.class == new.class && !(new.mode == Mode::RecursiveRead && is_shared(hold.mode));
        let Some(first) = task.holds.iter().position(conflicts) else { return false };
        let up_to_it = task.holds.iter().take(first + 1);
        let nest = new.nest.filter(|nest| *nest != new.lock);
        let is_excused = nest.is_some_and(|nest| up_to_it.into_iter().any(|hold| hold.lock == nest));
        self.report_if("recursive", !is_excused);
        true
    }

    // ---- section 4: usage

    fn mark_acquired(&mut self, task: &Task, hold: &Hold) {
        if !hold.checked {
            return;
        }
        let in_reclaim = task.reclaim > 0 && task.pair() == (false, false);
        let inside = [task.is_in(State::Hardirq), task.is_in(State::Softirq), in_reclaim];
        for (state, inside) in [State::Hardirq, State::Softirq, State::Reclaim].into_iter().zip(inside) {
            if inside && !hold.tried {
                self.mark(hold, state, Side::UsedIn);
            }
        }
        if !hold.irqs_off {
            self.mark(hold, State::Hardirq, Side::Enabled);
            if task.softirqs_on {
                self.mark(hold, State::Softirq, Side::Enabled);
            }
        }
    }

    /// What is held is from now on held with the state enabled.
    pub(crate) fn mark_held(&mut self, task: &Task, state: State) {
        task.holds.iter().filter(|hold| hold.checked).for_each(|hold| self.mark(hold, state, Side::Enabled));
    }

    fn mark(&mut self, hold: &Hold, state: State, side: Side) {
        let read = hold.mode.is_read(side);
        let bit = Bit { class: hold.class, state, side, read };
        if self.bits.contains(&bit) {
            return;
        }
        self.bits.push(bit);
        let other = if side == Side::UsedIn { Side::Enabled } else { Side::UsedIn };
        let opposite = |bit: &&Bit| (bit.state, bit.side) == (state, other);
        if self.bits.iter().filter(opposite).any(|other| other.class == hold.class && !(read && other.read)) {
            return self.report_if("inconsistent", true);
        }
        let reached = self.reach((hold.class, read), side == Side::UsedIn);
        let conflicts = self.bits.iter().filter(opposite).any(|other| is_seen(other, &reached));
        self.report_if("irq-inversion", conflicts);
    }

    // ---- section 5: dependencies

    /// A dependency that is known is not checked again.
    fn depend(&mut self, held: &Hold, new: &Hold) {
        let source_shared = held.mode != Mode::Write;
        let target_recursive = new.mode == Mode::RecursiveRead;
        let dependency = Dependency { from: held.class, to: new.class, source_shared, target_recursive };
        if self.dependencies.contains(&dependency) {
            return;
        }
        let forwards = self.reach((new.class, target_recursive), true);
        if forwards.iter().any(|&(class, restricted)| class == held.class && !(source_shared && restricted)) {
            return self.report_if(if held.class == new.class { "recursive" } else { "circular" }, true);
        }
        let backwards = self.reach((held.class, source_shared), false);
        for used in self.bits.iter().filter(|bit| bit.side == Side::UsedIn && is_seen(bit, &backwards)) {
            let enabled = |bit: &&Bit| (bit.state, bit.side) == (used.state, Side::Enabled);
            if self.bits.iter().filter(enabled).any(|bit| is_seen(bit, &forwards)) {
                return self.report_if("irq-order", true);
            }
        }
        self.dependencies.push(dependency);
    }

    // ---- section 6: strong paths

    /// All that a strong path leads to from `start`, which is among them; backwards, all that leads to it.
    fn reach(&self, start: Reached, forwards: bool) -> Vec<Reached> {
        let mut reached = vec![start];
        loop {
            let before = reached.len();
            for dependency in &self.dependencies {
                let Dependency { from, to, source_shared, target_recursive } = *dependency;
                let (near, weak, far, restricted) = match forwards {
                    true => (from, source_shared, to, target_recursive),
                    false => (to, target_recursive, from, source_shared),
                };
                let leads_on = reached.iter().any(|&(class, restricted)| class == near && !(restricted && weak));
                if leads_on && !reached.contains(&(far, restricted)) {
                    reached.push((far, restricted));
                }
            }
            if reached.len() == before {
                return reached;
            }
        }
    }

    // ---- sections 7 and 8: matching, release, downgrade

    fn matches(&self, hold: &Hold, lock: Lock) -> Result<bool, Undefined> {
        if hold.lock == lock {
            return Ok(true);
        }
        if !hold.merged || !self.acquired.contains(&(lock.class, 0)) {
            return Ok(false);
        }
        if hold.nest.is_none() { Err(Undefined) } else { Ok(hold.class == (lock.class, 0)) }
    }

    pub(crate) fn release(&mut self, task: &mut Task, lock: Lock) -> Go {
        let Some(index) = task.find(self, lock)? else {
            self.report_if("unbalanced", true);
            return Ok(());
        };
        task.holds[index].count -= 1;
        if task.holds[index].count > 0 {
            return Ok(());
        }
        let again = task.holds.split_off(index + 1);
        task.holds.pop();
        again.into_iter().try_for_each(|hold| self.take(task, hold))
    }

    pub(crate) fn downgrade(&mut self, task: &mut Task, lock: Lock) -> Go {
        let Some(index) = task.find(self, lock)? else {
            self.report_if("unbalanced", true);
            return Ok(());
        };
        let height = task.holds.len();
        task.holds[index].mode = Mode::Read;
        let again = task.holds.split_off(index);
        again.into_iter().try_for_each(|hold| self.take(task, hold))?;
        if task.holds.len() == height { Ok(()) } else { Err(Undefined) }
    }
}

/// Whether a bit is one of a class that was reached; where that was reached restricted, READ bits do not count.
fn is_seen(bit: &Bit, reached: &[Reached]) -> bool {
    reached.iter().any(|&(class, restricted)| class == bit.class && !(restricted && bit.read))
}
