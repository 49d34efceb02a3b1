//! The validator's data in a tracked lock and in its guards. The twin for builds without the feature `validate` is
//! `tracker/off.rs`, where both are zero-sized; a test compares the two files.
//!
//! Every lock of the crate holds a [`Tracker`] and every guard a [`Token`]; `token.rs` sends, once for both twins, the
//! events of an acquire and a release. A kernel's own lock does it in the same way: it then costs nothing when the
//! validator is switched off.
//!
//! Invariants:
//! - A lock that is dropped while the running context holds it is reported (`held-freed`), and its hold is removed.
//!   A lock that nobody holds costs a look at the held-lock stack for that, and no internal lock.
//! - The recorded holds have copies and numbers alone: a tracker may be moved, dropped or forgotten at any time.
//! - The class of a lock that is a class of its own is unregistered with the lock. (It stays where the lock is dropped
//!   inside lockdep or in an NMI, where there is no context, and where a guard of it was forgotten.)
//!
//! What it does not do: see a hold of another context. That is found when that context ends, or releases it.

use crate::hooks;
use crate::lock::as_lock_map::AsLockMap;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::runtime::event::Event;
use core::marker::PhantomData;

/// What a lock carries: its [`LockMap`], and the check when it is dropped.
#[derive(Debug)]
pub struct Tracker {
    map: LockMap,
}

impl Tracker {
    /// For a lock whose class is the caller's line.
    #[track_caller]
    #[inline]
    pub const fn new(waits: WaitTypes) -> Tracker {
        Tracker { map: LockMap::new(waits) }
    }

    /// For a lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    #[inline]
    pub const fn named(name: &'static str, waits: WaitTypes) -> Tracker {
        Tracker { map: LockMap::named(name, waits) }
    }

    /// For a lock of the class `key`.
    #[inline]
    pub const fn with_key(key: &'static LockClassKey, waits: WaitTypes) -> Tracker {
        Tracker { map: LockMap::with_key(key, waits) }
    }

    /// For a lock that is described by `map`: any [`LockMap`].
    #[inline]
    pub const fn from_map(map: LockMap) -> Tracker {
        Tracker { map }
    }

    /// What the validator knows the lock by.
    #[inline(always)]
    pub const fn map(&self) -> &LockMap {
        &self.map
    }

    /// What a guard of the lock keeps.
    #[inline(always)]
    pub const fn token(&self) -> Token<'_> {
        Token { map: &self.map, not_send: PhantomData }
    }
}

impl AsLockMap for Tracker {
    #[inline(always)]
    fn as_lock_map(&self) -> &LockMap {
        self.map()
    }
}

/// Where something began that ends by a drop, which knows no line: reports name this one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Begun(Site);

impl Begun {
    /// The caller's line.
    #[track_caller]
    #[inline(always)]
    pub(crate) const fn here() -> Begun {
        Begun(Site::caller())
    }

    /// The line.
    #[inline(always)]
    pub(crate) const fn site(self) -> Site {
        self.0
    }
}

impl Drop for Tracker {
    /// As [`hooks::lock_freed`], but the line is unknown, and a lock that is held is also removed from the record.
    /// Cheap if the lock is not held.
    #[inline]
    fn drop(&mut self) {
        let map = &self.map;
        if hooks::holds(map) {
            hooks::event(Event::Dropped(map), map.site());
        }
        if map.has_own_class() {
            hooks::event(Event::ForgetOwnClass(map), map.site());
        }
    }
}

/// The handle in a guard: names the hold to remove. It is not `Send`: a hold stays with the task, or the
/// interrupt, that took it.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    map: &'a LockMap,
    not_send: PhantomData<*const ()>,
}

impl<'a> Token<'a> {
    /// What the validator knows the lock by.
    #[inline(always)]
    pub const fn map(self) -> &'a LockMap {
        self.map
    }
}
