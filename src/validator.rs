//! Events in, reports out: what happens to locks and contexts, put to the rules in their order.
//!
//! A validator is a value in two halves. [`Seen`] is what the fast path reads: usage bits and checked chains, atomics
//! behind a shared reference. `Graph` is the rest, under the internal lock. An [`Engine`] has both for the time of one
//! event of the slow path. Here are the events of locks; `marking.rs` has those of flags and contexts, `claims.rs` what is
//! said about locks, `finding.rs` what becomes of a finding, `tables.rs` where the halves are kept.
//!
//! Invariants:
//! - The books on held locks are right whatever is found: after a finding the hold is pushed, usage bits stay set, the
//!   dependency that would close the circle is not added, and the chain counts as checked.
//! - Whether it goes on after a finding is the port's policy (`finding.rs`). If not, the engine is silent from then on, and
//!   learns no more.
//! - Nothing here prints, and nothing here can panic.

use crate::chain::{self, Chains, Witness};
use crate::class::{LockMap, Subclass};
use crate::classes::{self, SeenClasses};
use crate::context::{Context, HOLDS, Level};
use crate::dependency::{Edge, Kinds, Maker};
use crate::finding::Terms;
use crate::held::{Acquire, Hold, NO_SLOT, Traits};
use crate::ledger::Ledger;
use crate::limits::{Notices, Table};
use crate::mode::Mode;
use crate::queue::{Queue, SLOTS};
use crate::report::{Again, Kind, Report};
use crate::roster::Roster;
use crate::rules;
use crate::rules::recursive::Recursion;
use crate::search::Graph;
use crate::site::Site;
use crate::usage::State;

/// What the fast path reads.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    pub(crate) classes: &'a SeenClasses,
    pub(crate) chains: &'a Chains,
}

/// Both halves of a validator, for one event of the slow path.
pub struct Engine<'a> {
    pub(crate) seen: Seen<'a>,
    pub(crate) graph: Graph<'a>,
    /// What was found.
    pub(crate) ledger: &'a mut Ledger,
    /// Which reports wait to be shown.
    pub(crate) queue: &'a mut Queue,
    /// Where reports go: the free slots, in their order.
    pub(crate) slots: [Option<&'a mut Report>; SLOTS],
    /// How many of them this event wrote.
    pub(crate) written: usize,
    /// Which tables are full.
    pub(crate) notices: &'a mut Notices,
    /// The members of checked chains, for listings.
    pub(crate) roster: Roster<'a>,
    pub(crate) terms: &'a Terms,
    /// While holds are taken again: the release of the lock below them.
    pub(crate) again: Option<Again>,
}

