//! From a finding to its report: what the validator does when a rule says something.
//!
//! Invariant: only the first finding is written, and everything in the report is a copy of what the tables said then. A
//! path is copied while the way of the search that found it is still in the scratch.

use crate::class::LockMap;
use crate::context::Context;
use crate::dependency::Direction;
use crate::held::Hold;
use crate::report::{Kind, LockView, Lookup, Overheld, Report, UsageConflict};
use crate::rules;
use crate::search::Node;
use crate::site::Site;
use crate::usage::Usage;
use crate::validator::Engine;

impl Engine<'_> {
    /// A hold, as a report would show it.
    pub(crate) fn view(&self, hold: &Hold) -> LockView {
        self.lookup().lock(hold)
    }

    fn lookup(&self) -> Lookup<'_> {
        Lookup { classes: self.graph.classes, seen: self.seen.classes }
    }

    /// Writes the report of a finding, unless there was one before; says whether it did.
    pub(crate) fn report(
        &mut self,
        context: &Context,
        kind: Kind,
        site: Option<Site>,
        fill: impl FnOnce(&mut Report, Lookup<'_>),
    ) -> bool {
        if self.found.is_some() {
            return false;
        }
        *self.found = Some(kind);
        let lookup = Lookup { classes: self.graph.classes, seen: self.seen.classes };
        if let Some(report) = &mut self.report {
            report.begin(kind, (self.who)(), context, lookup);
            report.site = site;
            report.taken_again = self.again;
            fill(report, lookup);
        }
        true
    }

    /// A release of what is not held. The class may not be in the table; the lock knows its name.
    pub(crate) fn report_not_held(
        &mut self,
        context: &Context,
        map: &LockMap,
        class: u16,
        site: Option<Site>,
        what: &'static str,
    ) {
        self.report(context, Kind::Unbalanced, site, |report, lookup| {
            report.note = Some(what);
            report.lock = Some(lookup.unheld(map, class, site));
        });
    }

    /// Something that no rule decided: `note` says what, `map` about which lock, if about one.
    pub(crate) fn report_wrong(
        &mut self,
        context: &Context,
        kind: Kind,
        note: &'static str,
        map: Option<(&LockMap, u16)>,
        site: Option<Site>,
    ) {
        self.report(context, kind, site, |report, lookup| {
            report.note = Some(note);
            report.lock = map.map(|(map, class)| lookup.unheld(map, class, site));
        });
    }

    pub(crate) fn report_lock(
        &mut self,
        context: &Context,
        kind: Kind,
        lock: &Hold,
        fill: impl FnOnce(&mut Report, Lookup<'_>),
    ) -> bool {
        self.report(context, kind, lock.site, |report, lookup| {
            report.lock = Some(lookup.lock(lock));
            fill(report, lookup);
        })
    }

    /// A hold that is over was longer than its class allows. It ends no checking: nothing is wrong with the books.
    pub(crate) fn report_overheld(&mut self, context: &Context, held: &Hold, overheld: Overheld, site: Option<Site>) {
        self.report(context, Kind::HoldLimit, site, |report, lookup| {
            report.lock = Some(lookup.lock(held));
            report.overheld = overheld;
        });
    }

    pub(crate) fn report_held(&mut self, context: &Context, kind: Kind, held: &Hold, site: Option<Site>) {
        self.report(context, kind, site, |report, lookup| report.lock = Some(lookup.lock(held)));
    }

    pub(crate) fn report_cycle(&mut self, context: &Context, kind: Kind, held: &Hold, new: &Hold, end: Node) {
        if self.report_lock(context, kind, new, |report, lookup| report.held_lock = Some(lookup.lock(held))) {
            self.report_path(end, Direction::Forwards);
        }
    }

    pub(crate) fn report_irq_order(&mut self, context: &Context, held: &Hold, new: &Hold, end: Node) {
        let enabled = self.seen.classes.usage(end.class).seen_from(end.restricted);
        if !self.report_lock(context, Kind::IrqOrder, new, |report, lookup| report.held_lock = Some(lookup.lock(held)))
        {
            return;
        }
        self.report_path(end, Direction::Forwards);
        let Some(start) = rules::irq_order::used_end(&mut self.graph, self.seen.classes, held, enabled) else {
            return;
        };
        let used = self.seen.classes.usage(start.class).seen_from(start.restricted);
        let used = (used & (enabled & Usage::ENABLED).opposite()).first().unwrap_or(Usage::empty());
        let enabled = (enabled & used.opposite()).first().unwrap_or(Usage::empty());
        let conflict = UsageConflict::new(self.lookup(), (used, start.class), (enabled, end.class));
        let lookup = Lookup { classes: self.graph.classes, seen: self.seen.classes };
        if let Some(report) = &mut self.report {
            report.usage = Some(conflict);
            lookup.path(&mut report.path_to_held, self.graph.way_back(start, Direction::Backwards), false);
        }
    }

    /// A usage conflict: the new bit with its site, and the other with the state that has it.
    pub(crate) fn report_usage(
        &mut self,
        context: &Context,
        kind: Kind,
        hold: &Hold,
        (new, site): (Usage, Option<Site>),
        (other, end): (Usage, Node),
    ) {
        let (new_end, other_end) = ((new, hold.class), (other, end.class));
        let (used, enabled) = if new.is_used() { (new_end, other_end) } else { (other_end, new_end) };
        let conflict = UsageConflict::new(self.lookup(), used, enabled);
        let is_first = self.report(context, kind, site, |report, lookup| {
            report.lock = Some(lookup.lock(hold));
            report.usage = Some(conflict);
            report.new_usage = new;
        });
        if is_first && kind == Kind::IrqInversion {
            self.report_path(end, rules::irq_inversion::direction(new));
        }
    }

    /// Copies the way of the last search into the report, in the order of its dependencies.
    fn report_path(&mut self, end: Node, direction: Direction) {
        let lookup = Lookup { classes: self.graph.classes, seen: self.seen.classes };
        if let Some(report) = &mut self.report {
            let from_end = direction == Direction::Forwards;
            lookup.path(&mut report.path, self.graph.way_back(end, direction), from_end);
        }
    }
}
