//! The recheck path: events that the fast path does not handle, although everything about them is already known. It
//! takes no internal lock.
//!
//! It asks in general form what the fast path asks in a few comparisons: about try-locks, unchecked locks, nesting
//! levels, locks in an interrupt over a holder, chains that are not in their first slot; releases out of order;
//! interrupt flags that are turned on over holds which are marked already; the end of an interrupt.
//!
//! Invariants:
//! - Nothing shared is written.
//! - Each function succeeds only where the engine would make the same change to the context and no other change: no
//!   usage bit, no class, no dependency, no chain, no report.
//!
//! What it does not do: it handles no acquisition with a nest lock, and no release below a nested or merged hold. Those
//! are left to the engine, as is everything of which it is not sure.

use crate::context::chain_key;
use crate::context::hold::{Acquire, Hold, NO_SLOT};
use crate::context::{Context, HOLDS};
use crate::engine::Published;
use crate::graph::chain_cache;
use crate::lock::class::ClassId;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, Usage, UsageMask, UsageState};
use crate::rules;

/// Acquires the lock, in whatever way, if everything about it is already known. Returns whether it did. A nest lock is
/// left to the full path: it must be found, and holds may merge.
pub(crate) fn acquire(published: Published<'_>, context: &Context, what: &Acquire<'_>) -> bool {
    let id = what.map.hint(what.subclass);
    if context.is_unchecked() || what.nest.is_some() || id == ClassId::NONE || context.height() == HOLDS {
        return false;
    }
    if !context.is_exact() {
        return false;
    }
    let mut hold = Hold::begin(what, context.irqs());
    hold.class = id.slot();
    let Some(key) = known(published, context, context.key(), id, &hold) else {
        return false;
    };
    hold.key = key;
    context.push(hold)
}

/// The key of a hold above the chain `below`, if everything about it is already known. How each step of the full path
/// is covered:
///
/// - Usage: the same bits, which are all set.
/// - Wait types and recursion in the run: for a lock that is waited for and checked, the known chain answers both; a
///   try-lock needs neither; an unchecked hold needs only the wait type.
/// - Recursion over interrupted contexts: as on the full path.
/// - Above a hold that is not chained no chain is known, and a hold that needs no chain would have to be flagged as not
///   chained.
fn known(published: Published<'_>, context: &Context, below: u64, id: ClassId, hold: &Hold) -> Option<u64> {
    let mut marks = context.marks(hold.irqs());
    if hold.tried() {
        marks &= Usage::ENABLED;
    }
    if !hold.checked() {
        marks = Usage::empty();
    }
    if !published.classes.is_marked(id, UsageMask::new(marks.for_mode(hold.mode()), hold.irqs())) {
        return None;
    }
    let key = chain_key::extend(below, id, hold.flags);
    let asks_for_chain = hold.checked() && !hold.tried();
    let is_known = if asks_for_chain {
        published.chains.contains(key, chain_cache::witness(below, id, hold.flags)) && !is_held_below(context, hold)
    } else {
        context.run().next().is_none_or(|top| top.is_chained())
            && rules::wait_context::check(context.limit(), context.run(), hold).is_none()
    };
    is_known.then_some(key)
}

/// Whether an interrupted context has a hold that blocks this lock, or may: a hold without a slot counts as one.
fn is_held_below(context: &Context, new: &Hold) -> bool {
    let below = context.outwards().skip(1).flat_map(Context::own);
    context.interrupted_holder()
        && below
            .into_iter()
            .any(|hold| hold.class == NO_SLOT || hold.same_class(new) && new.mode().is_blocked_by(hold.mode()))
}

/// Releases the lock if acquiring the holds above it again would change nothing. Returns whether it did. With
/// interrupts disabled, since holds move.
pub(crate) fn release(published: Published<'_>, context: &Context, map: &LockMap) -> bool {
    if context.is_unchecked() {
        return false;
    }
    if context.pop_above(map.instance()) {
        return true;
    }
    if !context.is_plain_down_to(context) {
        return false;
    }
    let depth = context.height();
    let is_it = |&index: &usize| context.hold(index).is_some_and(|hold| hold.instance == map.instance());
    let Some(index) = (0..depth).rev().find(is_it) else {
        return false;
    };
    if !is_plain(context, index) {
        return false;
    }
    let mut key = context.key_below(index);
    for above in index + 1..depth {
        let Some(hold) = context.hold(above) else { return false };
        match known(published, context, key, published.classes.id(hold.class), &hold) {
            Some(next) => key = next,
            None => return false,
        }
    }
    take_out(published, context, index);
    true
}

