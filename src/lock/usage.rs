//! The usage bits of a class: in which states it was waited for, and with which states enabled it was held.
//!
//! Each [`UsageState`] has two sides: *used in* is the wait of an interrupt (or of a reclaim), *enabled* is a hold that
//! such an interrupt can find. Each side exists exclusive and READ, by the one rule: a wait is READ if it is a
//! recursive reader's, a hold is READ if it is shared. Linux's `LOCK_USED_IN_*` and `LOCK_ENABLED_*`.
//!
//! Invariant: bits are only ever set, and only this file knows their layout. What it does not do: store them; that is
//! `graph/classes.rs`.

use crate::lock::mode::Mode;
use bitflags::bitflags;

/// The state of the interrupt flag, of hard interrupts or of softirqs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Irqs {
    /// Disabled.
    Off = 0,
    /// Enabled.
    On = 1,
}

impl Irqs {
    /// Returns whether they are enabled.
    #[inline(always)]
    pub(crate) const fn are_on(self) -> bool {
        matches!(self, Irqs::On)
    }
}

impl From<bool> for Irqs {
    #[inline(always)]
    fn from(on: bool) -> Irqs {
        if on { Irqs::On } else { Irqs::Off }
    }
}

/// What can interrupt a task that holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum UsageState {
    /// A hard interrupt.
    Hardirq = 0,
    /// A softirq: work that runs on the way out of an interrupt.
    Softirq = 1,
    /// Memory reclaim, entered by an allocation.
    Reclaim = 2,
}

impl UsageState {
    /// All states, in the order in which they are marked.
    pub const ALL: [UsageState; 3] = [UsageState::Hardirq, UsageState::Softirq, UsageState::Reclaim];

    /// The name that Linux prints in headings.
    pub const fn name(self) -> &'static str {
        match self {
            UsageState::Hardirq => "HARDIRQ",
            UsageState::Softirq => "SOFTIRQ",
            UsageState::Reclaim => "RECLAIM",
        }
    }
}

bitflags! {
    /// Usage bits of a class, or the bits that an acquisition needs.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Usage: u16 {
        /// Waited for in a hard interrupt.
        const IN_HARDIRQ = 1;
        /// Waited for in a hard interrupt, by a recursive reader.
        const IN_HARDIRQ_READ = 1 << 1;
        /// Held exclusively with hard interrupts enabled.
        const HARDIRQ_ON = 1 << 2;
        /// Held shared with hard interrupts enabled.
        const HARDIRQ_ON_READ = 1 << 3;
        /// Waited for in a softirq.
        const IN_SOFTIRQ = 1 << 4;
        /// Waited for in a softirq, by a recursive reader.
        const IN_SOFTIRQ_READ = 1 << 5;
        /// Held exclusively with softirqs enabled.
        const SOFTIRQ_ON = 1 << 6;
        /// Held shared with softirqs enabled.
        const SOFTIRQ_ON_READ = 1 << 7;
        /// Waited for in reclaim.
        const IN_RECLAIM = 1 << 8;
        /// Waited for in reclaim, by a recursive reader.
        const IN_RECLAIM_READ = 1 << 9;
        /// Held exclusively by a task that may enter reclaim.
        const RECLAIM_ON = 1 << 10;
        /// Held shared by a task that may enter reclaim.
        const RECLAIM_ON_READ = 1 << 11;

        /// All *used in* bits.
        const USED = 0x333;
        /// All *enabled* bits.
        const ENABLED = 0xccc;
        /// All bits that are not READ.
        const EXCLUSIVE = 0x555;
    }
}

/// The usage bits that an acquisition needs, as a mask. Its sixteenth bit is set: sign-extended, it covers all bits
/// above, where the word of a class has its generation. Of the three bits between, one asks whether the class was ever
/// acquired; one has no meaning for a class and is copied to the flags of the hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsageMask(i16);

