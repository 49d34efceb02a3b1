//! Release on the full path, and what else ends a hold or changes its mode: hand-over, take-over, downgrade.
//!
//! Invariant: the holds above a released one are acquired again, in the present context, so that what they would have
//! found without it is found now.
//!
//! What it does not do: releases that change nothing for the holds above (`fast_path.rs`, `recheck.rs`), and locks that
//! are dropped while held (`mod.rs`).

use crate::context::hold::{Acquire, Hold, NO_SLOT};
use crate::context::{Context, HOLDS};
use crate::engine::Engine;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::report::Reacquired;
use crate::report::kind::Kind;
use crate::rules;

impl Engine<'_> {
    /// Releases a lock: section 8. The holds above it are acquired again.
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
        self.reacquire(context, stack, index, index + 1, site);
    }

    /// Releases a lock that is not recorded as held. That is right if it was handed over or found no room, once for
    /// each time that it did.
    fn release_unheld(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        if !map.clear_handed_over() && !context.forget_lost() {
            let (_, class) = self.find(context, map);
            self.report_not_held(context, map, class, site, "release");
        }
    }

    /// Hands a lock over: another context will release it. It is no longer held by this one, as after a release.
    pub fn hand_over(&mut self, context: &Context, map: &LockMap, site: Site) {
        self.release(context, map, Some(site));
        map.set_handed_over();
    }

    /// Takes a lock over that another context handed over: it is held by this one now. It was not waited for, so no
    /// dependency leads to it.
    pub fn take_over(&mut self, context: &Context, map: &LockMap, mode: Mode, site: Site) {
        if !map.clear_handed_over() {
            self.wrong(context, Kind::Assertion, "take_over: nobody handed the lock over", Some(map), Some(site));
        }
        self.acquire(context, &Acquire { tried: true, ..Acquire::new(map, mode, site) });
    }

    /// Makes an exclusive hold one of `mode`, a reader's. Like a release, but the hold itself is the first to be
    /// acquired again.
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
        self.reacquire(context, stack, index, index, site);
    }

    /// The hold that a release of the lock is for, and the slot of the lock's class.
    pub(crate) fn find<'c>(&self, context: &'c Context, map: &LockMap) -> (Option<(&'c Context, usize)>, u16) {
        let class = self.graph.classes.find(self.published.classes, map, Subclass::ZERO).unwrap_or(NO_SLOT);
        (rules::unbalanced::find(context, map, class), class)
    }

    /// Acquires the holds above again, in the present context: those of `stack` from `keep` on, then those of the
    /// contexts above it. The holds of `stack` from `from` to `keep` are removed.
    fn reacquire(&mut self, context: &Context, stack: &Context, from: usize, keep: usize, site: Option<Site>) {
        let acquired = stack.hold(from).and_then(|hold| hold.site);
        self.reacquired = Some(Reacquired { released: site, acquired });
        if context.is_same(stack) || context.is_all_empty_above(stack) {
            self.reacquire_stack(context, stack, from, keep);
        } else {
            self.reacquire_stacks(context, stack, from, keep);
        }
        self.reacquired = None;
    }

    /// The same, if all these holds are in one stack, which may be the present context's. A hold is read before its
    /// place is written, since a hold that is acquired again is never higher than it was.
    fn reacquire_stack(&mut self, context: &Context, stack: &Context, from: usize, keep: usize) {
        let above = stack.height();
        stack.truncate(from);
        context.reseed_above(stack);
        for index in keep..above {
            if let Some(hold) = stack.taken_off(index) {
                self.take(context, hold);
            }
        }
    }

    /// The same, if they are in several stacks: an interrupt that continues the run of another context releases a lock
    /// of that one. The present context's own holds end up above those from below, so all are copied out first.
    #[inline(never)]
    fn reacquire_stacks(&mut self, context: &Context, stack: &Context, from: usize, keep: usize) {
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
}
