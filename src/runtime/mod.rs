//! The runtime: connects a [`Port`] with validators of a fixed size, and guards the slow path. It is the only global.
//!
//! `port!` puts one into the user's crate, with its entry points as link-time symbols: so everything inlines without
//! LTO, an acquire and a release are one call each, and a program has one copy. `hooks` contains the callers.
//!
//! Invariants:
//! - The slow path runs with interrupts disabled, under the internal lock, with the context marked busy: locks that are
//!   acquired meanwhile (by the console that prints a report) are recorded unchecked, so nothing here can recurse.
//! - Findings are shown after the internal lock is released, since the holder of the console's own lock may be waiting
//!   for it: at once, or when the port calls `show_pending`, as its policy says.
//!
//! What it does not do: check a rule; that is the engine.
//!
//! `unsafe` is here to share contexts that only their owners touch.
#![allow(unsafe_code)]

pub(crate) mod contexts;
pub(crate) mod event;
#[cfg(feature = "validate")]
mod macros;
#[cfg(not(feature = "validate"))]
#[path = "macros/off.rs"]
mod macros;
#[cfg(feature = "validate")]
pub(crate) mod saved_irqs;
#[cfg(not(feature = "validate"))]
#[path = "saved_irqs/off.rs"]
pub(crate) mod saved_irqs;
mod shared;
#[cfg(feature = "stat")]
mod statistics;
#[cfg(feature = "watch")]
pub(crate) mod watch;

use crate::atomic::{AtomicU32, Ordering};
use crate::context::hold::{Acquire, Ended, Hold};
use crate::context::registry::Registry;
use crate::context::{Context, InUse, Level};
use crate::engine::{self, Engine, fast_path, new_chain, recheck};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::port::{IrqState, Port};
use crate::report::capacity::{MemoryFootprint, Occupancy};
use crate::report::config::PortConfig;
use crate::report::kind::Kind;
use crate::report::status::State;
use crate::report::{LockView, policy};
use crate::rules;
use crate::runtime::event::Event;
use crate::runtime::saved_irqs::SavedIrqs;
use crate::runtime::shared::SharedValidator;
use crate::stat::Recorder;
use core::marker::PhantomData;
use core::ptr;

/// A port with `V` validators, of `C` slots for classes and `D` for dependencies, of which one each is never used, and
/// `K` for chains; and statistics for `N` CPUs.
pub struct Runtime<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize> {
    validators: [SharedValidator<C, D, K>; V],
    /// The statistics of the first validator.
    pub(crate) recorder: Recorder<C, N>,
    /// The contexts that all CPUs may look at.
    registry: Registry,
    /// Locks that were acquired before there was a context, and are not known to be released.
    early: AtomicU32,
    /// How many locks were recorded unchecked, because lockdep was running for the context or showed a report.
    unchecked: AtomicU32,
    /// Entries that were refused where nothing could be reported, and that are still to be reported.
    refused: AtomicU32,
    port: PhantomData<fn() -> P>,
}

/// Returns the current context, for the duration of one event.
#[inline(always)]
pub(crate) fn current<'c, P: Port>() -> Option<&'c Context> {
    // SAFETY: the port promises that it is null, or a context that only this CPU uses and that stays in place while it
    // is current. It is used for this event only, during which nothing switches; an interrupt that ends restores it.
    unsafe { P::context().as_ref() }
}

/// Makes `context` the current one.
fn switch_to<P: Port>(context: &Context) {
    // SAFETY: it is a context that an interrupt has just claimed, which lives for ever; or the one that the ending
    // interrupt has interrupted, which was this CPU's until then and is so again.
    unsafe { P::set_context(context) };
}

impl<P: Port, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize> Default
    for Runtime<P, C, D, K, V, N>
{
    fn default() -> Self {
        Runtime::new()
    }
}

