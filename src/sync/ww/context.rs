//! The acquire context: how old its owner is, how many mutexes it has, and which rules apply to it.
//!
//! A context begins with `init`, which returns a [`WwAcquire`]. Mutexes are taken with it; `done` states that these are
//! all (a help to find bugs, no more); they are released; and it ends with `fini`, or by being dropped.
//!
//! Invariants:
//! - While it is begun a context stays where it is, since the validator knows it by its address: the `WwAcquire`
//!   borrows it. Guards borrow the `WwAcquire`, so it outlives them. Both stay on the task that began.
//! - Nothing here refuses: a call against the rules is reported, and done.
//!
//! [`State`] is the same without the borrows: for the self-tests, which break the rules on purpose.

use super::WwClass;
use crate::context::hold::Acquire;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::report::kind::Kind;
use core::cell::Cell;
use core::marker::PhantomData;

/// Who takes several mutexes of a class at once. Linux's `struct ww_acquire_ctx`.
#[derive(Debug)]
pub struct WwAcquireContext {
    state: State,
}

impl WwAcquireContext {
    /// A context that has not begun.
    pub const fn new(class: &'static WwClass) -> WwAcquireContext {
        WwAcquireContext { state: State::new(class) }
    }

    /// Begins: from now on it ages. Linux's `ww_acquire_init`.
    #[track_caller]
    #[inline]
    pub fn init(&mut self) -> WwAcquire<'_> {
        let site = Site::caller();
        self.state.init(site);
        WwAcquire { state: &self.state, begun: site, of_one_task: PhantomData }
    }
}

/// A context that has begun: what mutexes are taken with.
#[must_use = "the context ends when this is dropped"]
#[derive(Debug)]
pub struct WwAcquire<'a> {
    state: &'a State,
    begun: Site,
    of_one_task: PhantomData<*const ()>,
}

impl WwAcquire<'_> {
    /// States that all mutexes are taken: to take another is reported. Linux's `ww_acquire_done`.
    #[track_caller]
    #[inline]
    pub fn done(&self) {
        self.state.done(Site::caller());
    }

    /// Ends, when all mutexes are released. Linux's `ww_acquire_fini`.
    #[track_caller]
    #[inline]
    pub fn fini(self) {
        self.state.fini(Site::caller());
        core::mem::forget(self);
    }

    /// How many mutexes it has.
    pub fn acquired(&self) -> usize {
        self.state.acquired.get()
    }

    pub(super) fn state(&self) -> &State {
        self.state
    }
}

impl Drop for WwAcquire<'_> {
    /// A drop knows no line: if the end is not as it must be, the report names the beginning.
    #[inline]
    fn drop(&mut self) {
        self.state.fini(self.begun);
    }
}

/// What there is to know of a context.
#[derive(Debug)]
pub(crate) struct State {
    class: &'static WwClass,
    /// Held from `init` to `fini`: the nest lock of every mutex.
    map: LockMap,
    /// 0 before `init`.
    stamp: Cell<usize>,
    acquired: Cell<usize>,
    done: Cell<bool>,
    /// The mutex that answered `Deadlock`, by its number; 0 if none did since.
    contended: Cell<usize>,
}

impl State {
    pub(crate) const fn new(class: &'static WwClass) -> State {
        State {
            class,
            map: LockMap::with_key(&class.context, WaitTypes::SLEEP),
            stamp: Cell::new(0),
            acquired: Cell::new(0),
            done: Cell::new(false),
            contended: Cell::new(0),
        }
    }

    #[inline]
    pub(crate) fn init(&self, site: Site) {
        self.stamp.set(self.class.next_stamp());
        self.acquired.set(0);
        self.done.set(false);
        self.contended.set(0);
        hooks::acquire(&self.map, Mode::WRITE, site);
    }

    #[inline]
    pub(crate) fn done(&self, site: Site) {
        if self.done.replace(true) {
            self.misused("done twice", site);
        }
    }

    #[inline]
    pub(crate) fn fini(&self, site: Site) {
        hooks::release(&self.map, Some(site));
        if self.acquired.get() > 0 {
            self.misused("the context ends before its mutexes are released", site);
        }
    }

    #[inline]
    fn misused(&self, note: &'static str, site: Site) {
        hooks::report_misuse(Kind::WwMisuse, note, Some(&self.map), site);
    }

    /// The taking of a mutex with this context, as the validator is told of it.
    pub(super) fn acquire<'a>(&'a self, mutex: &'a LockMap, site: Site) -> Acquire<'a> {
        Acquire { nest: Some(&self.map), ..Acquire::new(mutex, Mode::WRITE, site) }
    }

    /// Which rule it breaks to take this mutex now. Linux's `ww_mutex_lock_acquired`, but before the wait.
    pub(super) fn broken_rule(&self, class: &WwClass, mutex: &LockMap) -> Option<&'static str> {
        let contended = self.contended.get();
        if !core::ptr::eq(self.class, class) {
            Some("a mutex of another class than its context")
        } else if self.done.get() {
            Some("a mutex taken after done")
        } else if contended != 0 && contended != mutex.instance() {
            Some("after a deadlock, another mutex taken than the contended one")
        } else if contended != 0 && self.acquired.get() > 0 {
            Some("after a deadlock, the contended mutex taken with others still held")
        } else {
            None
        }
    }

    /// Its stamp; 0 before it begins.
    pub(super) fn stamp(&self) -> usize {
        self.stamp.get()
    }

    /// Whether it is the context of this class with the stamp `owner`.
    pub(super) fn is_owner(&self, class: &WwClass, owner: usize) -> bool {
        owner != 0 && owner == self.stamp.get() && core::ptr::eq(self.class, class)
    }

    /// Whether it must not wait for a mutex that the context with the stamp `owner` has. One that has nothing may
    /// always wait: nobody waits for it.
    pub(super) fn must_back_off(&self, owner: usize) -> bool {
        owner != 0 && self.acquired.get() > 0 && super::is_younger(self.stamp.get(), owner)
    }

    /// Whether a mutex answered `Deadlock`, and none was taken since.
    pub(super) fn is_backing_off(&self) -> bool {
        self.contended.get() != 0
    }

    /// The mutex answered `Deadlock`.
    pub(super) fn back_off_from(&self, mutex: &LockMap) {
        self.contended.set(mutex.instance());
    }

    /// It has one mutex more.
    pub(super) fn count(&self) {
        self.contended.set(0);
        self.acquired.set(self.acquired.get().saturating_add(1));
    }

    /// It has one mutex less; `false`: it had none.
    pub(super) fn uncount(&self) -> bool {
        let less = self.acquired.get().checked_sub(1);
        self.acquired.set(less.unwrap_or(0));
        less.is_some()
    }
}

/// What only the self-tests ask for.
#[cfg(feature = "selftest")]
impl State {
    pub(crate) fn is_begun(&self) -> bool {
        self.stamp.get() != 0
    }

    pub(crate) fn acquired(&self) -> usize {
        self.acquired.get()
    }

    /// Forgets what it has.
    pub(crate) fn spoil(&self) {
        self.acquired.set(0);
    }
}
