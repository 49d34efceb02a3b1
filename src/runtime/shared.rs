//! One validator as the runtime keeps it: the tables behind the internal lock, and the half that is read without it.
//!
//! Invariants: the tables are accessed only under the lock. A report is written under it, in a slot that holds no
//! pending report. The CPU that shows it reads it after the lock is released, and the slot is free when it was shown.
//! So no report is read while it is written. `engine/report_queue.rs` assigns the slots.
//!
//! What it does not do: find anything; it calls the engine.
//!
//! `unsafe` is here to access what the lock guards, and to read the report whose slot nothing writes.
#![allow(unsafe_code)]

use crate::atomic::word64::AtomicWord64;
use crate::atomic::{self, AtomicBool, Ordering};
use crate::context::Context;
use crate::engine::report_queue::FreeSlots;
use crate::engine::validator::Tables;
use crate::engine::{Engine, Published, new_chain};
use crate::graph::chain_cache::{self, Chains};
use crate::graph::usage_words::UsageWords;
use crate::port::Port;
use crate::report::capacity::{Notice, Table};
use crate::report::config::PortConfig;
use crate::report::message::Message;
use crate::report::{LockView, Report};
use core::cell::UnsafeCell;

/// One validator as the runtime keeps it: `C` slots for classes and `D` for dependencies, of which one each is never
/// used, `K` for chains, `R` for reports, one more than may wait, and `F` for findings.
#[repr(C)]
pub(crate) struct SharedValidator<const C: usize, const D: usize, const K: usize, const R: usize, const F: usize> {
    classes: UsageWords<[AtomicWord64; C]>,
    chains: Chains<[chain_cache::Slot; K]>,
    locked: AtomicBool,
    tables: UnsafeCell<Tables<C, D, K, F>>,
    reports: [UnsafeCell<Report>; R],
}

// SAFETY: `tables` is accessed only under `locked`, and so is each of `reports`, except the one that the queue marks as
// being shown: the CPU that shows it reads it, and nothing writes it until that CPU ends that, under `locked`. The rest
// are atomics.
unsafe impl<const C: usize, const D: usize, const K: usize, const R: usize, const F: usize> Sync
    for SharedValidator<C, D, K, R, F>
{
}

/// How often a dump that must not wait tries to get the internal lock.
const PANIC_TRIES: usize = 10_000;

/// What is shown next.
enum Next {
    Notice(Notice),
    /// The report in this slot, which is this CPU's until `shown`.
    Report(usize),
}

impl<const C: usize, const D: usize, const K: usize, const R: usize, const F: usize> SharedValidator<C, D, K, R, F> {
    /// The most that can be shown until a reset: each finding once, and each table.
    const ALL_MESSAGES: usize = F + Table::ALL.len();

    pub(crate) const fn new() -> Self {
        SharedValidator {
            classes: UsageWords::new(),
            chains: Chains::new(),
            locked: AtomicBool::new(false),
            tables: UnsafeCell::new(Tables::new()),
            reports: [const { UnsafeCell::new(Report::EMPTY) }; R],
        }
    }

