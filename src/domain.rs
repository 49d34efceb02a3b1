//! One validator as the runtime keeps it: its two halves, parted by the internal lock.
//!
//! Invariants: the tables are reached under the lock alone. A report is written under it, in a slot in which none waits; it
//! is read by the one who shows it, after the lock is released, and its slot is free when it was shown. So nobody reads a
//! report while it is written. `queue.rs` says which slot is which.
//!
//! `unsafe` is here to reach what the lock guards, and to read the report whose slot nobody writes.
#![allow(unsafe_code)]

use crate::atomic::{self, AtomicBool, Ordering};
use crate::chain::{self, Chains};
use crate::classes::SeenClasses;
use crate::context::Context;
use crate::finding::Terms;
use crate::ledger::FINDINGS;
use crate::limits::{Notice, Table};
use crate::news::News;
use crate::port::Port;
use crate::queue::SLOTS;
use crate::report::{LockView, Report};
use crate::tables::Tables;
use crate::third;
use crate::validator::{Engine, Seen};
use crate::word::Word;
use core::cell::UnsafeCell;

/// One validator as the runtime keeps it.
#[repr(C)]
pub(crate) struct Domain<const C: usize, const D: usize, const K: usize> {
    classes: SeenClasses<[Word; C]>,
    chains: Chains<[chain::Slot; K]>,
    locked: AtomicBool,
    tables: UnsafeCell<Tables<C, D, K>>,
    reports: [UnsafeCell<Report>; SLOTS],
}

// SAFETY: `tables` is reached under `locked` alone, and so is each of `reports`, but for the one that the queue says is being
// shown: that is read by the one who shows it, and written by nobody until he ends that, under `locked`. The rest is
// atomics.
unsafe impl<const C: usize, const D: usize, const K: usize> Sync for Domain<C, D, K> {}

/// How often a dump that must not wait tries to get the internal lock.
const PANIC_TRIES: usize = 10_000;

/// How much there can be to show until a reset: each finding once, and each table.
const ALL_NEWS: usize = FINDINGS + Table::ALL.len();

/// What is to be shown next.
enum Next {
    Notice(Notice),
    /// The report in this slot, which is ours until `shown`.
    Report(usize),
}

impl<const C: usize, const D: usize, const K: usize> Domain<C, D, K> {
    pub(crate) const fn new() -> Self {
        Domain {
            classes: SeenClasses::new(),
            chains: Chains::new(),
            locked: AtomicBool::new(false),
            tables: UnsafeCell::new(Tables::new()),
            reports: [const { UnsafeCell::new(Report::EMPTY) }; SLOTS],
        }
    }

