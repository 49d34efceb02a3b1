//! The runtime: the only global. It joins a [`Port`] with validators of a fixed size, and guards the slow path.
//!
//! `port!` puts one into the user's crate, with its entry points as link-time symbols: so everything inlines without
//! LTO, one call for an acquire and one for a release, and a program has one implementation. `hooks` is the other end.
//!
//! Invariants:
//! - The slow path runs with interrupts off, under the internal lock, with the context marked busy: what is taken
//!   meanwhile (by the console that prints a report) goes on the books unchecked, so nothing here can recurse.
//! - What is found is shown after the internal lock is let go: the console's own lock may be held by one who waits for it.
//!   At once, or when the port drains it, as its policy says.
//!
//! `unsafe` is here to share contexts that only their owners touch.
#![allow(unsafe_code)]

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

use crate::atomic::{AtomicU32, Ordering};
use crate::context::hold::{Acquire, Ended, Hold};
use crate::context::{Context, InUse, Level};
use crate::engine::{self, Engine, fast_path, new_chain, recheck};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
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

/// A port with `V` validators: `C` slots for classes and `D` for dependencies, of which one each is never used, and `K` for
/// chains; and `N` CPUs, whose statistics are kept.
pub struct Runtime<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize> {
    validators: [SharedValidator<C, D, K>; V],
    /// Of the first validator.
    pub(crate) recorder: Recorder<C, N>,
    /// Locks that were taken before there was a context, and are not known to be let go.
    early: AtomicU32,
    /// How often a lock went on the books unchecked, since the validator was at work or showed a report.
    unchecked: AtomicU32,
    /// Entries that were refused where nothing can be reported, and are not reported yet.
    refused: AtomicU32,
    port: PhantomData<fn() -> P>,
}

/// The context that runs here, for the time of one event.
#[inline(always)]
pub(crate) fn current<'c, P: Port>() -> Option<&'c Context> {
    // SAFETY: the port promises that it is null, or a context that is this CPU's alone and stays in place while it is
    // current. It is used for this event only, during which nobody switches; an interrupt that ends hands it back.
    unsafe { P::context().as_ref() }
}

