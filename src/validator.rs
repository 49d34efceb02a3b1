//! Events in, reports out: what happens to locks and contexts, put to the rules in their order.
//!
//! A validator is a value in two halves. [`Seen`] is what the fast path reads: usage bits and checked chains, atomics
//! behind a shared reference. [`Graph`] is the rest, under the internal lock. An [`Engine`] has both for the time of one
//! event of the slow path. (Where the halves are kept: `tables.rs`. What a finding looks like: `finding.rs`.)
//!
//! Invariants:
//! - The books on held locks are right whatever is found: after a finding the hold is pushed, usage bits stay set, the
//!   dependency that would close the circle is not added, and the chain counts as checked.
//! - One event writes at most one report, the first finding; after it the engine is silent, and learns no more.
//! - Nothing here prints, and nothing here can panic.

use crate::chain::{self, Chains};
use crate::class::{LockMap, Subclass};
use crate::classes::SeenClasses;
use crate::context::{Context, HOLDS, Level, is_chained};
use crate::dependency::{Edge, Kinds};
use crate::held::{Acquire, Hold, NO_SLOT, Traits};
use crate::mode::Mode;
use crate::report::{Kind, Report, Who};
use crate::rules;
use crate::rules::recursive::Recursion;
use crate::search::{Graph, Node};
use crate::site::Site;
use crate::usage::{State, Usage};

/// What the fast path reads.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub(crate) classes: &'a SeenClasses,
    pub(crate) chains: &'a Chains,
}

/// How full one table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Entries in use.
    pub used: usize,
    /// Entries there are.
    pub size: usize,
    /// How often something found no room, and was not learned.
    pub turned_away: u32,
}

/// How full the tables of a validator are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Classes.
    pub classes: Fill,
    /// Dependencies.
    pub dependencies: Fill,
    /// Checked chains.
    pub chains: Fill,
}

/// Both halves of a validator, for one event of the slow path.
pub struct Engine<'a> {
    pub(crate) seen: Seen<'a>,
    pub(crate) graph: Graph<'a>,
    /// What was found first; then the rules are silent.
    pub(crate) found: &'a mut Option<Kind>,
    /// Where its report goes: nowhere, once there is one.
    pub(crate) report: Option<&'a mut Report>,
    pub(crate) who: fn() -> Who,
}

