//! The twin of `tracker.rs` for builds without the feature `validate`: the same names, no data.
//!
//! Invariants: both types are zero-sized and need no drop. Every lock shares one [`LockMap`], which describes none; it
//! is there so that code that hands maps to `hooks` and `asserts` compiles unchanged.

use crate::lock::as_lock_map::AsLockMap;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use core::marker::PhantomData;

/// The map of every lock.
static NOBODY: LockMap = LockMap::of_class("off", Site::caller(), WaitTypes::NONE);

/// Nothing: what a lock carries when nobody validates.
#[derive(Debug)]
pub struct Tracker(());

impl Tracker {
    /// No-op: built without `validate`.
    #[inline(always)]
    pub const fn new(_waits: WaitTypes) -> Tracker {
        Tracker(())
    }

    /// No-op: built without `validate`.
    #[inline(always)]
    pub const fn named(_name: &'static str, _waits: WaitTypes) -> Tracker {
        Tracker(())
    }

    /// No-op: built without `validate`.
    #[inline(always)]
    pub const fn with_key(_key: &'static LockClassKey, _waits: WaitTypes) -> Tracker {
        Tracker(())
    }

    /// No-op: built without `validate`.
    #[inline(always)]
    pub const fn from_map(_map: LockMap) -> Tracker {
        Tracker(())
    }

    /// A map that describes no lock.
    #[inline(always)]
    pub const fn map(&self) -> &LockMap {
        &NOBODY
    }

    /// No-op: built without `validate`.
    #[inline(always)]
    pub const fn token(&self) -> Token<'_> {
        Token { of_a_lock: PhantomData, not_send: PhantomData }
    }
}

impl AsLockMap for Tracker {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

/// Nothing: what a guard keeps when nobody validates.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    of_a_lock: PhantomData<&'a ()>,
    not_send: PhantomData<*const ()>,
}

impl<'a> Token<'a> {
    /// A map that describes no lock.
    #[inline(always)]
    pub const fn map(self) -> &'a LockMap {
        &NOBODY
    }
}

/// Nothing: nobody asks where something began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun(());

impl Begun {
    /// No-op: built without `validate`.
    #[inline(always)]
    pub(crate) const fn here() -> Begun {
        Begun(())
    }

    /// A line without content.
    #[inline(always)]
    pub(crate) const fn site(self) -> Site {
        NOBODY.site()
    }
}
