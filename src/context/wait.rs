//! What a context tells all CPUs about itself, beside what it holds: which lock it waits for, and who runs in it.
//!
//! A lock that must wait marks its wait here, after its first attempt failed; an acquisition that finds its lock free
//! never comes here. The lock was announced before, so the hold that it will be is in the stack already: its record says
//! what is waited for, and this one that it is not held yet.
//!
//! Invariants:
//! - The record is consistent: its number is odd while it is written, and another number afterwards. So a reader that
//!   finds one even number before and after has read one record; and a context that is in the same wait at two times has
//!   the same number at both, and was in no other wait in between.
//! - What the context held when the wait began is visible to a CPU that sees the number of that wait.
//! - Waits nest: what waits for a sleeping lock may wait for the scheduler's lock meanwhile. The outermost one is recorded,
//!   and the others are counted. What is acquired in a wait is above the hold of the awaited lock in the stack.
//! - All of this is written with interrupts disabled.
//!
//! What it does not do: find a cycle. It stores copies and numbers, and no pointer that is ever followed.

use super::Context;
use crate::context::hold::{Hold, HoldFlags};
use crate::lock::mode::Mode;
use core::sync::atomic::{Ordering, fence};

/// What ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitKind {
    /// Every holder that excludes it must release the lock: a mutex, a readers-writer lock.
    Lock,
    /// Any of several may end it: a semaphore, a condition, a completion.
    Event,
    /// It ends by itself: a time-out, a signal, or a waiter that stops, as one of a wound/wait mutex. It is in no
    /// deadlock, and is not reported when it lasts.
    Timed,
}

/// How often a reader tries again that finds a record being written.
const TRIES: usize = 16;

/// The CPU shares a word with the number of waits that are nested.
const CPU_BITS: u16 = 12;
const CPU_MASK: u16 = (1 << CPU_BITS) - 1;
/// The most nested waits that are counted: more than a scheduler needs.
const MOST_WAITS: u16 = u16::MAX >> CPU_BITS;

/// In the flags of the record: the wait is for an event.
const EVENT: HoldFlags = HoldFlags::EXCUSED;
/// In the flags of the record: it has a time-out.
const TIMED: HoldFlags = HoldFlags::TRIED;
/// In the flags of the record: no acquisition announced it, so the stack has no hold for it.
const UNANNOUNCED: HoldFlags = HoldFlags::UNCHECKED;
/// What of a hold's flags describes the lock.
const OF_LOCK: HoldFlags = HoldFlags::from_bits_retain(
    !(EVENT.bits()
        | TIMED.bits()
        | UNANNOUNCED.bits()
        | HoldFlags::NESTED.bits()
        | HoldFlags::MERGED.bits()
        | HoldFlags::UNCHAINED.bits()),
);

/// A wait, as its context records it, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WaitRecord {
    /// The lock as a hold: instance, class, site, mode and wait types. Instance 0: none is waited for.
    hold: Hold,
    since: u64,
}

impl WaitRecord {
    /// No wait.
    const NONE: WaitRecord = WaitRecord { hold: Hold::EMPTY, since: 0 };

    /// A wait for `hold`, which the stack has.
    pub(crate) fn announced(hold: Hold, kind: WaitKind, since: u64) -> WaitRecord {
        let mut record = WaitRecord::unannounced(hold, kind, since);
        record.hold.flags.remove(UNANNOUNCED);
        record
    }

    /// A wait for a lock that is described by `hold`, which is not in the stack.
    pub(crate) fn unannounced(mut hold: Hold, kind: WaitKind, since: u64) -> WaitRecord {
        hold.flags &= OF_LOCK;
        hold.flags.set(EVENT, kind == WaitKind::Event);
        hold.flags.set(TIMED, kind == WaitKind::Timed);
        hold.flags.insert(UNANNOUNCED);
        WaitRecord { hold, since }
    }
}

