//! The interrupt flag: it is enabled and disabled through the hooks, or behind their back, and then the machine's flag
//! counts.
//!
//! Invariant: the engine sees a context whose flag is the machine's, as it was before the validator disabled
//! interrupts.
//!
//! What it does not do: decide what a change of the flag means for the locks that are held (`engine/usage.rs`).

use crate::context::Context;
use crate::engine::{self, fast_path, recheck};
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::port::Port;
use crate::report::kind::Kind;
use crate::runtime::saved_irqs::SavedIrqs;
use crate::runtime::with_engine::IrqsOff;
use crate::runtime::{Runtime, current};

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
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
        match were_on {
            true => SavedIrqs::from_enabled(state),
            false => SavedIrqs::from_disabled(state),
        }
    }

    /// Restores hard interrupts.
    #[inline(always)]
    pub fn irq_restore(&self, saved: SavedIrqs, site: Site) {
        if saved.were_on() {
            self.irqs_enabled(site);
        }
        P::irqs_restore(saved.state());
    }

    /// Returns whether interrupts are enabled according to the record. `true` before the first context.
    pub fn irqs_recorded_on(&self) -> bool {
        current::<P>().is_none_or(Context::irqs_on)
    }

    /// Sets the context's flag to the machine's, if interrupts were enabled or disabled without the hooks.
    pub(super) fn sync_irq_flag(&self, context: &Context, before: Irqs, site: Site) {
        match before.are_on() {
            on if on == context.irqs_on() => {}
            true => self.notice_irqs_on(context, site),
            false => Self::notice_irqs_off(context, site),
        }
    }

    /// The same at the entry and the exit of an interrupt, where the machine disables interrupts by itself: only "on"
    /// tells something there.
    pub(super) fn sync_irq_flag_if_on(&self, context: &Context, site: Site) {
        if P::irqs_enabled() && !context.irqs_on() {
            self.notice_irqs_on(context, site);
        }
    }

    /// Reports a difference between the validator's record and the machine's flag; then the machine's counts.
    pub(super) fn check_irqs(&self, context: &Context, site: Site) {
        let irqs = IrqsOff::<P>::begin(); // a preempted task would have another flag when it is back
        let toggles = context.toggles();
        let (was_told, note) = match irqs.before.are_on() {
            on if on == context.irqs_on() || context.is_unchecked() => return,
            true => (
                !toggles.irqs_off_noticed,
                "the machine's interrupts are enabled, and the validator was told that they are disabled",
            ),
            false => (
                !toggles.irqs_on_noticed,
                "the machine's interrupts are disabled, and the validator was told that they are enabled",
            ),
        };
        // If it was not announced, an interrupt's tail was preempted.
        if was_told {
            self.report_misuse(context, Kind::IrqsState, note, None, site);
        }
        self.sync_irq_flag(context, irqs.before, site);
    }

    /// Interrupts were enabled without the hooks.
    #[cold]
    fn notice_irqs_on(&self, context: &Context, site: Site) {
        if context.is_unchecked() {
            return;
        }
        self.report_if_in_hardirq(context, site);
        self.with_engine(context, |engine| engine.irqs_on(context, site));
        context.note_noticed(Irqs::On);
    }

    /// Interrupts were disabled without the hooks.
    #[cold]
    fn notice_irqs_off(context: &Context, site: Site) {
        if context.is_unchecked() {
            return;
        }
        engine::irqs_off(context, site);
        context.note_noticed(Irqs::Off);
    }

    /// Reports that interrupts were enabled inside a hard interrupt, if that is where they were.
    pub(super) fn report_if_in_hardirq(&self, context: &Context, site: Site) {
        if context.in_hardirq() && !P::NESTED_IRQS {
            let note = "interrupts are enabled inside a hard interrupt: disable them until it ends (a kernel whose interrupts \
                        nest on purpose says so by Port::NESTED_IRQS; where the machine's flag is not changed by an \
                        interrupt, Port::irqs_enabled must be false in a handler)";
            self.report_misuse(context, Kind::IrqsState, note, None, site);
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
        here.report_if_in_hardirq(context, site);
        if !recheck::irqs_on(here.validator(context).published(), context, site) {
            here.with_engine(context, |engine| engine.irqs_on(context, site));
        }
    }
}
