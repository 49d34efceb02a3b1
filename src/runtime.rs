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

use crate::atomic::{AtomicU32, Ordering};
use crate::claims::Claim;
use crate::class::{DynamicKey, LockMap};
use crate::context::{Context, InUse, Level};
use crate::domain::Domain;
use crate::fast;
use crate::finding::Terms;
use crate::held::{Acquire, Ended, Hold};
use crate::hooks::{self, SavedIrqs};
use crate::limits::Occupancy;
use crate::mode::Mode;
use crate::policy;
use crate::port::{IrqState, Port};
use crate::report::{Kind, LockView};
use crate::rules;
use crate::second;
use crate::site::Site;
use crate::stat::Recorder;
use crate::state::State;
use crate::third;
use crate::validator::{self, Engine};
use core::marker::PhantomData;
use core::ptr;

/// A context that can be shared: a `static`, or a field of a task, which may live in an `Arc`. Which of the program's
/// validators it belongs to is fixed with it; most programs have one, number 0. A lock is taken on one validator only: its
/// hint would be believed by another.
///
/// A cell is an interrupt's or a task's. An interrupt's is entered by [`hooks::enter`](crate::hooks::enter) or by a guard of
/// [`hooks::interrupt`](crate::hooks::interrupt), by one CPU at a time. A task's is given to
/// [`Port::set_context`] by its pointer; once that was asked for, the cell is refused to interrupts. When it is dropped and
/// a lock is still held in it, that is reported (`held-at-exit`).
#[repr(transparent)]
pub struct ContextCell(Context);

// SAFETY: through a shared cell the context inside is reached in two ways only: by an interrupt that has claimed it, which
// one CPU at a time can; or by the pointer, by `unsafe` code that promises that nobody else uses it. The claim is atomic.
unsafe impl Sync for ContextCell {}

impl ContextCell {
    /// A context in which nothing is held, and interrupts and softirqs are on.
    pub const fn new(validator: u8) -> ContextCell {
        ContextCell(Context::of(validator))
    }

    /// The context, for [`Port::set_context`]: from now on the cell is a task's.
    pub fn get(&self) -> *const Context {
        self.0.claim_for_task();
        &raw const self.0
    }

    /// Whether this is its context.
    pub fn is(&self, context: *const Context) -> bool {
        ptr::eq(&self.0, context)
    }

    /// Makes it a new one: nothing is held, and it may be a task's or an interrupt's. For a task's slot that is used again.
    ///
    /// # Safety
    /// Nobody runs in it, and it is below no interrupt that has not ended.
    pub unsafe fn reset(&self) {
        self.0.reset();
        self.0.free_claim();
    }
}

impl Drop for ContextCell {
    fn drop(&mut self) {
        hooks::event(Event::Gone(&self.0), Site::NOWHERE);
    }
}

