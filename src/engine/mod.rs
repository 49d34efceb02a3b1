//! Events in, reports out: what happens to locks and contexts, put to the rules in their order.
//!
//! A validator is a value in two halves. [`Published`] is what the fast path reads: usage bits and checked chains, atomics
//! behind a shared reference. `Graph` is the rest, under the internal lock. An [`Engine`] has both for the time of one
//! event of the slow path. Here are the events of locks; `usage.rs` has those of flags and contexts, `assertions.rs` what is
//! said about locks, `reporting.rs` what becomes of a finding, `validator.rs` where the halves are kept.
//!
//! Invariants:
//! - The books on held locks are right whatever is found: after a finding the hold is pushed, usage bits stay set, the
//!   dependency that would close the circle is not added, and the chain counts as checked.
//! - Whether it goes on after a finding is the port's policy (`reporting.rs`). If not, the engine is silent from then on, and
//!   learns no more.
//! - Nothing here prints, and nothing here can panic.

mod acquire;
pub(crate) mod assertions;
pub(crate) mod capacity;
pub(crate) mod fast_path;
pub(crate) mod findings;
pub(crate) mod new_chain;
pub(crate) mod recheck;
mod release;
pub(crate) mod report_queue;
mod reporting;
mod status;
mod unregister;
mod usage;
pub(crate) mod validator;

use crate::context::hold::{Acquire, Hold, HoldFlags};
use crate::context::{Context, Level};
use crate::engine::capacity::Notices;
use crate::engine::findings::Findings;
use crate::engine::report_queue::{ReportQueue, SLOTS};
use crate::graph::Graph;
use crate::graph::chain_cache::Chains;
use crate::graph::chain_members::ChainMembers;
use crate::graph::classes::{self, UsageWords};
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::UsageState;
use crate::report::config::PortConfig;
use crate::report::{Reacquired, Report};

/// What the fast path reads.
#[derive(Clone, Copy)]
pub struct Published<'a> {
    pub(crate) classes: &'a UsageWords,
    pub(crate) chains: &'a Chains,
}

/// Both halves of a validator, for one event of the slow path.
pub struct Engine<'a> {
    pub(crate) published: Published<'a>,
    pub(crate) graph: Graph<'a>,
    /// What was found.
    pub(crate) findings: &'a mut Findings,
    /// Which reports wait to be shown.
    pub(crate) queue: &'a mut ReportQueue,
    /// Where reports go: the free slots, in their order.
    pub(crate) slots: [Option<&'a mut Report>; SLOTS],
    /// How many of them this event wrote.
    pub(crate) written: usize,
    /// Which tables are full.
    pub(crate) notices: &'a mut Notices,
    /// The members of checked chains, for listings.
    pub(crate) chain_members: ChainMembers<'a>,
    pub(crate) config: &'a PortConfig,
    /// While holds are taken again: the release of the lock below them.
    pub(crate) reacquired: Option<Reacquired>,
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
pub(crate) fn acquire_unchecked(published: Published<'_>, context: &Context, what: &Acquire<'_>) {
    let unchecked = Acquire { checked: false, ..*what };
    let mut hold = Hold::begin(&unchecked, context.irqs_on());
    hold.flags.insert(HoldFlags::UNCHAINED);
    let hint = what.map.hint(what.subclass);
    if classes::is_believed(published.classes, hint) {
        hold.class = hint.slot();
    }
    hold.key = classes::key_without_slot(classes::key_of_first_use(what.map, what.site), what.subclass);
    context.push(hold);
}

/// An interrupt ends in which nothing is checked: its flag is restored, and nothing is marked.
pub(crate) fn leave_unchecked(context: &Context, site: Site) -> Option<&Context> {
    let (outer, turn_on) = context.leave()?;
    match turn_on {
        Some(UsageState::Hardirq) => outer.set_irqs(true, Some(site)),
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
pub(crate) fn remove(context: &Context, map: &LockMap) -> bool {
    let found = context.find(|hold| hold.instance == map.instance());
    match found {
        Some((stack, index)) if context.is_plain_down_to(stack) => stack.remove(index),
        Some((stack, index)) => stack.end(index),
        None => {}
    }
    found.is_some()
}
