//! The fingerprint of a finding: the id of a report, the two places that it is between, and the cause that it shares
//! with other findings.
//!
//! Invariant: all of them are computed from classes and lines of the report, and from nothing that differs from boot to
//! boot or from machine to machine: no address, slot, task, CPU or directory. The dependencies of a cycle are added up,
//! since any of them may be the one that closes it. What it does not do: remember findings; that is
//! `engine/findings.rs`.

use crate::lock::site::{self, Site};
use crate::report::blame::{self, Atomic};
use crate::report::kind::Kind;
use crate::report::policy::FindingId;
use crate::report::{ClassView, LockView, Report};

/// What several findings have in common: one change fixes all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cause(u32);

impl Cause {
    /// A cause that no other finding shares.
    pub(crate) const OWN: Cause = Cause(0);

    /// The cause that locks of this class are held at `site` in a way that they must not be.
    pub(crate) fn of(class: &ClassView, site: Option<Site>) -> Cause {
        let key = lock_key(class, site);
        Cause((key >> 32) as u32 | 1)
    }
}

impl Report {
    /// The two places that the finding is between: a change of either fixes it. Twice the same if there is only one.
    ///
    /// The drop of a guard has no line. If nothing else is known, the place is where the lock is constructed.
    pub fn ends(&self) -> [Option<Site>; 2] {
        let [lock, held] = [&self.lock, &self.held_lock].map(site_of);
        let ends = match self.kind() {
            // In both orders of events these are the same two: where this lock was waited for, and where the held one
            // was.
            Kind::Circular => [lock, self.path.steps.last().and_then(|step| step.to_site)],
            Kind::Recursive => [lock, held],
            Kind::Inconsistent | Kind::IrqOrder | Kind::IrqInversion => {
                [self.usage.and_then(|usage| usage.used_site), self.usage.and_then(|usage| usage.enabled_site)]
            }
            Kind::WaitContext => [lock, blame::limiting(self).and_then(|held| held.site)],
            Kind::Unbalanced => [self.site.or(lock), blame::outside(self).and_then(|held| held.site)],
            Kind::HeldFreed | Kind::HeldAtExit | Kind::HeldToUser | Kind::HoldLimit => [lock, self.site],
            Kind::SleepAtomic => [self.site, barrier(self)],
            Kind::NestNotHeld => [lock, None],
            Kind::Deadlock => self.outermost_waits(),
            Kind::HungTask => [lock.or(self.held_by(0).last().and_then(|held| held.site)), held],
            Kind::Assertion | Kind::Rcu | Kind::IrqsState | Kind::WwMisuse => [self.site, None],
        };
        let known = [ends[0].or(ends[1]), ends[1].or(ends[0])];
        known.map(|end| end.or(self.site).or(constructed(&self.lock)).or(constructed(&self.held_lock)))
    }

    /// Computes the id, after all other fields are written.
    pub(crate) fn identify(&self) -> FindingId {
        let steps = self.path.steps.iter().chain(&self.path_to_held.steps);
        let steps = steps.map(|step| dependency((&step.from, step.from_site), (&step.to, step.to_site)));
        let closing = self.held_lock.zip(self.lock);
        let closing = closing.map(|(held, new)| dependency((&held.class, held.site), (&new.class, new.site)));
        let graph = steps.chain(closing).fold(self.kind() as u64, u64::wrapping_add);
        let is_path = matches!(self.kind(), Kind::Circular | Kind::IrqOrder | Kind::IrqInversion | Kind::Inconsistent);
        let rest = match self.kind() {
            _ if is_path => self.usage_key(),
            kind if kind.is_hang() => return FindingId(fold(self.hang_key(), kind as u64)),
            _ => self.own_key(),
        };
        FindingId(fold(fold(graph, self.kind() as u64), rest))
    }

    /// The conflict of two usage bits, in whichever order they were set.
    fn usage_key(&self) -> u64 {
        self.usage.map_or(0, |usage| {
            let used = fold(lock_key(&usage.used_class, usage.used_site), usage.used.bits().into());
            let enabled = fold(lock_key(&usage.enabled_class, usage.enabled_site), usage.enabled.bits().into());
            fold(used, enabled)
        })
    }

    /// For a deadlock the waits of all its contexts, whichever comes first. Otherwise the wait of the first one, and the
    /// hold that it waits for; of one that does not wait, what it holds, or its name.
    fn hang_key(&self) -> u64 {
        let key = |lock: &LockView| lock_key(&lock.class, lock.site);
        let waits = self.hang.parties().iter().filter_map(|party| party.waits_for.as_ref()).map(key);
        match (self.kind(), &self.lock, self.held_by(0).last()) {
            (Kind::Deadlock, ..) => waits.fold(0, u64::wrapping_add),
            (_, Some(lock), _) => fold(key(lock), self.held_lock.as_ref().map_or(0, key)),
            (_, None, Some(held)) => key(held),
            (_, None, None) => site::hash_bytes(self.who().task.as_str().as_bytes()),
        }
    }

    /// Of the lines at which the contexts of a deadlock wait, two that are the same whichever comes first.
    fn outermost_waits(&self) -> [Option<Site>; 2] {
        let sites = || self.hang.parties().iter().filter_map(|party| party.waits_for.and_then(|lock| lock.site));
        [sites().min_by_key(|site| site.hash()), sites().max_by_key(|site| site.hash())]
    }

    /// The lock, the place and the note, for kinds that concern one event.
    fn own_key(&self) -> u64 {
        let lock = self.lock.map_or(0, |lock| lock_key(&lock.class, lock.site));
        let note = self.note.map_or(0, |note| site::hash_bytes(note.as_bytes()));
        let ends = self.ends().into_iter().fold(0, |key, end| fold(key, site_key(end)));
        fold(fold(fold(lock, site_key(self.site)), note), ends)
    }
}

fn site_of(lock: &Option<LockView>) -> Option<Site> {
    lock.as_ref().and_then(|lock| lock.site)
}

/// Where the locks of a class are constructed.
fn constructed(lock: &Option<LockView>) -> Option<Site> {
    lock.as_ref().and_then(|lock| lock.class.site)
}

/// Where the state began that forbids the sleep.
fn barrier(report: &Report) -> Option<Site> {
    match blame::atomic(report) {
        Atomic::Held(held) => held.site,
        Atomic::IrqsOff => report.toggles.irqs_off,
        Atomic::SoftirqsOff => report.toggles.softirqs_off,
        Atomic::Interrupt | Atomic::Unknown => None,
    }
}

fn dependency((from, from_site): (&ClassView, Option<Site>), (to, to_site): (&ClassView, Option<Site>)) -> u64 {
    fold(lock_key(from, from_site), lock_key(to, to_site))
}

fn lock_key(class: &ClassView, site: Option<Site>) -> u64 {
    let name = class.name.map_or(0, |name| site::hash_bytes(name.as_bytes()));
    fold(fold(fold(name, site_key(class.site)), class.subclass.get().into()), site_key(site))
}

fn site_key(site: Option<Site>) -> u64 {
    site.map_or(0, Site::hash)
}

/// One multiplication to 128 bits, folded, of words of full width. The order of the words counts, unlike in a chain
/// key, whose words are short.
const fn fold(key: u64, word: u64) -> u64 {
    let wide = (key ^ word.wrapping_mul(0x9e37_79b9_7f4a_7c15)) as u128 * 0xd6e8_feb8_6659_fd93_u128;
    ((wide >> 64) as u64 ^ wide as u64) | 1
}
