//! The second way: events that are not for the fast path, and are nothing new all the same. Without the internal lock.
//!
//! What the fast path asks in a few comparisons is asked here in general: of locks that were tried, of unchecked ones, of
//! nesting levels, in interrupts that came upon a holder, of chains that do not stand where they are looked for first; of
//! releases out of order; of flags that are turned on over holds that are marked already.
//!
//! Invariant: nothing shared is written. Each function says yes only where the slow path would change the context as is
//! done here, and nothing else: no usage bit, no class, no dependency, no chain, no report.

use crate::context::chain_key;
use crate::context::hold::{Acquire, Hold, NO_SLOT};
use crate::context::{Context, HOLDS};
use crate::engine::Published;
use crate::graph::chain_cache;
use crate::lock::class::ClassId;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::{Usage, UsageMask, UsageState};
use crate::rules;

/// Takes the lock, however it is taken, if nothing about it is new; says whether it did. A nest lock is the slow path's: it
/// must be found, and holds may merge.
pub(crate) fn acquire(published: Published<'_>, context: &Context, what: &Acquire<'_>) -> bool {
    let id = what.map.hint(what.subclass);
    if context.is_unchecked() || what.nest.is_some() || id == ClassId::NONE || context.height() == HOLDS {
        return false;
    }
    if !context.is_exact() {
        return false;
    }
    let mut hold = Hold::begin(what, context.irqs_on());
    hold.class = id.slot();
    let Some(key) = known(published, context, context.key(), id, &hold) else {
        return false;
    };
    hold.key = key;
    context.push(hold)
}

/// The key of a hold over what `below` stands for, if nothing about it is new. What of the slow path's steps there is:
///
/// - Usage: the same bits, which are all set.
/// - Wait types and recursion in the run: what is waited for and checked is settled by the chain; a try-lock is not asked;
///   an unchecked hold is asked for its wait type alone.
/// - Recursion over interrupted contexts: as on the slow path.
/// - Over a hold that is not chained no chain is known, and a hold that needs none would have to be marked.
fn known(published: Published<'_>, context: &Context, below: u64, id: ClassId, hold: &Hold) -> Option<u64> {
    let mut marks = context.marks(hold.irqs_on());
    if hold.tried() {
        marks &= Usage::ENABLED;
    }
    if !hold.checked() {
        marks = Usage::empty();
    }
    if !published.classes.is_marked(id, UsageMask::new(marks.for_mode(hold.mode()), hold.irqs_on())) {
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

/// Whether an interrupted context holds what blocks this lock, or may: a hold without a slot is not told apart here.
fn is_held_below(context: &Context, new: &Hold) -> bool {
    let below = context.outwards().skip(1).flat_map(Context::own);
    context.interrupted_holder()
        && below
            .into_iter()
            .any(|hold| hold.class == NO_SLOT || hold.same_class(new) && new.mode().is_blocked_by(hold.mode()))
}

/// Lets the lock go if what stands above it may stand as it does, as if taken again, and nothing is new about that; says
/// whether it did. With interrupts disabled, since holds move.
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

/// Whether the hold is taken once, and no hold above is nested or stands for several; nothing is held below, and all keys
/// of the run say what they should.
fn is_plain(context: &Context, index: usize) -> bool {
    let once = |hold: &Hold| hold.count == 1 && !hold.nested() && !hold.merged() && hold.class != NO_SLOT;
    context.own().skip(index).all(|hold| once(&hold))
        && context.run().all(|hold| hold.is_chained())
        && !context.interrupted_holder()
}

/// Takes a hold out; those above it move down, with the keys that they have there.
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

/// Hard interrupts will be enabled over holds that are all marked; says whether they are.
pub(crate) fn irqs_on(published: Published<'_>, context: &Context, site: Site) -> bool {
    let marked = are_marked_for_irqs(published, context, context.softirqs_on());
    if marked {
        context.set_irqs(true, Some(site));
    }
    marked
}

/// Softirqs will be enabled over holds that are all marked, or where interrupts are off; says whether it is so.
pub(crate) fn softirqs_on(published: Published<'_>, context: &Context, site: Site) -> bool {
    let marked = !context.irqs_on() || are_marked(published, context, UsageState::Softirq);
    if marked && !context.softirqs_on() {
        context.set_softirqs(true, Some(site));
    }
    marked
}

/// An interrupt ends that leaves nothing held; what it came upon is marked for the flag that it restores. Returns the
/// context below, or nothing if it is not so.
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
        Some(UsageState::Hardirq) if !outer.irqs_on() => outer.set_irqs(true, Some(site)),
        Some(UsageState::Softirq) if !outer.softirqs_on() => outer.set_softirqs(true, Some(site)),
        _ => {}
    }
    Some(outer)
}

/// Whether all that is held is marked as held with hard interrupts enabled, and with softirqs if they are.
fn are_marked_for_irqs(published: Published<'_>, context: &Context, softirqs_on: bool) -> bool {
    are_marked(published, context, UsageState::Hardirq)
        && (!softirqs_on || are_marked(published, context, UsageState::Softirq))
}

/// Whether all that is held and checked is marked as held with `state` enabled. What has no slot is not.
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