impl<P: Port, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize>
    Runtime<P, C, D, K, V, N>
{
    /// The constants and functions of the port.
    const CONFIG: PortConfig =
        PortConfig { who: P::who, backtrace: P::backtrace, now: P::now, policy: P::POLICY, accepted: P::ACCEPTED };

    /// A runtime that has learned nothing.
    pub const fn new() -> Self {
        const {
            assert!(V > 0, "a runtime has at least one validator");
            assert!(
                P::ACCEPTED.len() <= policy::ACCEPTED,
                "too many in Port::ACCEPTED: it has room for policy::ACCEPTED (64); fix some of the findings"
            );
            assert!(
                policy::are_readable(P::ACCEPTED),
                "Port::ACCEPTED: a place is written path:line or path:line:column"
            );
            assert!(
                !(P::POLICY.halts() && P::POLICY.is_queued()),
                "Port::POLICY: what halts is shown at once: HALT, not HALT.queued()"
            );
        }
        let validators = [const { SharedValidator::new() }; V];
        Runtime {
            validators,
            recorder: Recorder::new(),
            registry: Registry::new(),
            early: AtomicU32::new(0),
            unchecked: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            port: PhantomData,
        }
    }

    // ---- entry points

    /// An ordinary acquisition: it waits, at subclass 0.
    #[inline(always)]
    pub fn acquire(&self, map: &LockMap, mode: Mode, site: Site) {
        let Some(context) = current::<P>() else {
            return self.count_early();
        };
        let since = || self.recorder.since::<P>(context);
        if !fast_path::acquire(
            self.validator(context).published(),
            context,
            map,
            mode,
            site,
            P::irqs_enabled().into(),
            since,
        ) {
            Self::acquire_slow(map, site, context, mode, self);
        }
    }

    /// Any other acquisition.
    pub fn acquire_with(&self, what: &Acquire<'_>) {
        match current::<P>() {
            Some(context) => self.acquire_in(context, what),
            None => self.count_early(),
        }
    }

    /// A release.
    #[inline(always)]
    pub fn release(&self, map: &LockMap, site: Option<Site>) {
        let Some(context) = current::<P>() else {
            return self.forget_early();
        };
        match fast_path::release(context, map) {
            None => Self::release_slow(map, site, context, self),
            Some(ended) if ended.since.is_known() => Self::count(map, site, context, self, ended),
            Some(_) => {}
        }
    }

    /// Hard interrupts are about to be enabled. Ignored while lockdep is running for this context: code that shows a
    /// report finds interrupts disabled by the runtime, and "restores" them.
    #[inline(always)]
    pub fn irqs_enabled(&self, site: Site) {
        let Some(context) = current::<P>() else { return };
        if !fast_path::irqs_on(context, site) {
            Self::irqs_on_slow(site, context, self);
        }
    }

    /// Hard interrupts were disabled. Ignored while lockdep is running for this context, and where they were disabled
    /// already: the site of the change that counts stays.
    #[inline(always)]
    pub fn irqs_disabled(&self, site: Site) {
        if let Some(context) = current::<P>() {
            fast_path::irqs_off(context, site);
        }
    }

    /// Disables hard interrupts. Returns the state before.
    #[inline(always)]
    pub fn irq_save(&self, site: Site) -> SavedIrqs {
        let were_on = P::irqs_enabled();
        let state = P::irqs_disable();
        self.irqs_disabled(site);
        SavedIrqs::new(state, were_on)
    }

    /// Restores hard interrupts.
    #[inline(always)]
    pub fn irq_restore(&self, saved: SavedIrqs, site: Site) {
        if saved.were_on() {
            self.irqs_enabled(site);
        }
        P::irqs_restore(saved.state());
    }

    /// A sleeping lock is waited for. Its acquisition was announced before, so the flag is in sync with the machine's.
    #[inline(always)]
    pub fn wait_asleep(&self, site: Site) {
        if let Some(context) = current::<P>()
            && rules::sleep_atomic::is_barred_by_a_flag(context)
        {
            Self::wait_asleep_slow(site, context, self);
        }
    }

    /// Any other event of the current context.
    pub fn event(&self, event: Event<'_>, site: Site) {
        let Some(context) = current::<P>() else { return self.event_early(event, site) };
        if context.is_unchecked() {
            return self.event_unchecked(context, event, site);
        }
        match event {
            Event::Enter(level, own) => self.enter(context, level, &own.0, site),
            Event::Leave => self.leave(context, site),
            Event::End(own) => self.end(context, &own.0, site),
            Event::Gone(gone) => self.gone(context, gone),
            Event::CheckIrqs => self.check_irqs(context, site),
            Event::Section(map, begins) => self.section(map, begins, site),
            Event::MightSleep if P::irqs_enabled() && !rules::sleep_atomic::is_atomic(context) => {}
            event => {
                // Nothing may come between the read of the flag and its use: a task that was preempted and is back
                // would believe that interrupts are disabled, as they were in its scheduler.
                let quiet = Work::<P>::begin(None);
                self.sync_irq_flag(context, quiet.were_on, site);
                self.event_within(context, event, quiet.were_on, site);
            }
        }
    }

    /// An event that does not change the current context, with interrupts disabled. `were_on` is their state before;
    /// the context's flag is in sync with it.
    fn event_within(&self, context: &Context, event: Event<'_>, were_on: bool, site: Site) {
        if let Event::Downgrade(map, _) | Event::Claim(_, map) | Event::Pin(map, _) = event
            && self.may_be_early(context, map)
        {
            return;
        }
        match event {
            Event::HandOver(map) if self.may_be_early(context, map) => {
                self.take_off_early();
                self.with_engine(context, |_| map.set_handed_over());
            }
            Event::Softirqs(true) if recheck::softirqs_on(self.validator(context).published(), context, site) => {}
            Event::Softirqs(true) => self.with_engine(context, |engine| engine.softirqs_on(context, site)),
            Event::Softirqs(false) => engine::softirqs_off(context, site),
            Event::Reclaim(true) => engine::reclaim_enter(context),
            Event::Reclaim(false) => {
                engine::reclaim_exit(context);
            }
            Event::Allocate => self.with_engine(context, |engine| engine.allocate(context, site)),
            Event::MightSleep if !rules::sleep_atomic::is_atomic(context) => {}
            Event::MightSleep => self.with_engine(context, |engine| engine.might_sleep(context, site)),
            Event::Free(map) => self.with_engine(context, |engine| engine.free(context, map, Some(site))),
            Event::Dropped(map) => {
                self.with_engine(context, |engine| engine.free(context, map, None));
                engine::remove(context, map);
            }
            Event::UnregisterKey(key) => self.with_engine(context, |engine| engine.unregister_key(context, key, site)),
            Event::ForgetOwnClass(map) => self.with_engine(context, |engine| engine.forget_own_class(context, map)),
            Event::Downgrade(map, mode) => {
                self.with_engine(context, |engine| engine.downgrade(context, map, mode, Some(site)));
            }
            Event::HandOver(map) => self.with_engine(context, |engine| engine.hand_over(context, map, site)),
            Event::TakeOver(map, mode) => {
                self.with_engine(context, |engine| engine.take_over(context, map, mode, site))
            }
            Event::Claim(claim, map) => self.with_engine(context, |engine| engine.claim(context, claim, map, site)),
            Event::Pin(map, more) => self.with_engine(context, |engine| engine.pin(context, map, more, site)),
            Event::ClaimIrqs(on) if were_on != on => {
                let note = if on {
                    "assert_irqs_enabled: they are disabled"
                } else {
                    "assert_irqs_disabled: they are enabled"
                };
                self.wrong(context, Kind::Assertion, note, None, site);
            }
            Event::ClaimIrqs(_) => {}
            Event::CheckHolds if !context.all().any(|hold| hold.is_limited()) => {}
            Event::CheckHolds => self.with_engine(context, |engine| engine.check_holds(context, P::now(), site)),
            Event::TaskExit => {
                self.with_engine(context, |engine| engine.task_exit(context, site));
                self.retire(context);
            }
            Event::UserReturn => self.with_engine(context, |engine| engine.user_return(context, site)),
            Event::Wrong(kind, note, map) => self.wrong(context, kind, note, map, site),
            // Handled by `event`.
            Event::Enter(..)
            | Event::Leave
            | Event::End(_)
            | Event::Gone(_)
            | Event::CheckIrqs
            | Event::Section(..) => {}
        }
    }

    // ---- contexts

    /// An interrupt begins. The machine has disabled interrupts by itself, so its flag tells nothing about the
    /// interrupted code, unless it is on.
    fn enter(&self, context: &Context, level: Level, own: &'static Context, site: Site) {
        self.agree_if_on(context, site);
        if let Err(in_use) = own.claim_for_interrupt() {
            return self.refuse(context, own, in_use, site);
        }
        if is_hard(level) && context.in_hardirq() && !P::NESTED_IRQS {
            let note = "an interrupt came inside a hard interrupt, in which interrupts must stay disabled: something enabled \
                        them (or an exception, which is no interrupt, was entered as one; a kernel whose interrupts nest \
                        on purpose says so by Port::NESTED_IRQS)";
            self.wrong(context, Kind::IrqsState, note, None, site);
        }
        self.enter_claimed(context, level, own, site);
    }

    /// Starts an interrupt in `own`, which it has claimed.
    fn enter_claimed(&self, context: &Context, level: Level, own: &'static Context, site: Site) {
        // SAFETY: `context` is this CPU's current one. The port promises that it stays in place, and that no other CPU
        // uses it, until the interrupts that interrupted it have ended.
        unsafe { own.enter_over(level, context, site) };
        if own.is_new() {
            self.introduce(own);
        }
        switch_to::<P>(own);
    }

    /// An interrupt ends. Interrupts stay disabled until the context below is current: an interrupt in between would
    /// not see the holds of that context.
    fn leave(&self, context: &Context, site: Site) {
        if context.ignores_exit() {
            return;
        }
        self.agree_if_on(context, site);
        if is_hard(context.level()) && context.irqs_on() {
            self.say_if_in_hardirq(context, true, context.toggles().irqs_on.unwrap_or(site));
        }
        let state = P::irqs_disable();
        let known = recheck::leave(self.validator(context).published(), context, site);
        if let Some(outer) = known.or_else(|| self.with_engine(context, |engine| engine.leave(context, site))) {
            switch_to::<P>(outer);
            context.free_claim();
        }
        P::irqs_restore(state);
    }

    /// The interrupt that entered `own` ends, after any that were entered since and did not exit. Nothing to do if the
    /// entry was refused.
    fn end(&self, context: &Context, own: &Context, site: Site) {
        if context.ignores_exit() || !context.outwards().any(|below| below.is_same(own)) {
            return;
        }
        for _ in 0..context.outwards().count() {
            let Some(innermost) = current::<P>() else { return };
            let is_last = innermost.is_same(own);
            if !is_last && !innermost.is_unchecked() {
                let note = "an interrupt ends, and one that came later has not: an enter without its leave";
                self.wrong(innermost, Kind::Assertion, note, None, site);
            }
            innermost.forget_refused();
            match innermost.is_unchecked() {
                true => leave_unchecked::<P>(innermost, site),
                false => self.leave(innermost, site),
            }
            if is_last {
                return;
            }
        }
    }

    /// The only events that count before the first context: a lock is acquired, a context is dropped.
    #[cold]
    fn event_early(&self, event: Event<'_>, site: Site) {
        match event {
            Event::Section(map, begins) => self.section(map, begins, site),
            Event::Gone(gone) => self.remove_from_list(gone),
            _ => {}
        }
    }

    /// A critical section is an ordinary lock, with or without a context, or no lock, as the port declares.
    #[inline(never)]
    fn section(&self, map: &LockMap, begins: bool, site: Site) {
        match begins {
            _ if !P::SECTION_IS_LOCK => {}
            true => self.acquire(map, Mode::WRITE, site),
            false => self.release(map, Some(site)),
        }
    }

    /// An interrupt enters a context that is in use: it cannot be linked twice. The exit that belongs to it will be
    /// ignored.
    #[cold]
    fn refuse(&self, context: &Context, own: &Context, in_use: InUse, site: Site) {
        self.wrong(context, Kind::Assertion, why_refused(context, own, in_use), None, site);
        context.refuse_entry();
    }

    /// A task's context is dropped. Locks that are still held in it are reported, and all links to it are cleared.
    #[cold]
    fn gone(&self, context: &Context, gone: &Context) {
        if gone.depth() > 0 || gone.lost() > 0 {
            self.with_engine(context, |engine| engine.task_gone(gone));
        }
        unlink::<P>(context, gone);
        self.remove_from_list(gone);
    }

    /// Misuse that no rule decides: the check counts as run whenever it reports.
    #[cold]
    fn wrong(&self, context: &Context, kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
        self.with_engine(context, |engine| {
            engine.looks_for(kind);
            engine.wrong(context, kind, note, map, Some(site));
        });
    }

    /// Updates only holds and flags: in an NMI, which may have interrupted the holder of the internal lock, and while
    /// lockdep is running for this context.
    #[cold]
    fn event_unchecked(&self, context: &Context, event: Event<'_>, site: Site) {
        match event {
            Event::Enter(level, own) => match own.0.claim_for_interrupt() {
                Ok(()) => self.enter_claimed(context, level, &own.0, site),
                Err(_) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    context.refuse_entry();
                }
            },
            Event::Leave => leave_unchecked::<P>(context, site),
            Event::End(own) => self.end(context, &own.0, site),
            Event::Gone(gone) => {
                unlink::<P>(context, gone);
                self.remove_from_list(gone);
            }
            Event::Softirqs(on) => context.set_softirqs(Irqs::from(on), Some(site)),
            Event::Reclaim(true) => {
                context.enter_reclaim();
            }
            Event::Reclaim(false) => {
                context.leave_reclaim();
            }
            Event::Section(map, true) if P::SECTION_IS_LOCK => {
                engine::acquire_unchecked(
                    self.validator(context).published(),
                    context,
                    &Acquire::new(map, Mode::WRITE, site),
                );
            }
            Event::Section(map, false) if P::SECTION_IS_LOCK => engine::release_unchecked(context, map),
            Event::Dropped(map) => {
                engine::remove(context, map);
            }
            Event::HandOver(map) => {
                engine::release_unchecked(context, map);
                map.set_handed_over();
            }
            Event::TakeOver(map, mode) => {
                map.clear_handed_over();
                let published = self.validator(context).published();
                engine::acquire_unchecked(published, context, &Acquire::new(map, mode, site));
            }
            _ => {}
        }
    }

    // ---- for self-tests and dumps

    /// Shows what the running context holds, the oldest first. Never waits.
    pub fn for_each_held(&self, show: &mut dyn FnMut(&LockView)) {
        if let Some(context) = current::<P>() {
            // Locks that `show` takes are recorded unchecked: the internal lock is held meanwhile.
            self.with_irqs_off(Some(context), |validator| validator.for_each_held(&Self::CONFIG, context, show));
        }
    }

    /// Returns the state of this context's validator; without a context, of the first one. Never waits.
    pub fn state(&self) -> State {
        let state =
            self.with_irqs_off(current::<P>(), |validator| validator.peek(&Self::CONFIG, |engine| engine.state()));
        let MemoryFootprint { early, unchecked, .. } = self.memory_footprint();
        State { early, unchecked, ..state.unwrap_or(State::UNKNOWN) }
    }

    /// Shows what is pending, and returns how much it was. Does nothing in an NMI, or while lockdep is running for this
    /// context. The port's `show` runs as the caller of this does, and the locks that it takes are checked.
    pub fn show_pending(&self) -> usize {
        match current::<P>() {
            Some(context) if context.is_unchecked() => 0,
            context => {
                let validator = context.map_or(&self.validators[0], |context| self.validator(context));
                validator.show_pending::<P, _>(&Self::CONFIG, || Work::<P>::begin(current::<P>()))
            }
        }
    }

    /// Returns whether the running context, or one that it interrupted, holds this lock. `true` if a hold was lost: it
    /// may be this one.
    pub fn holds(&self, map: &LockMap) -> bool {
        current::<P>()
            .is_some_and(|context| context.has_lost() || context.all().any(|hold| hold.instance() == map.instance()))
    }

    /// Returns whether interrupts are enabled according to the record. `true` before the first context.
    pub fn irqs_recorded_on(&self) -> bool {
        current::<P>().is_none_or(Context::irqs_on)
    }

    /// Forgets everything that the validator of this context learned and found. Returns whether it could: not while a
    /// report of it is pending or being shown, nor while this context holds a lock, whose class it would forget. No
    /// other context of this validator may hold one, and no other CPU may acquire one meanwhile: see `hooks::reset`.
    pub fn reset(&self) -> bool {
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked()) else { return false };
        context.holds_nothing()
            && context.is_plain()
            && self.with_engine(context, |engine| engine.reset_unless_reports_wait())
    }

    /// Returns the first finding of this context's validator.
    pub fn first_finding(&self) -> Option<Kind> {
        let context = current::<P>().filter(|context| !context.is_unchecked())?;
        self.with_engine(context, |engine| engine.findings.first)
    }

    /// Returns how full the tables of this context's validator are.
    pub fn occupancy(&self) -> Occupancy {
        match current::<P>().filter(|context| !context.is_unchecked()) {
            Some(context) => self.with_engine(context, |engine| engine.occupancy()),
            None => Occupancy::default(),
        }
    }

    /// Returns the bytes of one validator, and how many locks were recorded unchecked because lockdep was running.
    pub fn memory_footprint(&self) -> MemoryFootprint {
        MemoryFootprint {
            validator: size_of::<SharedValidator<C, D, K>>(),
            context: size_of::<Context>(),
            statistics: size_of::<Recorder<C, N>>(),
            unchecked: self.unchecked.load(Ordering::Relaxed),
            early: self.early.load(Ordering::Relaxed),
        }
    }

    // ---- helpers

    #[inline(always)]
    pub(crate) fn validator(&self, context: &Context) -> &SharedValidator<C, D, K> {
        let index = usize::from(context.validator());
        match self.validators.get(index) {
            Some(validator) if V > 1 => validator,
            _ => &self.validators[0],
        }
    }

    /// The same at the entry and the exit of an interrupt, where the machine disables interrupts by itself: only "on"
    /// tells something there.
    fn agree_if_on(&self, context: &Context, site: Site) {
        if P::irqs_enabled() {
            self.sync_irq_flag(context, true, site);
        }
    }

    /// Sets the context's flag to the machine's, if interrupts were enabled or disabled without the hooks. The
    /// machine's flag counts: it was `on` before the validator disabled interrupts.
    fn sync_irq_flag(&self, context: &Context, on: bool, site: Site) {
        if on != context.irqs_on() {
            self.sync_irq_flag_slow(context, on, site);
        }
    }

    /// Reports a difference between the validator's record and the machine's flag; then the machine's counts.
    fn check_irqs(&self, context: &Context, site: Site) {
        let quiet = Work::<P>::begin(None); // a preempted task would have another flag when it is back
        let on = quiet.were_on;
        if on == context.irqs_on() || context.is_unchecked() {
            return;
        }
        let toggles = context.toggles();
        let was_told = if on { !toggles.irqs_off_noticed } else { !toggles.irqs_on_noticed };
        if !was_told {
            return self.sync_irq_flag_slow(context, on, site); // not announced: an interrupt's tail was preempted
        }
        let note = match on {
            true => "the machine's interrupts are enabled, and the validator was told that they are disabled",
            false => "the machine's interrupts are disabled, and the validator was told that they are enabled",
        };
        self.wrong(context, Kind::IrqsState, note, None, site);
        self.sync_irq_flag_slow(context, on, site);
    }

    #[cold]
    fn sync_irq_flag_slow(&self, context: &Context, on: bool, site: Site) {
        if context.is_unchecked() {
            return;
        }
        self.say_if_in_hardirq(context, on, site);
        if on {
            self.with_engine(context, |engine| engine.irqs_on(context, site));
        } else {
            engine::irqs_off(context, site);
        }
        context.note_noticed(Irqs::from(on));
    }

    /// Reports that interrupts were enabled inside a hard interrupt.
    fn say_if_in_hardirq(&self, context: &Context, on: bool, site: Site) {
        if on && context.in_hardirq() && !P::NESTED_IRQS {
            let note = "interrupts are enabled inside a hard interrupt: disable them until it ends (a kernel whose interrupts \
                        nest on purpose says so by Port::NESTED_IRQS; where the machine's flag is not changed by an \
                        interrupt, Port::irqs_enabled must be false in a handler)";
            self.wrong(context, Kind::IrqsState, note, None, site);
        }
    }

    // The slow ends of the fast path. The arguments are in the order of the entry points, so that no register is moved
    // for them.

    /// An ordinary acquisition that the fast path did not handle.
    #[cold]
    #[inline(never)]
    fn acquire_slow(map: &LockMap, site: Site, context: &Context, mode: Mode, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if !here.acquire_in_new_chain(context, map, mode, site, quiet.were_on) {
            here.acquire_quietly(context, &Acquire::new(map, mode, site), quiet.were_on);
        }
    }

    /// The new-chain path: an ordinary acquisition in which only the chain is new. Returns whether it was one.
    #[inline(always)]
    fn acquire_in_new_chain(&self, context: &Context, map: &LockMap, mode: Mode, site: Site, were_on: bool) -> bool {
        let validator = self.validator(context);
        let Some(new) = new_chain::New::of(validator.published(), context, map, mode, site, were_on.into()) else {
            return false;
        };
        let known = new.is_known(validator.published()) || validator.learn(&Self::CONFIG, &new);
        if known {
            new.push(self.recorder.since::<P>(context));
        }
        known
    }

    fn acquire_in(&self, context: &Context, what: &Acquire<'_>) {
        let quiet = Work::<P>::begin(None);
        self.acquire_quietly(context, what, quiet.were_on);
    }

    /// Any acquisition. With interrupts disabled, so that nothing comes between the read of what is held and the push;
    /// `were_on` is their state before.
    fn acquire_quietly(&self, context: &Context, what: &Acquire<'_>, were_on: bool) {
        if context.is_new() {
            self.introduce(context);
        }
        self.sync_irq_flag(context, were_on, what.site);
        if recheck::acquire(self.validator(context).published(), context, what) {
            return self.recorder.begin::<P>(context, what.map);
        }
        if context.is_unchecked() {
            self.unchecked.fetch_add(1, Ordering::Relaxed);
            return engine::acquire_unchecked(self.validator(context).published(), context, what);
        }
        self.with_engine(context, |engine| engine.acquire(context, what));
        self.recorder.begin::<P>(context, what.map);
    }

    /// A release that the fast path did not handle.
    #[cold]
    #[inline(never)]
    fn release_slow(map: &LockMap, site: Option<Site>, context: &Context, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if context.is_unchecked() {
            return engine::release_unchecked(context, map);
        }
        if here.may_be_early(context, map) && here.take_off_early() {
            return;
        }
        let ending = here.recorder.ending(context, map);
        if !recheck::release(here.validator(context).published(), context, map) {
            here.with_engine(context, |engine| engine.release(context, map, site));
        }
        drop(quiet);
        if let Some(hold) = ending.filter(|hold| hold.since.is_known()) {
            let (length, cpu) = (hold.since.until(P::now()), (P::CPU)());
            here.count_special(context, map, site, &hold, (length, cpu));
        }
    }

    /// Counts a hold that the fast path has just ended. (Only contexts of the first validator are measured.)
    #[inline(never)]
    fn count(map: &LockMap, site: Option<Site>, context: &Context, here: &Self, ended: Ended) {
        let (length, cpu) = (ended.since.until(P::now()), (P::CPU)());
        if !here.recorder.count(here.validators[0].published().classes, map, &ended, length, cpu) {
            here.count_special(context, map, site, &Hold::that_was(map, &ended), (length, cpu));
        }
    }

    /// Counts a hold that may be a special one, and reports it if it exceeded the limit of its class.
    fn count_special(
        &self,
        context: &Context,
        map: &LockMap,
        site: Option<Site>,
        hold: &Hold,
        (length, cpu): (u64, u32),
    ) {
        let usage_words = self.validators[0].published().classes;
        let overheld = self.recorder.count_special::<P>(usage_words, map, &hold.ended(), length, cpu);
        if overheld.length_and_limit().is_some() && !hold.is_excused() && !context.is_unchecked() {
            self.with_engine(context, |engine| engine.report_overheld(context, hold, overheld, site));
        }
    }

    /// A sleeping lock is waited for while a flag seems to forbid it. The flag is compared with the machine's again:
    /// the task may have been preempted since the acquisition, and then the context has the flag that its scheduler
    /// left.
    #[cold]
    #[inline(never)]
    fn wait_asleep_slow(site: Site, context: &Context, here: &Self) {
        let quiet = Work::<P>::begin(None);
        here.sync_irq_flag(context, quiet.were_on, site);
        if !context.is_unchecked() && rules::sleep_atomic::is_barred_by_a_flag(context) {
            here.with_engine(context, |engine| engine.wait_asleep(context, site));
        }
    }

    /// Interrupts are enabled where the fast path does not apply: something is held, they are on already, or lockdep is
    /// running for this context.
    #[cold]
    #[inline(never)]
    fn irqs_on_slow(site: Site, context: &Context, here: &Self) {
        if context.is_unchecked() || context.irqs_on() {
            return;
        }
        here.say_if_in_hardirq(context, true, site);
        if !recheck::irqs_on(here.validator(context).published(), context, site) {
            here.with_engine(context, |engine| engine.irqs_on(context, site));
        }
    }

    /// Runs an event of the slow path, and shows its findings if the port wants that at once.
    pub(crate) fn with_engine<R>(&self, context: &Context, event: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        self.with_irqs_off(Some(context), |validator| {
            let late = self.refused.load(Ordering::Relaxed) > 0 && self.refused.swap(0, Ordering::Relaxed) > 0;
            let (answer, has_messages) = validator.with(&Self::CONFIG, |engine| {
                if context.is_to_be_settled() {
                    engine.settle(context);
                }
                if late {
                    engine.looks_for(Kind::Assertion);
                    engine.wrong(context, Kind::Assertion, REFUSED_LATE, None, None);
                }
                event(engine)
            });
            if has_messages && !P::POLICY.is_queued() {
                validator.show_pending::<P, _>(&Self::CONFIG, || ());
            }
            answer
        })
    }

    /// Accesses the validator of a context (without one, the first), with interrupts disabled and the context marked
    /// busy.
    #[inline(always)]
    fn with_irqs_off<R>(&self, context: Option<&Context>, work: impl FnOnce(&SharedValidator<C, D, K>) -> R) -> R {
        let _work = Work::<P>::begin(context);
        work(context.map_or(&self.validators[0], |context| self.validator(context)))
    }

    /// Returns whether the lock may have been acquired before the first context: then no hold of it is recorded, and
    /// the caller is believed.
    fn may_be_early(&self, context: &Context, map: &LockMap) -> bool {
        self.early.load(Ordering::Relaxed) > 0 && !context.may_hold(map.instance())
    }

    #[cold]
    #[inline(never)]
    fn count_early(&self) {
        self.early.fetch_add(1, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn forget_early(&self) {
        self.take_off_early();
    }

    /// Counts one early lock less. Returns whether there was one.
    fn take_off_early(&self) -> bool {
        self.early.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }
}

/// Marks that lockdep is running for a context: interrupts disabled, the context busy; without a context, only
/// interrupts disabled. It ends also when the port's `show` panics, which it may on the host.
struct Work<'c, P: Port> {
    context: Option<&'c Context>,
    state: IrqState,
    /// Whether an interrupt could come before.
    were_on: bool,
    port: PhantomData<P>,
}