/// Makes `context` the current one.
fn switch_to<P: Port>(context: &Context) {
    // SAFETY: it is a context that an interrupt has just claimed, which lives for ever; or the one that the interrupt which
    // ends has interrupted, which was this CPU's until then and is so again.
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
    /// What the port says once and for all.
    const CONFIG: PortConfig =
        PortConfig { who: P::who, backtrace: P::backtrace, now: P::now, policy: P::POLICY, accepted: P::ACCEPTED };

    /// One that has learned nothing.
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
            early: AtomicU32::new(0),
            unchecked: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            port: PhantomData,
        }
    }

    // ---- entry points

    /// A lock is taken by waiting for it, at level 0.
    #[inline(always)]
    pub fn acquire(&self, map: &LockMap, mode: Mode, site: Site) {
        let Some(context) = current::<P>() else {
            return self.count_early();
        };
        let since = || self.recorder.since::<P>(context);
        if !fast_path::acquire(self.validator(context).published(), context, map, mode, site, P::irqs_enabled(), since)
        {
            Self::acquire_slow(map, site, context, mode, self);
        }
    }

    /// A lock is taken in any other way.
    pub fn acquire_with(&self, what: &Acquire<'_>) {
        match current::<P>() {
            Some(context) => self.acquire_in(context, what),
            None => self.count_early(),
        }
    }

    /// A lock is let go.
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

    /// Hard interrupts will be enabled. Not heard while the validator is at work for this context: what shows a report finds
    /// interrupts disabled by us, and "restores" them so.
    #[inline(always)]
    pub fn irqs_enabled(&self, site: Site) {
        let Some(context) = current::<P>() else { return };
        if !fast_path::irqs_on(context, site) {
            Self::irqs_on_slow(site, context, self);
        }
    }

    /// Hard interrupts were disabled. Not heard while the validator is at work, nor where they were off: the site of the
    /// change that counts stays.
    #[inline(always)]
    pub fn irqs_disabled(&self, site: Site) {
        if let Some(context) = current::<P>() {
            fast_path::irqs_off(context, site);
        }
    }

    /// Disables hard interrupts; returns what they were.
    #[inline(always)]
    pub fn irq_save(&self, site: Site) -> SavedIrqs {
        let were_on = P::irqs_enabled();
        let state = P::irqs_disable();
        self.irqs_disabled(site);
        SavedIrqs::new(state, were_on)
    }

    /// Makes hard interrupts what they were.
    #[inline(always)]
    pub fn irq_restore(&self, saved: SavedIrqs, site: Site) {
        if saved.were_on() {
            self.irqs_enabled(site);
        }
        P::irqs_restore(saved.state());
    }

    /// A lock that sleeps is waited for. Its acquisition was told before, so the flag is the machine's.
    #[inline(always)]
    pub fn wait_asleep(&self, site: Site) {
        if let Some(context) = current::<P>()
            && rules::sleep_atomic::is_barred_by_a_flag(context)
        {
            Self::wait_asleep_slow(site, context, self);
        }
    }

    /// Anything else that happens to the running context.
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
                // Nothing comes between the look at the flag and its use: a task that is preempted, and is back, believes that
                // interrupts are disabled, as they were in its scheduler.
                let quiet = Work::<P>::begin(None);
                self.sync_irq_flag(context, quiet.were_on, site);
                self.event_within(context, event, quiet.were_on, site);
            }
        }
    }

    /// An event that leaves the context the current one, with interrupts disabled. They were on before, or not; the context's
    /// flag says the same.
    fn event_within(&self, context: &Context, event: Event<'_>, were_on: bool, site: Site) {
        if let Event::Downgrade(map, _) | Event::Claim(_, map) | Event::Pin(map, _) = event
            && self.may_be_early(context, map)
        {
            return;
        }
        match event {
            Event::HandOver(map) if self.may_be_early(context, map) => {
                self.take_off_early();
                self.with_engine(context, |_| map.set_handed_over(true));
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
            Event::TaskExit => self.with_engine(context, |engine| engine.task_exit(context, site)),
            Event::UserReturn => self.with_engine(context, |engine| engine.user_return(context, site)),
            Event::Wrong(kind, note, map) => self.wrong(context, kind, note, map, site),
            // Those that `event` has seen to.
            Event::Enter(..)
            | Event::Leave
            | Event::End(_)
            | Event::Gone(_)
            | Event::CheckIrqs
            | Event::Section(..) => {}
        }
    }

    // ---- contexts

    /// An interrupt begins. The machine has turned its flag off, so the flag says nothing about what was interrupted, unless
    /// it is on.
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
        enter_claimed::<P>(context, level, own, site);
    }

    /// An interrupt ends. Interrupts stay off until the context below is the current one: one that came in between would
    /// not see what that holds.
    fn leave(&self, context: &Context, site: Site) {
        if context.refuse(false) {
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

    /// The interrupt that entered `own` ends. What was entered since and was not left ends before it. Nothing, if the entry
    /// was refused.
    fn end(&self, context: &Context, own: &Context, site: Site) {
        if context.refuse(false) || !context.outwards().any(|below| below.is_same(own)) {
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

    /// What counts before there is a context: that a lock is taken.
    #[cold]
    fn event_early(&self, event: Event<'_>, site: Site) {
        if let Event::Section(map, begins) = event {
            self.section(map, begins, site);
        }
    }

    /// A critical section is a lock like any, with or without a context: or none, as the port says.
    #[inline(never)]
    fn section(&self, map: &LockMap, begins: bool, site: Site) {
        match begins {
            _ if !P::SECTION_IS_LOCK => {}
            true => self.acquire(map, Mode::WRITE, site),
            false => self.release(map, Some(site)),
        }
    }

    /// A context is entered that is in use: it cannot be linked twice. The leave that belongs to it will be passed over.
    #[cold]
    fn refuse(&self, context: &Context, own: &Context, in_use: InUse, site: Site) {
        self.wrong(context, Kind::Assertion, why_refused(context, own, in_use), None, site);
        context.refuse(true);
    }

    /// A task's context is dropped. What is still held in it is reported, and nothing points to it any more.
    #[cold]
    fn gone(&self, context: &Context, gone: &Context) {
        if gone.depth() > 0 || gone.lost() > 0 {
            self.with_engine(context, |engine| engine.task_gone(gone));
        }
        unlink::<P>(context, gone);
    }

    /// Something that no rule decided: it counts as looked for whenever it is said.
    #[cold]
    fn wrong(&self, context: &Context, kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
        self.with_engine(context, |engine| {
            engine.looks_for(kind);
            engine.wrong(context, kind, note, map, Some(site));
        });
    }

    /// The holds and flags alone: in an NMI, which may have come upon the internal lock, and while the validator is busy.
    #[cold]
    fn event_unchecked(&self, context: &Context, event: Event<'_>, site: Site) {
        match event {
            Event::Enter(level, own) => match own.0.claim_for_interrupt() {
                Ok(()) => enter_claimed::<P>(context, level, &own.0, site),
                Err(_) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    context.refuse(true);
                }
            },
            Event::Leave => leave_unchecked::<P>(context, site),
            Event::End(own) => self.end(context, &own.0, site),
            Event::Gone(gone) => unlink::<P>(context, gone),
            Event::Softirqs(on) => context.set_softirqs(on, Some(site)),
            Event::Reclaim(enter) => {
                context.count_reclaim(enter);
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
                map.set_handed_over(true);
            }
            Event::TakeOver(map, mode) => {
                map.set_handed_over(false);
                let published = self.validator(context).published();
                engine::acquire_unchecked(published, context, &Acquire::new(map, mode, site));
            }
            _ => {}
        }
    }

    // ---- for self-tests and dumps

    /// Shows what the running context holds, the lowest first. Waits for nothing.
    pub fn for_each_held(&self, show: &mut dyn FnMut(&LockView)) {
        if let Some(context) = current::<P>() {
            // What `show` takes goes on the books unchecked: the internal lock is held meanwhile.
            self.with_irqs_off(Some(context), |validator| validator.for_each_held(&Self::CONFIG, context, show));
        }
    }

    /// The state of this context's validator; of the first one, where there is no context. Waits for nothing.
    pub fn state(&self) -> State {
        let state =
            self.with_irqs_off(current::<P>(), |validator| validator.peek(&Self::CONFIG, |engine| engine.state()));
        let MemoryFootprint { early, unchecked, .. } = self.memory_footprint();
        State { early, unchecked, ..state.unwrap_or(State::UNKNOWN) }
    }

    /// Shows what waits, and returns how much it was. Nothing in an NMI, or while the validator is running in this context.
    /// The port's `show` runs as the caller of this does, and what it takes is checked.
    pub fn show_pending(&self) -> usize {
        match current::<P>() {
            Some(context) if context.is_unchecked() => 0,
            context => {
                let validator = context.map_or(&self.validators[0], |context| self.validator(context));
                validator.show_pending::<P, _>(&Self::CONFIG, || Work::<P>::begin(current::<P>()))
            }
        }
    }

    /// Whether the running context, or one that it interrupted, holds this lock. Yes where a hold found no room: it may.
    pub fn holds(&self, map: &LockMap) -> bool {
        current::<P>()
            .is_some_and(|context| context.has_lost() || context.all().any(|hold| hold.instance() == map.instance()))
    }

    /// Whether the validator was told that interrupts are on. Yes where there is no context to be told about.
    pub fn irqs_recorded_on(&self) -> bool {
        current::<P>().is_none_or(Context::irqs_on)
    }

    /// Forgets all that the validator of this context learned and found. Returns whether it could: not while a report of it
    /// waits to be shown, or is being shown, nor while this context holds a lock, whose class it would forget. No other context
    /// of this validator holds one either, and no other CPU acquires one meanwhile: see `hooks::reset`.
    pub fn reset(&self) -> bool {
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked()) else { return false };
        context.holds_nothing()
            && context.is_plain()
            && self.with_engine(context, |engine| engine.reset_unless_reports_wait())
    }

    /// What the validator of this context found first.
    pub fn first_finding(&self) -> Option<Kind> {
        let context = current::<P>().filter(|context| !context.is_unchecked())?;
        self.with_engine(context, |engine| engine.findings.first)
    }

    /// How full the tables of this context's validator are.
    pub fn occupancy(&self) -> Occupancy {
        match current::<P>().filter(|context| !context.is_unchecked()) {
            Some(context) => self.with_engine(context, |engine| engine.occupancy()),
            None => Occupancy::default(),
        }
    }

    /// Bytes of one validator, and how many locks were not checked since the validator was at work.
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

    /// The same at the entry and the exit of an interrupt, where the machine has its flag off by itself: only "on" says
    /// something there.
    fn agree_if_on(&self, context: &Context, site: Site) {
        if P::irqs_enabled() {
            self.sync_irq_flag(context, true, site);
        }
    }

    /// Makes the context's flag that of the machine, if interrupts were turned on or off by other means than the hooks:
    /// the machine's own counts, which was `on` before the validator disabled interrupts.
    fn sync_irq_flag(&self, context: &Context, on: bool, site: Site) {
        if on != context.irqs_on() {
            self.sync_irq_flag_slow(context, on, site);
        }
    }

    /// Reports if the validator was told otherwise than the machine's flag says; then the machine's counts.
    fn check_irqs(&self, context: &Context, site: Site) {
        let quiet = Work::<P>::begin(None); // a task that is preempted here has another flag when it is back
        let on = quiet.were_on;
        if on == context.irqs_on() || context.is_unchecked() {
            return;
        }
        let toggles = context.toggles();
        let was_told = if on { !toggles.irqs_off_noticed } else { !toggles.irqs_on_noticed };
        if !was_told {
            return self.sync_irq_flag_slow(context, on, site); // nobody told: an interrupt's tail was preempted, and has returned
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
        context.note_noticed(on);
    }

    /// Reports interrupts that are enabled inside a hard interrupt.
    fn say_if_in_hardirq(&self, context: &Context, on: bool, site: Site) {
        if on && context.in_hardirq() && !P::NESTED_IRQS {
            let note = "interrupts are enabled inside a hard interrupt: disable them until it ends (a kernel whose interrupts \
                        nest on purpose says so by Port::NESTED_IRQS; where the machine's flag is not changed by an \
                        interrupt, Port::irqs_enabled must be false in a handler)";
            self.wrong(context, Kind::IrqsState, note, None, site);
        }
    }

    // Where the fast path ends. The arguments stand as the entry points have theirs, so that nothing is moved for them.

    /// An ordinary acquisition that was not for the fast path.
    #[cold]
    #[inline(never)]
    fn acquire_slow(map: &LockMap, site: Site, context: &Context, mode: Mode, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if !here.acquire_in_new_chain(context, map, mode, site, quiet.were_on) {
            here.acquire_quietly(context, &Acquire::new(map, mode, site), quiet.were_on);
        }
    }

    /// The new-chain path: an ordinary acquisition of which the chain alone is new. Returns whether it was one.
    #[inline(always)]
    fn acquire_in_new_chain(&self, context: &Context, map: &LockMap, mode: Mode, site: Site, were_on: bool) -> bool {
        let validator = self.validator(context);
        let Some(new) = new_chain::New::of(validator.published(), context, map, mode, site, were_on) else {
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

    /// Any acquisition. With interrupts disabled, so that nothing comes in between the look at what is held and the push; they
    /// were on before, or not.
    fn acquire_quietly(&self, context: &Context, what: &Acquire<'_>, were_on: bool) {
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

    /// A release that was not for the fast path.
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

    /// Counts a hold about which there may be something special, and reports it if it was longer than its class allows.
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

    /// A lock that sleeps is waited for where it seems that a flag bars it. The flag is compared again: since the acquisition
    /// the task may have been preempted, and then the context has the flag that its scheduler left.
    #[cold]
    #[inline(never)]
    fn wait_asleep_slow(site: Site, context: &Context, here: &Self) {
        let quiet = Work::<P>::begin(None);
        here.sync_irq_flag(context, quiet.were_on, site);
        if !context.is_unchecked() && rules::sleep_atomic::is_barred_by_a_flag(context) {
            here.with_engine(context, |engine| engine.wait_asleep(context, site));
        }
    }

    /// Interrupts are enabled where that is not for the fast path: something is held, they are on, the validator is at work.
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

    /// Runs an event of the slow path, and shows what it found, if the port wants that at once.
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

    /// Does something with the validator of a context (the first one, where there is none), with interrupts off and the
    /// context marked busy.
    #[inline(always)]
    fn with_irqs_off<R>(&self, context: Option<&Context>, work: impl FnOnce(&SharedValidator<C, D, K>) -> R) -> R {
        let _work = Work::<P>::begin(context);
        work(context.map_or(&self.validators[0], |context| self.validator(context)))
    }

    /// Whether the lock may have been taken before there was a context: then the books say nothing of it, and what is said
    /// of it is believed.
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

    /// Whether a lock that was taken early is let go by this.
    fn take_off_early(&self) -> bool {
        self.early.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }
}

/// The validator runs for a context: interrupts off, the context busy; or without one, interrupts off alone. It ends also when
/// the port's `show` panics, which it may on the host.
struct Work<'c, P: Port> {
    context: Option<&'c Context>,
    state: IrqState,
    /// Whether interrupts could come before.
    were_on: bool,
    port: PhantomData<P>,
}

impl<P: Port> Work<'_, P> {
    fn begin(context: Option<&Context>) -> Work<'_, P> {
        let were_on = P::irqs_enabled();
        let state = P::irqs_disable();
        if let Some(context) = context {
            context.set_busy(true);
        }
        Work { context, state, were_on, port: PhantomData }
    }
}

impl<P: Port> Drop for Work<'_, P> {
    fn drop(&mut self) {
        if let Some(context) = self.context {
            context.set_busy(false);
        }
        P::irqs_restore(self.state);
    }
}

/// What is said later of an entry that was refused in an NMI.
const REFUSED_LATE: &str = "some time before, in an NMI or while the validator was busy, a context was entered that was in \
                            use: each level of nesting needs one of its own, and an NMI in an NMI too";

/// Whether hard interrupts are disabled as long as this level runs.
fn is_hard(level: Level) -> bool {
    matches!(level, Level::Hardirq | Level::ThreadedHardirq)
}

/// An interrupt runs in `own`, which it has claimed.
fn enter_claimed<P: Port>(context: &Context, level: Level, own: &'static Context, site: Site) {
    // SAFETY: `context` is this CPU's current one. The port promises that it stays in place, and this CPU's, until the
    // interrupts that interrupted it have ended.
    unsafe { own.enter_over(level, context, site) };
    switch_to::<P>(own);
}

/// An interrupt ends in which nothing is checked.
fn leave_unchecked<P: Port>(context: &Context, site: Site) {
    if context.refuse(false) {
        return;
    }
    if let Some(outer) = engine::leave_unchecked(context, site) {
        switch_to::<P>(outer);
        context.free_claim();
    }
}

/// Nothing on this CPU points to `gone` any more.
fn unlink<P: Port>(context: &Context, gone: &Context) {
    if context.is_same(gone) {
        // SAFETY: no context is always right.
        return unsafe { P::set_context(ptr::null()) };
    }
    let is_above = |above: &&Context| above.interrupted().is_some_and(|below| below.is_same(gone));
    if let Some(above) = context.outwards().find(is_above) {
        above.unlink();
    }
}

/// Why an entry is refused, and what to do.
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
