//! The kinds of findings: Linux's, and those of kernels that are not Linux. Plain data; `rules/` finds them.

/// The kind of a finding. The names of the first twelve are those of `docs/trace-format.md`; the headings are Linux's.
///
/// The numbers begin at 1, so that `None` is all zeros, and so is a table that has found nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Kind {
    /// A lock of a class is acquired while one is held.
    Recursive = 1,
    /// A new dependency closes a cycle.
    Circular,
    /// A class is used in a state, and also held with it enabled.
    Inconsistent,
    /// A new dependency leads from a class used in a state to one held with it enabled.
    IrqOrder,
    /// A new usage bit makes an existing path such a dependency.
    IrqInversion,
    /// A release of a lock that is not held.
    Unbalanced,
    /// A lock that may sleep is acquired where sleeping is forbidden.
    WaitContext,
    /// The nest lock is not held.
    NestNotHeld,
    /// A held lock is freed.
    HeldFreed,
    /// A task or an interrupt ends with locks held.
    HeldAtExit,
    /// A task returns to user mode with locks held.
    HeldToUser,
    /// A call that may sleep, where sleeping is forbidden.
    SleepAtomic,
    /// An assertion about held locks or flags is false; [`Report::note`](crate::report::Report::note) states which.
    Assertion,
    /// A pointer that RCU protects is read outside a read section.
    Rcu,
    /// The validator's record of the interrupt flag and the machine's flag differ.
    IrqsState,
    /// A wound/wait mutex or its context is used against its rules; [`Report::note`](crate::report::Report::note)
    /// states how.
    WwMisuse,
    /// A lock was held for longer than its class allows.
    HoldLimit,
    /// Contexts wait for one another, now and for ever.
    Deadlock,
    /// A task has waited for longer than the limit.
    HungTask,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 19] = [
        Kind::Recursive,
        Kind::Circular,
        Kind::Inconsistent,
        Kind::IrqOrder,
        Kind::IrqInversion,
        Kind::Unbalanced,
        Kind::WaitContext,
        Kind::NestNotHeld,
        Kind::HeldFreed,
        Kind::HeldAtExit,
        Kind::HeldToUser,
        Kind::SleepAtomic,
        Kind::Assertion,
        Kind::Rcu,
        Kind::IrqsState,
        Kind::WwMisuse,
        Kind::HoldLimit,
        Kind::Deadlock,
        Kind::HungTask,
    ];

    /// Returns whether checking ends with a finding of this kind, if that is the policy. Not with a hold that was too
    /// long, nor with a hang: everything learned is as sound as before.
    pub const fn ends_checking(self) -> bool {
        !self.is_hang() && !matches!(self, Kind::HoldLimit)
    }

    /// Returns whether it is about what has happened, and not about what could. It is reported also where the rules are
    /// silent, since that is when it is needed most.
    pub const fn is_hang(self) -> bool {
        matches!(self, Kind::Deadlock | Kind::HungTask)
    }

    /// The verdict in a trace.
    pub const fn verdict(self) -> &'static str {
        match self {
            Kind::Recursive => "recursive",
            Kind::Circular => "circular",
            Kind::Inconsistent => "inconsistent",
            Kind::IrqOrder => "irq-order",
            Kind::IrqInversion => "irq-inversion",
            Kind::Unbalanced => "unbalanced",
            Kind::WaitContext => "wait-context",
            Kind::NestNotHeld => "nest-not-held",
            Kind::HeldFreed => "held-freed",
            Kind::HeldAtExit => "held-at-exit",
            Kind::HeldToUser => "held-to-user",
            Kind::SleepAtomic => "sleep-atomic",
            Kind::Assertion => "assertion",
            Kind::Rcu => "rcu",
            Kind::IrqsState => "irqs-state",
            Kind::WwMisuse => "ww-misuse",
            Kind::HoldLimit => "hold-limit",
            Kind::Deadlock => "deadlock",
            Kind::HungTask => "hung-task",
        }
    }
}

/// The size of an array that is indexed by kind; [`Kind`] begins at 1.
pub(crate) const KINDS: usize = Kind::ALL.len() + 1;
