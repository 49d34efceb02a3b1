//! Events in, reports out: the engine applies what happens to locks and contexts, and asks the rules about it.
//!
//! Events are acquisitions, releases, changes of the interrupt flags, interrupts that begin and end, and assertions. An
//! event changes the context it happens in, may add to what was learned, and may leave reports in the queue.
//!
//! A validator is a value in two halves. [`Published`] is what is read without a lock: the usage bits of each class and
//! the set of checked chains, both atomic. `Graph` is the rest, under the internal lock. An [`Engine`] has both, for
//! one event.
//!
//! # The four ways of an acquisition
//!
//! 1. **Fast path** (`fast_path.rs`): the class is known with every usage bit that the acquisition would set, its chain
//!    is in the first slot that is looked at, and no interrupted context holds a lock. Invariant: it writes only the
//!    context, takes no lock, and leaves interrupts as they are.
//! 2. **Recheck path** (`recheck.rs`): the same questions in general form, for try-locks, unchecked locks, nesting
//!    levels, interrupts over a holder, and chains in a later slot. Invariant: it writes nothing shared, and succeeds
//!    only where the full path would push the same hold and change nothing else.
//! 3. **New-chain path** (`new_chain.rs`): an ordinary acquisition whose classes, usage bits and dependencies are
//!    known, in a new combination. It takes the internal lock, but needs no `Engine`. Invariant: it succeeds only where
//!    the full path would find nothing, and learn nothing but this chain.
//! 4. **Full path** (`acquire.rs`): every rule in its order, under the internal lock; what is new is learned.
//!    Invariant: the hold is pushed whatever is found, and no dependency that closes a cycle is added.
//!
//! They are numbered by cost. An ordinary acquisition (waited for, checked, level 0, no nest lock) tries 1, 3, 2, 4;
//! any other tries 2, 4. An acquisition inside lockdep itself, or in an NMI, takes none of them: it is recorded
//! unchecked (`acquire_unchecked`).
//!
//! | file | what |
//! | --- | --- |
//! | `acquire`, `release` | the full path, and the end of a hold: release, hand-over, take-over, downgrade |
//! | `usage` | usage bits, interrupt flags, the end of an interrupt |
//! | `assertions`, `unregister` | claims about locks; the removal of classes |
//! | `reporting`, `findings`, `report_queue` | when a finding becomes a report, when it is dropped, where it waits |
//! | `capacity`, `status`, `validator` | how full the tables are; the state to show; the storage of both halves |
//!
//! # Invariants
//!
//! - The record of held locks is right whatever is found: after a finding the hold is pushed, usage bits stay set, the
//!   dependency that would close the cycle is not added, and the chain counts as checked.
//! - The port's policy decides whether checking goes on after a finding (`reporting.rs`). If not, the engine is silent
//!   from then on and learns nothing more; contexts are still kept right.
//! - Nothing here panics, allocates, recurses or loops without a bound.
//!
//! # What the engine does not do
//!
//! It does not print: it fills reports, and the runtime shows them. It does not take the internal lock, disable
//! interrupts or find the current context: its caller does (`runtime/`). It does not decide what is wrong (`rules/`) or
//! how a report reads (`report/`). It measures no times (`stat/`).

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
use crate::lock::usage::{Irqs, UsageState};
use crate::report::config::PortConfig;
use crate::report::{Reacquired, Report};

/// What is read without the internal lock.
#[derive(Clone, Copy)]
pub struct Published<'a> {
    pub(crate) classes: &'a UsageWords,
    pub(crate) chains: &'a Chains,
}

/// Both halves of a validator, for one event under the internal lock.
pub struct Engine<'a> {
    pub(crate) published: Published<'a>,
    pub(crate) graph: Graph<'a>,
    /// What was found.
    pub(crate) findings: &'a mut Findings,
    /// Which reports wait to be shown.
    pub(crate) queue: &'a mut ReportQueue,
    /// The free slots for reports, in their order.
    pub(crate) slots: [Option<&'a mut Report>; SLOTS],
    /// How many of them this event wrote.
    pub(crate) written: usize,
    /// Which tables are full.
    pub(crate) notices: &'a mut Notices,
    /// The members of checked chains, for listings.
    pub(crate) chain_members: ChainMembers<'a>,
    pub(crate) config: &'a PortConfig,
    /// While holds are acquired again: the release of the lock below them.
    pub(crate) reacquired: Option<Reacquired>,
}

// Events that no rule checks: they change only the context, so they need neither half.

/// Enters an interrupt: `own` becomes the context of a level that interrupted `interrupted`.
pub fn enter(own: &'static Context, level: Level, interrupted: &'static Context, site: Site) {
    own.enter(level, interrupted, site);
}

/// Hard interrupts are disabled.
pub fn irqs_off(context: &Context, site: Site) {
    if context.irqs_on() {
        context.set_irqs(Irqs::Off, Some(site));
    }
}

/// Softirqs are disabled.
pub fn softirqs_off(context: &Context, site: Site) {
    if context.softirqs_on() {
        context.set_softirqs(Irqs::Off, Some(site));
    }
}

/// The task enters reclaim; this nests.
pub fn reclaim_enter(context: &Context) {
    context.enter_reclaim();
}

/// The task leaves reclaim. Returns whether it was in it.
pub fn reclaim_exit(context: &Context) -> bool {
    context.leave_reclaim()
}

/// Records a lock unchecked: it is acquired inside lockdep itself, or in an NMI. Its class is the one that the lock
/// remembers. If it remembers none, the table is not searched, and the hold has only the key of the class, as when the
/// table is full. So two such holds are of one class only if their locks are.
pub(crate) fn acquire_unchecked(published: Published<'_>, context: &Context, what: &Acquire<'_>) {
    let unchecked = Acquire { checked: false, ..*what };
    let mut hold = Hold::begin(&unchecked, context.irqs());
    hold.flags.insert(HoldFlags::UNCHAINED);
    let hint = what.map.hint(what.subclass);
    if classes::is_believed(published.classes, hint) {
        hold.class = hint.slot();
    }
    hold.key = classes::key_without_slot(classes::key_of_first_use(what.map, what.site), what.subclass);
    context.push(hold);
}

/// Ends an interrupt in which nothing is checked: restores its flag and marks nothing.
pub(crate) fn leave_unchecked(context: &Context, site: Site) -> Option<&Context> {
    let (outer, turn_on) = context.leave()?;
    match turn_on {
        Some(UsageState::Hardirq) => outer.set_irqs(Irqs::On, Some(site)),
        Some(_) => outer.set_softirqs(Irqs::On, Some(site)),
        None => {}
    }
    Some(outer)
}

/// Releases a lock unchecked: the holds above it are not acquired again.
pub fn release_unchecked(context: &Context, map: &LockMap) {
    if !remove(context, map) {
        context.forget_lost();
    }
}

/// Removes the hold of a lock that is dropped. Returns whether there was one. If not, the count of lost holds is left
/// alone: the lock may never have been acquired.
pub(crate) fn remove(context: &Context, map: &LockMap) -> bool {
    let found = context.find(|hold| hold.instance == map.instance());
    match found {
        Some((stack, index)) if context.is_plain_down_to(stack) => stack.remove(index),
        Some((stack, index)) => stack.end(index),
        None => {}
    }
    found.is_some()
}
