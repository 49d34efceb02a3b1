//! From a finding to its report: what the engine does when a rule finds something.
//!
//! Which finding becomes a report is the port's policy. One that the port accepts is only counted; of the others the
//! first is reported, or each once, by its id. To know the id of a finding its report is written, in a free slot; if
//! the report is not kept, the slot stays free.
//!
//! Findings of one cause are a group: a lock that is held with interrupts enabled conflicts with everything that an
//! interrupt takes before it. The plain finding, about one class, is reported in full, and comes first if one event
//! finds several; the others are reported in one line each, and are accepted with it.
//!
//! A report is dropped, and counted, if its finding was reported before, if as many reports wait as there is room for,
//! or if there is no room for its id.
//!
//! Invariant: everything in the report is a copy of what the tables contained then. A path is copied while the path of
//! the search that found it is still in the scratch.
//!
//! What it does not do: keep the ids and counts (`findings.rs`), order the reports that wait (`report_queue.rs`), or
//! print.

use crate::context::Context;
use crate::context::hold::{Hold, NO_SLOT};
use crate::engine::report_queue::REPORTS;
use crate::engine::{Engine, findings};
use crate::graph::Graph;
use crate::graph::classes::UsageWords;
use crate::graph::direction::Direction;
use crate::graph::node::Node;
use crate::lock::last_holder::Overheld;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::report::capacity::Table;
use crate::report::fingerprint::Cause;
use crate::report::kind::Kind;
use crate::report::policy::FindingId;
use crate::report::{LockView, Lookup, PATH, Path, Report, UsageConflict};
use crate::rules;

/// What a report was filled with.
enum Filled {
    /// A conflict of usage: its *enabled* bit, and the slot of the class that has it.
    Usage(Usage, u16),
    /// A cycle that is known by this id.
    Cycle(FindingId),
    /// Anything else.
    Other,
}

