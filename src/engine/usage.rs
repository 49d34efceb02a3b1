//! Usage bits: how a class gets them, by acquisitions and by interrupt flags that are turned on; and the events of the
//! flags.
//!
//! An acquisition that waits marks its class as *used in* the contexts that it is in. One with interrupts on marks it
//! as held with them *enabled*, and so does enabling them later, for all holds. Sections 4 and 10 of
//! `docs/semantics.md`.
//!
//! Invariant: a bit is checked once, when it is first set, and stays set whatever is found.
//!
//! What it does not do: the fast cases in which all bits are set already (`fast_path.rs`, `recheck.rs`). Flags that are
//! turned off mark nothing (`mod.rs`).

use crate::context::Context;
use crate::context::hold::{Hold, NO_SLOT};
use crate::engine::Engine;
use crate::graph::node::Node;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, Usage, UsageState};
use crate::report::kind::Kind;
use crate::rules;

impl Engine<'_> {
    /// Sets the bits of an acquisition: *used in* if it waited, *enabled* by the interrupt flag of the acquire.
    pub(crate) fn mark_acquired(&mut self, context: &Context, hold: &Hold) {
        if !hold.checked() {
            return;
        }
        let mut marks = context.marks(hold.irqs());
        if hold.tried() {
            marks &= Usage::ENABLED;
        }
        // A bit that is set already was checked when it was set.
        let known = self.published.classes.usage(hold.class);
        let new = marks.for_mode(hold.mode()) - known;
        if hold.class != NO_SLOT && !new.is_empty() && self.is_alone(hold.class, known | new) {
            return self.mark_alone(hold.class, new, hold.site);
        }
        for bit in new.in_marking_order() {
            self.mark(context, hold, bit, hold.site);
        }
    }

    /// Whether no rule on usage can find anything about a class that has these bits: no dependency leads from it or to
    /// it, so there is nothing to search; and no two of the bits are two sides of one state.
    fn is_alone(&self, class: u16, usage: Usage) -> bool {
        let class = self.graph.classes.get(class);
        class.after == NO_SLOT && class.before == NO_SLOT && !usage.intersects(usage.opposite())
    }

    /// Sets usage bits of a class for which [`Engine::is_alone`] holds, all at once.
    fn mark_alone(&mut self, class: u16, new: Usage, site: Option<Site>) {
        self.published.classes.mark(class, new);
        self.graph.reachable_usage.add_to_class(class, new);
        for bit in new.iter_bits() {
            self.graph.classes.note_usage(class, bit, site);
            self.looks_for(Kind::Inconsistent);
            self.looks_for(Kind::IrqInversion);
        }
    }

    /// Marks all checked holds of the task, the lowest first, as held with `state` enabled.
    fn mark_held(&mut self, context: &Context, state: UsageState, site: Site) {
        if self.is_silent() {
            return;
        }
        self.settle_classes(context);
        for hold in context.all().filter(Hold::checked) {
            let bit = Usage::enabled(state).for_mode(hold.mode());
            self.mark(context, &hold, bit, Some(site));
        }
    }

    /// Sets one usage bit. A bit that is set already was checked when it was set.
    fn mark(&mut self, context: &Context, hold: &Hold, bit: Usage, site: Option<Site>) {
        let known = self.published.classes.usage(hold.class);
        if hold.class == NO_SLOT || known.contains(bit) {
            return;
        }
        self.published.classes.mark(hold.class, bit);
        self.graph.classes.note_usage(hold.class, bit, site);
        self.graph.learn_usage(hold.class, bit);
        self.looks_for(Kind::Inconsistent);
        if let Some(other) = rules::inconsistent::check(known, bit) {
            let node = Node::new(hold.class, false);
            return self.report_usage(context, Kind::Inconsistent, hold, (bit, site), (other, node));
        }
        self.looks_for(Kind::IrqInversion);
        if let Some(end) = rules::irq_inversion::check(&mut self.graph, self.published.classes, hold.class, bit) {
            let usage = end.sees(self.published.classes.usage(end.class));
            let other = (usage & bit.opposite()).first().unwrap_or(Usage::empty());
            self.report_usage(context, Kind::IrqInversion, hold, (bit, site), (other, end));
        }
    }

    // ---- flags and contexts

    /// Enables hard interrupts: all holds are held with them enabled from now on.
    pub fn irqs_on(&mut self, context: &Context, site: Site) {
        if context.irqs_on() {
            return;
        }
        self.mark_held(context, UsageState::Hardirq, site);
        if context.softirqs_on() {
            self.mark_held(context, UsageState::Softirq, site);
        }
        context.set_irqs(Irqs::On, Some(site));
    }

    /// Enables softirqs.
    pub fn softirqs_on(&mut self, context: &Context, site: Site) {
        if context.softirqs_on() {
            return;
        }
        context.set_softirqs(Irqs::On, Some(site));
        if context.irqs_on() {
            self.mark_held(context, UsageState::Softirq, site);
        }
    }

    /// Ends an interrupt. What was acquired in it must be released by now; then its flag is restored. Returns the
    /// context below.
    pub fn leave<'c>(&mut self, context: &'c Context, site: Site) -> Option<&'c Context> {
        if context.interrupted().is_none() {
            self.wrong(context, Kind::Assertion, "leaving an interrupt that was not entered", None, Some(site));
            return None;
        }
        self.looks_for(Kind::HeldAtExit);
        if let Some(held) = rules::ends::left_by_interrupt(context) {
            self.report_held(context, Kind::HeldAtExit, &held, Some(site));
        }
        let (outer, turn_on) = context.leave()?;
        match turn_on {
            Some(UsageState::Hardirq) => self.irqs_on(outer, site),
            Some(_) => self.softirqs_on(outer, site),
            None => {}
        }
        Some(outer)
    }

    /// The task allocates in a way that may enter reclaim: its holds are held with reclaim enabled.
    pub fn allocate(&mut self, context: &Context, site: Site) {
        let flags = context.flags();
        if flags.irqs_on && !flags.hardirq && !flags.softirq && !context.in_reclaim() {
            self.mark_held(context, UsageState::Reclaim, site);
        }
    }
}
