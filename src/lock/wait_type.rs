//! Wait types: which locks may be waited for where.
//!
//! `free < spin < config < sleep`. A lock may be acquired if its outer type is not above the *limit*: the least of the
//! context's own limit and the inner types of what is held. Linux's `enum lockdep_wait_type`, with its numbers. What it
//! does not do: check; that is `rules/wait_context.rs`.

/// What a wait for a lock does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum WaitType {
    /// Not checked.
    #[default]
    None = 0,
    /// Never waits (an RCU read section).
    Free = 1,
    /// Spins in every configuration (Linux's `raw_spinlock_t`).
    Spin = 2,
    /// Spins here, but may sleep in another configuration of the kernel (Linux's `spinlock_t`).
    Config = 3,
    /// Sleeps.
    Sleep = 4,
}

impl WaitType {
    /// The limit of a task that holds nothing: above every type. Printed by Linux as `context-{5:5}`.
    pub const NO_LIMIT: u8 = 5;

    pub(crate) const fn from_bits(bits: u16) -> WaitType {
        match bits & 7 {
            1 => WaitType::Free,
            2 => WaitType::Spin,
            3 => WaitType::Config,
            4 => WaitType::Sleep,
            _ => WaitType::None,
        }
    }
}

/// The wait types of a class: what its lock needs around it, and what it allows inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WaitTypes {
    outer: WaitType,
    inner: WaitType,
}

impl WaitTypes {
    /// Not checked.
    pub const NONE: WaitTypes = WaitTypes::new(WaitType::None, WaitType::None);
    /// A lock that spins in every configuration.
    pub const SPIN: WaitTypes = WaitTypes::both(WaitType::Spin);
    /// A lock that spins here and may sleep in another configuration.
    pub const CONFIG: WaitTypes = WaitTypes::both(WaitType::Config);
    /// A lock that sleeps.
    pub const SLEEP: WaitTypes = WaitTypes::both(WaitType::Sleep);

    /// Outer and inner type. If the outer type is `None`, the inner one is used for both.
    pub const fn new(outer: WaitType, inner: WaitType) -> WaitTypes {
        match outer {
            WaitType::None => WaitTypes { outer: inner, inner },
            _ => WaitTypes { outer, inner },
        }
    }

    /// The same type outside and inside.
    pub const fn both(wait: WaitType) -> WaitTypes {
        WaitTypes::new(wait, wait)
    }

    /// Both, at the layout of a hold's flags: inner, then outer, three bits each.
    pub(crate) const fn bits(self) -> u16 {
        self.inner as u16 | (self.outer as u16) << 3
    }

    pub(crate) const fn from_bits(bits: u16) -> WaitTypes {
        WaitTypes { outer: WaitType::from_bits(bits >> 3), inner: WaitType::from_bits(bits) }
    }

    /// The type that the lock needs around it: it may be acquired where the limit is at least this.
    pub const fn outer(self) -> WaitType {
        self.outer
    }

    /// The limit while the lock is held.
    pub const fn inner(self) -> WaitType {
        self.inner
    }
}