impl Engine<'_> {
    /// The view of a hold that a report shows.
    pub(crate) fn view(&self, hold: &Hold) -> LockView {
        lookup(&self.graph, self.published.classes).lock(hold)
    }

    /// Whether checking and learning have ended: after a finding, if that is the policy.
    #[inline]
    pub(crate) fn is_silent(&self) -> bool {
        self.findings.is_silent(self.config.policy)
    }

    /// Reports a finding. `fill` adds what the report shows beside the context.
    pub(crate) fn report(
        &mut self,
        context: &Context,
        kind: Kind,
        site: Option<Site>,
        fill: impl FnOnce(&mut Report, Lookup<'_>),
    ) {
        self.report_way(context, kind, site, None, |report, graph, published| {
            fill(report, lookup(graph, published));
            Filled::Other
        });
    }

    /// Reports a finding whose report shows the path of a search. `new` is the hold that it came with, if its usage may
    /// be new.
    fn report_way(
        &mut self,
        context: &Context,
        kind: Kind,
        site: Option<Site>,
        new: Option<&Hold>,
        fill: impl FnOnce(&mut Report, &mut Graph<'_>, &UsageWords) -> Filled,
    ) {
        if self.is_silent() && !kind.is_hang() {
            return;
        }
        let usage_words = self.published.classes;
        let Some(report) = self.slots.get_mut(self.written).and_then(Option::as_deref_mut) else {
            return findings::count(&mut self.findings.unwritten);
        };
        report.begin(kind, self.config, context, lookup(&self.graph, usage_words));
        report.site = site;
        report.reacquired = self.reacquired;
        let filled = fill(report, &mut self.graph, usage_words);
        report.id = match filled {
            Filled::Cycle(id) => id,
            Filled::Usage(..) | Filled::Other => report.identify(),
        };
        let (id, ends) = (report.id, report.ends());
        let cause = match filled {
            Filled::Usage(enabled, class) => self.cause(context, (enabled, class), new),
            Filled::Cycle(_) | Filled::Other => Cause::OWN,
        };
        self.judge(kind, id, ends, cause);
    }

    /// Decides whether a report that was written is kept.
    fn judge(&mut self, kind: Kind, id: FindingId, ends: [Option<Site>; 2], cause: Cause) {
        let is_plain = kind == Kind::Inconsistent;
        let accepted = self.config.accepted;
        if let Some(index) = accepted.iter().position(|accepted| accepted.is_of(id, ends)) {
            self.findings.count_accepted(index, cause, is_plain);
        } else if let Some(index) = self.findings.accepted_with(cause, accepted.len()) {
            self.findings.count_accepted(index, cause, false);
        } else if self.findings.ids().contains(&id) {
            findings::count(&mut self.findings.repeated);
        } else if self.queue.waiting() + self.written >= REPORTS {
            findings::count(&mut self.findings.unwritten);
            self.notice(Table::Reports);
        } else {
            let leader = self.findings.leader(cause);
            if !self.findings.enter(id, cause, is_plain) {
                return self.notice(Table::Findings);
            }
            if let Some((leader, leader_is_plain)) = leader {
                self.join(leader, is_plain && !leader_is_plain);
            }
            self.written += 1;
            if self.findings.first.is_none() && kind.ends_checking() {
                self.findings.first = Some(kind);
                if self.is_silent() {
                    self.findings.since = (self.config.now)();
                }
            }
        }
    }

    /// Puts the report that was written into the group of `leader`, which is shown in full unless this one `leads`.
    fn join(&mut self, leader: FindingId, leads: bool) {
        let Some((before, [new, ..])) = self.slots.split_at_mut_checked(self.written) else { return };
        let Some(new) = new.as_deref_mut() else { return };
        new.same_cause = Some(leader);
        new.is_brief = !leads;
        if !leads {
            return;
        }
        // Those that this event wrote are not shown yet: they come after this one, in one line each.
        let id = new.id;
        let of_group = |report: &Report| report.id == leader || report.same_cause == Some(leader);
        for report in before.iter_mut().flatten().filter(|report| of_group(report)) {
            (report.same_cause, report.is_brief) = (Some(id), true);
        }
        let first = before.iter_mut().flatten().find(|report| report.same_cause == Some(id));
        if let Some(first) = first {
            new.same_cause = None;
            core::mem::swap(&mut **first, new);
        }
    }

    /// Reports the release of a lock that is not held. Its class may not be in the table; the lock knows its name.
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

    /// Reports something that no rule decided: `note` says what, `map` is the lock that it is about, if any.
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

    /// Reports a hold that lasted longer than its class allows. Checking goes on: what is recorded as held is right.
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
        self.report_way(context, kind, new.site, None, |report, graph, published| {
            report.locks(held, new, lookup(graph, published));
            copy_way(&mut report.path, graph, published, end, Direction::Forwards);
            // The id is of the dependencies that are in the table: so it is the same whichever of them comes last.
            let id = report.identify();
            if kind == Kind::Circular
                && let Some((held, end)) = shorter_cycle(graph, context, held, new, end)
            {
                report.locks(&held, new, lookup(graph, published));
                copy_way(&mut report.path, graph, published, end, Direction::Forwards);
            }
            Filled::Cycle(id)
        });
    }

    pub(crate) fn report_irq_order(&mut self, context: &Context, held: &Hold, new: &Hold, end: Node) {
        let enabled = end.sees(self.published.classes.usage(end.class));
        self.report_way(context, Kind::IrqOrder, new.site, Some(new), |report, graph, published| {
            report.locks(held, new, lookup(graph, published));
            copy_way(&mut report.path, graph, published, end, Direction::Forwards);
            let Some(start) = rules::irq_order::used_end(graph, published, held, enabled) else { return Filled::Other };
            let used = start.sees(published.usage(start.class));
            let used = (used & (enabled & Usage::ENABLED).opposite()).first().unwrap_or(Usage::empty());
            let enabled = (enabled & used.opposite()).first().unwrap_or(Usage::empty());
            let lookup = lookup(graph, published);
            report.usage = Some(UsageConflict::new(lookup, (used, start.class), (enabled, end.class)));
            lookup.path(&mut report.path_to_held, graph.way_back(start, Direction::Backwards), false);
            Filled::Usage(enabled, end.class)
        });
    }

    /// Reports a usage conflict: the new bit with its site, and the other bit with the state that has it.
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
        self.report_way(context, kind, site, Some(hold), |report, graph, published| {
            let lookup = lookup(graph, published);
            report.lock = Some(lookup.lock(hold));
            report.usage = Some(UsageConflict::new(lookup, used, enabled));
            report.new_usage = new;
            if kind == Kind::IrqInversion {
                copy_way(&mut report.path, graph, published, end, rules::irq_inversion::direction(new));
            }
            Filled::Usage(enabled.0, enabled.1)
        });
    }
}