/// A wait as another CPU sees it: which lock, since when, and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitView {
    pub(crate) hold: Hold,
    pub(super) kind: WaitKind,
    pub(super) is_announced: bool,
    pub(super) number: u32,
    pub(super) since: u64,
}

impl WaitView {
    /// The lock: its address, or another unique number. Not to be followed.
    pub const fn instance(&self) -> usize {
        self.hold.instance
    }

    /// How it waits, and what it will exclude.
    pub const fn mode(&self) -> Mode {
        self.hold.mode()
    }

    /// The line that waits, where it is known.
    pub const fn site(&self) -> Option<crate::lock::site::Site> {
        self.hold.site
    }

    /// What ends the wait.
    pub const fn kind(&self) -> WaitKind {
        self.kind
    }

    /// Returns whether the wait sleeps: the lock's outer wait type is `sleep`.
    pub fn sleeps(&self) -> bool {
        self.hold.outer() == crate::lock::wait_type::WaitType::Sleep
    }

    /// The number of this wait in its context. The same number at two times: the context was in this one wait in
    /// between.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Since when, in the time of [`Port::now`](crate::port::Port::now).
    pub const fn since(&self) -> u64 {
        self.since
    }
}

/// Who runs in a context, as words: the name, the id, the CPU. (`report/` has the type.)
pub(crate) type WhoWords = [u32; 6];

impl Context {
    /// Begins a wait, unless it is inside another one. With interrupts disabled.
    pub(crate) fn begin_wait(&self, wait: &WaitRecord, who: WhoWords) {
        let depth = self.depth_of_waits();
        if depth == 0 {
            self.publish(|| {
                self.write_wait(wait);
                self.write_who(who);
            });
        }
        self.set_depth_of_waits((depth + 1).min(MOST_WAITS));
    }

    /// Ends a wait. With interrupts disabled.
    pub(crate) fn end_wait(&self) {
        let depth = self.depth_of_waits();
        self.set_depth_of_waits(depth.saturating_sub(1));
        if depth == 1 {
            self.publish(|| self.write_wait(&WaitRecord::NONE));
        }
    }

    /// Ends all waits, for another task.
    pub(super) fn forget_waits(&self) {
        self.set_depth_of_waits(0);
        self.publish(|| self.write_wait(&WaitRecord::NONE));
    }

    /// Records who runs in this context. With interrupts disabled.
    pub(crate) fn introduce(&self, who: WhoWords) {
        self.publish(|| self.write_who(who));
    }

    fn publish(&self, write: impl FnOnce()) {
        let number = self.number.get();
        self.number.set(number.wrapping_add(1));
        fence(Ordering::Release);
        write();
        self.number.publish(number.wrapping_add(2));
    }

    fn depth_of_waits(&self) -> u16 {
        self.stack.base().nest_class.get() >> CPU_BITS
    }

    fn set_depth_of_waits(&self, depth: u16) {
        let word = &self.stack.base().nest_class;
        word.set(word.get() & CPU_MASK | depth << CPU_BITS);
    }

    fn write_wait(&self, wait: &WaitRecord) {
        let (base, WaitRecord { hold, since }) = (self.stack.base(), wait);
        base.instance.set(hold.instance);
        base.class.set(hold.class);
        base.site.set(hold.site);
        base.flags.set(hold.flags.bits());
        self.waits_since.set(*since);
    }

    fn write_who(&self, [a, b, c, d, id, cpu]: WhoWords) {
        self.who.iter().zip([a, b, c, d, id]).for_each(|(place, word)| place.set(word));
        let (word, cpu) = (&self.stack.base().nest_class, u16::try_from(cpu).unwrap_or(CPU_MASK).min(CPU_MASK));
        word.set(word.get() & !CPU_MASK | cpu);
    }