impl Engine<'_> {
    // ---- locks

    /// A lock is taken: section 2 of `semantics.md`.
    pub fn acquire(&mut self, context: &Context, what: &Acquire<'_>) {
        let mut hold = Hold::begin(what, !context.irqs_on());
        match self.graph.classes.find_or_enter(self.seen.classes, what.map, what.subclass) {
            Some(id) => hold.class = id.slot(),
            None => hold.key = what.map.key() ^ u64::from(what.subclass.get()),
        }
        if let Some(nest) = what.nest {
            hold.nest_class = self.class_of(nest);
        }
        self.take(context, hold);
    }

    /// A lock is let go: section 8. The holds above it are taken again.
    pub fn release(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        let Some((stack, index)) = self.find(context, map, site) else {
            return;
        };
        let Some(mut hold) = stack.hold(index) else { return };
        if hold.count > 1 {
            hold.count -= 1;
            stack.set_hold(index, hold);
            return;
        }
        self.take_again(context, stack, index, index + 1);
    }

    /// An exclusive hold becomes a reader's: like a release, with the hold itself first of those taken again.
    pub fn downgrade(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        let Some((stack, index)) = self.find(context, map, site) else {
            return;
        };
        let Some(mut hold) = stack.hold(index) else { return };
        hold.set_mode(Mode::READ);
        stack.set_hold(index, hold);
        self.take_again(context, stack, index, index);
    }

    fn class_of(&mut self, map: &LockMap) -> u16 {
        let id = self.graph.classes.find_or_enter(self.seen.classes, map, Subclass::ZERO);
        id.map_or(NO_SLOT, |id| id.slot())
    }

    /// The hold that is let go; reports where there is none.
    fn find<'c>(&mut self, context: &'c Context, map: &LockMap, site: Option<Site>) -> Option<(&'c Context, usize)> {
        let class = self.graph.classes.find(map, Subclass::ZERO).unwrap_or(NO_SLOT);
        let found = rules::unbalanced::find(context, map.instance(), class);
        if found.is_none() && !context.forget_lost() {
            self.report_not_held(context, map, class, site);
        }
        found
    }

    /// Takes the holds of `stack` from `keep` on again, in the present context; those from `from` to `keep` are gone.
    fn take_again(&mut self, context: &Context, stack: &Context, from: usize, keep: usize) {
        let above = stack.depth();
        let mut again = [Hold::EMPTY; HOLDS];
        for (place, index) in again.iter_mut().zip(keep..above) {
            *place = stack.hold(index).unwrap_or(Hold::EMPTY);
        }
        stack.truncate(from);
        for hold in again.iter().take(above.saturating_sub(keep)) {
            self.take(context, *hold);
        }
    }

    /// The steps of an acquisition, in their order. Also for a hold that is taken again, with its flags of then.
    fn take(&mut self, context: &Context, mut hold: Hold) {
        if merge(context, &hold) {
            return;
        }
        let chained = hold.class != NO_SLOT && context.run().next().is_none_or(|below| is_chained(&below));
        hold.traits.set(Traits::UNCHAINED, !chained);
        if hold.class != NO_SLOT {
            hold.key = chain::extend(context.key(), self.seen.classes.id(hold.class), hold.traits);
        }
        if self.found.is_none() {
            self.check_wait(context, &hold);
            self.mark_acquired(context, &hold);
            self.check_nest(context, &hold);
            self.check_order(context, &hold);
        }
        context.push(hold);
    }

    fn check_wait(&mut self, context: &Context, hold: &Hold) {
        if let Some(limit) = rules::wait_context::check(context.limit(), context.run(), hold) {
            self.report_lock(context, Kind::WaitContext, hold, |report, _| report.limit = limit);
        }
    }

    fn check_nest(&mut self, context: &Context, hold: &Hold) {
        if !rules::nest_lock::is_held(context.all(), hold) {
            let nest = Hold { instance: hold.nest, class: hold.nest_class, ..Hold::EMPTY };
            self.report_lock(context, Kind::NestNotHeld, hold, |report, lookup| {
                report.held_lock = Some(lookup.lock(&nest));
            });
        }
    }

    /// Recursion, and unless it was excused the dependencies.
    fn check_order(&mut self, context: &Context, hold: &Hold) {
        if !hold.checked() || hold.tried() {
            return;
        }
        match rules::recursive::check(context.all(), hold) {
            Recursion::Excused => {}
            Recursion::By(held) => self.report_lock(context, Kind::Recursive, hold, |report, lookup| {
                report.held_lock = Some(lookup.lock(&held));
            }),
            Recursion::None if hold.class == NO_SLOT || self.seen.chains.contains(hold.key) => {}
            Recursion::None => {
                let all_added = self.depend_on_run(context, hold);
                if all_added && is_chained(hold) {
                    self.seen.chains.insert(hold.key);
                }
            }
        }
    }

    /// The dependencies of the run on the new lock, the nearest hold first; says whether all are in the table. The walk
    /// ends at a hold that was waited for, and left, so that what leads to it leads on: below it nothing is new.
    fn depend_on_run(&mut self, context: &Context, hold: &Hold) -> bool {
        let mut all_added = true;
        for held in context.run().filter(Hold::checked) {
            if held.class != NO_SLOT {
                all_added &= self.depend(context, &held, hold);
            }
            if !held.tried() && held.mode().is_blocked_by(held.mode()) {
                break;
            }
        }
        all_added
    }

    /// One dependency: checked, then added. One that would close a circle is not.
    fn depend(&mut self, context: &Context, held: &Hold, new: &Hold) -> bool {
        let kind = Kinds::of(held.mode(), new.mode());
        if self.graph.dependencies.kinds(held.class, new.class).contains(kind) {
            return true;
        }
        if let Some(end) = rules::circular::check(&mut self.graph, held, new) {
            let kind = if held.class == new.class { Kind::Recursive } else { Kind::Circular };
            self.report_cycle(context, kind, held, new, end);
            return true;
        }
        if let Some(end) = rules::irq_order::check(&mut self.graph, self.seen.classes, held, new) {
            self.report_irq_order(context, held, new, end);
            return true;
        }
        let who = (self.who)();
        let edge = Edge {
            from: held.class,
            to: new.class,
            kind,
            from_site: held.site,
            to_site: new.site,
            cpu: who.cpu as u8,
            task: who.id as u16,
        };
        self.graph.dependencies.add(self.graph.classes, &edge)
    }

    // ---- usage

    /// What an acquisition marks: *used in* if it waited, *enabled* by the interrupt flag of the acquire.
    fn mark_acquired(&mut self, context: &Context, hold: &Hold) {
        if !hold.checked() {
            return;
        }
        let mut marks = context.marks_for(hold.irqs_off());
        if hold.tried() {
            marks &= Usage::ENABLED;
        }
        for bit in marks.for_mode(hold.mode()).in_marking_order() {
            self.mark(context, hold, bit, hold.site);
        }
    }

    /// Marks all checked holds of the task, the lowest first, as held with `state` enabled.
    fn mark_held(&mut self, context: &Context, state: State, site: Site) {
        if self.found.is_some() {
            return;
        }
        for hold in context.all().filter(Hold::checked) {
            let bit = Usage::enabled(state).for_mode(hold.mode());
            self.mark(context, &hold, bit, Some(site));
        }
    }

    /// Sets one usage bit. A bit that is set already was checked when it was set.
    fn mark(&mut self, context: &Context, hold: &Hold, bit: Usage, site: Option<Site>) {
        let known = self.seen.classes.usage(hold.class);
        if hold.class == NO_SLOT || known.contains(bit) {
            return;
        }
        self.seen.classes.mark(hold.class, bit);
        self.graph.classes.note_usage(hold.class, bit, site);
        if let Some(other) = rules::inconsistent::check(known, bit) {
            let node = Node::new(hold.class, false);
            self.report_usage(context, Kind::Inconsistent, hold, (bit, site), (other, node));
        } else if let Some(end) = rules::irq_inversion::check(&mut self.graph, self.seen.classes, hold.class, bit) {
            let usage = self.seen.classes.usage(end.class).seen_from(end.restricted);
            let other = (usage & bit.opposite()).first().unwrap_or(Usage::empty());
            self.report_usage(context, Kind::IrqInversion, hold, (bit, site), (other, end));
        }
    }

    // ---- flags and contexts

    /// Hard interrupts are enabled: what is held is from now on held with them enabled.
    pub fn irqs_on(&mut self, context: &Context, site: Site) {
        if context.irqs_on() {
            return;
        }
        self.mark_held(context, State::Hardirq, site);
        if context.softirqs_on() {
            self.mark_held(context, State::Softirq, site);
        }
        context.set_irqs(true, Some(site));
    }

    /// Softirqs are enabled.
    pub fn softirqs_on(&mut self, context: &Context, site: Site) {
        if context.softirqs_on() {
            return;
        }
        context.set_softirqs(true, Some(site));
        if context.irqs_on() {
            self.mark_held(context, State::Softirq, site);
        }
    }

    /// An interrupt ends. What was taken in it must be gone; then its flag is restored. Returns the context below.
    pub fn leave(&mut self, context: &Context, site: Site) -> Option<&'static Context> {
        if let Some(held) = rules::ends::left_by_interrupt(context) {
            self.report_held(context, Kind::HeldAtExit, &held, site);
        }
        let (outer, turn_on) = context.leave()?;
        match turn_on {
            Some(State::Hardirq) => self.irqs_on(outer, site),
            Some(_) => self.softirqs_on(outer, site),
            None => {}
        }
        Some(outer)
    }

    /// The task allocates in a way that may enter reclaim: what it holds is held with reclaim enabled.
    pub fn allocate(&mut self, context: &Context, site: Site) {
        let flags = context.flags();
        if flags.irqs_on && !flags.hardirq && !flags.softirq && !context.in_reclaim() {
            self.mark_held(context, State::Reclaim, site);
        }
    }

    // ---- ends

    /// The memory of a lock is freed.
    pub fn free(&mut self, context: &Context, map: &LockMap, site: Site) {
        if let Some(held) = rules::ends::freed(context, map.instance()) {
            self.report_held(context, Kind::HeldFreed, &held, site);
        }
    }

    /// A task ends.
    pub fn task_exit(&mut self, context: &Context, site: Site) {
        if let Some(held) = rules::ends::left_by_task(context) {
            self.report_held(context, Kind::HeldAtExit, &held, site);
        }
    }

    /// A task returns to user mode.
    pub fn user_return(&mut self, context: &Context, site: Site) {
        if let Some(held) = rules::ends::left_by_task(context) {
            self.report_held(context, Kind::HeldToUser, &held, site);
        }
    }

    /// A point that may sleep.
    pub fn might_sleep(&mut self, context: &Context, site: Site) {
        if rules::sleep_atomic::is_atomic(context) {
            self.report(context, Kind::SleepAtomic, Some(site), |_, _| {});
        }
    }

    /// How full the tables are.
    pub fn occupancy(&self) -> Occupancy {
        let graph = &self.graph;
        let fill = |used: usize, size: usize, turned_away: u32| Fill { used, size, turned_away };
        Occupancy {
            classes: fill(graph.classes.used().into(), graph.classes.capacity(), graph.classes.turned_away()),
            dependencies: fill(
                graph.dependencies.used().into(),
                graph.dependencies.capacity(),
                graph.dependencies.turned_away(),
            ),
            chains: fill(self.seen.chains.used() as usize, self.seen.chains.capacity(), self.seen.chains.turned_away()),
        }
    }

    /// Forgets all that was learned and found.
    pub fn reset(&mut self) {
        self.graph.classes.clear(self.seen.classes);
        self.graph.dependencies.clear();
        self.seen.chains.clear();
        *self.found = None;
    }
}

