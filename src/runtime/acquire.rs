//! Acquisitions and releases: the fast path, which is inlined into the entry points of `port!`, and its slow end.
//!
//! Invariants:
//! - The fast path leaves interrupts as they are. Everything after it runs with them disabled, so nothing comes between
//!   the read of what is held and the push.
//! - The arguments of the slow ends are in the order of those of the entry points, so that no register is moved for
//!   them.
//! - Locks that are acquired before there is a context are counted. While some are not released, a release of a lock
//!   that the context does not hold is taken for one of theirs.
//!
//! What it does not do: decide which path can handle an acquisition; that is the engine.

use crate::atomic::Ordering;
use crate::context::Context;
use crate::context::hold::{Acquire, Ended, Hold};
use crate::engine::{self, fast_path, new_chain, recheck};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::port::Port;
use crate::rules;
use crate::runtime::with_engine::IrqsOff;
use crate::runtime::{Runtime, current};

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// An ordinary acquisition: it waits, at subclass 0.
    #[inline(always)]
    pub fn acquire(&self, map: &LockMap, mode: Mode, site: Site) {
        let Some(context) = current::<P>() else {
            return self.count_early();
        };
        let since = || self.recorder.since::<P>(context);
        let irqs = Irqs::from(P::irqs_enabled());
        if !fast_path::acquire(self.validator(context).published(), context, map, mode, site, irqs, since) {
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
    /// A sleeping lock is waited for. Its acquisition was announced before, so the flag is in sync with the machine's.
    #[inline(always)]
    pub fn wait_asleep(&self, site: Site) {
        if let Some(context) = current::<P>()
            && rules::sleep_atomic::is_barred_by_a_flag(context)
        {
            Self::wait_asleep_slow(site, context, self);
        }
    }

    /// An ordinary acquisition that the fast path did not handle.
    #[cold]
    #[inline(never)]
    fn acquire_slow(map: &LockMap, site: Site, context: &Context, mode: Mode, here: &Self) {
        let irqs = IrqsOff::<P>::begin();
        if !here.acquire_in_new_chain(context, map, mode, site, irqs.before) {
            here.acquire_quietly(context, &Acquire::new(map, mode, site), irqs.before);
        }
    }

    /// The new-chain path: an ordinary acquisition in which only the chain is new. Returns whether it was one.
    #[inline(always)]
    fn acquire_in_new_chain(&self, context: &Context, map: &LockMap, mode: Mode, site: Site, before: Irqs) -> bool {
        let validator = self.validator(context);
        let Some(new) = new_chain::New::of(validator.published(), context, map, mode, site, before) else {
            return false;
        };
        let known = new.is_known(validator.published()) || validator.learn(&Self::CONFIG, &new);
        if known {
            new.push(self.recorder.since::<P>(context));
        }
        known
    }

    fn acquire_in(&self, context: &Context, what: &Acquire<'_>) {
        let irqs = IrqsOff::<P>::begin();
        self.acquire_quietly(context, what, irqs.before);
    }

    /// Any acquisition.
    fn acquire_quietly(&self, context: &Context, what: &Acquire<'_>, before: Irqs) {
        if context.is_new() {
            self.introduce(context);
        }
        self.sync_irq_flag(context, before, what.site);
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
        let irqs = IrqsOff::<P>::begin();
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
        drop(irqs);
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
        let irqs = IrqsOff::<P>::begin();
        here.sync_irq_flag(context, irqs.before, site);
        if !context.is_unchecked() && rules::sleep_atomic::is_barred_by_a_flag(context) {
            here.with_engine(context, |engine| engine.wait_asleep(context, site));
        }
    }

    /// Returns whether the lock may have been acquired before the first context: then no hold of it is recorded, and
    /// the caller is believed.
    pub(super) fn may_be_early(&self, context: &Context, map: &LockMap) -> bool {
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
    pub(super) fn take_off_early(&self) -> bool {
        self.early.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
    }
}