/// Whether the hold is taken once, no hold above it is nested or merged, no interrupted context holds a lock, and all
/// holds of the run are chained.
fn is_plain(context: &Context, index: usize) -> bool {
    let once = |hold: &Hold| hold.count == 1 && !hold.nested() && !hold.merged() && hold.class != NO_SLOT;
    context.own().skip(index).all(|hold| once(&hold))
        && context.run().all(|hold| hold.is_chained())
        && !context.interrupted_holder()
}

/// Removes a hold. Those above it move down and get the keys of their new places.
fn take_out(published: Published<'_>, context: &Context, index: usize) {
    let mut key = context.key_below(index);
    for above in index + 1..context.depth() {
        if let Some(mut hold) = context.hold(above) {
            key = chain_key::extend(key, published.classes.id(hold.class), hold.flags);
            hold.key = key;
            context.set_hold(above - 1, hold);
        }
    }
    context.truncate(context.depth() - 1);
}

/// Records that hard interrupts will be enabled, if all holds are marked already. Returns whether they are.
pub(crate) fn irqs_on(published: Published<'_>, context: &Context, site: Site) -> bool {
    let marked = are_marked_for_irqs(published, context, context.softirqs_on());
    if marked {
        context.set_irqs(Irqs::On, Some(site));
    }
    marked
}

/// Records that softirqs will be enabled, if all holds are marked already or interrupts are off. Returns whether one of
/// them is so.
pub(crate) fn softirqs_on(published: Published<'_>, context: &Context, site: Site) -> bool {
    let marked = !context.irqs_on() || are_marked(published, context, UsageState::Softirq);
    if marked && !context.softirqs_on() {
        context.set_softirqs(Irqs::On, Some(site));
    }
    marked
}

/// Ends an interrupt that leaves nothing held, if the holds that it interrupted are marked for the flag that it
/// restores. Returns the context below, or `None` if it is not so.
pub(crate) fn leave<'c>(published: Published<'_>, context: &'c Context, site: Site) -> Option<&'c Context> {
    let outer = context.interrupted().filter(|_| context.depth() == 0)?;
    let marked = match context.restores() {
        None => true,
        Some(UsageState::Hardirq) => are_marked_for_irqs(published, outer, context.softirqs_on()),
        Some(state) => are_marked(published, outer, state),
    };
    if !marked {
        return None;
    }
    let (outer, turn_on) = context.leave()?;
    match turn_on {
        Some(UsageState::Hardirq) if !outer.irqs_on() => outer.set_irqs(Irqs::On, Some(site)),
        Some(UsageState::Softirq) if !outer.softirqs_on() => outer.set_softirqs(Irqs::On, Some(site)),
        _ => {}
    }
    Some(outer)
}

/// Whether all holds are marked as held with hard interrupts enabled, and with softirqs enabled if those are on.
fn are_marked_for_irqs(published: Published<'_>, context: &Context, softirqs_on: bool) -> bool {
    are_marked(published, context, UsageState::Hardirq)
        && (!softirqs_on || are_marked(published, context, UsageState::Softirq))
}

/// Whether all checked holds are marked as held with `state` enabled. A hold without a slot is not.
fn are_marked(published: Published<'_>, context: &Context, state: UsageState) -> bool {
    let is_marked = |hold: Hold| {
        let bit = Usage::enabled(state).for_mode(hold.mode());
        !hold.checked() || published.classes.usage(hold.class).contains(bit)
    };
    context.outwards().flat_map(Context::own).all(is_marked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::validator::Validator;
    use crate::lock::mode::Mode;
    use crate::lock::wait_type::WaitTypes;

    #[test]
    fn over_a_hold_without_a_slot_nothing_is_chained() {
        let mut validator = Validator::<3, 8, 64>::new();
        let context: &Context = Box::leak(Box::new(Context::new()));
        let [a, b, full] = ["a", "b", "full"].map(|name| LockMap::named(name, WaitTypes::SPIN));
        let tried = |map| Acquire { tried: true, ..Acquire::new(map, Mode::WRITE, Site::caller()) };
        for map in [&a, &b] {
            validator.acquire(context, &tried(map));
            validator.release(context, map, None);
        }
        assert!(acquire(validator.published(), context, &tried(&b)) && release(validator.published(), context, &b));
        validator.acquire(context, &tried(&full));
        assert!(!acquire(validator.published(), context, &tried(&b)), "its hold is to be marked");
        validator.acquire(context, &tried(&b));
        assert!(context.own().all(|hold| !hold.is_chained()) && context.depth() == 2);
    }
}
