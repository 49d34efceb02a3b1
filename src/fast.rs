//! The fast path: an acquisition that repeats what was seen before, without the internal lock.
//!
//! Three questions, all answered by reading. Is the class known, with every usage bit that this acquisition would set?
//! Is the chain (what is held in the run, and this lock) one that was checked? Does an interrupted context hold something
//! of this class? If the answers are yes, yes, no, the hold is pushed, and that is all. Everything else is slow.
//!
//! Why this is enough: a known chain says that its dependencies are in the graph, that its wait types are allowed in a
//! context of this limit, and that no hold of the run conflicts with the new one; usage and interrupted holds are what it
//! does not say. An acquisition that is tried, unchecked or nested never asks.
//!
//! Invariant: nothing shared is written here.

use crate::chain;
use crate::context::Context;
use crate::held::{Acquire, Hold};
use crate::mode::Mode;
use crate::trail::Since;
use crate::validator::Seen;

/// Takes the lock if nothing about it is new; says whether it did. `since`: when its hold begins, for the statistics.
#[inline(always)]
pub(crate) fn acquire(seen: Seen<'_>, context: &Context, what: &Acquire<'_>, since: Since) -> bool {
    let map = what.map;
    let id = map.hint(what.subclass);
    let marks = context.marks().for_mode(what.mode);
    if context.is_unchecked()
        || what.tried
        || !what.checked
        || what.nest.is_some()
        || !seen.classes.is_marked(id, marks)
    {
        return false;
    }
    let traits = Hold::traits(what.mode, map.waits(), !context.irqs_on());
    let key = chain::extend(context.key(), id, traits);
    if !seen.chains.contains(key) {
        return false;
    }
    if context.interrupted_holder() && is_held_below(context, id.slot(), what.mode) {
        return false;
    }
    context.push(Hold {
        key,
        site: Some(what.site),
        instance: map.instance(),
        class: id.slot(),
        count: 1,
        traits,
        since,
        ..Hold::EMPTY
    });
    true
}

/// Whether an interrupted context holds what blocks this lock.
fn is_held_below(context: &Context, class: u16, mode: Mode) -> bool {
    context.all().any(|hold| hold.class == class && mode.is_blocked_by(hold.mode()))
}
