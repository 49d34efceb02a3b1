//! Interrupts that begin and end: each runs in a context of its own, which it claims, and which is current until it
//! ends.
//!
//! Invariants:
//! - A context is entered by one interrupt at a time. The entry of one that is in use is refused and reported, and the
//!   exit that belongs to it is ignored.
//! - Interrupts stay disabled until the context below is current again.
//!
//! What it does not do: mark locks as used in an interrupt (`engine/usage.rs`).
//!
//! `unsafe` is here to make a context the current one, and to link it to the one that it interrupted.
#![allow(unsafe_code)]

use crate::atomic::Ordering;
use crate::context::{Context, InUse, Level};
use crate::engine::{self, recheck};
use crate::lock::site::Site;
use crate::port::Port;
use crate::report::kind::Kind;
use crate::runtime::{Runtime, current};
use core::ptr;

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// An interrupt begins. The machine has disabled interrupts by itself, so its flag tells nothing about the
    /// interrupted code, unless it is on.
    pub(super) fn enter(&self, context: &Context, level: Level, own: &'static Context, site: Site) {
        self.sync_irq_flag_if_on(context, site);
        if let Err(in_use) = own.claim_for_interrupt() {
            return self.refuse(context, own, in_use, site);
        }
        if is_hard(level) && context.in_hardirq() && !P::NESTED_IRQS {
            let note = "an interrupt came inside a hard interrupt, in which interrupts must stay disabled: something enabled \
                        them (or an exception, which is no interrupt, was entered as one; a kernel whose interrupts nest \
                        on purpose says so by Port::NESTED_IRQS)";
            self.report_misuse(context, Kind::IrqsState, note, None, site);
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
    pub(super) fn leave(&self, context: &Context, site: Site) {
        if context.ignores_exit() {
            return;
        }
        self.sync_irq_flag_if_on(context, site);
        if is_hard(context.level()) && context.irqs_on() {
            self.report_if_in_hardirq(context, context.toggles().irqs_on.unwrap_or(site));
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
    pub(super) fn end(&self, context: &Context, own: &Context, site: Site) {
        if context.ignores_exit() || !context.outwards().any(|below| below.is_same(own)) {
            return;
        }
        for _ in 0..context.outwards().count() {
            let Some(innermost) = current::<P>() else { return };
            let is_last = innermost.is_same(own);
            if !is_last && !innermost.is_unchecked() {
                let note = "an interrupt ends, and one that came later has not: an enter without its leave";
                self.report_misuse(innermost, Kind::Assertion, note, None, site);
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
    /// An interrupt enters a context that is in use: it cannot be linked twice. The exit that belongs to it will be
    /// ignored.
    #[cold]
    fn refuse(&self, context: &Context, own: &Context, in_use: InUse, site: Site) {
        self.report_misuse(context, Kind::Assertion, why_refused(context, own, in_use), None, site);
        context.refuse_entry();
    }

    /// A task's context is dropped. Locks that are still held in it are reported, and all links to it are cleared.
    #[cold]
    pub(super) fn gone(&self, context: &Context, gone: &Context) {
        if gone.depth() > 0 || gone.lost() > 0 {
            self.with_engine(context, |engine| engine.task_gone(gone));
        }
        unlink::<P>(context, gone);
        self.remove_from_list(gone);
    }

    /// An interrupt begins where nothing can be reported: a refusal is reported later.
    pub(super) fn enter_unchecked(&self, context: &Context, level: Level, own: &'static Context, site: Site) {
        match own.claim_for_interrupt() {
            Ok(()) => self.enter_claimed(context, level, own, site),
            Err(_) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                context.refuse_entry();
            }
        }
    }
}

/// Makes `context` the current one.
fn switch_to<P: Port>(context: &Context) {
    // SAFETY: it is a context that an interrupt has just claimed, which lives for ever; or the one that the ending
    // interrupt has interrupted, which was this CPU's until then and is so again.
    unsafe { P::set_context(context) };
}

/// Returns whether hard interrupts are disabled while this level runs.
fn is_hard(level: Level) -> bool {
    matches!(level, Level::Hardirq | Level::ThreadedHardirq)
}

/// Ends an interrupt in which nothing is checked.
pub(super) fn leave_unchecked<P: Port>(context: &Context, site: Site) {
    if context.ignores_exit() {
        return;
    }
    if let Some(outer) = engine::leave_unchecked(context, site) {
        switch_to::<P>(outer);
        context.free_claim();
    }
}

/// Clears all links of this CPU to `gone`.
pub(super) fn unlink<P: Port>(context: &Context, gone: &Context) {
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