    #[inline(always)]
    pub(crate) fn published(&self) -> Published<'_> {
        Published { classes: &self.classes, chains: &self.chains }
    }

    /// Runs an event under the internal lock. Also returns whether there is something to show.
    pub(crate) fn with<T>(&self, config: &PortConfig, event: impl FnOnce(&mut Engine<'_>) -> T) -> (T, bool) {
        let mut locked = self.lock(config);
        let answer = event(&mut locked.engine);
        let has_messages = locked.end();
        (answer, has_messages)
    }

    /// Learns the chain of an acquisition in which everything else is already known, under the internal lock. Returns
    /// whether it was one. There is nothing to show afterwards.
    #[inline(always)]
    pub(crate) fn learn(&self, config: &PortConfig, new: &new_chain::New<'_>) -> bool {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: this CPU has `locked` until it stores to it below, and `tables` is accessed nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let learned = tables.learn(self.published(), new, config.policy);
        self.locked.store(false, Ordering::Release);
        learned
    }

    /// Takes the internal lock for an event. One function for all events, of which there are many.
    #[inline(never)]
    fn lock<'a>(&'a self, config: &'a PortConfig) -> Locked<'a> {
        while !self.try_lock() {
            atomic::spin_loop();
        }
        // SAFETY: this CPU has `locked` until `Locked` is dropped, and `tables` is accessed nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let free = match tables.queue.waiting() {
            0 => [&self.reports[..], &[]], // nearly always
            _ => tables.queue.free(R).map(|range| self.reports.get(range).unwrap_or_default()),
        };
        // SAFETY: the two ranges have no slot in common, so each slot is borrowed once. This CPU has `locked` while the
        // engine has them, so no other event has one. The slot of a report that is being shown is not free.
        let slots = FreeSlots(free.map(|cells| unsafe { all_mut(cells) }));
        let engine = tables.engine(self.published(), slots, config);
        engine.findings.begin(config.now);
        Locked { engine, locked: &self.locked }
    }

    /// Shows what is pending, the oldest report first, and returns how much it was. What another CPU is showing is left
    /// to it. `begin` sets up what the internal lock needs around it, and is undone while something is shown: so the
    /// port's `show` runs as the caller does. Findings of `show` itself are shown after it, by this same loop. Their
    /// number is bounded, since a finding that occurs again is already known.
    pub(crate) fn show_pending<P: Port, W>(&self, config: &PortConfig, begin: impl Fn() -> W) -> usize {
        let mut shown = 0;
        let mut halts = false;
        while shown < Self::ALL_MESSAGES
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

    /// Returns what is to be shown next; `None` while something is being shown.
    fn next<W>(&self, config: &PortConfig, begin: &impl Fn() -> W) -> Option<Next> {
        let _work = begin();
        let (next, _) = self.with(config, |engine| {
            if engine.outbox.queue.is_showing() {
                return None;
            }
            let Some(notice) = engine.take_notice() else { return engine.outbox.queue.begin().map(Next::Report) };
            engine.outbox.queue.begin_notice();
            Some(Next::Notice(notice))
        });
        next
    }

    /// Shows the report in a slot that the queue has assigned for that.
    fn show<P: Port, W>(&self, slot: usize, config: &PortConfig, begin: &impl Fn() -> W) {
        let _until_the_end = Showing { validator: self, config, begin, report: true };
        if let Some(report) = self.reports.get(slot) {
            // SAFETY: the report was written by an event that has ended, under the lock, which this CPU has had since.
            // Until `Showing` ends, which alone frees the slot, nothing writes it.
            P::show(Message::Report(unsafe { &*report.get() }));
        }
    }

    /// Reads the tables. Never waits long: `None` if the internal lock is not available soon.
    pub(crate) fn peek<T>(&self, config: &PortConfig, look: impl FnOnce(&Engine<'_>) -> T) -> Option<T> {
        if !(0..PANIC_TRIES).any(|_| self.try_lock()) {
            return None;
        }
        // SAFETY: this CPU has `locked` until `Locked` is dropped, and `tables` is accessed nowhere else.
        let tables = unsafe { &mut *self.tables.get() };
        let engine = tables.engine(self.published(), FreeSlots::default(), config);
        let locked = Locked { engine, locked: &self.locked };
        Some(look(&locked.engine))
    }

    /// Shows what `context` holds, the oldest first. If the internal lock is not available soon, without what the
    /// tables know of the classes.
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

/// Returns what these cells contain.
///
/// # Safety
/// Nothing else has access to the contents of one of them, as long as the result is in use.
#[allow(clippy::mut_from_ref)] // that is what the cells are for
unsafe fn all_mut<T>(cells: &[UnsafeCell<T>]) -> &mut [T] {
    // SAFETY: a cell has the layout of what it contains, and lets it be changed. The caller promises the rest.
    unsafe { core::slice::from_raw_parts_mut(UnsafeCell::raw_get(cells.as_ptr()), cells.len()) }
}

/// Both halves of a validator, under the internal lock, which is released at the end: also if code that uses it panics,
/// as it may on the host.
struct Locked<'a> {
    engine: Engine<'a>,
    locked: &'a AtomicBool,
}

impl Locked<'_> {
    /// Ends an event: its reports are pending now. Returns whether there is something to show.
    fn end(&mut self) -> bool {
        self.engine.outbox.end()
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.locked.store(false, Ordering::Release);
    }
}

/// Something is being shown. Ends also when `show` panics, as it may on the host.
struct Showing<'a, B: Fn() -> W, W, const C: usize, const D: usize, const K: usize, const R: usize, const F: usize> {
    validator: &'a SharedValidator<C, D, K, R, F>,
    config: &'a PortConfig,
    begin: &'a B,
    /// Whether it is a report; otherwise a notice.
    report: bool,
}

impl<B: Fn() -> W, W, const C: usize, const D: usize, const K: usize, const R: usize, const F: usize> Drop
    for Showing<'_, B, W, C, D, K, R, F>
{
    fn drop(&mut self) {
        let _work = (self.begin)();
        let report = self.report;
        self.validator.with(self.config, |engine| match report {
            true => engine.outbox.end_report(),
            false => engine.outbox.queue.end_notice(),
        });
    }
}
