//! What the search for a deadlock asks of a context on another CPU (feature `watch`): its wait, whom it interrupted, and
//! its hold of one lock with the place of that hold, which decides how certain it is.
//!
//! Invariant: what is read of a context that is in one wait before and after is what it has had since that wait began,
//! apart from what is [above the awaited hold](Place::SinceTheWait).
//!
//! What it does not do: judge. It reads one lock's holds and not all, since this is done for many contexts under the
//! list's lock.

use super::HOLDS;
use super::foreign::Foreign;
use super::wait::{WaitView, WhoWords};
use crate::context::hold::{Hold, HoldFlags};

/// Where a hold is among those of its context, without what the context waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The newest, apart from what interrupts left over: of a context that is in no wait; or of one that waits with
    /// interrupts disabled, if they were enabled at this hold. Then the wait may be that of a scheduler, at the tail of
    /// an interrupt that came right after the hold was announced.
    Newest,
    /// It may have been taken after the wait began: by an interrupt that runs in the context of the waiter, as the
    /// scheduler does, and that will release it though the wait goes on.
    SinceTheWait,
    /// Another was announced after it, so it was acquired before; and the wait, if there is one, came later.
    Older,
}

impl Foreign<'_> {
    /// What it waits for, if anything. `None` if that changes all the time.
    pub(crate) fn wait(self) -> Option<Option<WaitView>> {
        self.0.load_published().map(|(_, wait, _)| wait)
    }

    /// Who runs in it, as last known.
    pub(crate) fn who(self) -> WhoWords {
        self.0.load_published().map_or_else(Default::default, |(_, _, who)| who)
    }

    /// The identity of the context that it interrupted, if it is an interrupt.
    pub(crate) fn interrupted(self) -> Option<usize> {
        Some(self.outline().interrupted).filter(|&address| address != 0)
    }

    /// The newest hold of this lock that is not merely waited for, the certain ones first.
    pub(crate) fn hold_of(self, instance: usize) -> Option<(Hold, Place)> {
        let newest = self.newest(HOLDS, |hold| hold.instance == instance)?;
        match self.wait().flatten() {
            Some(wait) => self.hold_of_waiter(&wait, newest),
            None => Some((newest.1, self.place_below(HOLDS, newest.0))),
        }
    }

    /// The same of a context that waits. `newest` is what it has of the lock, with its index.
    fn hold_of_waiter(self, wait: &WaitView, newest: (usize, Hold)) -> Option<(Hold, Place)> {
        let is_awaited = |hold: &Hold| wait.is_announced && hold.instance == wait.instance();
        // Without a place of the wait in the stack, nobody knows what came after it began.
        let Some((awaited, announced)) = self.newest(HOLDS, is_awaited) else {
            return Some((newest.1, Place::SinceTheWait));
        };
        let instance = newest.1.instance;
        match self.newest(awaited, |hold| hold.instance == instance) {
            Some((index, hold)) if hold.irqs_on() && !announced.irqs_on() => {
                Some((hold, self.place_below(awaited, index)))
            }
            Some((_, hold)) => Some((hold, Place::Older)),
            None if newest.0 == awaited => None,
            None => Some((newest.1, Place::SinceTheWait)),
        }
    }

    /// The place of the hold at `index` among those below another index.
    fn place_below(self, end: usize, index: usize) -> Place {
        let left_over = HoldFlags::UNCHECKED.union(HoldFlags::UNCHAINED);
        match self.newest(end, |hold| !hold.flags.contains(left_over)) {
            Some((top, _)) if index < top => Place::Older,
            _ => Place::Newest,
        }
    }

    /// The newest hold below an index that is one of those.
    fn newest(self, end: usize, is: impl Fn(&Hold) -> bool) -> Option<(usize, Hold)> {
        let outline = self.outline();
        let (height, hole) = (outline.gate.depth().min(end), outline.gate.hole(outline.hole));
        let slots = (0..height).rev().filter(|&index| index != hole);
        slots.filter_map(|index| Some((index, self.0.load_hold(index)?))).find(|(_, hold)| is(hold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::context::wait::{WaitKind, WaitRecord};

    const ON: HoldFlags = HoldFlags::IRQS_ON;
    const OFF: HoldFlags = HoldFlags::empty();

    fn hold(instance: usize, flags: HoldFlags) -> Hold {
        Hold { instance, count: 1, flags, ..Hold::EMPTY }
    }

    fn context(holds: &[Hold]) -> Context {
        let context = Context::new();
        holds.iter().for_each(|hold| assert!(context.push(*hold)));
        context
    }

    fn place(context: &Context, instance: usize) -> Option<Place> {
        Foreign::new(context).hold_of(instance).map(|(_, place)| place)
    }

    #[test]
    fn the_newest_hold_of_one_that_runs_may_be_announced_only() {
        let left_over = HoldFlags::UNCHECKED | HoldFlags::UNCHAINED;
        let context = context(&[hold(2, ON), hold(4, ON), hold(6, left_over)]);
        assert_eq!(
            [2, 4, 6, 8].map(|lock| place(&context, lock)),
            [Some(Place::Older), Some(Place::Newest), Some(Place::Newest), None]
        );
    }

    #[test]
    fn the_place_of_a_waiters_hold_is_that_to_the_lock_that_it_waits_for() {
        let awaited = hold(6, ON);
        let context = context(&[hold(2, ON), hold(4, ON), awaited, hold(8, OFF), hold(2, OFF)]);
        context.begin_wait(&WaitRecord::announced(awaited, WaitKind::Lock, 0), [0; 6]);
        assert_eq!(
            [2, 4, 6, 8].map(|lock| place(&context, lock)),
            [Some(Place::Older), Some(Place::Older), None, Some(Place::SinceTheWait)]
        );
        context.end_wait();
        context.begin_wait(&WaitRecord::unannounced(awaited, WaitKind::Lock, 0), [0; 6]);
        assert_eq!([2, 6].map(|lock| place(&context, lock)), [Some(Place::SinceTheWait); 2], "its place is unknown");
    }

    #[test]
    fn a_lock_that_is_held_and_waited_for_again_is_held() {
        let context = context(&[hold(2, OFF), hold(2, OFF)]);
        context.begin_wait(&WaitRecord::announced(hold(2, OFF), WaitKind::Lock, 0), [0; 6]);
        assert_eq!(place(&context, 2), Some(Place::Older));
    }

    #[test]
    fn the_hold_below_a_wait_with_interrupts_off_may_be_announced_only() {
        for (below, awaited, newest) in [(ON, OFF, Place::Newest), (ON, ON, Place::Older), (OFF, OFF, Place::Older)] {
            let context = context(&[hold(2, ON), hold(4, below), hold(6, awaited)]);
            context.begin_wait(&WaitRecord::announced(hold(6, awaited), WaitKind::Lock, 0), [0; 6]);
            assert_eq!((place(&context, 2), place(&context, 4)), (Some(Place::Older), Some(newest)));
        }
    }
}
