//! The kinds of findings: Linux's, and those of kernels that are not Linux.

/// What was found. The names of the first twelve are those of `docs/trace-format.md`; the headings Linux's.
///
/// The numbers begin at 1, so that none of them is all zeros, and a table that has found nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A lock class is taken while already held.
    Recursive = 1,
    /// A new dependency closes a cycle.
    Circular,
    /// One class is used in a state, and held with it enabled.
    Inconsistent,
    /// A new dependency leads from a class used in a state to one held with it enabled.
    IrqOrder,
    /// A new usage makes an existing path such a one.
    IrqInversion,
    /// A release of what is not held.
    Unbalanced,
    /// A lock that may sleep where sleeping is not allowed.
    WaitContext,
    /// The nest lock is not held.
    NestNotHeld,
    /// A held lock is freed.
    HeldFreed,
    /// A task or an interrupt ends with locks held.
    HeldAtExit,
    /// A task returns to user mode with locks held.
    HeldToUser,
    /// A point that may sleep where that is not allowed.
    SleepAtomic,
    /// An assertion about held locks or flags does not hold; [`Report::note`](crate::report::Report::note) says which.
    Assertion,
    /// A pointer that RCU protects is read outside a read section.
    Rcu,
    /// The validator's interrupt flag and the machine's differ.
    IrqsState,
    /// A wound/wait mutex or its context is used against its rules; [`Report::note`](crate::report::Report::note) says how.
    WwMisuse,
    /// A lock was held for longer than its class allows.
    HoldLimit,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 17] = [
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
    ];

    /// Whether checking ends with a finding of this kind, if that is the policy: not with a hold that was too long, after
    /// which everything is as sound as before.
    pub const fn ends_checking(self) -> bool {
        !matches!(self, Kind::HoldLimit)
    }

    /// The verdict's name in a trace.
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
        }
    }
}

/// Numbers for all kinds; [`Kind`] begins at 1.
pub(crate) const KINDS: usize = Kind::ALL.len() + 1;
