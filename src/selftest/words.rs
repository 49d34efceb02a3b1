//! The words of the tests: columns, kinds of locks, names.

/// A column of the table: what `L` stands for, or which cell of a row it is.
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
    /// A lock that spins in every configuration.
    Raw,
    /// An RCU read section.
    Rcu,
    /// A wound/wait mutex taken alone.
    Block,
    /// One that is tried.
    Try,
    /// One that is taken with an acquire context, which begins if it has not.
    Context,
    /// The cell of this number, from 1, of a row in which each cell does something else.
    Nth(u8),
    /// The only cell of its row.
    Only,
}

impl Column {
    /// The columns of the first heading.
    pub const LOCKS: &[Column] =
        &[Column::Spin, Column::Wlock, Column::Rlock, Column::Mutex, Column::Wsem, Column::Rsem, Column::Rtmutex];

    /// The heading; none where Linux has none.
    pub const fn name(self) -> &'static str {
        match self {
            Column::Spin => "spin",
            Column::Wlock => "wlock",
            Column::Rlock => "rlock",
            Column::Mutex => "mutex",
            Column::Wsem => "wsem",
            Column::Rsem => "rsem",
            Column::Rtmutex => "rtmutex",
            Column::Raw => "raw",
            Column::Rcu => "rcu",
            Column::Block => "block",
            Column::Try => "try",
            Column::Context => "context",
            Column::Nth(_) | Column::Only => "",
        }
    }

    /// The kind of lock that `L` stands for; `None` where it is no lock of a [`Machine`](super::Machine).
    pub const fn lock(self) -> Option<Lock> {
        match self {
            Column::Spin => Some(Lock::Spin),
            Column::Wlock => Some(Lock::Wlock),
            Column::Rlock => Some(Lock::Rlock),
            Column::Mutex => Some(Lock::Mutex),
            Column::Wsem => Some(Lock::Wsem),
            Column::Rsem => Some(Lock::Rsem),
            Column::Rtmutex => Some(Lock::Rtmutex),
            Column::Raw => Some(Lock::Raw),
            Column::Rcu | Column::Block | Column::Try | Column::Context | Column::Nth(_) | Column::Only => None,
        }
    }
}

/// A way of taking a lock, and with it a kind of lock: those of one kind and name are one lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lock {
    /// Spins; may sleep in another configuration, so its wait type is `config`.
    Spin,
    /// Spins in every configuration: wait type `spin`.
    Raw,
    /// Spins, and takes no part in the check of wait types.
    Untyped,
    /// A spinning readers-writer lock, for writing.
    Wlock,
    /// The same, by a recursive reader.
    Rlock,
    /// The same, by a reader that waits behind a queued writer.
    Qread,
    /// Sleeps.
    Mutex,
    /// A sleeping readers-writer lock, for writing.
    Wsem,
    /// The same, by a reader that waits behind writers.
    Rsem,
    /// Sleeps; with priority inheritance.
    Rtmutex,
    /// A CPU's own lock: to take it cannot wait, so it is taken as if by a try-lock.
    Local,
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

    /// The lock that is called so.
    pub(super) fn parse(text: &str) -> Option<Name> {
        let names = ["A", "B", "C", "D", "X1", "X2", "Y1", "Y2", "Z1", "Z2"];
        Name::ALL.into_iter().zip(names).find(|(_, name)| *name == text).map(|(name, _)| name)
    }
}

/// A nest lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nest {
    /// A spinning lock.
    Spin(Name),
    /// The wound/wait mutex `o`.
    Ww,
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