impl Engine<'_> {
    /// The cause of a conflict: the class that is held with a state enabled, and the site where it was first held so.
    /// If another class was held around it, and was first held so there too, the cause is that one. `new` is the hold
    /// that is being checked.
    fn cause(&self, context: &Context, (bit, class): (Usage, u16), new: Option<&Hold>) -> Cause {
        let (mut class, mut site) = (class, self.graph.classes.get(class).usage_site(bit));
        if let Some(new) = new.filter(|new| new.class == class) {
            let below = context.all().take_while(|held| held.instance != new.instance);
            for held in below.filter(|held| held.class != new.class && held.class != NO_SLOT) {
                let at_once = self.is_enabled_at(held.class, bit, site);
                if at_once || new.site == site && self.is_enabled_at(held.class, bit, held.site) {
                    (class, site) = (held.class, if at_once { site } else { held.site });
                    break;
                }
            }
        }
        for _ in 0..PATH {
            let Some((outer, outer_site)) = self.enabled_around(class, bit, site) else { break };
            (class, site) = (outer, outer_site);
        }
        Cause::of(&lookup(&self.graph, self.published.classes).class(class), site)
    }

    /// A class that was held around `class`, and was first held with the state of `bit` enabled when `class` was, at
    /// `site`.
    fn enabled_around(&self, class: u16, bit: Usage, site: Option<Site>) -> Option<(u16, Option<Site>)> {
        let mut before = self.graph.dependencies.along(self.graph.classes, class, Direction::Backwards);
        before.find_map(|(_, step)| {
            if self.is_enabled_at(step.from, bit, site) {
                return Some((step.from, site));
            }
            let is_around = step.to_site == site && self.is_enabled_at(step.from, bit, step.from_site);
            is_around.then_some((step.from, step.from_site))
        })
    }

    /// Whether a class was first held with the state of `bit` enabled at `site`.
    fn is_enabled_at(&self, class: u16, bit: Usage, site: Option<Site>) -> bool {
        let class = self.graph.classes.get(class);
        let mut forms = Usage::enabled(bit.state()).any_form().iter_bits();
        site.is_some() && forms.any(|form| class.usage_site(form) == site)
    }
}

fn lookup<'a>(graph: &'a Graph<'_>, usage_words: &'a UsageWords) -> Lookup<'a> {
    Lookup { classes: graph.classes, dependencies: graph.dependencies, usage_words }
}

/// Of all holds that the new lock closes a cycle with, the one with the shortest cycle, if that is not `held`. `held`
/// is the nearest of them, and to release it alone may leave a shorter cycle. Holds further down count too, although
/// their dependencies on the new lock follow from others and are not in the table. The path is in the scratch.
fn shorter_cycle(graph: &mut Graph<'_>, context: &Context, held: &Hold, new: &Hold, end: Node) -> Option<(Hold, Node)> {
    let nearest = graph.way_back(end, Direction::Forwards).count();
    let mut best = (nearest, None);
    for other in context.run().filter(Hold::checked) {
        if [NO_SLOT, new.class, held.class].contains(&other.class) {
            continue;
        }
        let Some(end) = rules::circular::check(graph, &other, new) else { continue };
        let length = graph.way_back(end, Direction::Forwards).count();
        if length < best.0 {
            best = (length, Some(other));
        }
    }
    // Once more, for the path.
    let other = best.1?;
    Some((other, rules::circular::check(graph, &other, new)?))
}

/// Copies the path of the last search, in the order of its dependencies.
fn copy_way(path: &mut Path, graph: &Graph<'_>, usage_words: &UsageWords, end: Node, direction: Direction) {
    let from_end = direction == Direction::Forwards;
    lookup(graph, usage_words).path(path, graph.way_back(end, direction), from_end);
}
