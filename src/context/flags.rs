//! The flags of a context: hard interrupts, softirqs, reclaim, whether lockdep runs for it, and where they last changed.
//!
//! Invariant: the usage masks, which the fast path reads, follow from the flags: each change of one refreshes them.
//! What it does not do: compare a flag with the machine's; `runtime/` does.

use super::{Context, Level};
use crate::atomic::relaxed::Own;
use crate::lock::site::Site;
use crate::lock::site_cell::OwnSite;
use crate::lock::usage::{Irqs, Usage, UsageMask};
use bitflags::bitflags;
use core::sync::atomic::AtomicU8;

/// The flags of a context, as a report shows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// In a hard interrupt.
    pub hardirq: bool,
    /// In a softirq.
    pub softirq: bool,
    /// Hard interrupts are on.
    pub irqs_on: bool,
    /// Softirqs are on.
    pub softirqs_on: bool,
}

/// Where each flag last changed, for reports.
///
/// If the machine's flag changed without the validator being told, the site is that of the first event that noticed it;
/// the change happened earlier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Toggles {
    /// Where hard interrupts were last enabled.
    pub irqs_on: Option<Site>,
    /// Where hard interrupts were last disabled.
    pub irqs_off: Option<Site>,
    /// Where softirqs were last enabled.
    pub softirqs_on: Option<Site>,
    /// Where softirqs were last disabled.
    pub softirqs_off: Option<Site>,
    /// `irqs_on` is where the change was noticed, not where it happened.
    pub irqs_on_noticed: bool,
    /// `irqs_off` is where the change was noticed, not where it happened.
    pub irqs_off_noticed: bool,
}

bitflags! {
    /// Properties of a level.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Inside: u8 {
        /// In a hard interrupt, at this level or below.
        const HARDIRQ = 1;
        /// In a softirq, at this level or below.
        const SOFTIRQ = 1 << 1;
        /// The level enables its flag again when it ends: a hardirq that of hard interrupts, a softirq that of
        /// softirqs.
        const RESTORES = 1 << 2;
        /// Softirqs are enabled.
        const SOFTIRQS_ON = 1 << 3;
    }
}

impl Inside {
    /// The pair (in hardirq, in softirq).
    pub(super) const PAIR: Inside = Inside::HARDIRQ.union(Inside::SOFTIRQ);
}

/// The level and its properties, in one byte: the level is the upper half.
#[derive(Debug)]
pub(super) struct LevelCell(Own<AtomicU8>);

impl LevelCell {
    /// A task, with softirqs enabled.
    pub(super) const fn new() -> LevelCell {
        LevelCell(Own::<AtomicU8>::new(Inside::SOFTIRQS_ON.bits()))
    }

    pub(super) fn set(&self, level: Level, inside: Inside) {
        self.0.set((level as u8) << 4 | inside.bits());
    }

    pub(super) fn level(&self) -> Level {
        level_of(self.0.get())
    }

    pub(super) fn inside(&self) -> Inside {
        Inside::from_bits_truncate(self.0.get())
    }

    /// Returns the level and its properties, on any CPU.
    pub(super) fn load(&self) -> (Level, Inside) {
        let byte = self.0.load();
        (level_of(byte), Inside::from_bits_truncate(byte))
    }

    pub(super) fn set_softirqs(&self, softirqs: Irqs) {
        let on = softirqs as u8 * Inside::SOFTIRQS_ON.bits();
        self.0.set(self.0.get() & !Inside::SOFTIRQS_ON.bits() | on);
    }
}

fn level_of(byte: u8) -> Level {
    match byte >> 4 {
        1 => Level::Softirq,
        2 => Level::Hardirq,
        3 => Level::ThreadedHardirq,
        4 => Level::Nmi,
        _ => Level::Task,
    }
}

/// The indices in `toggles`, of hard interrupts and of softirqs: "off" at the index, "on" at the next.
pub(super) const IRQS: usize = 0;
pub(super) const SOFTIRQS: usize = 2;

impl Context {
    /// Returns whether locks are unchecked now: in an NMI, and while lockdep is running for this context.
    #[inline(always)]
    pub(crate) fn is_unchecked(&self) -> bool {
        self.gate.is_busy()
    }

    /// Marks that lockdep starts running for this context. Nests.
    pub(crate) fn enter_lockdep(&self) {
        self.gate.enter_lockdep();
    }

    /// Marks that lockdep ends running for this context.
    pub(crate) fn leave_lockdep(&self) {
        self.gate.leave_lockdep();
    }

    /// Returns whether this level or one below is a hard interrupt.
    pub fn in_hardirq(&self) -> bool {
        self.level.inside().contains(Inside::HARDIRQ)
    }

    /// Returns whether this level or one below is a softirq.
    pub fn in_softirq(&self) -> bool {
        self.level.inside().contains(Inside::SOFTIRQ)
    }

    /// Returns whether hard interrupts are enabled, according to the validator's record.
    #[inline(always)]
    pub fn irqs_on(&self) -> bool {
        self.irqs().are_on()
    }

