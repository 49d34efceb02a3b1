//! The self-tests: Linux's boot-time "Locking API testsuite", as one list that host tests and the booted kernel run
//! alike.
//!
//! [`CASES`] is that list, a row a case; `cases/` describes in a few words each what is done, and what must be found. A
//! case runs on a [`Machine`]: on the host one made of plain values, at boot the real one, with its own interrupt flag
//! and real tracked locks. A case passes if the verdict has the right *name*; "something was reported" is not
//! enough.
//!
//! | file | what |
//! | --- | --- |
//! | `words` | columns, kinds of locks, names |
//! | `script` | the language of the tests |
//! | `ww` | the wound/wait mutexes of the tests, and their calls |
//! | `cases/` | the tests, and the list |
//! | `table` | the table that Linux prints |
//!
//! Invariant: cases are independent. Each begins with [`Machine::begin`], may leave locks held and interrupts off.

mod cases;
mod script;
pub mod table;
mod words;
mod ww;

use crate::context::Level;
use crate::report::kind::Kind;
pub use cases::{CASES, LINUX};
use core::fmt;
pub use script::Malformed;
pub use words::{Column, Irq, Lock, Name, Nest};
pub use ww::Bench;

/// The result of a call of a script if it names none.
const OK: &str = "ok";

/// Who runs the cases. What has no method here (RCU, the pseudo lock of reclaim) goes to the [`hooks`](crate::hooks).
pub trait Machine {
    /// Forgets all that was learned and found; nothing is held, interrupts are on, the first task runs.
    fn begin(&mut self);
    /// Takes a lock, in the way of its kind.
    fn take(&mut self, lock: Lock, name: Name);
    /// Takes a spinning lock, with a nest lock.
    fn take_nested(&mut self, name: Name, nest: Nest);
    /// Releases a lock, also if it is not held.
    fn release(&mut self, lock: Lock, name: Name);
    /// Constructs the lock again, also if it is held.
    fn renew(&mut self, lock: Lock, name: Name);
    /// The wound/wait mutexes: new ones for each case.
    fn ww(&mut self) -> &Bench;
    /// Turns hard interrupts on.
    fn irqs_on(&mut self);
    /// Turns hard interrupts off.
    fn irqs_off(&mut self);
    /// Turns softirqs on.
    fn softirqs_on(&mut self);
    /// Turns softirqs off.
    fn softirqs_off(&mut self);
    /// Enters an interrupt of this level.
    fn enter(&mut self, level: Level);
    /// Leaves it.
    fn leave(&mut self, level: Level);
    /// Goes on as the task of this number, 0 or 1. In no interrupt.
    fn task(&mut self, number: usize);
    /// What was found first.
    fn found(&mut self) -> Option<Kind>;
}

/// A test: what is done, in which orders, with which locks, and what must be found.
#[derive(Debug)]
pub struct Test {
    /// The group it belongs to.
    pub group: Group,
    /// Its name in Linux's table.
    pub name: &'static str,
    /// The interrupts that it is run with, and whether Linux prints them in front of the name.
    pub irqs: &'static [Irq],
    /// What happens, in pieces; of numbered cells, what happens in each. (The language: `script.rs`.)
    pub events: &'static [&'static str],
    /// The orders in which the pieces are done: their digits.
    pub orders: &'static [&'static str],
    /// The columns in which it appears.
    pub columns: &'static [Column],
    /// Those in which nothing must be found.
    pub silent: &'static [Column],
    /// What must be found in the others: one kind for all orders or numbered cells, or one for each; none: nothing.
    pub finds: &'static [Kind],
    /// The beginning of its traces' names in `linux-matrix.trace`.
    pub trace: &'static str,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Basic deadlocks.
    Basic,
    /// The special cases of readers.
    Readers,
    /// Interrupts.
    Irq,
    /// Wound/wait mutexes: their protocol.
    Ww,
    /// Wound/wait mutexes: ways of taking two.
    WwWays,
    /// Readers that wait in a queue.
    Queued,
    /// The pseudo lock of reclaim.
    Reclaim,
    /// What may be waited for where.
    Wait,
    /// Local locks, and a special case.
    Local,
}

/// One cell of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The test.
    pub test: &'static Test,
    /// The interrupt.
    pub irq: Irq,
    /// Which of the test's orders.
    pub order: usize,
    /// The column.
    pub column: Column,
}

impl Case {
    /// What must be found; `None`: nothing.
    pub fn expected(&self) -> Option<Kind> {
        if self.test.silent.contains(&self.column) {
            return None;
        }
        let which = self.numbered().unwrap_or(self.order);
        self.test.finds.get(which).or(self.test.finds.first()).copied()
    }

    /// The digits of its order, empty where there is but one.
    pub fn order_digits(&self) -> &'static str {
        self.test.orders.get(self.order).copied().unwrap_or("")
    }

    /// Its place among numbered cells, from 0.
    fn numbered(&self) -> Option<usize> {
        match self.column {
            Column::Nth(number) => usize::from(number).checked_sub(1),
            _ => None,
        }
    }

    /// Runs the case on `machine`.
    ///
    /// # Errors
    /// A script that is none; the list has no such case.
    pub fn run(&self, machine: &mut impl Machine) -> Result<Option<Kind>, Malformed> {
        machine.begin();
        let digits = self.order_digits();
        if let Some(number) = self.numbered() {
            self.run_piece(number, machine)?;
        } else if digits.is_empty() {
            (0..self.test.events.len()).try_for_each(|n| self.run_piece(n, machine))?;
        } else {
            let pieces = digits.bytes().map(|digit| usize::from(digit).wrapping_sub(usize::from(b'1')));
            pieces.into_iter().try_for_each(|n| self.run_piece(n, machine))?;
        }
        Ok(machine.found())
    }

    fn run_piece(&self, number: usize, machine: &mut impl Machine) -> Result<(), Malformed> {
        let piece = self.test.events.get(number).ok_or(Malformed)?;
        script::run(piece, self.column, self.irq, machine)
    }
}

/// The name of the case: that of its trace in `linux-matrix.trace`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.test.trace)?;
        match self.irq {
            Irq::No => {}
            Irq::Hard => f.write_str("-hard")?,
            Irq::Soft => f.write_str("-soft")?,
        }
        if !self.order_digits().is_empty() {
            write!(f, "-{}", self.order_digits())?;
        }
        match self.column {
            Column::Only => Ok(()),
            Column::Nth(number) => write!(f, "-{number}"),
            column => write!(f, "-{}", column.name()),
        }
    }
}
