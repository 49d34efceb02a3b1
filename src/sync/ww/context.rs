//! The acquire context: how old its owner is, how many mutexes it has, and which rules are in force for it.
//!
//! A context goes through `init`, takes mutexes, says `done` when it has all that it wants (that call is a help to find
//! bugs, no more), lets them go, and ends with `fini`, which its drop does as well.
//!
//! Invariants: it belongs to one task, since it is neither `Send` nor `Sync`; guards borrow it, so it outlives them. No
//! method panics or refuses: what is against the rules is reported, and done.

use super::WwClass;
use crate::class::LockMap;
use crate::held::Acquire;
use crate::hooks;
use crate::mode::Mode;
use crate::report::Kind;
use crate::site::Site;
use crate::wait_type::WaitTypes;
use core::cell::Cell;
use core::marker::PhantomData;

/// Who takes several mutexes of a class at once. Linux's `struct ww_acquire_ctx`.
///
/// It must not be moved between [`init`](Self::init) and [`fini`](Self::fini): the validator knows it by its address, and
/// would report an unbalanced release.
#[derive(Debug)]
pub struct WwAcquireContext {
    class: &'static WwClass,
    /// Held from `init` to `fini`.
    map: LockMap,
    /// 0 before `init`.
    stamp: Cell<usize>,
    acquired: Cell<usize>,
    done: Cell<bool>,
    /// The mutex that answered `Deadlock`, by its number; 0 if none did since.
    contended: Cell<usize>,
    /// Where it began; `None` outside of `init` and `fini`.
    begun: Cell<Option<Site>>,
    of_one_task: PhantomData<*const ()>,
}

impl WwAcquireContext {
    /// A context that has not begun.
    pub const fn new(class: &'static WwClass) -> WwAcquireContext {
        WwAcquireContext {
            class,
            map: LockMap::with_key(&class.context, WaitTypes::SLEEP),
            stamp: Cell::new(0),
            acquired: Cell::new(0),
            done: Cell::new(false),
            contended: Cell::new(0),
            begun: Cell::new(None),
            of_one_task: PhantomData,
        }
    }

    /// Begins: from now on mutexes are taken with it, and it ages. Linux's `ww_acquire_init`.
    #[track_caller]
    #[inline]
    pub fn init(&self) {
        let site = Site::caller();
        self.stamp.set(self.class.next_stamp());
        self.acquired.set(0);
        self.done.set(false);
        self.contended.set(0);
        self.begun.set(Some(site));
        hooks::acquire(&self.map, Mode::WRITE, site);
    }

    /// Says that all mutexes are taken: to take another is reported. Linux's `ww_acquire_done`.
    #[track_caller]
    #[inline]
    pub fn done(&self) {
        let site = Site::caller();
        if self.begun.get().is_none() {
            self.misused("done without an acquire phase: init comes first", site);
        } else if self.done.replace(true) {
            self.misused("done twice", site);
        }
    }

    /// Ends, with no mutex left. Linux's `ww_acquire_fini`.
    #[track_caller]
    #[inline]
    pub fn fini(&self) {
        self.end(Site::caller());
    }

    /// How many mutexes it has.
    pub fn acquired(&self) -> usize {
        self.acquired.get()
    }

    /// Whether it is between `init` and `fini`.
    pub fn is_begun(&self) -> bool {
        self.begun.get().is_some()
    }

    #[inline]
    fn end(&self, site: Site) {
        self.begun.set(None);
        hooks::release(&self.map, Some(site));
        if self.acquired.get() > 0 {
            self.misused("the context ends before its mutexes are let go", site);
        }
    }

    #[inline]
    fn misused(&self, note: &'static str, site: Site) {
        hooks::wrong(Kind::WwMisuse, note, Some(&self.map), site);
    }

    // ---- what the mutex asks and tells

    /// The taking of a mutex with this context, as the validator is told of it.
    pub(super) fn acquire<'a>(&'a self, mutex: &'a LockMap, site: Site) -> Acquire<'a> {
        Acquire { nest: Some(&self.map), ..Acquire::new(mutex, Mode::WRITE, site) }
    }

    /// Which rule it breaks to take this mutex now. Linux's `ww_mutex_lock_acquired`, before the wait.
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

    /// Whether it must not wait for a mutex that the context with the stamp `owner` has. One that has nothing may always
    /// wait: nobody waits for it.
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

    /// Forgets what it has: for the self-tests, which break the rules on purpose.
    pub(crate) fn forget_acquired(&self) {
        self.acquired.set(0);
    }
}

impl Drop for WwAcquireContext {
    /// A drop knows no line: if the end is not as it must be, the report names the beginning.
    #[inline]
    fn drop(&mut self) {
        if let Some(site) = self.begun.get() {
            self.end(site);
        }
    }
}
