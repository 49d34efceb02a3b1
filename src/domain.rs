//! One validator as the runtime keeps it: its two halves, parted by the internal lock.
//!
//! Invariants: the tables are reached under the lock alone. A report is written under it, by the event that finds something
//! first, and is read by the one who shows it; nobody writes it before a reset, which refuses while it is being shown.
//!
//! `unsafe` is here to reach what the lock guards, and to read the report that nobody writes.
#![allow(unsafe_code)]

use crate::atomic::{self, AtomicBool, AtomicU32, Ordering};
use crate::chain::Chains;
use crate::classes::SeenClasses;
use crate::context::Context;
use crate::limits::Notice;
use crate::news::News;
use crate::port::Port;
use crate::report::{LockView, Report, Who};
use crate::tables::Tables;
use crate::validator::{Engine, Seen};
use crate::word::Word;
use core::cell::UnsafeCell;

/// One validator as the runtime keeps it.
#[repr(C)]
pub(crate) struct Domain<const C: usize, const D: usize, const K: usize> {
    classes: SeenClasses<[AtomicU32; C]>,
    chains: Chains<[Word; K]>,
    locked: AtomicBool,
    tables: UnsafeCell<Tables<C, D, K>>,
    report: UnsafeCell<Report>,
    /// The report is being shown: it must not be written to. Set under `locked`.
    showing: AtomicBool,
}

// SAFETY: `tables` is reached under `locked` alone, and so is `report`, until it has been written: then it is read by the
// one who shows it, and written by nobody before `reset`, which refuses while `showing` is set. The rest is atomics.
unsafe impl<const C: usize, const D: usize, const K: usize> Sync for Domain<C, D, K> {}

/// How often a dump that must not wait tries to get the internal lock.
const PANIC_TRIES: usize = 10_000;

impl<const C: usize, const D: usize, const K: usize> Domain<C, D, K> {
    pub(crate) const fn new() -> Self {
        Domain {
            classes: SeenClasses::new(),
            chains: Chains::new(),
            locked: AtomicBool::new(false),
            tables: UnsafeCell::new(Tables::new()),
            report: UnsafeCell::new(Report::EMPTY),
            showing: AtomicBool::new(false),
        }
    }

    /// Whether the report is being shown. It cannot begin to be while the internal lock is held; that it is over is the
    /// `Release` of `show`.
    pub(crate) fn is_showing(&self) -> bool {
        self.showing.load(Ordering::Acquire)
    }

    #[inline(always)]
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { classes: &self.classes, chains: &self.chains }
    }

    /// Runs an event under the internal lock. Says whether it found something, which is to be shown,
    /// and which table it found full.
    pub(crate) fn with<R>(
        &self,
        who: fn() -> Who,
        event: impl FnOnce(&mut Engine<'_>) -> R,
    ) -> (R, bool, Option<Notice>) {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: `locked` is ours until `unlock` below, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let nothing_found = tables.found.is_none();
        // SAFETY: nothing is found, so the report is nobody's: neither being shown nor about to be.
        let report = nothing_found.then(|| unsafe { &mut *self.report.get() });
        let mut engine = tables.engine(self.seen(), report, who);
        let answer = event(&mut engine);
        let is_new = nothing_found && engine.found.is_some();
        let notice = engine.take_notice();
        if is_new {
            self.showing.store(true, Ordering::Relaxed);
        }
        self.unlock();
        (answer, is_new, notice)
    }

    /// Shows what `context` holds, the lowest first. Waits for nothing: where the internal lock cannot be had soon, without
    /// what the tables know of the classes.
    pub(crate) fn each_held(&self, context: &Context, who: fn() -> Who, show: &mut dyn FnMut(&LockView)) {
        if !(0..PANIC_TRIES).any(|_| self.try_lock()) {
            return context.all().for_each(|hold| show(&LockView::without_class(&hold)));
        }
        // SAFETY: the lock is ours until `unlock` below.
        let tables = unsafe { &mut *self.tables.get() };
        let engine = tables.engine(self.seen(), None, who);
        context.all().for_each(|hold| show(&engine.view(&hold)));
        self.unlock();
    }

    fn try_lock(&self) -> bool {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    fn unlock(&self) {
        self.locked.store(false, Ordering::Release);
    }

    /// Shows what was found.
    pub(crate) fn show<P: Port>(&self) {
        let _until_the_end = Showing(&self.showing);
        // SAFETY: the event that wrote the report is over, and `showing`, which it set, keeps others from writing.
        P::show(News::Report(unsafe { &*self.report.get() }));
    }
}

/// A report is being shown: over also when that panics.
struct Showing<'a>(&'a AtomicBool);

impl Drop for Showing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
