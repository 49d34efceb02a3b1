//! The self-tests: Linux's boot-time "Locking API testsuite", as one list that host tests and the booted kernel run
//! alike.
//!
//! [`CASES`] is that list, a row a case; `tests.rs` says in a few words each what is done, and what must be found. Who
//! runs a case is a [`Machine`]: on the host one made of plain values, at boot the machine itself, with its own interrupt
//! flag and real tracked locks. A case passes if the verdict has the right *name*; "something was reported" is not
//! enough.
//!
//! Invariant: cases are independent. Each begins with [`Machine::begin`], may leave locks held and interrupts off.

mod script;
pub mod table;
mod tests;

use crate::report::Kind;
use core::fmt;
pub use script::Malformed;
pub use tests::{CASES, TESTS};

/// A column of the table: the kind of lock that `L` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// A spinning lock.
    Spin,
    /// A spinning readers-writer lock, taken for writing.
    Wlock,
    /// The same, taken by a recursive reader.
    Rlock,
    /// A sleeping lock.
    Mutex,
    /// A sleeping readers-writer lock, taken for writing.
    Wsem,
    /// The same, taken by a reader that waits behind writers.
    Rsem,
    /// A sleeping lock with priority inheritance.
    Rtmutex,
}

impl Column {
    /// All columns, as they are printed.
    pub const ALL: [Column; 7] =
        [Column::Spin, Column::Wlock, Column::Rlock, Column::Mutex, Column::Wsem, Column::Rsem, Column::Rtmutex];

    /// The heading.
    pub const fn name(self) -> &'static str {
        match self {
            Column::Spin => "spin",
            Column::Wlock => "wlock",
            Column::Rlock => "rlock",
            Column::Mutex => "mutex",
            Column::Wsem => "wsem",
            Column::Rsem => "rsem",
            Column::Rtmutex => "rtmutex",
        }
    }
}

/// A lock of the tests. A, B, C, D are a class each; X1 and X2 are two locks of one class, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[expect(missing_docs, reason = "they are letters")]
pub enum Name {
    A,
    B,
    C,
    D,
    X1,
    X2,
    Y1,
    Y2,
    Z1,
    Z2,
}

impl Name {
    /// All of them.
    pub const ALL: [Name; 10] =
        [Name::A, Name::B, Name::C, Name::D, Name::X1, Name::X2, Name::Y1, Name::Y2, Name::Z1, Name::Z2];

    /// The name of the class.
    pub const fn class(self) -> &'static str {
        match self {
            Name::A => "A",
            Name::B => "B",
            Name::C => "C",
            Name::D => "D",
            Name::X1 | Name::X2 => "X",
            Name::Y1 | Name::Y2 => "Y",
            Name::Z1 | Name::Z2 => "Z",
        }
    }
}

/// Who runs the cases.
pub trait Machine {
    /// Forgets all that was learned and found; nothing is held, interrupts are on.
    fn begin(&mut self);
    /// Takes a lock, as its kind says.
    fn take(&mut self, kind: Column, name: Name);
    /// Lets it go, also if it is not held.
    fn release(&mut self, kind: Column, name: Name);
    /// Constructs the lock anew, also if it is held.
    fn renew(&mut self, kind: Column, name: Name);
    /// Turns hard interrupts on or off.
    fn irqs(&mut self, on: bool);
    /// Turns softirqs on or off.
    fn softirqs(&mut self, on: bool);
    /// Enters a hard interrupt, or leaves it.
    fn hardirq(&mut self, enter: bool);
    /// Enters a softirq, or leaves it.
    fn softirq(&mut self, enter: bool);
    /// What was found first.
    fn found(&mut self) -> Option<Kind>;
}

/// Which interrupt a test is about: the prefix of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Irq {
    /// None.
    No,
    /// Hard interrupts.
    Hard,
    /// Softirqs.
    Soft,
}

/// A test: what is done, in which orders, with which locks, and what must be found.
#[derive(Debug)]
pub struct Test {
    /// The group it stands in.
    pub group: Group,
    /// Its name in Linux's table.
    pub name: &'static str,
    /// The interrupts that it is run with, and whether Linux prints them in front of the name.
    pub irqs: &'static [Irq],
    /// What happens, in pieces. (The language: `script.rs`.)
    pub events: &'static [&'static str],
    /// The orders in which the pieces are done: their digits.
    pub orders: &'static [&'static str],
    /// The columns in which it stands.
    pub columns: &'static [Column],
    /// Those in which nothing must be found.
    pub silent: &'static [Column],
    /// What must be found in the others: one kind for all orders, or one for each.
    pub finds: &'static [Kind],
    /// The beginning of its traces' names in `linux-matrix.trace`.
    pub trace: &'static str,
}

/// A part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Basic deadlocks, and the special cases of readers.
    Basic,
    /// Readers.
    Readers,
    /// Interrupts.
    Irq,
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
        self.test.finds.get(self.order).or(self.test.finds.first()).copied()
    }

    /// The digits of its order, empty where there is but one.
    pub fn order_digits(&self) -> &'static str {
        self.test.orders.get(self.order).copied().unwrap_or("")
    }

    /// Does what the case says on `machine`.
    ///
    /// # Errors
    /// A script that is none; the list has no such case.
    pub fn run(&self, machine: &mut impl Machine) -> Result<Option<Kind>, Malformed> {
        machine.begin();
        let digits = self.order_digits();
        if digits.is_empty() {
            for event in self.test.events {
                script::run(event, self.column, self.irq, machine)?;
            }
        }
        for digit in digits.bytes() {
            let event = self.test.events.get(usize::from(digit).wrapping_sub(usize::from(b'1')));
            script::run(event.ok_or(Malformed)?, self.column, self.irq, machine)?;
        }
        Ok(machine.found())
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
        write!(f, "-{}", self.column.name())
    }
}