    #[inline(always)]
    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen { classes: &self.classes, chains: &self.chains }
    }

    /// Runs an event under the internal lock. Says whether there is something to show.
    pub(crate) fn with<R>(&self, terms: &Terms, event: impl FnOnce(&mut Engine<'_>) -> R) -> (R, bool) {
        let mut locked = self.lock(terms);
        let answer = event(&mut locked.engine);
        let has_news = locked.end();
        (answer, has_news)
    }

    /// Learns the chain of an acquisition of which nothing else is new, under the internal lock; says whether it was so. There
    /// is nothing to show afterwards.
    #[inline(always)]
    pub(crate) fn learn(&self, terms: &Terms, new: &third::New<'_>) -> bool {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: `locked` is ours until it is stored to below, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let learned = tables.learn(self.seen(), new, terms.policy);
        self.locked.store(false, Ordering::Release);
        learned
    }

    /// Waits for the internal lock, for an event. One piece of code for all events, which are many.
    #[inline(never)]
    fn lock<'a>(&'a self, terms: &'a Terms) -> Locked<'a> {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: `locked` is ours until `Locked` ends, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let mut slots = [const { None }; SLOTS];
        for (place, free) in slots.iter_mut().zip(tables.queue.free()) {
            // SAFETY: the numbers of free slots are different ones, so each is borrowed once; `locked` is ours while the
            // engine has them, so no other event has one; and the slot of a report that is being shown is not free.
            *place = self.reports.get(free).map(|report| unsafe { &mut *report.get() });
        }
        let engine = tables.engine(self.seen(), slots, terms);
        engine.ledger.begin(terms.now);
        Locked { engine, locked: &self.locked }
    }

    /// Shows what is to be shown, the oldest report first, and returns how much that was. What another CPU shows at the moment
    /// stays with it. `begin` makes what is needed around the internal lock, and is not there while something is shown: so
    /// the port's `show` runs as the caller does. What it finds itself is shown after it, by this same loop: there is at most
    /// so much news, since a finding is known when it comes again.
    pub(crate) fn drain<P: Port, W>(&self, terms: &Terms, begin: impl Fn() -> W) -> usize {
        let mut shown = 0;
        let mut halts = false;
        while shown < ALL_NEWS
            && let Some(next) = self.next(terms, &begin)
        {
            shown += 1;
            match next {
                Next::Notice(notice) => {
                    let _until_the_end = Showing { domain: self, terms, begin: &begin, report: false };
                    P::show(News::Notice(&notice));
                }
                Next::Report(slot) => {
                    self.show::<P, W>(slot, terms, &begin);
                    halts = terms.policy.halts();
                }
            }
        }
        if halts {
            P::show(News::Halt);
        }
        shown
    }

    /// What is to be shown next: nothing while something is being shown.
    fn next<W>(&self, terms: &Terms, begin: &impl Fn() -> W) -> Option<Next> {
        let _work = begin();
        let (next, _) = self.with(terms, |engine| {
            if engine.queue.is_showing() {
                return None;
            }
            let Some(notice) = engine.take_notice() else { return engine.queue.begin().map(Next::Report) };
            engine.queue.set_showing_notice(true);
            Some(Next::Notice(notice))
        });
        next
    }

    /// Shows the report in a slot that the queue gave out to be shown.
    fn show<P: Port, W>(&self, slot: usize, terms: &Terms, begin: &impl Fn() -> W) {
        let _until_the_end = Showing { domain: self, terms, begin, report: true };
        if let Some(report) = self.reports.get(slot) {
            // SAFETY: the report was written by an event that is over, under the lock that we had since; until `Showing`
            // ends, which alone frees the slot, nobody writes it.
            P::show(News::Report(unsafe { &*report.get() }));
        }
    }

    /// Looks at the tables. Waits for nothing: `None` where the internal lock cannot be had soon.
    pub(crate) fn peek<R>(&self, terms: &Terms, look: impl FnOnce(&Engine<'_>) -> R) -> Option<R> {
        if !(0..PANIC_TRIES).any(|_| self.try_lock()) {
            return None;
        }
        // SAFETY: `locked` is ours until `Locked` ends, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let engine = tables.engine(self.seen(), [const { None }; SLOTS], terms);
        let locked = Locked { engine, locked: &self.locked };
        Some(look(&locked.engine))
    }

    /// Shows what `context` holds, the lowest first. Waits for nothing: where the internal lock cannot be had soon, without
    /// what the tables know of the classes.
    pub(crate) fn each_held(&self, terms: &Terms, context: &Context, show: &mut dyn FnMut(&LockView)) {
        let shown = self.peek(terms, |engine| context.all().for_each(|hold| show(&engine.view(&hold))));
        if shown.is_none() {
            context.all().for_each(|hold| show(&LockView::without_class(&hold)));
        }
    }

    fn try_lock(&self) -> bool {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }
}

/// Both halves of a validator, under the internal lock, which is let go at the end: also if what looks at it panics, as it may
/// on the host.
struct Locked<'a> {
    engine: Engine<'a>,
    locked: &'a AtomicBool,
}

impl Locked<'_> {
    /// An event is over: what it wrote waits to be shown. Says whether there is something to show.
    fn end(&mut self) -> bool {
        let engine = &mut self.engine;
        engine.queue.add(engine.written);
        !engine.queue.is_showing() && (engine.notices.are_pending() || engine.queue.waiting() > 0)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.locked.store(false, Ordering::Release);
    }
}

/// Something is being shown: over also when that panics, as it may on the host.
struct Showing<'a, B: Fn() -> W, W, const C: usize, const D: usize, const K: usize> {
    domain: &'a Domain<C, D, K>,
    terms: &'a Terms,
    begin: &'a B,
    /// A report, and no notice.
    report: bool,
}

impl<B: Fn() -> W, W, const C: usize, const D: usize, const K: usize> Drop for Showing<'_, B, W, C, D, K> {
    fn drop(&mut self) {
        let _work = (self.begin)();
        let report = self.report;
        self.domain.with(self.terms, |engine| match report {
            true => engine.queue.end(),
            false => engine.queue.set_showing_notice(false),
        });
    }
}