impl<P: Port> Work<'_, P> {
    fn begin(context: Option<&Context>) -> Work<'_, P> {
        let were_on = P::irqs_enabled();
        let state = P::irqs_disable();
        if let Some(context) = context {
            context.enter_lockdep();
        }
        Work { context, state, were_on, port: PhantomData }
    }
}

impl<P: Port> Drop for Work<'_, P> {
    fn drop(&mut self) {
        if let Some(context) = self.context {
            context.leave_lockdep();
        }
        P::irqs_restore(self.state);
    }
}

/// The note of an entry that was refused in an NMI, reported later.
const REFUSED_LATE: &str = "some time before, in an NMI or while the validator was busy, a context was entered that was in \
                            use: each level of nesting needs one of its own, and an NMI in an NMI too";

/// Returns whether hard interrupts are disabled while this level runs.
fn is_hard(level: Level) -> bool {
    matches!(level, Level::Hardirq | Level::ThreadedHardirq)
}

/// Ends an interrupt in which nothing is checked.
fn leave_unchecked<P: Port>(context: &Context, site: Site) {
    if context.ignores_exit() {
        return;
    }
    if let Some(outer) = engine::leave_unchecked(context, site) {
        switch_to::<P>(outer);
        context.free_claim();
    }
}

/// Clears all links of this CPU to `gone`.
fn unlink<P: Port>(context: &Context, gone: &Context) {
    if context.is_same(gone) {
        // SAFETY: null is always valid.
        return unsafe { P::set_context(ptr::null()) };
    }
    let is_above = |above: &&Context| above.interrupted().is_some_and(|below| below.is_same(gone));
    if let Some(above) = context.outwards().find(is_above) {
        above.unlink();
    }
}

/// Returns why an entry is refused, and what to do.
fn why_refused(context: &Context, own: &Context, in_use: InUse) -> &'static str {
    if in_use == InUse::ByTask {
        return "an interrupt enters a task's context: it needs one of its own, for each CPU and each level of nesting";
    }
    match context.outwards().any(|below| below.is_same(own)) {
        true => "an interrupt's context is entered while it is in use: each level of nesting needs one of its own",
        false => {
            "an interrupt's context is entered that was not left: a handler that switches tasks must leave before \
             (schedule after `leave`, in the interrupted task's context), and each CPU needs contexts of its own"
        }
    }
}
