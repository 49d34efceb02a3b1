//! Records the statistics when a lock is acquired, contended, and released.
//!
//! On the fast path, an acquire writes the time into its hold, and a release adds the length of that hold to the
//! counters of its class, mode and CPU. While nothing is contended and no length is an extreme, that is all: no cache
//! line is written that another CPU writes, except the lock's own, which the releasing CPU has.
//!
//! Invariants: extremes are written with interrupts disabled. Nothing is counted in an NMI or while lockdep is running
//! for the context, since such holds are not measured; nor for the validators of self-tests, whose classes are others.
//!
//! What it does not do: sum or sort; that is `reading.rs`.

use crate::context::Context;
use crate::context::hold::{Ended, Hold, HoldFlags, NO_SLOT};
use crate::graph::classes::UsageWords;
use crate::lock::last_holder::{Overheld, Since};
use crate::lock::lock_map::LockMap;
use crate::port::Port;
use crate::stat::counters::{Access, Entry, Stamp};
use crate::stat::points::{Party, Points};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// What is counted. In Linux, `kernel.lock_stat` is on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Recording {
    /// Every acquisition.
    #[default]
    All = 0,
    /// Contended acquisitions only: their waits, and the holds that follow. All others cost almost nothing.
    Contended = 1,
    /// No acquisition is counted.
    Nothing = 2,
}

/// The bits of `control` below the number of clearings.
const MODE: u32 = 3;
/// One clearing.
const CLEARING: u32 = 4;

/// The table of one CPU, on lines of its own.
#[repr(align(64))]
struct OfCpu<const C: usize>([Entry; C]);

/// The statistics of a program with `C` slots for classes and `N` CPUs.
pub(crate) struct Recorder<const C: usize, const N: usize> {
    cpus: [OfCpu<C>; N],
    points: [Points; C],
    /// The number of clearings, and below it what is recorded.
    control: AtomicU32,
    /// How many events were on CPUs without a table.
    outside: AtomicU32,
    /// A listing is running: the ranks are in use.
    pub(super) listing: AtomicBool,
}

impl<const C: usize, const N: usize> Recorder<C, N> {
    pub(crate) const fn new() -> Self {
        Recorder {
            cpus: [const { OfCpu([const { Entry::new() }; C]) }; N],
            points: [const { Points::new() }; C],
            control: AtomicU32::new(Recording::All as u32),
            outside: AtomicU32::new(0),
            listing: AtomicBool::new(false),
        }
    }

    /// Returns the start time of a hold that begins now.
    #[inline(always)]
    pub(crate) fn since<P: Port>(&self, context: &Context) -> Since {
        match self.control.load(Ordering::Relaxed) & MODE {
            0 if context.validator() == 0 => Since::at(P::now()),
            _ => Since::UNKNOWN,
        }
    }

    /// The slow path has recorded a hold of this lock: its time begins now.
    pub(crate) fn begin<P: Port>(&self, context: &Context, map: &LockMap) {
        let since = self.since::<P>(context);
        if let Some((stack, index, mut hold)) = find(context, map).filter(|(_, _, hold)| !hold.since.is_known()) {
            hold.since = since;
            stack.set_hold(index, hold);
        }
    }

    /// Returns the hold that the slow path is about to end with the release of this lock: its own, or a merged one.
    pub(crate) fn ending(&self, context: &Context, map: &LockMap) -> Option<Hold> {
        let own = find(context, map).map(|(_, _, hold)| hold);
        let merged = || context.find(Hold::merged).and_then(|(stack, index)| stack.hold(index));
        own.or_else(merged).filter(|hold| hold.times() == 1)
    }

    /// Counts a measured hold of this length that ended with a release on `cpu`, if it is an ordinary one. Returns
    /// whether it did.
    #[inline(always)]
    pub(crate) fn count(&self, usage_words: &UsageWords, map: &LockMap, hold: &Ended, length: u64, cpu: u32) -> bool {
        let Some(entry) = self.entry(cpu, hold.class) else { return false };
        let is_plain = map.last_holder().was_here(cpu)
            && entry.side(Access::of(hold.flags)).hold.add(self.stamp(usage_words, hold.class), length);
        if is_plain {
            map.last_holder().site().set(hold.site);
        }
        is_plain
    }