impl Engine<'_> {
    // ---- locks

    /// A lock is taken: section 2 of `docs/semantics.md`.
    pub fn acquire(&mut self, context: &Context, what: &Acquire<'_>) {
        let mut hold = Hold::begin(what, context.irqs_on());
        match self.graph.classes.find_or_enter(self.seen.classes, what.map, what.subclass, what.site) {
            Some(id) => {
                hold.class = id.slot();
                self.seen.classes.mark_taken(id.slot());
            }
            None => {
                let key = self.graph.classes.key_at(self.seen.classes, what.map, what.site);
                hold.key = classes::key_without_slot(key, what.subclass);
                self.notice(Table::Classes);
            }
        }
        self.settle_classes(context);
        if let Some(nest) = what.nest {
            hold.nest_class = self.class_of(nest, what.site);
        }
        self.take(context, hold);
    }

    /// A lock is let go: section 8. The holds above it are taken again.
    pub fn release(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        self.looks_for(Kind::Unbalanced);
        self.settle_classes(context);
        let (Some((stack, index)), _) = self.find(context, map) else {
            return self.release_unheld(context, map, site);
        };
        let Some(mut hold) = stack.hold(index) else { return };
        if hold.pins() > 0 {
            self.wrong(context, Kind::Assertion, "releasing a pinned lock", Some(map), site);
        }
        if hold.times() > 1 {
            hold.end_one();
            stack.set_hold(index, hold);
            return;
        }
        if !context.is_plain_down_to(stack) {
            return stack.end(index);
        }
        self.take_again(context, stack, index, index + 1, site);
    }

    /// A release of what is not on the books: right if it was handed over or found no room, which this uses up.
    fn release_unheld(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        if !map.set_handed_over(false) && !context.forget_lost() {
            let (_, class) = self.find(context, map);
            self.report_not_held(context, map, class, site, "release");
        }
    }

    /// A lock will be let go by another context: it leaves the books of this one, as by a release.
    pub fn hand_over(&mut self, context: &Context, map: &LockMap, site: Site) {
        self.release(context, map, Some(site));
        map.set_handed_over(true);
    }

    /// A lock that another context handed over goes on the books of this one. It was not waited for, so nothing leads to it.
    pub fn take_over(&mut self, context: &Context, map: &LockMap, mode: Mode, site: Site) {
        if !map.set_handed_over(false) {
            self.wrong(context, Kind::Assertion, "take_over: nobody handed the lock over", Some(map), Some(site));
        }
        self.acquire(context, &Acquire { tried: true, ..Acquire::new(map, mode, site) });
    }

    /// An exclusive hold becomes one of `mode`, a reader's: like a release, with the hold itself first of those taken again.
    pub fn downgrade(&mut self, context: &Context, map: &LockMap, mode: Mode, site: Option<Site>) {
        self.looks_for(Kind::Unbalanced);
        self.settle_classes(context);
        let (found, class) = self.find(context, map);
        let Some((stack, index)) = found else {
            if !map.is_handed_over() && !context.has_lost() {
                self.report_not_held(context, map, class, site, "downgrade");
            }
            return;
        };
        let Some(mut hold) = stack.hold(index) else { return };
        hold.set_mode(mode);
        stack.set_hold(index, hold);
        if !context.is_plain_down_to(stack) {
            return stack.spoil(index);
        }
        self.take_again(context, stack, index, index, site);
    }

    /// Puts the running context's stack in order after a place was filled while its holds could not move (`context.rs`). What
    /// is above a hold that ended or changed is taken again up to the hold that was filled, as if that had happened after the
    /// push. What is above that was pushed before it, without it: it is not chained.
    #[cold]
    #[inline(never)]
    pub(crate) fn settle(&mut self, context: &Context) {
        let above = context.height();
        let (from, filled) = context.put_in_order();
        context.truncate(from);
        self.again = Some(Again { released: None, acquired: None });
        for index in from..above {
            let Some(mut hold) = context.taken_off(index) else { continue };
            if index <= filled {
                self.take(context, hold);
            } else {
                hold.unchain();
                context.push(hold);
            }
        }
        self.again = None;
    }

    fn class_of(&mut self, map: &LockMap, site: Site) -> u16 {
        match self.graph.classes.find_or_enter(self.seen.classes, map, Subclass::ZERO, site) {
            Some(id) => id.slot(),
            None => {
                self.notice(Table::Classes);
                NO_SLOT
            }
        }
    }

    /// The hold that a release of the lock is for, and the slot of the lock's class.
    fn find<'c>(&self, context: &'c Context, map: &LockMap) -> (Option<(&'c Context, usize)>, u16) {
        let class = self.graph.classes.find(self.seen.classes, map, Subclass::ZERO).unwrap_or(NO_SLOT);
        (rules::unbalanced::find(context, map, class), class)
    }

    /// Takes the holds above again, in the present context: those of `stack` from `keep` on, then those of the contexts above
    /// it. The holds of `stack` from `from` to `keep` are gone.
    fn take_again(&mut self, context: &Context, stack: &Context, from: usize, keep: usize, site: Option<Site>) {
        let acquired = stack.hold(from).and_then(|hold| hold.site);
        self.again = Some(Again { released: site, acquired });
        if context.is_same(stack) || context.is_all_empty_above(stack) {
            self.take_stack_again(context, stack, from, keep);
        } else {
            self.take_stacks_again(context, stack, from, keep);
        }
        self.again = None;
    }

    /// The holds of one stack, also if it is the present context's: a hold is read before anything is put in its place, since
    /// what is taken again never stands higher than it did.
    fn take_stack_again(&mut self, context: &Context, stack: &Context, from: usize, keep: usize) {
        let above = stack.height();
        stack.truncate(from);
        context.reseed_above(stack);
        for index in keep..above {
            if let Some(hold) = stack.taken_off(index) {
                self.take(context, hold);
            }
        }
    }

    /// The holds of several stacks: an interrupt that goes on with the run of another lets go of what that one holds. The
    /// present context's own come to stand above those from below, so all are put aside first.
    #[inline(never)]
    fn take_stacks_again(&mut self, context: &Context, stack: &Context, from: usize, keep: usize) {
        let mut again = [Hold::EMPTY; HOLDS];
        let below = stack.outwards().skip(1).map(Context::depth).sum::<usize>();
        let mut count = 0;
        for hold in context.all().skip(below + keep) {
            match again.get_mut(count) {
                Some(place) => *place = hold,
                None => context.lose(hold.times()),
            }
            count += 1;
        }
        for above in context.outwards().take_while(|above| !above.is_same(stack)) {
            above.truncate(0);
        }
        stack.truncate(from);
        context.reseed_above(stack);
        for hold in again.iter().take(count) {
            self.take(context, *hold);
        }
    }

    /// The steps of an acquisition, in their order. Also for a hold that is taken again, with its flags of then.
    fn take(&mut self, context: &Context, mut hold: Hold) {
        if merge(context, &hold) {
            return;
        }
        let below = context.own().next_back().or_else(|| context.run().next());
        let chained = hold.class != NO_SLOT && below.is_none_or(|below| below.is_chained()) && context.is_exact();
        hold.traits.set(Traits::UNCHAINED, !chained);
        if hold.class != NO_SLOT {
            hold.key = chain::extend(context.key(), self.seen.classes.id(hold.class), hold.traits);
        }
        if !self.is_silent() {
            self.check_wait(context, &hold);
            self.mark_acquired(context, &hold);
            self.check_nest(context, &hold);
            self.check_order(context, &hold);
        }
        if !context.push(hold) {
            self.notice(Table::Holds);
        }
    }

    fn check_wait(&mut self, context: &Context, hold: &Hold) {
        self.looks_for(Kind::WaitContext);
        // Outside of interrupts what is held is one stack, which is quicker to look through; so with recursion below.
        let above = match context.interrupted() {
            None => rules::wait_context::check(context.limit(), context.own(), hold),
            Some(_) => rules::wait_context::check(context.limit(), context.run(), hold),
        };
        if let Some(limit) = above {
            self.report_lock(context, Kind::WaitContext, hold, |report, _| report.limit = limit);
        }
    }

    fn check_nest(&mut self, context: &Context, hold: &Hold) {
        if !hold.nested() {
            return;
        }
        self.looks_for(Kind::NestNotHeld);
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
        self.looks_for(Kind::Recursive);
        let recursion = match context.interrupted() {
            None => rules::recursive::check(context.own(), hold),
            Some(_) => rules::recursive::check(context.all(), hold),
        };
        match recursion {
            Recursion::Excused => {}
            Recursion::By(held) => {
                self.report_lock(context, Kind::Recursive, hold, |report, lookup| {
                    report.held_lock = Some(lookup.lock(&held));
                });
            }
            Recursion::None
                if hold.class == NO_SLOT || self.seen.chains.contains(hold.key, self.witness(context, hold)) => {}
            Recursion::None => {
                let all_added = self.depend_on_run(context, hold);
                if all_added && hold.is_chained() {
                    self.enter_chain(context, hold);
                }
            }
        }
    }

    /// What verifies the chain of the new hold, which is not on the stack yet.
    fn witness(&self, context: &Context, hold: &Hold) -> Witness {
        chain::witness(context.key(), self.seen.classes.id(hold.class), hold.traits)
    }

    /// From now on the chain is known. Where there is no room for it, what is left of classes that went goes first.
    fn enter_chain(&mut self, context: &Context, hold: &Hold) {
        let has_room = self.seen.chains.has_room(hold.key) && self.roster.has_room(context.run().count() + 1);
        if !has_room && self.seen.chains.has_dead() {
            self.give_up_chains();
        }
        if !self.seen.chains.insert(hold.key, self.witness(context, hold)) {
            self.notice(Table::Chains);
        } else if !self.roster.note(self.seen.classes, context, hold) {
            self.notice(Table::Members);
        }
    }

    /// All chains are checked once more when they come again.
    pub(crate) fn give_up_chains(&mut self) {
        self.seen.chains.empty();
        self.roster.empty();
    }

    /// The dependencies of the run on the new lock, the nearest hold first; says whether all are in the table.
    fn depend_on_run(&mut self, context: &Context, hold: &Hold) -> bool {
        let mut all_added = true;
        for held in context.run().filter(Hold::checked) {
            if held.class != NO_SLOT {
                all_added &= self.depend(context, &held, hold);
            }
            if held.ends_walk() {
                break;
            }
        }
        all_added
    }

    /// One dependency: checked, then added. One that would close a circle is not.
    fn depend(&mut self, context: &Context, held: &Hold, new: &Hold) -> bool {
        let kind = Kinds::of(held.mode(), new.mode());
        let known = self.graph.dependencies.find(held.class, new.class);
        if known.is_some_and(|slot| self.graph.dependencies.get(slot).kinds.contains(kind)) {
            return true;
        }
        self.looks_for(Kind::Circular);
        if let Some(end) = rules::circular::check(&mut self.graph, held, new) {
            let kind = if held.class == new.class { Kind::Recursive } else { Kind::Circular };
            self.report_cycle(context, kind, held, new, end);
            return true;
        }
        self.looks_for(Kind::IrqOrder);
        if let Some(end) = rules::irq_order::check(&mut self.graph, self.seen.classes, held, new) {
            self.report_irq_order(context, held, new, end);
            return true;
        }
        let added = match known {
            Some(slot) => {
                self.graph.dependencies.add_kind(slot, kind);
                true
            }
            None => self.add_dependency(held, new, kind),
        };
        if added {
            self.graph.learn_dependency(held.class, new.class, kind);
        }
        added
    }

    fn add_dependency(&mut self, held: &Hold, new: &Hold, kind: Kinds) -> bool {
        let who = (self.terms.who)();
        let edge = Edge {
            from: held.class,
            to: new.class,
            kind,
            from_site: held.site,
            to_site: new.site,
            maker: Maker { task: who.id, cpu: who.cpu },
        };
        let added = self.graph.dependencies.add(self.graph.classes, &edge);
        if !added {
            self.notice(Table::Dependencies);
        }
        added
    }
}