/// A lock of the class was acquired, in any way. A class without this bit is known only as the nest lock of others.
/// Linux's `LOCK_USED`.
pub(crate) const TAKEN: u16 = 1 << 12;

/// Copied to the hold: hard interrupts are on.
pub(crate) const IRQS_ON: u16 = 1 << 14;

impl UsageMask {
    /// The mask for these bits, with the given state of hard interrupts.
    pub(crate) const fn new(usage: Usage, irqs: Irqs) -> UsageMask {
        let along = if irqs.are_on() { IRQS_ON } else { 0 };
        UsageMask((usage.bits() | along | TAKEN) as i16 | i16::MIN)
    }

    /// The mask that only asks whether the class exists.
    pub(crate) const EXISTENCE: UsageMask = UsageMask(i16::MIN);

    /// The flag that is copied to the hold.
    #[inline(always)]
    pub(crate) const fn along(self) -> u16 {
        self.0 as u16 & IRQS_ON
    }

    pub(crate) const fn usage(self) -> Usage {
        Usage::from_bits_truncate(self.0 as u16)
    }

    /// As [`Usage::for_mode`].
    #[inline(always)]
    pub(crate) fn for_mode(self, mode: Mode) -> UsageMask {
        match mode {
            Mode::WRITE => self,
            _ => UsageMask::new(self.usage().for_mode(mode), Irqs::from(self.along() != 0)),
        }
    }

    /// The bits of the mask, in the word of a class.
    #[inline(always)]
    pub(crate) const fn mask(self) -> u64 {
        self.0 as i64 as u64
    }
}

/// How many usage bits there are; for each, a class records a site.
pub(crate) const USAGE_BITS: usize = 12;

impl Usage {
    /// *Used in* `state`, exclusive.
    pub const fn used_in(state: UsageState) -> Usage {
        Usage::from_bits_truncate(1 << (4 * state as u16))
    }

    /// *Held with `state` enabled*, exclusive.
    pub const fn enabled(state: UsageState) -> Usage {
        Usage::from_bits_truncate(4 << (4 * state as u16))
    }

    /// Converts bits of an exclusive lock to those of one acquired in `mode`: the wait decides over *used in*, the hold
    /// over *enabled*.
    #[inline(always)]
    pub const fn for_mode(self, mode: Mode) -> Usage {
        let used = (self.bits() & Usage::USED.bits()) << mode.recursive as u16;
        let enabled = (self.bits() & Usage::ENABLED.bits()) << mode.shared as u16;
        Usage::from_bits_retain(used | enabled)
    }

    /// Both forms, exclusive and READ, of each bit.
    pub const fn any_form(self) -> Usage {
        let bits = self.bits();
        let low = (bits | bits >> 1) & Usage::EXCLUSIVE.bits();
        Usage::from_bits_retain(low | low << 1)
    }

    /// The other side of each state: *enabled* for *used in*, and the reverse. Both forms.
    pub const fn opposite(self) -> Usage {
        let bits = self.any_form().bits();
        Usage::from_bits_retain((bits & Usage::USED.bits()) << 2 | (bits & Usage::ENABLED.bits()) >> 2)
    }

    /// Returns whether this single bit is a READ one.
    pub const fn is_read(self) -> bool {
        !self.intersects(Usage::EXCLUSIVE)
    }

    /// Returns whether this single bit is a *used in* one.
    pub const fn is_used(self) -> bool {
        self.intersects(Usage::USED)
    }

    /// The state of this single bit.
    pub const fn state(self) -> UsageState {
        match self.bits() {
            0..=0xf => UsageState::Hardirq,
            0x10..=0xff => UsageState::Softirq,
            _ => UsageState::Reclaim,
        }
    }

    /// The number of this single bit, below `USAGE_BITS`.
    pub const fn index(self) -> usize {
        self.bits().trailing_zeros() as usize
    }

    /// The lowest bit of the set, alone.
    pub fn first(self) -> Option<Usage> {
        if self.is_empty() {
            return None;
        }
        Some(Usage::from_bits_retain(1 << self.bits().trailing_zeros()))
    }

