//! An acquisition on the full path: the checks in their order, and what is learned from it.
//!
//! Invariants:
//! - The hold is pushed whatever is found, usage bits stay set, a dependency that would close a cycle is not added, and
//!   the chain counts as checked.
//! - A chain is entered only if all its dependencies are in the table, or were reported.
//!
//! What it does not do: decide whether a lock is in order (`rules/`), write a report (`reporting.rs`), or set usage
//! bits (`usage.rs`).

use crate::context::hold::{Acquire, Hold, HoldFlags, NO_SLOT};
use crate::context::{Context, chain_key};
use crate::engine::Engine;
use crate::graph::chain_cache::{self, Witness};
use crate::graph::classes;
use crate::graph::dependencies::{Edge, Maker};
use crate::graph::direction::Kinds;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::report::Reacquired;
use crate::report::capacity::Table;
use crate::report::kind::Kind;
use crate::rules;
use crate::rules::recursive::Recursion;

impl Engine<'_> {
    // ---- locks

    /// Acquires a lock: section 2 of `docs/semantics.md`.
    pub fn acquire(&mut self, context: &Context, what: &Acquire<'_>) {
        let mut hold = Hold::begin(what, context.irqs());
        match self.graph.classes.find_or_enter(self.published.classes, what.map, what.subclass, what.site) {
            Some(id) => {
                hold.class = id.slot();
                self.published.classes.mark_taken(id.slot());
            }
            None => {
                let key = self.graph.classes.key_at(self.published.classes, what.map, what.site);
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

    /// Puts the running context's stack in order after a place was filled while its holds could not move
    /// (`context/mod.rs`). The holds above one that ended or changed are acquired again, up to the hold that was
    /// filled, as if the change had come after its push. The holds above that one were pushed before it, without it:
    /// they are not chained.
    #[cold]
    #[inline(never)]
    pub(crate) fn settle(&mut self, context: &Context) {
        let above = context.height();
        let (from, filled) = context.put_in_order();
        context.truncate(from);
        self.reacquired = Some(Reacquired { released: None, acquired: None });
        for index in from..above {
            let Some(mut hold) = context.taken_off(index) else { continue };
            if index <= filled {
                self.take(context, hold);
            } else {
                hold.unchain();
                context.push(hold);
            }
        }
        self.reacquired = None;
    }

    fn class_of(&mut self, map: &LockMap, site: Site) -> u16 {
        match self.graph.classes.find_or_enter(self.published.classes, map, Subclass::ZERO, site) {
            Some(id) => id.slot(),
            None => {
                self.notice(Table::Classes);
                NO_SLOT
            }
        }
    }

    /// The steps of an acquisition, in their order. Also for a hold that is acquired again, with the flags it had.
    pub(crate) fn take(&mut self, context: &Context, mut hold: Hold) {
        if merge(context, &hold) {
            return;
        }
        let below = context.own().next_back().or_else(|| context.run().next());
        let chained = hold.class != NO_SLOT && below.is_none_or(|below| below.is_chained()) && context.is_exact();
        hold.flags.set(HoldFlags::UNCHAINED, !chained);
        if hold.class != NO_SLOT {
            hold.key = chain_key::extend(context.key(), self.published.classes.id(hold.class), hold.flags);
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
        // Outside of interrupts all holds are in one stack, which is quicker to walk. `check_order` does the same.
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

    /// Checks recursion, and if there is none adds the dependencies.
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
                if hold.class == NO_SLOT || self.published.chains.contains(hold.key, self.witness(context, hold)) => {}
            Recursion::None => {
                let all_added = self.depend_on_run(context, hold);
                if all_added && hold.is_chained() {
                    self.enter_chain(context, hold);
                }
            }
        }
    }

    /// The witness of the chain of the new hold, which is not on the stack yet.
    fn witness(&self, context: &Context, hold: &Hold) -> Witness {
        chain_cache::witness(context.key(), self.published.classes.id(hold.class), hold.flags)
    }

    /// Makes the chain known. If there is no room for it and classes were unregistered, the set is emptied first.
    fn enter_chain(&mut self, context: &Context, hold: &Hold) {
        let has_room =
            self.published.chains.has_room(hold.key) && self.chain_members.has_room(context.run().count() + 1);
        if !has_room && self.published.chains.has_dead() {
            self.drop_chains();
        }
        if !self.published.chains.insert(hold.key, self.witness(context, hold)) {
            self.notice(Table::Chains);
        } else if !self.chain_members.note(self.published.classes, context, hold) {
            self.notice(Table::Members);
        }
    }

    /// Forgets all chains: each is checked again when it comes again.
    pub(crate) fn drop_chains(&mut self) {
        self.published.chains.empty();
        self.chain_members.empty();
    }

    /// Adds the dependencies of the run on the new lock, the nearest hold first. Returns whether all are in the table,
    /// or were reported.
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

    /// Checks one dependency, then adds it, unless it would close a cycle.
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
        if let Some(end) = rules::irq_order::check(&mut self.graph, self.published.classes, held, new) {
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
        let who = (self.config.who)();
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

/// Merges a new hold that has a nest lock with a topmost hold of the same class: they are counted as one (section 7).
/// Never with the hold of the nest lock itself: a parent that serialises its children is not one of them.
fn merge(context: &Context, new: &Hold) -> bool {
    if !new.nested() {
        return false;
    }
    let Some((stack, index)) = context.top() else { return false };
    let Some(mut top) = stack.hold(index).filter(|top| top.same_class(new) && top.instance != new.nest) else {
        return false;
    };
    stack.lose(top.add_times(new.times()));
    top.flags.insert(HoldFlags::MERGED);
    stack.set_hold(index, top);
    true
}
