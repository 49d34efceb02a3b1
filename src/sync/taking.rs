//! What the validator is told of a lock that is taken and let go: once, for the real token and for its twin.
//!
//! Invariant, of every lock that uses this: it is announced before it is waited for, so that a report comes before the
//! hang, and taken off the books before it is let go, so that nobody else can have it while it still stands there.

use super::tracker::Token;
use crate::class::{LockMap, Subclass};
use crate::held::Acquire;
use crate::hooks;
use crate::mode::Mode;
use crate::site::Site;

impl Token<'_> {
    /// The lock is about to be waited for.
    #[inline(always)]
    pub fn acquire(self, mode: Mode, site: Site) -> Self {
        hooks::acquire(self.map(), mode, site);
        self
    }

    /// The same, at a nesting level of its class. Linux's `spin_lock_nested`.
    #[inline]
    pub fn acquire_nested(self, mode: Mode, subclass: Subclass, site: Site) -> Self {
        hooks::acquire_specially(&Acquire { subclass, ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The same, where `nest` is held, which serialises every taking of this class. Linux's `spin_lock_nest_lock`.
    #[inline]
    pub fn acquire_nest(self, mode: Mode, nest: &LockMap, site: Site) -> Self {
        hooks::acquire_specially(&Acquire { nest: Some(nest), ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The lock that was just announced sleeps until it is free, if its wait type is `sleep`: where a flag bars that, it is
    /// reported. Every waiting acquisition of such a lock does this; one that spins need not.
    #[inline(always)]
    pub fn asleep(self, site: Site) -> Self {
        hooks::wait_asleep(self.map(), site);
        self
    }

    /// The lock is about to be waited for, for some time: that is a try, but one that may sleep.
    #[inline]
    pub fn asleep_timed(self, site: Site) {
        hooks::wait_asleep_timed(self.map(), site);
    }

    /// The lock was free, and is taken: nobody waited.
    #[inline]
    pub fn acquired_by_try(self, mode: Mode, site: Site) -> Self {
        hooks::acquire_specially(&Acquire { tried: true, ..Acquire::new(self.map(), mode, site) });
        self
    }

    /// The lock is about to be let go; `site` where that is known.
    #[inline(always)]
    pub fn release(self, site: Option<Site>) {
        hooks::release(self.map(), site);
    }

    /// The hold becomes a reader's.
    #[track_caller]
    #[inline]
    pub fn downgrade(self, mode: Mode) {
        hooks::downgrade(self.map(), mode);
    }

    /// The lock will be let go by anybody, or never: its guard was leaked.
    #[track_caller]
    #[inline]
    pub fn hand_over(self) {
        hooks::hand_over(self.map());
    }
}