    /// Counts any other hold: the first of its class, the longest, the shortest, or one whose lock came from another
    /// CPU. Returns whether it exceeded its limit; the first hold that does so on a CPU is the longest there.
    pub(crate) fn count_special<P: Port>(
        &self,
        usage_words: &UsageWords,
        map: &LockMap,
        hold: &Ended,
        length: u64,
        cpu: u32,
    ) -> Overheld {
        let bounced = map.last_holder().released(cpu, hold.site);
        let Some(entry) = self.entry(cpu, hold.class) else {
            self.count_outside();
            return Overheld::NONE;
        };
        let (durations, stamp) = (&entry.side(Access::of(hold.flags)).hold, self.stamp(usage_words, hold.class));
        let is_extreme = !durations.add(stamp, length);
        if is_extreme {
            without_irqs::<P>(|| durations.add_extreme(stamp, length, hold.site));
        }
        if bounced {
            durations.bounce();
        }
        match is_extreme {
            true => Overheld(map.last_holder().limit_below(length).map(|limit| (length, limit))),
            false => Overheld::NONE,
        }
    }

    /// A recorded lock is contended. Linux's `lock_contended`.
    pub(crate) fn contended<P: Port>(&self, usage_words: &UsageWords, context: &Context, map: &LockMap) {
        if self.mode() == Recording::Nothing {
            return;
        }
        let Some((stack, index, mut hold)) = find(context, map) else { return };
        if let (Some(points), Some(site)) = (self.points(hold.class), hold.site) {
            points.add(self.stamp(usage_words, hold.class), Party::Waiters, site);
        }
        hold.since = Since::at(P::now());
        hold.flags.insert(HoldFlags::EXCUSED);
        stack.set_hold(index, hold);
    }

    /// A contended lock was acquired: the wait ends, and the hold begins. Linux's `lock_acquired`.
    pub(crate) fn acquired<P: Port>(&self, usage_words: &UsageWords, context: &Context, map: &LockMap) {
        let Some((stack, index, mut hold)) = find(context, map) else { return };
        if !hold.since.is_known() {
            return;
        }
        let (now, cpu) = (P::now(), (P::CPU)());
        let (length, stamp) = (hold.since.until(now), self.stamp(usage_words, hold.class));
        hold.since = Since::at(now);
        hold.flags.remove(HoldFlags::EXCUSED);
        stack.set_hold(index, hold);
        // The context that released it last is the holder that was waited for.
        if let (Some(points), Some(holder)) = (self.points(hold.class), map.last_holder().site().get()) {
            points.add(stamp, Party::Holders, holder);
        }
        let Some(entry) = self.entry(cpu, hold.class) else {
            return self.count_outside();
        };
        let durations = &entry.side(Access::of(hold.flags)).wait;
        if !durations.add(stamp, length) {
            without_irqs::<P>(|| durations.add_extreme(stamp, length, hold.site));
        }
        if map.last_holder().comes_from_elsewhere(cpu) {
            durations.bounce();
        }
    }

    // ---- helpers

    /// Returns what is recorded.
    pub(crate) fn mode(&self) -> Recording {
        match self.control.load(Ordering::Relaxed) & MODE {
            0 => Recording::All,
            1 => Recording::Contended,
            _ => Recording::Nothing,
        }
    }

    /// Sets what is recorded.
    pub(crate) fn set_mode(&self, mode: Recording) {
        let change = |control: u32| Some(control & !MODE | mode as u32);
        // The closure always returns a value, so this cannot fail.
        let _ = self.control.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    /// Forgets what was counted: from now on every counter has an old stamp.
    pub(crate) fn clear(&self) {
        self.control.fetch_add(CLEARING, Ordering::Relaxed);
        self.outside.store(0, Ordering::Relaxed);
    }

    /// Returns how many events were on CPUs without a table.
    pub(crate) fn outside(&self) -> u32 {
        self.outside.load(Ordering::Relaxed)
    }

    pub(super) fn points(&self, class: u16) -> Option<&Points> {
        self.points.get(usize::from(class)).filter(|_| class != NO_SLOT)
    }

    /// Returns the figures of a class on each CPU.
    pub(super) fn entries(&self, class: u16) -> impl Iterator<Item = &Entry> {
        self.cpus.iter().filter_map(move |cpu| cpu.0.get(usize::from(class)))
    }

    #[inline(always)]
    pub(super) fn stamp(&self, usage_words: &UsageWords, class: u16) -> Stamp {
        Stamp::of(usage_words.id(class), self.control.load(Ordering::Relaxed) / CLEARING)
    }

    #[inline(always)]
    fn entry(&self, cpu: u32, class: u16) -> Option<&Entry> {
        self.cpus.get(cpu as usize)?.0.get(usize::from(class))
    }

    #[cold]
    fn count_outside(&self) {
        self.outside.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns the hold of exactly this lock, newest first, with its place.
fn find<'c>(context: &'c Context, map: &LockMap) -> Option<(&'c Context, usize, Hold)> {
    let (stack, index) = context.find(|hold| hold.instance() == map.instance())?;
    Some((stack, index, stack.hold(index)?))
}

#[cold]
#[inline(never)]
pub(crate) fn without_irqs<P: Port>(work: impl FnOnce()) {
    let state = P::irqs_disable();
    work();
    P::irqs_restore(state);
}
