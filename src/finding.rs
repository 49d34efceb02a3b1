//! From a finding to its report: what the validator does when a rule says something.
//!
//! Which finding counts is the port's policy: one that is accepted is counted and no more; of the others the first is
//! reported, or each once, by its id. To know the id of a finding its report is written, in a free slot; if it is not
//! kept, the slot stays free.
//!
//! Invariant: everything in the report is a copy of what the tables said then. A path is copied while the way of the search
//! that found it is still in the scratch.

use crate::class::LockMap;
use crate::classes::SeenClasses;
use crate::context::Context;
use crate::dependency::Direction;
use crate::held::Hold;
use crate::ledger;
use crate::limits::Table;
use crate::policy::{Accepted, FindingId, Policy};
use crate::queue::REPORTS;
use crate::report::{Kind, LockView, Lookup, Overheld, Path, Report, UsageConflict, Who};
use crate::rules;
use crate::search::{Graph, Node};
use crate::site::Site;
use crate::usage::Usage;
use crate::validator::Engine;

/// What the port says once and for all: whom to ask, and what to do with findings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) who: fn() -> Who,
    pub(crate) now: fn() -> u64,
    pub(crate) policy: Policy,
    pub(crate) accepted: &'static [Accepted],
}

impl Terms {
    /// Without a port: nobody runs, no time passes, the first finding counts.
    pub(crate) const NO_PORT: Terms = Terms { who: || Who::UNKNOWN, now: || 0, policy: Policy::FIRST, accepted: &[] };
}

impl Engine<'_> {
    /// A hold, as a report would show it.
    pub(crate) fn view(&self, hold: &Hold) -> LockView {
        lookup(&self.graph, self.seen.classes).lock(hold)
    }

    /// Whether the rules say nothing any more, and nothing is learned: after a finding, if that is the policy.
    #[inline]
    pub(crate) fn is_silent(&self) -> bool {
        self.ledger.is_silent(self.terms.policy)
    }

    /// A finding, with what a report shows of it beside the context.
    pub(crate) fn report(
        &mut self,
        context: &Context,
        kind: Kind,
        site: Option<Site>,
        fill: impl FnOnce(&mut Report, Lookup<'_>),
    ) {
        self.report_way(context, kind, site, |report, graph, seen| fill(report, lookup(graph, seen)));
    }

    /// A finding whose report shows the way of a search.
    fn report_way(
        &mut self,
        context: &Context,
        kind: Kind,
        site: Option<Site>,
        fill: impl FnOnce(&mut Report, &mut Graph<'_>, &SeenClasses),
    ) {
        if self.is_silent() {
            return;
        }
        let seen = self.seen.classes;
        let Some(report) = self.slots.get_mut(self.written).and_then(Option::as_deref_mut) else {
            return ledger::count(&mut self.ledger.unwritten);
        };
        report.begin(kind, (self.terms.who)(), context, lookup(&self.graph, seen));
        report.site = site;
        report.taken_again = self.again;
        fill(report, &mut self.graph, seen);
        report.id = report.identify();
        let (id, ends) = (report.id, report.ends());
        self.judge(kind, id, ends);
    }

    /// A report is written: whether it is kept.
    fn judge(&mut self, kind: Kind, id: FindingId, ends: [Option<Site>; 2]) {
        if let Some(index) = self.terms.accepted.iter().position(|accepted| accepted.is_of(id, ends)) {
            self.ledger.count_accepted(index);
        } else if self.ledger.ids().contains(&id) {
            ledger::count(&mut self.ledger.repeated);
        } else if self.queue.waiting() + self.written >= REPORTS {
            ledger::count(&mut self.ledger.unwritten);
            self.notice(Table::Reports);
        } else if !self.ledger.enter(id) {
            self.notice(Table::Findings);
        } else {
            self.written += 1;
            if self.ledger.first.is_none() && kind.ends_checking() {
                self.ledger.first = Some(kind);
                if self.is_silent() {
                    self.ledger.since = (self.terms.now)();
                }
            }
        }
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
    ) {
        self.report(context, kind, lock.site, |report, lookup| {
            report.lock = Some(lookup.lock(lock));
            fill(report, lookup);
        });
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
        self.report_way(context, kind, new.site, |report, graph, seen| {
            report.locks(held, new, lookup(graph, seen));
            copy_way(&mut report.path, graph, seen, end, Direction::Forwards);
        });
    }

    pub(crate) fn report_irq_order(&mut self, context: &Context, held: &Hold, new: &Hold, end: Node) {
        let enabled = self.seen.classes.usage(end.class).seen_from(end.restricted);
        self.report_way(context, Kind::IrqOrder, new.site, |report, graph, seen| {
            report.locks(held, new, lookup(graph, seen));
            copy_way(&mut report.path, graph, seen, end, Direction::Forwards);
            let Some(start) = rules::irq_order::used_end(graph, seen, held, enabled) else { return };
            let used = seen.usage(start.class).seen_from(start.restricted);
            let used = (used & (enabled & Usage::ENABLED).opposite()).first().unwrap_or(Usage::empty());
            let enabled = (enabled & used.opposite()).first().unwrap_or(Usage::empty());
            let lookup = lookup(graph, seen);
            report.usage = Some(UsageConflict::new(lookup, (used, start.class), (enabled, end.class)));
            lookup.path(&mut report.path_to_held, graph.way_back(start, Direction::Backwards), false);
        });
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
        self.report_way(context, kind, site, |report, graph, seen| {
            let lookup = lookup(graph, seen);
            report.lock = Some(lookup.lock(hold));
            report.usage = Some(UsageConflict::new(lookup, used, enabled));
            report.new_usage = new;
            if kind == Kind::IrqInversion {
                copy_way(&mut report.path, graph, seen, end, rules::irq_inversion::direction(new));
            }
        });
    }
}

fn lookup<'a>(graph: &'a Graph<'_>, seen: &'a SeenClasses) -> Lookup<'a> {
    Lookup { classes: graph.classes, seen }
}

/// Copies the way of the last search, in the order of its dependencies.
fn copy_way(path: &mut Path, graph: &Graph<'_>, seen: &SeenClasses, end: Node, direction: Direction) {
    let from_end = direction == Direction::Forwards;
    lookup(graph, seen).path(path, graph.way_back(end, direction), from_end);
}
