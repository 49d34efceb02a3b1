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
use crate::context::{Context, Level};
use crate::domain::Domain;
use crate::fast;
use crate::finding::Terms;
use crate::held::{Acquire, Ended, Hold};
use crate::limits::Occupancy;
use crate::mode::Mode;
use crate::policy;
use crate::port::Port;
use crate::report::{Kind, LockView};
use crate::rules;
use crate::second;
use crate::site::Site;
use crate::stat::Recorder;
use crate::state::State;
use crate::third;
use crate::validator::{self, Engine};
use core::marker::PhantomData;

/// A context that can be a `static`. Which of the program's validators it belongs to is fixed with it; most programs
/// have one, number 0. A lock is taken on one validator only: its hint would be believed by another.
#[derive(Debug)]
#[repr(transparent)]
pub struct ContextCell(Context);

// SAFETY: the context inside is reached through `get` alone, whose caller promises that nobody else uses it.
unsafe impl Sync for ContextCell {}

impl ContextCell {
    /// A task's context: nothing held, interrupts and softirqs on.
    pub const fn new(validator: u8) -> ContextCell {
        ContextCell(Context::of(validator))
    }

    /// The context.
    ///
    /// # Safety
    /// Nobody but the CPU that runs in this context uses it, or the context is not in use.
    pub unsafe fn get(&'static self) -> &'static Context {
        &self.0
    }
}

/// A thing that happens to a context and is rare enough to share one entry point. (`hooks` has a function for each.)
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Event<'a> {
    /// An interrupt begins; the cell becomes its context.
    Enter(Level, &'static Context),
    /// The innermost interrupt ends.
    Leave,
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
    /// The task ends.
    TaskExit,
    /// The task returns to user mode.
    UserReturn,
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
    port: PhantomData<fn() -> P>,
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
    const TERMS: Terms = Terms { who: P::who, now: P::now, policy: P::POLICY, accepted: P::ACCEPTED };

    /// One that has learned nothing.
    pub const fn new() -> Self {
        const {
            assert!(V > 0, "a runtime has at least one validator");
            assert!(
                P::ACCEPTED.len() <= policy::ACCEPTED,
                "too many in Port::ACCEPTED: raise ACCEPTED in src/policy.rs"
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
            port: PhantomData,
        }
    }

    // ---- entry points

    /// A lock is taken by waiting for it, at level 0.
    #[inline(always)]
    pub fn acquire(&self, map: &LockMap, mode: Mode, site: Site) {
        let Some(context) = P::context() else {
            return self.count_early();
        };
        let since = || self.recorder.since::<P>(context);
        if !fast::acquire(self.domain(context).seen(), context, map, mode, site, P::irqs_enabled(), since) {
            Self::acquire_otherwise(map, site, context, mode, self);
        }
    }

    /// A lock is taken in any other way.
    pub fn acquire_specially(&self, what: &Acquire<'_>) {
        match P::context() {
            Some(context) => self.acquire_in(context, what),
            None => self.count_early(),
        }
    }

    /// A lock is let go.
    #[inline(always)]
    pub fn release(&self, map: &LockMap, site: Option<Site>) {
        let Some(context) = P::context() else {
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
        let Some(context) = P::context() else { return };
        if !fast::irqs_on(context, site) {
            Self::irqs_on_otherwise(site, context, self);
        }
    }

    /// Hard interrupts were disabled. Not heard while the validator is at work, nor where they were off: the site of the
    /// change that counts stays.
    #[inline(always)]
    pub fn irqs_off(&self, site: Site) {
        if let Some(context) = P::context() {
            fast::irqs_off(context, site);
        }
    }

    /// Disables hard interrupts; says whether they were on.
    #[inline(always)]
    pub fn irq_save(&self, site: Site) -> bool {
        let were_on = P::irqs_enabled();
        P::irqs_disable();
        self.irqs_off(site);
        were_on
    }

    /// Enables hard interrupts, if they were on.
    #[inline(always)]
    pub fn irq_restore(&self, were_on: bool, site: Site) {
        if were_on {
            self.irqs_on(site);
            P::irqs_enable();
        }
    }

    /// Anything else that happens to the running context.
    pub fn event(&self, event: Event<'_>, site: Site) {
        let Some(context) = P::context() else { return };
        if context.is_unchecked() {
            return Self::event_unchecked(context, event, site);
        }
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
            Event::Enter(_, own) if own.is_in_use() || core::ptr::eq(own, context) => self.refuse(context, site),
            Event::Enter(level, own) => {
                validator::enter(own, level, context, site);
                P::set_context(own);
            }
            Event::Leave if context.refuse(false) => {}
            Event::Leave => self.leave(context, site),
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
                let _quiet = Work::<P>::begin(None);
                validator::remove(context, map);
            }
            Event::UnregisterKey(key) => self.slowly(context, |engine| engine.unregister_key(context, key, site)),
            Event::Downgrade(map, mode) => {
                self.slowly(context, |engine| engine.downgrade(context, map, mode, Some(site)));
            }
            Event::HandOver(map) => self.slowly(context, |engine| engine.hand_over(context, map, site)),
            Event::TakeOver(map, mode) => self.slowly(context, |engine| engine.take_over(context, map, mode, site)),
            Event::Claim(claim, map) => self.slowly(context, |engine| engine.claim(context, claim, map, site)),
            Event::Pin(map, more) => self.slowly(context, |engine| engine.pin(context, map, more, site)),
            Event::ClaimIrqs(on) if P::irqs_enabled() != on => {
                let note = if on {
                    "assert_irqs_enabled: they are disabled"
                } else {
                    "assert_irqs_disabled: they are enabled"
                };
                self.wrong(context, Kind::Assertion, note, None, site);
            }
            Event::ClaimIrqs(_) => {}
            Event::CheckIrqs => self.check_irqs(context, site),
            Event::TaskExit => self.slowly(context, |engine| engine.task_exit(context, site)),
            Event::UserReturn => self.slowly(context, |engine| engine.user_return(context, site)),
            Event::Wrong(kind, note, map) => self.wrong(context, kind, note, map, site),
        }
    }

    /// An interrupt ends. Interrupts stay off until the context below is the current one: one that came in between would
    /// not see what that holds.
    fn leave(&self, context: &'static Context, site: Site) {
        let were_on = P::irqs_enabled();
        P::irqs_disable();
        let known = second::leave(self.domain(context).seen(), context, site);
        if let Some(outer) = known.or_else(|| self.slowly(context, |engine| engine.leave(context, site))) {
            P::set_context(outer);
        }
        if were_on {
            P::irqs_enable();
        }
    }

    /// A context is entered that is in use: it cannot be linked twice.
    #[cold]
    fn refuse(&self, context: &'static Context, site: Site) {
        let note = "an interrupt's context is entered while it is in use: each level of nesting needs one of its own";
        self.wrong(context, Kind::Assertion, note, None, site);
        context.refuse(true);
    }

    /// Something that no rule decided: it counts as looked for whenever it is said.
    #[cold]
    fn wrong(&self, context: &'static Context, kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
        self.slowly(context, |engine| {
            engine.looks_for(kind);
            engine.wrong(context, kind, note, map, Some(site));
        });
    }

    /// The books alone: in an NMI, which may have come upon the internal lock, and while the validator is at work.
    #[cold]
    fn event_unchecked(context: &'static Context, event: Event<'_>, site: Site) {
        match event {
            Event::Enter(level, own) => {
                validator::enter(own, level, context, site);
                P::set_context(own);
            }
            Event::Leave => {
                if let Some(outer) = validator::leave_unchecked(context, site) {
                    P::set_context(outer);
                }
            }
            Event::Softirqs(on) => context.set_softirqs(on, Some(site)),
            Event::Reclaim(enter) => {
                context.count_reclaim(enter);
            }
            Event::Dropped(map) => {
                validator::remove(context, map);
            }
            Event::HandOver(map) => {
                validator::release_unchecked(context, map);
                map.set_handed_over(true);
            }
            Event::TakeOver(map, mode) => {
                map.set_handed_over(false);
                validator::acquire_unchecked(context, &Acquire::new(map, mode, site));
            }
            _ => {}
        }
    }

    // ---- for self-tests and dumps

    /// Shows what the running context holds, the lowest first. Waits for nothing.
    pub fn each_held(&self, show: &mut dyn FnMut(&LockView)) {
        if let Some(context) = P::context() {
            // What `show` takes goes on the books unchecked: the internal lock is held meanwhile.
            self.undisturbed(Some(context), |domain| domain.each_held(&Self::TERMS, context, show));
        }
    }

    /// The state of this context's validator; of the first one, where there is no context. Waits for nothing.
    pub fn state(&self) -> State {
        let state = self.undisturbed(P::context(), |domain| domain.peek(&Self::TERMS, |engine| engine.state()));
        let Costs { early, unchecked, .. } = self.costs();
        State { early, unchecked, ..state.unwrap_or(State::UNKNOWN) }
    }

    /// Shows what waits, and says how much it was. Nothing in an NMI, or while the validator is at work.
    pub fn drain(&self) -> usize {
        match P::context() {
            Some(context) if context.is_unchecked() => 0,
            context => self.undisturbed(context, |domain| domain.drain::<P>(&Self::TERMS)),
        }
    }

    /// Whether the running context, or one that it interrupted, holds this lock. Yes where a hold found no room: it may.
    pub fn holds(&self, map: &LockMap) -> bool {
        P::context()
            .is_some_and(|context| context.has_lost() || context.all().any(|hold| hold.instance() == map.instance()))
    }

    /// Whether the validator was told that interrupts are on. Yes where there is no context to be told about.
    pub fn irqs_told(&self) -> bool {
        P::context().is_none_or(Context::irqs_on)
    }

    /// Forgets all that the validator of this context learned and found. Says whether it could: not while a report of
    /// its waits to be shown, or is, nor while this context holds a lock, whose class it would forget. No other context of
    /// this validator may hold one either.
    pub fn reset(&self) -> bool {
        let Some(context) = P::context().filter(|context| !context.is_unchecked()) else { return false };
        context.holds_nothing() && context.is_plain() && self.slowly(context, |engine| engine.reset_unless_reports_wait())
    }

    /// What the validator of this context found first.
    pub fn found(&self) -> Option<Kind> {
        let context = P::context().filter(|context| !context.is_unchecked())?;
        self.slowly(context, |engine| engine.ledger.first)
    }

    /// How full the tables of this context's validator are.
    pub fn occupancy(&self) -> Occupancy {
        match P::context().filter(|context| !context.is_unchecked()) {
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

    /// Makes the context's flag that of the machine, if interrupts were turned on or off by other means than the hooks:
    /// the machine's own counts, which was `on` before the validator disabled interrupts.
    fn agree(&self, context: &'static Context, on: bool, site: Site) {
        if on != context.irqs_on() {
            self.agree_slowly(context, on, site);
        }
    }

    /// Reports if the validator was told otherwise than the machine's flag says; then the machine's counts.
    fn check_irqs(&self, context: &'static Context, site: Site) {
        let on = P::irqs_enabled();
        if on == context.irqs_on() || context.is_unchecked() {
            return;
        }
        let note = match on {
            true => "the machine's interrupts are enabled, and the validator was told that they are disabled",
            false => "the machine's interrupts are disabled, and the validator was told that they are enabled",
        };
        self.wrong(context, Kind::IrqsState, note, None, site);
        self.agree_slowly(context, on, site);
    }

    #[cold]
    fn agree_slowly(&self, context: &'static Context, on: bool, site: Site) {
        if context.is_unchecked() {
            return;
        }
        if on {
            self.slowly(context, |engine| engine.irqs_on(context, site));
        } else {
            validator::irqs_off(context, site);
        }
    }

    // Where the fast path ends. The arguments stand as the entry points have theirs, so that nothing is moved for them.

    /// An ordinary acquisition that was not for the fast path.
    #[cold]
    #[inline(never)]
    fn acquire_otherwise(map: &LockMap, site: Site, context: &'static Context, mode: Mode, here: &Self) {
        let quiet = Work::<P>::begin(None);
        if !here.acquire_in_new_chain(context, map, mode, site, quiet.were_on) {
            here.acquire_quietly(context, &Acquire::new(map, mode, site), quiet.were_on);
        }
    }

    /// The new-chain path: an ordinary acquisition of which the chain alone is new. Returns whether it was one.
    #[inline(always)]
    fn acquire_in_new_chain(
        &self,
        context: &'static Context,
        map: &LockMap,
        mode: Mode,
        site: Site,
        were_on: bool,
    ) -> bool {
        let domain = self.domain(context);
        let Some(new) = third::New::of(domain.seen(), context, map, mode, site, were_on) else { return false };
        let known = new.is_known(domain.seen()) || domain.learn(&Self::TERMS, &new);
        if known {
            new.push(self.recorder.since::<P>(context));
        }
        known
    }

    fn acquire_in(&self, context: &'static Context, what: &Acquire<'_>) {
        let quiet = Work::<P>::begin(None);
        self.acquire_quietly(context, what, quiet.were_on);
    }

    /// Any acquisition. With interrupts disabled, so that nothing comes in between the look at what is held and the push; they
    /// were on before, or not.
    fn acquire_quietly(&self, context: &'static Context, what: &Acquire<'_>, were_on: bool) {
        self.agree(context, were_on, what.site);
        if second::acquire(self.domain(context).seen(), context, what) {
            return self.recorder.begin::<P>(context, what.map);
        }
        if context.is_unchecked() {
            self.unchecked.fetch_add(1, Ordering::Relaxed);
            return validator::acquire_unchecked(context, what);
        }
        self.slowly(context, |engine| engine.acquire(context, what));
        self.recorder.begin::<P>(context, what.map);
    }

    /// A release that was not for the fast path.
    #[cold]
    #[inline(never)]
    fn release_otherwise(map: &LockMap, site: Option<Site>, context: &'static Context, here: &Self) {
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
    fn count(map: &LockMap, site: Option<Site>, context: &'static Context, here: &Self, ended: Ended) {
        let (length, cpu) = (ended.since.until(P::now()), (P::CPU)());
        if !here.recorder.count(here.domains[0].seen().classes, map, &ended, length, cpu) {
            here.count_special(context, map, site, &Hold::that_was(map, &ended), (length, cpu));
        }
    }

    /// Counts a hold about which there may be something special, and reports it if it was longer than its class allows.
    fn count_special(
        &self,
        context: &'static Context,
        map: &LockMap,
        site: Option<Site>,
        hold: &Hold,
        (length, cpu): (u64, u32),
    ) {
        let seen = self.domains[0].seen().classes;
        let overheld = self.recorder.count_special::<P>(seen, map, &hold.ended(), length, cpu);
        if overheld.length_and_limit().is_some() && !context.is_unchecked() {
            self.slowly(context, |engine| engine.report_overheld(context, hold, overheld, site));
        }
    }

    /// Interrupts are enabled where that is not for the fast path: something is held, they are on, the validator is at work.
    #[cold]
    #[inline(never)]
    fn irqs_on_otherwise(site: Site, context: &'static Context, here: &Self) {
        if context.is_unchecked() || context.irqs_on() || second::irqs_on(here.domain(context).seen(), context, site) {
            return;
        }
        here.slowly(context, |engine| engine.irqs_on(context, site));
    }

    /// Runs an event of the slow path, and shows what it found, if the port wants that at once.
    pub(crate) fn slowly<R>(&self, context: &'static Context, event: impl FnOnce(&mut Engine<'_>) -> R) -> R {
        self.undisturbed(Some(context), |domain| {
            let (answer, has_news) = domain.with(&Self::TERMS, |engine| {
                if context.is_to_be_settled() {
                    engine.settle(context);
                }
                event(engine)
            });
            if has_news && !P::POLICY.is_queued() {
                domain.drain::<P>(&Self::TERMS);
            }
            answer
        })
    }

    /// Does something with the validator of a context (the first one, where there is none), with interrupts off and the
    /// context marked busy.
    #[inline(always)]
    fn undisturbed<R>(&self, context: Option<&'static Context>, work: impl FnOnce(&Domain<C, D, K>) -> R) -> R {
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
struct Work<P: Port> {
    context: Option<&'static Context>,
    were_on: bool,
    port: PhantomData<P>,
}

impl<P: Port> Work<P> {
    fn begin(context: Option<&'static Context>) -> Work<P> {
        let were_on = P::irqs_enabled();
        P::irqs_disable();
        if let Some(context) = context {
            context.set_busy(true);
        }
        Work { context, were_on, port: PhantomData }
    }
}

impl<P: Port> Drop for Work<P> {
    fn drop(&mut self) {
        if let Some(context) = self.context {
            context.set_busy(false);
        }
        if self.were_on {
            P::irqs_enable();
        }
    }
}
