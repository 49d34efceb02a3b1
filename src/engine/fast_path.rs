//! The fast path: an acquisition that repeats what was seen before, without the internal lock.
//!
//! It asks three questions, and only reads to answer them. Is the class known, with every usage bit that this
//! acquisition would set? Was the chain (the holds of the run, and this lock) checked? Does an interrupted context hold
//! a lock? If the answers are yes, yes, no, the hold is pushed, and that is all. Its place is put in use first and
//! filled then, since a scheduler at the tail of an interrupt may push in between (`context/mod.rs`). Everything else
//! goes to the recheck path (`recheck.rs`) and the new-chain path (`new_chain.rs`), and if it is neither, to the engine
//! under the internal lock.
//!
//! Why this is enough: if the chain is known, its dependencies are in the graph, its wait types are allowed in a
//! context of this limit, and no hold of the run conflicts with the new one. Only usage and interrupted holds are not
//! covered by it. (In full: `docs/exactness.md`.)
//!
//! Invariant: nothing shared is written here, only the context, which belongs to the running CPU.
//!
//! What it does not do: it handles no try-lock, no nesting level, no nest lock and no unchecked lock, and it never
//! disables interrupts.
//!
//! What it costs, in instructions of x86-64 and aarch64, for a lock that is taken exclusively (Debian's rustc 1.96, the
//! port of the demonstration kernel; `cargo xtask bench` counts the sum):
//!
//! | what | x86-64 | aarch64 |
//! | --- | --- | --- |
//! | both calls, their arguments, registers that the caller saves for them | 8 | 11 |
//! | acquire: the context of this CPU | 1 | 1 |
//! | … the machine's interrupt flag | 3 | 1 |
//! | … the gate: the flag is as recorded, there is room, no interrupted hold, lockdep is idle | 8 | 7 |
//! | … the id that the lock remembers, within the table | 4 | 4 |
//! | … the class: generation and all usage bits, one comparison | 6 | 10 |
//! | … the key: that of the holds below, and the id, multiplied once | 6 | 9 |
//! | … the chain is in the set, in its first slot | 5 | 5 |
//! | … the place is in use and being filled; key, site, instance, class, flags; filled; return | 12 | 17 |
//! | release: the context; the top of the stack is this lock, taken once; one less; return | 12 | 12 |
//! | in all | 65 | 77 |

use crate::context::Context;
use crate::context::chain_key;
use crate::context::hold::{Ended, Hold, HoldFlags};
use crate::engine::Published;
use crate::graph::chain_cache;
use crate::lock::class::Subclass;
use crate::lock::last_holder::Since;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;

/// Acquires the lock if everything about it is already known. Returns whether it did. `since` gives the time at which
/// the hold begins.
#[inline(always)]
pub(crate) fn acquire(
    published: Published<'_>,
    context: &Context,
    map: &LockMap,
    mode: Mode,
    site: Site,
    irqs: Irqs,
    since: impl FnOnce() -> Since,
) -> bool {
    let Some(place) = context.free_place(irqs) else {
        return false;
    };
    let id = map.hint(Subclass::ZERO);
    let mask = context.usage_mask(irqs).for_mode(mode);
    if !published.classes.is_marked(id, mask) {
        return false;
    }
    let (below, flags) = (place.below.get(), HoldFlags::of_mode(mode));
    let key = chain_key::extend(below, id, flags);
    if !published.chains.is_at_home(key, chain_cache::witness(below, id, flags)) {
        return false;
    }
    let since = since();
    context.begin_one();
    place.fill(key, site, map.instance(), id.slot(), Hold::flags(map, mode, mask), since);
    context.end_one();
    true
}

/// Releases the lock if it was taken last, once, and no interrupted context holds a lock. If it did, returns what the
/// statistics need of the hold.
#[inline(always)]
pub(crate) fn release(context: &Context, map: &LockMap) -> Option<Ended> {
    context.pop(map.instance())
}

/// Records that hard interrupts will be enabled, if nothing is held. Returns whether it did.
#[inline(always)]
pub(crate) fn irqs_on(context: &Context, site: Site) -> bool {
    context.free_irqs_on(site)
}

/// Records that hard interrupts were disabled, unless they were off or this is inside lockdep itself. Returns whether
/// it did.
#[inline(always)]
pub(crate) fn irqs_off(context: &Context, site: Site) -> bool {
    context.free_irqs_off(site)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::hold::Acquire;
    use crate::engine::validator::Validator;
    use crate::lock::wait_type::WaitTypes;

    #[test]
    fn what_repeats_is_fast_in_every_mode() {
        let mut validator = Validator::<8, 8, 4096>::new();
        let context: &Context = Box::leak(Box::new(Context::new()));
        let modes = [("w", Mode::WRITE), ("r", Mode::READ), ("rr", Mode::RECURSIVE_READ), ("u", Mode::UPGRADEABLE)];
        for (name, mode) in modes {
            let map = LockMap::named(name, WaitTypes::SPIN);
            let here = Site::caller();
            assert!(
                !acquire(validator.published(), context, &map, mode, here, Irqs::On, || Since::UNKNOWN),
                "the first time"
            );
            validator.acquire(context, &Acquire::new(&map, mode, here));
            let slow = context.hold(0);
            assert!(release(context, &map).is_some());
            assert!(
                !acquire(validator.published(), context, &map, mode, here, Irqs::Off, || Since::UNKNOWN),
                "the machine's flag is another"
            );
            assert!(acquire(validator.published(), context, &map, mode, here, Irqs::On, || Since::UNKNOWN));
            assert_eq!(format!("{:?}", context.hold(0)), format!("{slow:?}"), "the same hold");
            assert!(release(context, &map).is_some() && release(context, &map).is_none());
        }
    }

    #[test]
    fn what_the_gate_is_for_stays_out() {
        let mut validator = Validator::<8, 8, 64>::new();
        let leak = || -> &'static Context { Box::leak(Box::new(Context::new())) };
        let (task, irq) = (leak(), leak());
        let map = LockMap::named("a", WaitTypes::SPIN);
        let other = LockMap::named("b", WaitTypes::SPIN);
        let here = Site::caller();
        for map in [&other, &map] {
            validator.acquire(task, &Acquire::new(map, Mode::WRITE, here));
            validator.release(task, map, None);
        }
        task.enter_lockdep();
        assert!(
            !acquire(validator.published(), task, &map, Mode::WRITE, here, Irqs::On, || Since::UNKNOWN),
            "running inside lockdep"
        );
        assert!(!irqs_off(task, here) && task.irqs_on(), "running inside lockdep, the flag stays");
        task.leave_lockdep();
        assert!(irqs_off(task, here) && !irqs_off(task, here) && !task.irqs_on());
        assert!(irqs_on(task, here) && !irqs_on(task, here) && task.irqs_on());
        validator.acquire(task, &Acquire::new(&map, Mode::WRITE, here));
        assert!(irqs_off(task, here) && !irqs_on(task, here), "something is held");
        irq.enter(crate::context::Level::Hardirq, task, here);
        assert!(!irqs_on(irq, here), "something is held below");
        validator.acquire(irq, &Acquire::new(&other, Mode::WRITE, here));
        assert!(release(irq, &other).is_none(), "for the recheck path");
    }
}