    /// Returns the state of hard interrupts, according to the validator's record.
    #[inline(always)]
    pub(crate) fn irqs(&self) -> Irqs {
        self.gate.irqs()
    }

    /// Returns whether softirqs are enabled.
    pub fn softirqs_on(&self) -> bool {
        self.level.inside().contains(Inside::SOFTIRQS_ON)
    }

    /// Returns all flags.
    pub fn flags(&self) -> Flags {
        Flags {
            hardirq: self.in_hardirq(),
            softirq: self.in_softirq(),
            irqs_on: self.irqs_on(),
            softirqs_on: self.softirqs_on(),
        }
    }

    /// Returns where the flags last changed.
    pub fn toggles(&self) -> Toggles {
        let [off, on, softirqs_off, softirqs_on] = self.toggles.each_ref().map(OwnSite::load_marked);
        let ((irqs_off, irqs_off_noticed), (irqs_on, irqs_on_noticed)) = (off, on);
        Toggles {
            irqs_on,
            irqs_off,
            softirqs_on: softirqs_on.0,
            softirqs_off: softirqs_off.0,
            irqs_on_noticed: irqs_on.is_some() && irqs_on_noticed,
            irqs_off_noticed: irqs_off.is_some() && irqs_off_noticed,
        }
    }

    /// Records that the flag of hard interrupts was just corrected to the machine's, after a change that nothing
    /// announced.
    pub(crate) fn note_noticed(&self, irqs: Irqs) {
        self.toggles[IRQS + irqs as usize].mark();
    }

    pub(super) fn hand_toggles_to(&self, other: &Context) {
        other.toggles.iter().zip(&self.toggles).for_each(|(to, from)| to.copy_from(from));
    }

    /// The least wait type that the context itself allows.
    pub(crate) fn limit(&self) -> u8 {
        self.limit.get()
    }

    /// Returns whether the task is in reclaim: an interrupt is not part of the reclaim that it interrupts.
    pub(crate) fn in_reclaim(&self) -> bool {
        self.reclaim.get() > 0 && !self.in_hardirq() && !self.in_softirq()
    }

    /// Counts an entry to reclaim. It nests; more than 255 levels are not counted.
    pub(crate) fn enter_reclaim(&self) {
        self.reclaim.set(self.reclaim.get().saturating_add(1));
        self.refresh();
    }

    /// Counts an exit from reclaim. Returns whether there was an entry before.
    pub(crate) fn leave_reclaim(&self) -> bool {
        let count = self.reclaim.get();
        self.reclaim.set(count.saturating_sub(1));
        self.refresh();
        count > 0
    }

    pub(crate) fn set_irqs(&self, irqs: Irqs, site: Option<Site>) {
        self.toggles[IRQS + irqs as usize].set(site);
        self.gate.set_irqs(irqs);
    }

    /// Sets the flag of hard interrupts if it is clear, nothing is held here or below, and lockdep is not running for
    /// this context. Returns whether it did.
    #[inline(always)]
    pub(crate) fn free_irqs_on(&self, site: Site) -> bool {
        let done = self.gate.turn_on();
        if done {
            self.toggles[IRQS + 1].set(Some(site));
        }
        done
    }

    /// Clears the flag of hard interrupts if it is set and lockdep is not running for this context. Returns whether it
    /// did.
    #[inline(always)]
    pub(crate) fn free_irqs_off(&self, site: Site) -> bool {
        let done = self.gate.turn_off();
        if done {
            self.toggles[IRQS].set(Some(site));
        }
        done
    }

    pub(crate) fn set_softirqs(&self, softirqs: Irqs, site: Option<Site>) {
        self.toggles[SOFTIRQS + softirqs as usize].set(site);
        self.level.set_softirqs(softirqs);
        self.refresh();
    }

    pub(super) fn refresh(&self) {
        let mut marks = Usage::empty();
        marks.set(Usage::IN_HARDIRQ, self.in_hardirq());
        marks.set(Usage::IN_SOFTIRQ, self.in_softirq());
        marks.set(Usage::IN_RECLAIM, self.in_reclaim());
        let [off, on] = &self.usage_mask;
        off.set(UsageMask::new(marks, Irqs::Off));
        marks.insert(Usage::HARDIRQ_ON);
        marks.set(Usage::SOFTIRQ_ON, self.softirqs_on());
        on.set(UsageMask::new(marks, Irqs::On));
    }

    /// Returns the usage bits of an exclusive acquire that waits, if it began with hard interrupts in the given state;
    /// contexts, reclaim and softirqs are the current ones.
    pub(crate) fn marks(&self, irqs: Irqs) -> Usage {
        self.usage_mask(irqs).usage()
    }

    /// The same as a mask.
    #[inline(always)]
    pub(crate) fn usage_mask(&self, irqs: Irqs) -> UsageMask {
        self.usage_mask[irqs as usize].get()
    }
}