    /// The bits one by one, in the order in which an acquisition marks them: *used in* of each state, then *enabled*.
    pub fn in_marking_order(self) -> impl Iterator<Item = Usage> {
        (self & Usage::USED).iter_bits().chain((self & Usage::ENABLED).iter_bits())
    }

    /// The bits one by one, from the lowest.
    pub(crate) fn iter_bits(self) -> impl Iterator<Item = Usage> {
        let mut left = self;
        core::iter::from_fn(move || {
            let bit = left.first()?;
            left.remove(bit);
            Some(bit)
        })
    }

    /// The name that Linux prints: `IN-HARDIRQ-W`, `SOFTIRQ-ON-R`.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; USAGE_BITS] = [
            "IN-HARDIRQ-W",
            "IN-HARDIRQ-R",
            "HARDIRQ-ON-W",
            "HARDIRQ-ON-R",
            "IN-SOFTIRQ-W",
            "IN-SOFTIRQ-R",
            "SOFTIRQ-ON-W",
            "SOFTIRQ-ON-R",
            "IN-RECLAIM-W",
            "IN-RECLAIM-R",
            "RECLAIM-ON-W",
            "RECLAIM-ON-R",
        ];
        let index = self.index();
        if index < USAGE_BITS { NAMES[index] } else { "INITIAL USE" }
    }

    /// The six marks of a class: hardirq, softirq, reclaim, each write then read. `.` never, `-` used in, `+` held with
    /// it enabled, `?` both.
    pub fn marks(self) -> [u8; 6] {
        let mut marks = *b"......";
        for (i, mark) in marks.iter_mut().enumerate() {
            let used = Usage::from_bits_retain(1 << (4 * (i / 2) + i % 2));
            let enabled = Usage::from_bits_retain(used.bits() << 2);
            *mark = match (self.intersects(used), self.intersects(enabled)) {
                (false, false) => b'.',
                (true, false) => b'-',
                (false, true) => b'+',
                (true, true) => b'?',
            };
        }
        marks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_decides_over_used_in_and_hold_over_enabled() {
        let both = Usage::IN_HARDIRQ | Usage::SOFTIRQ_ON;
        assert_eq!(both.for_mode(Mode::WRITE), both);
        assert_eq!(both.for_mode(Mode::READ), Usage::IN_HARDIRQ | Usage::SOFTIRQ_ON_READ);
        assert_eq!(both.for_mode(Mode::RECURSIVE_READ), Usage::IN_HARDIRQ_READ | Usage::SOFTIRQ_ON_READ);
        assert_eq!(both.for_mode(Mode::UPGRADEABLE), Usage::IN_HARDIRQ_READ | Usage::SOFTIRQ_ON);
    }

    #[test]
    fn opposite_is_the_other_side_of_the_same_state_in_both_forms() {
        for state in UsageState::ALL {
            let (used, enabled) = (Usage::used_in(state), Usage::enabled(state));
            assert_eq!(used.opposite(), enabled.any_form());
            assert_eq!(enabled.opposite(), used.any_form());
            assert_eq!(used.state(), state);
            assert_eq!(enabled.any_form().first(), Some(enabled));
        }
    }

    #[test]
    fn used_in_is_marked_before_enabled() {
        let all = Usage::all().in_marking_order().map(Usage::index);
        assert!(all.eq([0, 1, 4, 5, 8, 9, 2, 3, 6, 7, 10, 11]));
    }

    #[test]
    fn marks_are_six() {
        assert_eq!(&Usage::empty().marks(), b"......");
        let usage =
            Usage::IN_HARDIRQ | Usage::HARDIRQ_ON_READ | Usage::SOFTIRQ_ON | Usage::IN_SOFTIRQ | Usage::RECLAIM_ON;
        assert_eq!(&usage.marks(), b"-+?.+.");
    }
}
