//! The fast path: an acquisition that repeats what was seen before, without the internal lock.
//!
//! Three questions, all answered by reading. Is the class known, with every usage bit that this acquisition would set?
//! Is the chain (what is held in the run, and this lock) one that was checked? Does an interrupted context hold something
//! of this class? If the answers are yes, yes, no, the hold is pushed, and that is all. Everything else is slow.
//!
//! Why this is enough: a known chain says that its dependencies are in the graph, that its wait types are allowed in a
//! context of this limit, and that no hold of the run conflicts with the new one; usage and interrupted holds are what it
//! does not say. (In full: `docs/exactness.md`.)
//!
//! Invariant: nothing shared is written here. What is written is the context, which belongs to the one who runs.
//!
//! [`acquire`], `Context::pop`, [`irqs_on`] and [`irqs_off`] are inlined into the entry points; `second` is what they hand
//! over to before the internal lock is taken.

use crate::chain;
use crate::class::{LockMap, Subclass};
use crate::context::Context;
use crate::held::Hold;
use crate::mode::Mode;
use crate::site::Site;
use crate::trail::Since;
use crate::validator::Seen;

/// Takes the lock if nothing about it is new; says whether it did. `since`: when its hold begins, for the statistics.
#[inline(always)]
pub(crate) fn acquire(
    seen: Seen<'_>,
    context: &Context,
    map: &LockMap,
    mode: Mode,
    site: Site,
    irqs_on: bool,
    since: impl FnOnce() -> Since,
) -> bool {
    let Some(place) = context.free_place(irqs_on) else {
        return false;
    };
    let id = map.hint(Subclass::ZERO);
    if !seen.classes.is_marked(id, context.marks(irqs_on).for_mode(mode)) {
        return false;
    }
    let traits = Hold::traits(map, mode, irqs_on);
    let key = chain::extend(place.below.get(), id, traits);
    if !seen.chains.is_at_home(key) {
        return false;
    }
    place.fill(key, site, map.instance(), id.slot(), traits);
    place.begin(since());
    context.show();
    true
}

/// Lets the lock go if it is the one that was taken last, once, and nothing is held below; says whether it did.
#[inline(always)]
pub(crate) fn release(context: &Context, map: &LockMap) -> bool {
    context.pop(map.instance())
}

/// Hard interrupts will be enabled: that is all there is to it where nothing is held. Says whether it was.
#[inline(always)]
pub(crate) fn irqs_on(context: &Context, site: Site) -> bool {
    context.free_irqs_on(site)
}

/// Hard interrupts were disabled: that is all there is to it, unless they were off or the validator is at work. Says
/// whether it was.
#[inline(always)]
pub(crate) fn irqs_off(context: &Context, site: Site) -> bool {
    context.free_irqs_off(site)
}