/// A thing that happens to a context and is rare enough to share one entry point. (`hooks` has a function for each.)
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// An interrupt begins; the cell becomes its context.
    Enter(Level, &'static ContextCell),
    /// The innermost interrupt ends.
    Leave,
    /// The interrupt that entered this cell ends, and with it what was entered since and not left.
    End(&'static ContextCell),
    /// A task's context is dropped.
    Gone(&'a Context),
    /// Softirqs are turned on or off.
    Softirqs(bool),
    /// The task enters reclaim, or leaves it.
    Reclaim(bool),
    /// The task allocates in a way that may enter reclaim.
    Allocate,
    /// The task may sleep here.
    MightSleep,
    /// The memory of a lock is freed.
    Free(&'a LockMap),
    /// A lock is dropped that may be held.
    Dropped(&'a LockMap),
    /// The classes of a key that was made at run time are taken back.
    UnregisterKey(&'a DynamicKey),
    /// The class of a lock that is a class of its own is taken back: its memory goes.
    ForgetOwnClass(&'a LockMap),
    /// A hold becomes one of this mode, a reader's.
    Downgrade(&'a LockMap, Mode),
    /// A lock will be let go by another context.
    HandOver(&'a LockMap),
    /// A lock that was handed over is this context's now, held in this mode.
    TakeOver(&'a LockMap, Mode),
    /// Something is claimed of a lock.
    Claim(Claim, &'a LockMap),
    /// A hold is pinned, or with `false` unpinned.
    Pin(&'a LockMap, bool),
    /// Interrupts are claimed to be on, or off.
    ClaimIrqs(bool),
    /// The validator's flag is to be compared with the machine's.
    CheckIrqs,
    /// Time has passed: are holds longer than they may be?
    CheckHolds,
    /// The task ends.
    TaskExit,
    /// The task returns to user mode.
    UserReturn,
    /// An outermost critical section begins, or with `false` ends; it is a lock where the port says so.
    Section(&'a LockMap, bool),
    /// Something that no rule decides is wrong: what kind, in which words, about which lock.
    Wrong(Kind, &'static str, Option<&'a LockMap>),
}

/// What the validator costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Costs {
    /// Bytes of one validator: all its tables, and the reports.
    pub validator: usize,
    /// Bytes of a context.
    pub context: usize,
    /// Bytes of the statistics of all CPUs (feature `stat`).
    pub statistics: usize,
    /// How many locks went on the books unchecked, because the validator was at work or showed a report, or in an NMI.
    pub unchecked: u32,
    /// How many locks were taken before there was a context, and have not been let go since.
    pub early: u32,
}

/// A port with `V` validators: `C` slots for classes and `D` for dependencies, of which one each is never used, and `K` for
/// chains; and `N` CPUs, whose statistics are kept.
pub struct Runtime<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize> {
    domains: [Domain<C, D, K>; V],
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
    const TERMS: Terms =
        Terms { who: P::who, backtrace: P::backtrace, now: P::now, policy: P::POLICY, accepted: P::ACCEPTED };

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
        let domains = [const { Domain::new() }; V];
        Runtime {
            domains,
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
        if !fast::acquire(self.domain(context).seen(), context, map, mode, site, P::irqs_enabled(), since) {
            Self::acquire_otherwise(map, site, context, mode, self);
        }
    }

    /// A lock is taken in any other way.
    pub fn acquire_specially(&self, what: &Acquire<'_>) {
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
        match fast::release(context, map) {
            None => Self::release_otherwise(map, site, context, self),
            Some(ended) if ended.since.is_known() => Self::count(map, site, context, self, ended),
            Some(_) => {}
        }
    }

    /// Hard interrupts will be enabled. Not heard while the validator is at work for this context: what shows a report finds
    /// interrupts disabled by us, and "restores" them so.
    #[inline(always)]
    pub fn irqs_on(&self, site: Site) {
        let Some(context) = current::<P>() else { return };
        if !fast::irqs_on(context, site) {
            Self::irqs_on_otherwise(site, context, self);
        }
    }

    /// Hard interrupts were disabled. Not heard while the validator is at work, nor where they were off: the site of the
    /// change that counts stays.
    #[inline(always)]
    pub fn irqs_off(&self, site: Site) {
        if let Some(context) = current::<P>() {
            fast::irqs_off(context, site);
        }
    }

    /// Disables hard interrupts; returns what they were.
    #[inline(always)]
    pub fn irq_save(&self, site: Site) -> SavedIrqs {
        let were_on = P::irqs_enabled();
        let state = P::irqs_disable();
        self.irqs_off(site);
        SavedIrqs::new(state, were_on)
    }

    /// Makes hard interrupts what they were.
    #[inline(always)]
    pub fn irq_restore(&self, saved: SavedIrqs, site: Site) {
        if saved.were_on() {
            self.irqs_on(site);
        }
        P::irqs_restore(saved.state());
    }

    /// A lock that sleeps is waited for. Its acquisition was told before, so the flag is the machine's.
    #[inline(always)]
    pub fn wait_asleep(&self, site: Site) {
        if let Some(context) = current::<P>()
            && rules::sleep_atomic::is_barred_by_a_flag(context)
        {
            Self::wait_asleep_otherwise(site, context, self);
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
                self.agree(context, quiet.were_on, site);
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
                self.slowly(context, |_| map.set_handed_over(true));
            }
            Event::Softirqs(true) if second::softirqs_on(self.domain(context).seen(), context, site) => {}
            Event::Softirqs(true) => self.slowly(context, |engine| engine.softirqs_on(context, site)),
            Event::Softirqs(false) => validator::softirqs_off(context, site),
            Event::Reclaim(true) => validator::reclaim_enter(context),
            Event::Reclaim(false) => {
                validator::reclaim_exit(context);
            }
            Event::Allocate => self.slowly(context, |engine| engine.allocate(context, site)),
            Event::MightSleep if !rules::sleep_atomic::is_atomic(context) => {}
            Event::MightSleep => self.slowly(context, |engine| engine.might_sleep(context, site)),
            Event::Free(map) => self.slowly(context, |engine| engine.free(context, map, Some(site))),
            Event::Dropped(map) => {
                self.slowly(context, |engine| engine.free(context, map, None));
                validator::remove(context, map);
            }
            Event::UnregisterKey(key) => self.slowly(context, |engine| engine.unregister_key(context, key, site)),
            Event::ForgetOwnClass(map) => self.slowly(context, |engine| engine.forget_own_class(context, map)),
            Event::Downgrade(map, mode) => {
                self.slowly(context, |engine| engine.downgrade(context, map, mode, Some(site)));
            }
            Event::HandOver(map) => self.slowly(context, |engine| engine.hand_over(context, map, site)),
            Event::TakeOver(map, mode) => self.slowly(context, |engine| engine.take_over(context, map, mode, site)),
            Event::Claim(claim, map) => self.slowly(context, |engine| engine.claim(context, claim, map, site)),
            Event::Pin(map, more) => self.slowly(context, |engine| engine.pin(context, map, more, site)),
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
            Event::CheckHolds => self.slowly(context, |engine| engine.check_holds(context, P::now(), site)),
            Event::TaskExit => self.slowly(context, |engine| engine.task_exit(context, site)),
            Event::UserReturn => self.slowly(context, |engine| engine.user_return(context, site)),
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
        let known = second::leave(self.domain(context).seen(), context, site);
        if let Some(outer) = known.or_else(|| self.slowly(context, |engine| engine.leave(context, site))) {
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
            self.slowly(context, |engine| engine.task_gone(gone));
        }
        unlink::<P>(context, gone);
    }

    /// Something that no rule decided: it counts as looked for whenever it is said.
    #[cold]
    fn wrong(&self, context: &Context, kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
        self.slowly(context, |engine| {
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
                validator::acquire_unchecked(
                    self.domain(context).seen(),
                    context,
                    &Acquire::new(map, Mode::WRITE, site),
                );
            }
            Event::Section(map, false) if P::SECTION_IS_LOCK => validator::release_unchecked(context, map),
            Event::Dropped(map) => {
                validator::remove(context, map);
            }
            Event::HandOver(map) => {
                validator::release_unchecked(context, map);
                map.set_handed_over(true);
            }
            Event::TakeOver(map, mode) => {
                map.set_handed_over(false);
                let seen = self.domain(context).seen();
                validator::acquire_unchecked(seen, context, &Acquire::new(map, mode, site));
            }
            _ => {}
        }
    }

    // ---- for self-tests and dumps

    /// Shows what the running context holds, the lowest first. Waits for nothing.
    pub fn each_held(&self, show: &mut dyn FnMut(&LockView)) {
        if let Some(context) = current::<P>() {
            // What `show` takes goes on the books unchecked: the internal lock is held meanwhile.
            self.undisturbed(Some(context), |domain| domain.each_held(&Self::TERMS, context, show));
        }
    }

    /// The state of this context's validator; of the first one, where there is no context. Waits for nothing.
    pub fn state(&self) -> State {
        let state = self.undisturbed(current::<P>(), |domain| domain.peek(&Self::TERMS, |engine| engine.state()));
        let Costs { early, unchecked, .. } = self.costs();
        State { early, unchecked, ..state.unwrap_or(State::UNKNOWN) }
    }

    /// Shows what waits, and returns how much it was. Nothing in an NMI, or while the validator is running in this context.
    /// The port's `show` runs as the caller of this does, and what it takes is checked.
    pub fn drain(&self) -> usize {
        match current::<P>() {
            Some(context) if context.is_unchecked() => 0,
            context => {
                let domain = context.map_or(&self.domains[0], |context| self.domain(context));
                domain.drain::<P, _>(&Self::TERMS, || Work::<P>::begin(current::<P>()))
            }
        }
    }

    /// Whether the running context, or one that it interrupted, holds this lock. Yes where a hold found no room: it may.
    pub fn holds(&self, map: &LockMap) -> bool {
        current::<P>()
            .is_some_and(|context| context.has_lost() || context.all().any(|hold| hold.instance() == map.instance()))
    }

    /// Whether the validator was told that interrupts are on. Yes where there is no context to be told about.
    pub fn irqs_told(&self) -> bool {
        current::<P>().is_none_or(Context::irqs_on)
    }

    /// Forgets all that the validator of this context learned and found. Returns whether it could: not while a report of it
    /// waits to be shown, or is being shown, nor while this context holds a lock, whose class it would forget. No other context
    /// of this validator holds one either, and no other CPU acquires one meanwhile: see `hooks::reset`.
    pub fn reset(&self) -> bool {
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked()) else { return false };
        context.holds_nothing()
            && context.is_plain()
            && self.slowly(context, |engine| engine.reset_unless_reports_wait())
    }

    /// What the validator of this context found first.
    pub fn found(&self) -> Option<Kind> {
        let context = current::<P>().filter(|context| !context.is_unchecked())?;
        self.slowly(context, |engine| engine.ledger.first)
    }

    /// How full the tables of this context's validator are.
    pub fn occupancy(&self) -> Occupancy {
        match current::<P>().filter(|context| !context.is_unchecked()) {
            Some(context) => self.slowly(context, |engine| engine.occupancy()),
            None => Occupancy::default(),
        }
    }

    /// Bytes of one validator, and how many locks were not checked since the validator was at work.
    pub fn costs(&self) -> Costs {
        Costs {
            validator: size_of::<Domain<C, D, K>>(),
            context: size_of::<Context>(),
            statistics: size_of::<Recorder<C, N>>(),
            unchecked: self.unchecked.load(Ordering::Relaxed),
            early: self.early.load(Ordering::Relaxed),
        }
    }

    // ---- helpers

    #[inline(always)]
    pub(crate) fn domain(&self, context: &Context) -> &Domain<C, D, K> {
        let index = usize::from(context.validator());
        match self.domains.get(index) {
            Some(domain) if V > 1 => domain,
            _ => &self.domains[0],
        }
    }

    /// The same at the entry and the exit of an interrupt, where the machine has its flag off by itself: only "on" says
    /// something there.
    fn agree_if_on(&self, context: &Context, site: Site) {
        if P::irqs_enabled() {
            self.agree(context, true, site);
        }
    }

    /// Makes the context's flag that of the machine, if interrupts were turned on or off by other means than the hooks:
    /// the machine's own counts, which was `on` before the validator disabled interrupts.
    fn agree(&self, context: &Context, on: bool, site: Site) {
        if on != context.irqs_on() {
            self.agree_slowly(context, on, site);
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
            return self.agree_slowly(context, on, site); // nobody told: an interrupt's tail was preempted, and has returned
        }
        let note = match on {
            true => "the machine's interrupts are enabled, and the validator was told that they are disabled",
            false => "the machine's interrupts are disabled, and the validator was told that they are enabled",
        };
        self.wrong(context, Kind::IrqsState, note, None, site);
        self.agree_slowly(context, on, site);
    }

    #[cold]
    fn agree_slowly(&self, context: &Context, on: bool, site: Site) {
        if context.is_unchecked() {
            return;
        }
        self.say_if_in_hardirq(context, on, site);
        if on {
            self.slowly(context, |engine| engine.irqs_on(context, site));
        } else {
            validator::irqs_off(context, site);
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
    fn acquire_otherwise(map: &LockMap, site: Site, context: &Context, mode: Mode, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if !here.acquire_in_new_chain(context, map, mode, site, quiet.were_on) {
            here.acquire_quietly(context, &Acquire::new(map, mode, site), quiet.were_on);
        }
    }

    /// The new-chain path: an ordinary acquisition of which the chain alone is new. Returns whether it was one.
    #[inline(always)]
    fn acquire_in_new_chain(&self, context: &Context, map: &LockMap, mode: Mode, site: Site, were_on: bool) -> bool {
        let domain = self.domain(context);
        let Some(new) = third::New::of(domain.seen(), context, map, mode, site, were_on) else { return false };
        let known = new.is_known(domain.seen()) || domain.learn(&Self::TERMS, &new);
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
        self.agree(context, were_on, what.site);
        if second::acquire(self.domain(context).seen(), context, what) {
            return self.recorder.begin::<P>(context, what.map);
        }
        if context.is_unchecked() {
            self.unchecked.fetch_add(1, Ordering::Relaxed);
            return validator::acquire_unchecked(self.domain(context).seen(), context, what);
        }
        self.slowly(context, |engine| engine.acquire(context, what));
        self.recorder.begin::<P>(context, what.map);
    }

    /// A release that was not for the fast path.
    #[cold]
    #[inline(never)]
    fn release_otherwise(map: &LockMap, site: Option<Site>, context: &Context, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if context.is_unchecked() {
            return validator::release_unchecked(context, map);
        }
        if here.may_be_early(context, map) && here.take_off_early() {
            return;
        }
        let ending = here.recorder.ending(context, map);
        if !second::release(here.domain(context).seen(), context, map) {
            here.slowly(context, |engine| engine.release(context, map, site));
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
        if !here.recorder.count(here.domains[0].seen().classes, map, &ended, length, cpu) {
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
        let seen = self.domains[0].seen().classes;
        let overheld = self.recorder.count_special::<P>(seen, map, &hold.ended(), length, cpu);
        if overheld.length_and_limit().is_some() && !hold.is_excused() && !context.is_unchecked() {
            self.slowly(context, |engine| engine.report_overheld(context, hold, overheld, site));
        }
    }

    /// A lock that sleeps is waited for where it seems that a flag bars it. The flag is compared again: since the acquisition
    /// the task may have been preempted, and then the context has the flag that its scheduler left.
    #[cold]
    #[inline(never)]
    fn wait_asleep_otherwise(site: Site, context: &Context, here: &Self) {
        let quiet = Work::<P>::begin(None);
        here.agree(context, quiet.were_on, site);
        if !context.is_unchecked() && rules::sleep_atomic::is_barred_by_a_flag(context) {
            here.slowly(context, |engine| engine.wait_asleep(context, site));
        }
    }

    /// Interrupts are enabled where that is not for the fast path: something is held, they are on, the validator is at work.
    #[cold]
    #[inline(never)]
    fn irqs_on_otherwise(site: Site, context: &Context, here: &Self) {
        if context.is_unchecked() || context.irqs_on() {
            return;
        }
        here.say_if_in_hardirq(context, true, site);
        if !second::irqs_on(here.domain(context).seen(), context, site) {
            here.slowly(context, |engine| engine.irqs_on(context, site));
        }
    }

    /// Runs an event of the slow path, and shows what it found, if the port wants that at once.
    pub(crate) fn slowly<R>(&self, context: &Context, event: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        self.undisturbed(Some(context), |domain| {
            let late = self.refused.load(Ordering::Relaxed) > 0 && self.refused.swap(0, Ordering::Relaxed) > 0;
            let (answer, has_news) = domain.with(&Self::TERMS, |engine| {
                if context.is_to_be_settled() {
                    engine.settle(context);
                }
                if late {
                    engine.looks_for(Kind::Assertion);
                    engine.wrong(context, Kind::Assertion, REFUSED_LATE, None, None);
                }
                event(engine)
            });
            if has_news && !P::POLICY.is_queued() {
                domain.drain::<P, _>(&Self::TERMS, || ());
            }
            answer
        })
    }

    /// Does something with the validator of a context (the first one, where there is none), with interrupts off and the
    /// context marked busy.
    #[inline(always)]
    fn undisturbed<R>(&self, context: Option<&Context>, work: impl FnOnce(&Domain<C, D, K>) -> R) -> R {
        let _work = Work::<P>::begin(context);
        work(context.map_or(&self.domains[0], |context| self.domain(context)))
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
    if let Some(outer) = validator::leave_unchecked(context, site) {
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
