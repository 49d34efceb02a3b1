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
use super::{Context, chain_key};
use crate::context::hold::HoldFlags;
use crate::lock::site::Site;
use crate::lock::usage::{Irqs, UsageState};
use crate::lock::wait_type::WaitType;
use core::ptr;

/// The kind of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Level {
    /// A task.
    Task,
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
        self.gate.begin(interrupted.irqs());
        if interrupted.depth() > 0 || interrupted.interrupted_holder() {
            self.gate.set_below();
        }
        if level == Level::Nmi || interrupted.is_unchecked() {
            self.gate.enter_lockdep();
        }
        self.lost.set(0);
        self.refused.set(0);
        self.reclaim.set(interrupted.reclaim.get());
        interrupted.hand_toggles_to(self);
        self.softirqs_on.set(interrupted.softirqs_on.get());
        let (before, toggle) = match level {
            Level::Task => (Irqs::Off, None),
            Level::Softirq => (Irqs::from(self.softirqs_on.replace(false)), Some(SOFTIRQS)),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => (self.gate.set_irqs(Irqs::Off), Some(IRQS)),
        };
        if let Some(place) = toggle.filter(|_| before.are_on()).and_then(|toggle| self.toggles.get(toggle)) {
            place.set(Some(site));
        }
        let restores = if before.are_on() { Inside::RESTORES } else { Inside::empty() };
        self.settle(level, Some(interrupted), restores);
    }

    /// Passes the flags back to the interrupted context and unlinks. Locks that are still held become holds of that
    /// context, so that they stay recorded until they are released. They are unchecked there, since what that context
    /// does with them tells nothing about their class. Returns that context, and which flag is to be enabled there.
    pub(crate) fn leave(&self) -> Option<(&Context, Option<UsageState>)> {
        let outer = self.interrupted()?;
        self.interrupted.set(ptr::null());
        outer.gate.set_irqs(self.irqs());
        outer.softirqs_on.set(self.softirqs_on.get());
        outer.reclaim.set(self.reclaim.get());
        self.hand_toggles_to(outer);
        for mut hold in self.own() {
            hold.unchain();
            hold.flags.insert(HoldFlags::UNCHECKED);
            outer.push(hold);
        }
        outer.lost.set(outer.lost.get().saturating_add(self.lost.get()));
        self.truncate(0);
        outer.refresh();
        Some((outer, self.restores()))
    }

    /// Returns which flag is enabled when this interrupt ends.
    pub(crate) fn restores(&self) -> Option<UsageState> {
        let state = match self.level.get() {
            Level::Task => None,
            Level::Softirq => Some(UsageState::Softirq),
            Level::Hardirq | Level::ThreadedHardirq | Level::Nmi => Some(UsageState::Hardirq),
        };
        state.filter(|_| self.inside.get().contains(Inside::RESTORES))
    }

    pub(super) fn settle(&self, level: Level, interrupted: Option<&Context>, restores: Inside) {
        let (mut inside, own) = match level {
            Level::Task => (Inside::empty(), WaitType::NO_LIMIT),
            Level::Softirq => (Inside::SOFTIRQ, WaitType::Config as u8),
            Level::ThreadedHardirq => (Inside::HARDIRQ, WaitType::Config as u8),
            Level::Hardirq | Level::Nmi => (Inside::HARDIRQ, WaitType::Spin as u8),
        };
        inside |= interrupted.map_or(Inside::empty(), Context::pair) | restores;
        self.inside.set(inside);
        self.level.set(level);
        self.interrupted.set(interrupted.map_or(ptr::null(), ptr::from_ref));
        self.limit.set(own.min(interrupted.map_or(own, |c| c.limit.get())));
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
        self.level.get()
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
        self.interrupted.set(ptr::null());
    }

    /// Returns the context whose run this one continues: the interrupted one, if the pair is the same.
    pub(super) fn continues(&self) -> Option<&Context> {
        self.interrupted().filter(|c| c.pair() == self.pair())
    }

    pub(super) fn pair(&self) -> Inside {
        self.inside.get() & Inside::PAIR
    }
}
