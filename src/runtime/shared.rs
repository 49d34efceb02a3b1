//! One validator as the runtime keeps it: its two halves, parted by the internal lock.
//!
//! Invariants: the tables are reached under the lock alone. A report is written under it, in a slot in which none waits; it
//! is read by the one who shows it, after the lock is released, and its slot is free when it was shown. So nobody reads a
//! report while it is written. `engine/report_queue.rs` says which slot is which.
//!
//! `unsafe` is here to reach what the lock guards, and to read the report whose slot nobody writes.
#![allow(unsafe_code)]

use crate::atomic::word64::AtomicWord64;
use crate::atomic::{self, AtomicBool, Ordering};
use crate::context::Context;
use crate::engine::findings::FINDINGS;
use crate::engine::report_queue::SLOTS;
use crate::engine::validator::Tables;
use crate::engine::{Engine, Published, new_chain};
use crate::graph::chain_cache::{self, Chains};
use crate::graph::classes::UsageWords;
use crate::port::Port;
use crate::report::capacity::{Notice, Table};
use crate::report::config::PortConfig;
use crate::report::message::Message;
use crate::report::{LockView, Report};
use core::cell::UnsafeCell;

/// One validator as the runtime keeps it.
#[repr(C)]
pub(crate) struct SharedValidator<const C: usize, const D: usize, const K: usize> {
    classes: UsageWords<[AtomicWord64; C]>,
    chains: Chains<[chain_cache::Slot; K]>,
    locked: AtomicBool,
    tables: UnsafeCell<Tables<C, D, K>>,
    reports: [UnsafeCell<Report>; SLOTS],
}

// SAFETY: `tables` is reached under `locked` alone, and so is each of `reports`, but for the one that the queue says is being
// shown: that is read by the one who shows it, and written by nobody until he ends that, under `locked`. The rest is
// atomics.
unsafe impl<const C: usize, const D: usize, const K: usize> Sync for SharedValidator<C, D, K> {}

/// How often a dump that must not wait tries to get the internal lock.
const PANIC_TRIES: usize = 10_000;

/// How much there can be to show until a reset: each finding once, and each table.
const ALL_MESSAGES: usize = FINDINGS + Table::ALL.len();

/// What is to be shown next.
enum Next {
    Notice(Notice),
    /// The report in this slot, which is ours until `shown`.
    Report(usize),
}

impl<const C: usize, const D: usize, const K: usize> SharedValidator<C, D, K> {
    pub(crate) const fn new() -> Self {
        SharedValidator {
            classes: UsageWords::new(),
            chains: Chains::new(),
            locked: AtomicBool::new(false),
            tables: UnsafeCell::new(Tables::new()),
            reports: [const { UnsafeCell::new(Report::EMPTY) }; SLOTS],
        }
    }

    #[inline(always)]
    pub(crate) fn published(&self) -> Published<'_> {
        Published { classes: &self.classes, chains: &self.chains }
    }

    /// Runs an event under the internal lock. Says whether there is something to show.
    pub(crate) fn with<R>(&self, config: &PortConfig, event: impl FnOnce(&mut Engine<'_>) -> R) -> (R, bool) {
        let mut locked = self.lock(config);
        let answer = event(&mut locked.engine);
        let has_messages = locked.end();
        (answer, has_messages)
    }

    /// Learns the chain of an acquisition of which nothing else is new, under the internal lock; says whether it was so. There
    /// is nothing to show afterwards.
    #[inline(always)]
    pub(crate) fn learn(&self, config: &PortConfig, new: &new_chain::New<'_>) -> bool {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: `locked` is ours until it is stored to below, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let learned = tables.learn(self.published(), new, config.policy);
        self.locked.store(false, Ordering::Release);
        learned
    }

    /// Waits for the internal lock, for an event. One piece of code for all events, which are many.
    #[inline(never)]
    fn lock<'a>(&'a self, config: &'a PortConfig) -> Locked<'a> {
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
        let engine = tables.engine(self.published(), slots, config);
        engine.findings.begin(config.now);
        Locked { engine, locked: &self.locked }
    }

    /// Shows what is to be shown, the oldest report first, and returns how much that was. What another CPU shows at the moment
    /// stays with it. `begin` makes what is needed around the internal lock, and is not there while something is shown: so
    /// the port's `show` runs as the caller does. What it finds itself is shown after it, by this same loop: there is at most
    /// so much news, since a finding is known when it comes again.
    pub(crate) fn show_pending<P: Port, W>(&self, config: &PortConfig, begin: impl Fn() -> W) -> usize {
        let mut shown = 0;
        let mut halts = false;
        while shown < ALL_MESSAGES
            && let Some(next) = self.next(config, &begin)
        {
            shown += 1;
            match next {
                Next::Notice(notice) => {
                    let _until_the_end = Showing { validator: self, config, begin: &begin, report: false };
                    P::show(Message::Notice(&notice));
                }
                Next::Report(slot) => {
                    self.show::<P, W>(slot, config, &begin);
                    halts = config.policy.halts();
                }
            }
        }
        if halts {
            P::show(Message::Halt);
        }
        shown
    }

    /// What is to be shown next: nothing while something is being shown.
    fn next<W>(&self, config: &PortConfig, begin: &impl Fn() -> W) -> Option<Next> {
        let _work = begin();
        let (next, _) = self.with(config, |engine| {
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
    fn show<P: Port, W>(&self, slot: usize, config: &PortConfig, begin: &impl Fn() -> W) {
        let _until_the_end = Showing { validator: self, config, begin, report: true };
        if let Some(report) = self.reports.get(slot) {
            // SAFETY: the report was written by an event that is over, under the lock that we had since; until `Showing`
            // ends, which alone frees the slot, nobody writes it.
            P::show(Message::Report(unsafe { &*report.get() }));
        }
    }

    /// Looks at the tables. Waits for nothing: `None` where the internal lock cannot be had soon.
    pub(crate) fn peek<R>(&self, config: &PortConfig, look: impl FnOnce(&Engine<'_>) -> R) -> Option<R> {
        if !(0..PANIC_TRIES).any(|_| self.try_lock()) {
            return None;
        }
        // SAFETY: `locked` is ours until `Locked` ends, and `tables` is reached nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let engine = tables.engine(self.published(), [const { None }; SLOTS], config);
        let locked = Locked { engine, locked: &self.locked };
        Some(look(&locked.engine))
    }

    /// Shows what `context` holds, the lowest first. Waits for nothing: where the internal lock cannot be had soon, without
    /// what the tables know of the classes.
    pub(crate) fn for_each_held(&self, config: &PortConfig, context: &Context, show: &mut dyn FnMut(&LockView)) {
        let shown = self.peek(config, |engine| context.all().for_each(|hold| show(&engine.view(&hold))));
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
    validator: &'a SharedValidator<C, D, K>,
    config: &'a PortConfig,
    begin: &'a B,
    /// A report, and no notice.
    report: bool,
}

impl<B: Fn() -> W, W, const C: usize, const D: usize, const K: usize> Drop for Showing<'_, B, W, C, D, K> {
    fn drop(&mut self) {
        let _work = (self.begin)();
        let report = self.report;
        self.validator.with(self.config, |engine| match report {
            true => engine.queue.end(),
            false => engine.queue.set_showing_notice(false),
        });
    }
}