/// Section 7: with a nest lock, over a topmost hold of the same class, the two are counted as one.
fn merge(context: &Context, new: &Hold) -> bool {
    let Some((stack, index)) = context.top().filter(|_| new.nested()) else {
        return false;
    };
    let Some(mut top) = stack.hold(index).filter(|top| top.same_class(new)) else {
        return false;
    };
    top.count = top.count.saturating_add(new.count);
    top.traits.insert(Traits::MERGED);
    stack.set_hold(index, top);
    true
}

// Events that no rule looks at: they change the context alone, so they need neither half.

/// Enters an interrupt: `own` becomes the context of a level that came upon `interrupted`.
pub fn enter(own: &Context, level: Level, interrupted: &'static Context) {
    own.enter(level, interrupted);
}

/// Hard interrupts are disabled.
pub fn irqs_off(context: &Context, site: Site) {
    if context.irqs_on() {
        context.set_irqs(false, Some(site));
    }
}

/// Softirqs are disabled.
pub fn softirqs_off(context: &Context, site: Site) {
    if context.softirqs_on() {
        context.set_softirqs(false, Some(site));
    }
}

/// The task enters reclaim; this nests.
pub fn reclaim_enter(context: &Context) {
    context.count_reclaim(true);
}

/// The task leaves reclaim; says whether it was in it.
pub fn reclaim_exit(context: &Context) -> bool {
    context.count_reclaim(false)
}

/// A lock is taken while the validator is at work for this context, or in an NMI: it goes on the books, unchecked.
pub fn acquire_unchecked(context: &Context, what: &Acquire<'_>) {
    let unchecked = Acquire { checked: false, ..*what };
    let mut hold = Hold::begin(&unchecked, !context.irqs_on());
    hold.traits.insert(Traits::UNCHAINED);
    context.push(hold);
}

/// A lock is let go meanwhile: nothing above it is looked at again.
pub fn release_unchecked(context: &Context, map: &LockMap) {
    match context.find(|hold| hold.instance == map.instance()) {
        Some((stack, index)) => stack.remove(index),
        None => {
            context.forget_lost();
        }
    }
}
