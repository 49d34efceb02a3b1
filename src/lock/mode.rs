//! How a lock is waited for and held: two bits, and the one rule from which everything else follows.
//!
//! Invariant: [`Mode::blocks`] is the only place that decides which hold blocks which wait. Recursion calls it
//! directly; the kinds of a dependency, the strong paths of the search and the READ usage bits are tables of it. What
//! it does not do: know a lock.

/// How a lock is acquired: how the wait queues, and what the hold excludes.
///
/// The two halves are independent: an upgradeable read of `spin` waits like a recursive reader and holds exclusively
/// against its like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// The wait is a recursive reader's: it passes a writer that is queued.
    pub recursive: bool,
    /// The hold is shared: readers may hold the lock beside it.
    pub shared: bool,
}

impl Mode {
    /// Exclusive: `lock`, `write`. Linux's `read == 0`.
    pub const WRITE: Mode = Mode { recursive: false, shared: false };
    /// A reader that waits behind a queued writer. Linux's `read == 1`.
    pub const READ: Mode = Mode { recursive: false, shared: true };
    /// A recursive reader, which passes a queued writer. Linux's `read == 2`.
    pub const RECURSIVE_READ: Mode = Mode { recursive: true, shared: true };
    /// Waits like a recursive reader, holds exclusively: the upgradeable read of `spin::RwLock`.
    pub const UPGRADEABLE: Mode = Mode { recursive: true, shared: false };

    /// **The one rule:** a wait is blocked by a hold, unless a recursive reader waits for a shared hold.
    ///
    /// A plain reader *is* blocked by a shared hold, through the writer that may be queued between them.
    pub const fn blocks(hold_shared: bool, wait_recursive: bool) -> bool {
        !(wait_recursive && hold_shared)
    }

    /// Returns whether a hold in the mode `hold` blocks a wait in this mode.
    pub const fn is_blocked_by(self, hold: Mode) -> bool {
        Mode::blocks(hold.shared, self.recursive)
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn only_a_recursive_reader_passes_a_shared_hold() {
        let modes = [Mode::WRITE, Mode::READ, Mode::RECURSIVE_READ, Mode::UPGRADEABLE];
        for wait in modes {
            for hold in modes {
                let passes = wait.recursive && hold.shared;
                assert_eq!(wait.is_blocked_by(hold), !passes, "{wait:?} over {hold:?}");
            }
        }
    }
}
