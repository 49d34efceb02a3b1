//! Claims about locks and contexts: that memory is freed, that a task ends, that something may sleep, that a lock is
//! held.
//!
//! Invariant: none of this changes what is recorded as held, apart from pins and from the mark of a hold that was
//! reported as too long.
//!
//! What it does not do: statements about interrupt flags are checked by the runtime, which sees the machine's flag.

use crate::context::Context;
use crate::context::hold::{Hold, NO_SLOT};
use crate::engine::Engine;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::report::kind::Kind;
use crate::rules;

/// What can be claimed of a lock or a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The lock is held.
    Held,
    /// It is held for reading.
    HeldRead,
    /// It is held exclusively.
    HeldWrite,
    /// It is not held.
    NotHeld,
}

impl Engine<'_> {
    /// The memory of a lock is freed. `site` is `None` in a drop, which has no line.
    pub fn free(&mut self, context: &Context, map: &LockMap, site: Option<Site>) {
        self.looks_for(Kind::HeldFreed);
        if let Some(held) = rules::ends::freed(context, map.instance()) {
            self.report_held(context, Kind::HeldFreed, &held, site);
        }
    }

    /// A task ends.
    pub fn task_exit(&mut self, context: &Context, site: Site) {
        self.looks_for(Kind::HeldAtExit);
        if let Some(held) = rules::ends::left_by_task(context) {
            self.report_held(context, Kind::HeldAtExit, &held, Some(site));
        }
    }

    /// The context of a task is dropped.
    pub(crate) fn task_gone(&mut self, gone: &Context) {
        self.looks_for(Kind::HeldAtExit);
        if let Some(held) = rules::ends::left_by_task(gone) {
            self.report_held(gone, Kind::HeldAtExit, &held, None);
        }
    }

    /// A task returns to user mode.
    pub fn user_return(&mut self, context: &Context, site: Site) {
        self.looks_for(Kind::HeldToUser);
        if let Some(held) = rules::ends::left_by_task(context) {
            self.report_held(context, Kind::HeldToUser, &held, Some(site));
        }
    }

    /// A point that may sleep.
    pub fn might_sleep(&mut self, context: &Context, site: Site) {
        self.looks_for(Kind::SleepAtomic);
        if rules::sleep_atomic::is_atomic(context) {
            self.report(context, Kind::SleepAtomic, Some(site), |_, _| {});
        }
    }

    /// A lock that sleeps is waited for: Linux's `mutex_lock` calls `might_sleep`.
    pub fn wait_asleep(&mut self, context: &Context, site: Site) {
        self.looks_for(Kind::SleepAtomic);
        if rules::sleep_atomic::is_barred_by_a_flag(context) {
            self.report(context, Kind::SleepAtomic, Some(site), |_, _| {});
        }
    }

    /// Reports each hold of this context, and of those that it interrupted, that has lasted longer than its class
    /// allows at `now`, in the port's time. Each is reported once, and not again at its end. A lock that is waited for
    /// is not held.
    pub fn check_holds(&mut self, context: &Context, now: u64, site: Site) {
        for stack in context.outwards() {
            for index in 0..stack.height() {
                let limited = |hold: &Hold| hold.is_limited() && hold.since.is_known();
                let Some(hold) = stack.hold(index).filter(limited) else { continue };
                let overheld = self.graph.classes.get(hold.class).limit.overheld(hold.since.until(now));
                if overheld.length_and_limit().is_some() {
                    stack.set_hold(index, hold.excused());
                    self.report_overheld(context, &hold, overheld, Some(site));
                }
            }
        }
    }

    /// Reports something that the caller found: an assertion does not hold, a protocol is broken. `note` says what, in
    /// a few words.
    pub fn wrong(
        &mut self,
        context: &Context,
        kind: Kind,
        note: &'static str,
        map: Option<&LockMap>,
        site: Option<Site>,
    ) {
        let class =
            map.and_then(|map| self.graph.classes.find(self.published.classes, map, Subclass::ZERO)).unwrap_or(NO_SLOT);
        self.report_wrong(context, kind, note, map.map(|map| (map, class)), site);
    }

    /// Checks a claim about a lock, and reports if it is wrong.
    pub fn claim(&mut self, context: &Context, claim: Claim, map: &LockMap, site: Site) {
        self.looks_for(Kind::Assertion);
        let held = context.all().find(|hold| hold.instance == map.instance());
        let shared = held.map(|hold| hold.mode().shared);
        let lost = context.has_lost() && shared.is_none();
        let (is_so, note) = match claim {
            _ if lost => return,
            Claim::Held => (shared.is_some(), "assert_held: the lock is not held"),
            Claim::HeldRead => (shared == Some(true), "assert_held_read: the lock is not held for reading"),
            Claim::HeldWrite => (shared == Some(false), "assert_held_write: the lock is not held exclusively"),
            Claim::NotHeld => (shared.is_none(), "assert_not_held: the lock is held"),
        };
        if !is_so {
            self.wrong(context, Kind::Assertion, note, Some(map), Some(site));
        }
    }

    /// Pins a hold, or takes a pin off. The release of a pinned hold is reported. Linux's `lock_pin_lock`.
    pub fn pin(&mut self, context: &Context, map: &LockMap, more: bool, site: Site) {
        self.looks_for(Kind::Assertion);
        let found = context.find(|hold| hold.instance == map.instance());
        let hold = found.and_then(|(stack, index)| Some((stack, index, stack.hold(index)?)));
        let note = match (hold, more) {
            (Some((stack, index, mut hold)), more) => {
                let done = if more { hold.pin() } else { hold.unpin() };
                stack.set_hold(index, hold);
                match (done, more) {
                    (true, _) => return,
                    (false, true) => "pinning a lock too often: 15 pins are counted",
                    (false, false) => "unpinning an unpinned lock",
                }
            }
            (None, true) => "pinning an unheld lock",
            (None, false) => "unpinning an unheld lock",
        };
        self.wrong(context, Kind::Assertion, note, Some(map), Some(site));
    }
}