    /// Returns the wait and who runs here, on any CPU; `None` if they are being written all the time.
    pub(super) fn load_published(&self) -> Option<(u32, Option<WaitView>, WhoWords)> {
        for _ in 0..TRIES {
            let number = self.number.load_published();
            let read = (number, self.load_wait(number), self.load_who());
            fence(Ordering::Acquire);
            if number & 1 == 0 && self.number.load() == number {
                return Some(read);
            }
            core::hint::spin_loop();
        }
        None
    }

    fn load_wait(&self, number: u32) -> Option<WaitView> {
        let base = self.stack.base();
        let flags = HoldFlags::from_bits_retain(base.flags.load());
        let kind = match () {
            () if flags.contains(EVENT) => WaitKind::Event,
            () if flags.contains(TIMED) => WaitKind::Timed,
            () => WaitKind::Lock,
        };
        let hold = Hold {
            instance: base.instance.load(),
            class: base.class.load(),
            site: base.site.load(),
            flags: flags & OF_LOCK,
            count: 1,
            ..Hold::EMPTY
        };
        let is_announced = !flags.contains(UNANNOUNCED);
        let wait = WaitView { hold, kind, is_announced, number, since: self.waits_since.load() };
        (hold.instance != 0).then_some(wait)
    }

    fn load_who(&self) -> WhoWords {
        let [a, b, c, d, id] = self.who.each_ref().map(|word| word.load());
        [a, b, c, d, id, (self.stack.base().nest_class.load() & CPU_MASK).into()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::site::Site;

    const WHO: WhoWords = [1, 2, 3, 4, 5, 6];

    fn hold(instance: usize) -> Hold {
        let flags = HoldFlags::of_mode(Mode::READ) | HoldFlags::NESTED;
        Hold { instance, class: 7, site: Some(Site::caller()), flags, count: 1, ..Hold::EMPTY }
    }

    #[test]
    fn the_outermost_wait_is_recorded_and_each_has_another_number() {
        let context = Context::new();
        let (before, none, _) = context.load_published().unwrap();
        assert_eq!(none, None);
        context.begin_wait(&WaitRecord::announced(hold(2), WaitKind::Lock, 10), WHO);
        let (first, outer, who) = context.load_published().unwrap();
        let wait = outer.unwrap();
        assert_eq!((wait.instance(), wait.mode(), wait.kind(), wait.since()), (2, Mode::READ, WaitKind::Lock, 10));
        assert_eq!((who, wait.number(), wait.hold.class, wait.is_announced), (WHO, first, 7, true));
        context.begin_wait(&WaitRecord::unannounced(hold(4), WaitKind::Timed, 11), [0; 6]);
        assert_eq!(context.load_published(), Some((first, outer, WHO)), "a wait in a wait");
        context.end_wait();
        assert_eq!(context.load_published(), Some((first, outer, WHO)));
        context.end_wait();
        let (end, none, _) = context.load_published().unwrap();
        assert_eq!(none, None);
        context.begin_wait(&WaitRecord::unannounced(hold(4), WaitKind::Timed, 12), WHO);
        let (second, wait, _) = context.load_published().unwrap();
        assert_eq!(wait.map(|wait| (wait.kind(), wait.is_announced)), Some((WaitKind::Timed, false)));
        assert!(before != first && first != end && end != second && first != second);
        context.forget_waits();
        context.end_wait();
        assert_eq!(context.load_published().unwrap().1, None, "one end too many");
    }

    #[test]
    fn a_record_that_is_being_written_is_not_read() {
        let context = Context::new();
        context.publish(|| assert_eq!(context.load_published(), None));
        assert!(context.load_published().is_some());
        context.begin_wait(&WaitRecord::announced(hold(2), WaitKind::Event, 0), [0, 0, 0, 0, 0, 70_000]);
        let (_, wait, who) = context.load_published().unwrap();
        assert_eq!((wait.unwrap().kind(), who[5]), (WaitKind::Event, 0xfff), "CPUs beyond 12 bits have no number");
    }
}
