//! The levels of a CPU: how an interrupt's context is put above the one that it interrupted, and taken off again.
//!
//! Invariants:
//! - The link to the interrupted context is set at entry and cleared at exit, and points to a context that stays in
//!   place meanwhile, as the code that sets it promises.
//! - At exit, flags and holds that are left go to the interrupted context, so that nothing that is held is forgotten.
//!
//! What it does not do: claim the context (`mod.rs`), or make it the port's current one (`runtime/`).
//!
//! `unsafe` is here to follow the link.
#![allow(unsafe_code)]

use super::flags::{IRQS, Inside, SOFTIRQS};
use super::gate::Start;
use super::{Context, chain_key};
use crate::context::hold::HoldFlags;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, UsageState};
use crate::lock::wait_type::WaitType;
use core::ptr;

/// The kind of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Level {
    /// A task.
    Task = 0,
    /// Deferred work on the way out of an interrupt.
    Softirq,
    /// A hard interrupt.
    Hardirq,
    /// A hard interrupt whose handler may run as a thread in another configuration: its wait-type limit is `config`.
    ThreadedHardirq,
    /// An interrupt that cannot be disabled: nothing is checked or learned in it.
    Nmi,
}

impl Context {
    /// Becomes the context of an interrupt that interrupted `interrupted`.
    pub(crate) fn enter(&self, level: Level, interrupted: &'static Context, site: Site) {
        // SAFETY: it lives for ever, and never moves.
        unsafe { self.enter_over(level, interrupted, site) };
    }

    /// Becomes the context of an interrupt that interrupted `interrupted`. The flags are copied; the flag that the
    /// level itself disables is cleared.
    ///
    /// # Safety
    /// `interrupted` stays where it is, and is used by no other CPU, until [`Context::leave`].
    pub(crate) unsafe fn enter_over(&self, level: Level, interrupted: &Context, site: Site) {
        let (before, after, toggle) = match level {
            Level::Task => (Irqs::Off, interrupted.irqs(), None),
            Level::Softirq => (Irqs::from(interrupted.softirqs_on()), interrupted.irqs(), Some(SOFTIRQS)),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => (interrupted.irqs(), Irqs::Off, Some(IRQS)),
        };
        self.gate.begin(Start {
            irqs: after,
            is_above_holds: interrupted.depth() > 0 || interrupted.interrupted_holder(),
            is_unchecked: level == Level::Nmi || interrupted.is_unchecked(),
        });
        self.lost_count().set(0);
        self.refused.set(0);
        self.reclaim.set(interrupted.reclaim.get());
        interrupted.hand_toggles_to(self);
        if let Some(place) = toggle.filter(|_| before.are_on()).and_then(|toggle| self.toggles.get(toggle)) {
            place.set(Some(site));
        }
        let mut own = Inside::empty();
        own.set(Inside::RESTORES, before.are_on());
        own.set(Inside::SOFTIRQS_ON, interrupted.softirqs_on() && level != Level::Softirq);
        self.settle(level, Some(interrupted), own);
    }

    /// Passes the flags back to the interrupted context and unlinks. Locks that are still held become holds of that
    /// context, so that they stay recorded until they are released. They are unchecked there, since what that context
    /// does with them tells nothing about their class. Returns that context, and which flag is to be enabled there.
    pub(crate) fn leave(&self) -> Option<(&Context, Option<UsageState>)> {
        let outer = self.interrupted()?;
        self.unlink();
        outer.gate.set_irqs(self.irqs());
        outer.level.set_softirqs(Irqs::from(self.softirqs_on()));
        outer.reclaim.set(self.reclaim.get());
        self.hand_toggles_to(outer);
        for mut hold in self.own() {
            hold.unchain();
            hold.flags.insert(HoldFlags::UNCHECKED);
            outer.push(hold);
        }
        outer.lose(self.lost_count().get());
        self.truncate(0);
        outer.refresh();
        Some((outer, self.restores()))
    }

    /// Returns which flag is enabled when this interrupt ends.
    pub(crate) fn restores(&self) -> Option<UsageState> {
        let state = match self.level() {
            Level::Task => None,
            Level::Softirq => Some(UsageState::Softirq),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => Some(UsageState::Hardirq),
        };
        state.filter(|_| self.level.inside().contains(Inside::RESTORES))
    }

    pub(super) fn settle(&self, level: Level, interrupted: Option<&Context>, own: Inside) {
        let (inside, limit) = match level {
            Level::Task => (Inside::empty(), WaitType::NO_LIMIT),
            Level::Softirq => (Inside::SOFTIRQ, WaitType::Config as u8),
            Level::ThreadedHardirq => (Inside::HARDIRQ, WaitType::Config as u8),
            Level::Hardirq | Level::Nmi => (Inside::HARDIRQ, WaitType::Spin as u8),
        };
        self.level.set(level, inside | interrupted.map_or(Inside::empty(), Context::pair) | own);
        self.interrupted.set(interrupted.map_or(ptr::null_mut(), |below| ptr::from_ref(below).cast_mut()));
        self.limit.set(limit.min(interrupted.map_or(limit, |c| c.limit.get())));
        self.reseed();
        self.refresh();
    }

    /// Restarts the chain keys. A run that continues from the context below starts with the key of what is held there.
    pub(super) fn reseed(&self) {
        self.stack.seed(match self.continues() {
            Some(below) => chain_key::resume(below.key(), self.limit.get()),
            None => chain_key::seed(self.limit.get()),
        });
    }

    /// The kind of this context.
    pub fn level(&self) -> Level {
        self.level.level()
    }

    /// The context that this interrupt interrupted; `None` for a task.
    #[inline(always)]
    pub fn interrupted(&self) -> Option<&Context> {
        // SAFETY: it is null, or was passed to `enter_over`, whose caller promises that it stays in place and that no
        // other CPU uses it.
        unsafe { self.interrupted.get().as_ref() }
    }

    /// Clears the link to an interrupted context that no longer exists.
    pub(crate) fn unlink(&self) {
        self.interrupted.set(ptr::null_mut());
    }

    /// Returns the context whose run this one continues: the interrupted one, if the pair is the same.
    pub(super) fn continues(&self) -> Option<&Context> {
        self.interrupted().filter(|c| c.pair() == self.pair())
    }

    pub(super) fn pair(&self) -> Inside {
        self.level.inside() & Inside::PAIR
    }
}