/// Section 7: with a nest lock, over a topmost hold of the same class, the two are counted as one. Never with the hold of the
/// nest lock itself: a parent that serialises its children is not one of them.
fn merge(context: &Context, new: &Hold) -> bool {
    if !new.nested() {
        return false;
    }
    let Some((stack, index)) = context.top() else { return false };
    let Some(mut top) = stack.hold(index).filter(|top| top.same_class(new) && top.instance != new.nest) else {
        return false;
    };
    stack.lose(top.add_times(new.times()));
    top.traits.insert(Traits::MERGED);
    stack.set_hold(index, top);
    true
}

// Events that no rule looks at: they change the context alone, so they need neither half.

/// Enters an interrupt: `own` becomes the context of a level that came upon `interrupted`.
pub fn enter(own: &'static Context, level: Level, interrupted: &'static Context, site: Site) {
    own.enter(level, interrupted, site);
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

/// A lock is taken while the validator is running for this context, or in an NMI: it is recorded, unchecked. Its class is what
/// the lock remembers; if that is nothing, the table is not asked, and the hold has the key of the class alone, as where the
/// table is full. So two such holds are of one class only if their locks are.
pub fn acquire_unchecked(seen: Seen<'_>, context: &Context, what: &Acquire<'_>) {
    let unchecked = Acquire { checked: false, ..*what };
    let mut hold = Hold::begin(&unchecked, context.irqs_on());
    hold.traits.insert(Traits::UNCHAINED);
    let hint = what.map.hint(what.subclass);
    if classes::is_believed(seen.classes, hint) {
        hold.class = hint.slot();
    }
    hold.key = classes::key_without_slot(classes::key_of_first_use(what.map, what.site), what.subclass);
    context.push(hold);
}

/// An interrupt ends in which nothing is checked: its flag is restored, and nothing is marked.
pub fn leave_unchecked(context: &Context, site: Site) -> Option<&Context> {
    let (outer, turn_on) = context.leave()?;
    match turn_on {
        Some(State::Hardirq) => outer.set_irqs(true, Some(site)),
        Some(_) => outer.set_softirqs(true, Some(site)),
        None => {}
    }
    Some(outer)
}

/// A lock is released meanwhile: nothing above it is looked at again.
pub fn release_unchecked(context: &Context, map: &LockMap) {
    if !remove(context, map) {
        context.forget_lost();
    }
}

/// A lock that goes is held no more; returns whether it was. If it was not, nothing of what was lost is used up: it may
/// never have been taken.
pub fn remove(context: &Context, map: &LockMap) -> bool {
    let found = context.find(|hold| hold.instance == map.instance());
    match found {
        Some((stack, index)) if context.is_plain_down_to(stack) => stack.remove(index),
        Some((stack, index)) => stack.end(index),
        None => {}
    }
    found.is_some()
}
