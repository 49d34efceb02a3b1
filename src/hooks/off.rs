//! The twin of `hooks.rs` for builds without the feature `validate`: the same functions, empty.
//!
//! Nothing is counted, held or found. What is left are the two that disable and restore interrupts, since a lock that is
//! taken with interrupts disabled must do so whoever watches: `port!` emits them, and a program without such locks needs
//! no `port!`.
#![allow(unsafe_code)]

use crate::context::Level;
use crate::context::cell::ContextCell;
use crate::context::hold::Acquire;
use crate::lock::class::DynamicKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::report::LockView;
use crate::report::capacity::{MemoryFootprint, Occupancy};
use crate::report::kind::Kind;
use crate::report::policy::Accepted;
use crate::report::status::State;
use crate::runtime::event::Event;
use crate::runtime::saved_irqs::SavedIrqs;
use core::fmt;
use core::marker::PhantomData;

// SAFETY: `port!` defines each with just this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("off_irq_save")]
    safe fn __lockdep_irq_save() -> SavedIrqs;
    #[link_name = __symbol!("off_irq_restore")]
    safe fn __lockdep_irq_restore(saved: SavedIrqs);
}

/// Nothing.
#[inline(always)]
pub fn acquire(_map: &LockMap, _mode: Mode, _site: Site) {}

/// Nothing.
#[inline(always)]
pub fn acquire_with(_what: &Acquire<'_>) {}

/// Nothing.
#[inline(always)]
pub fn release(_map: &LockMap, _site: Option<Site>) {}

/// Nothing.
#[inline(always)]
pub fn irqs_enabled() {}

/// Nothing.
#[inline(always)]
pub fn irqs_disabled() {}

/// Disables hard interrupts on this CPU, by the port; returns what they were.
#[inline(always)]
pub fn irq_save() -> SavedIrqs {
    __lockdep_irq_save()
}

/// Makes hard interrupts what they were, as [`irq_save`] returned it.
#[inline(always)]
pub fn irq_restore(saved: SavedIrqs) {
    __lockdep_irq_restore(saved);
}

/// The same for a drop.
#[inline(always)]
pub(crate) fn irq_restore_at(saved: SavedIrqs, _site: Site) {
    __lockdep_irq_restore(saved);
}

/// `true`: nobody was told that they are off.
#[inline(always)]
pub fn irqs_recorded_on() -> bool {
    true
}

/// Nothing.
#[inline(always)]
pub fn softirqs_on() {}

/// Nothing.
#[inline(always)]
pub fn softirqs_off() {}

/// Nothing.
#[must_use = "the interrupt ends when this is dropped"]
#[inline(always)]
pub fn interrupt(_level: Level, _own: &'static ContextCell) -> Interrupt {
    Interrupt { of_one_cpu: PhantomData }
}

/// Runs the handler.
#[inline(always)]
pub fn within_interrupt<R>(_level: Level, _own: &'static ContextCell, handler: impl FnOnce() -> R) -> R {
    handler()
}

/// An interrupt that runs. It belongs to one CPU.
pub struct Interrupt {
    of_one_cpu: PhantomData<*const ()>,
}

impl Drop for Interrupt {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// Nothing.
#[inline(always)]
pub fn irq_enter(_level: Level, _own: &'static ContextCell) {}

/// Nothing.
#[inline(always)]
pub fn irq_exit() {}

/// Nothing.
#[inline(always)]
pub fn reclaim_enter() {}

/// Nothing.
#[inline(always)]
pub fn reclaim_exit() {}

/// Nothing.
#[inline(always)]
pub fn might_alloc() {}

/// Nothing.
#[inline(always)]
pub fn might_sleep() {}

/// Nothing.
#[inline(always)]
pub fn wait_asleep(_map: &LockMap, _site: Site) {}

/// Nothing.
#[inline(always)]
pub fn wait_asleep_timed(_map: &LockMap, _site: Site) {}

/// Nothing.
#[inline(always)]
pub fn lock_freed(_map: &LockMap) {}

/// Nothing.
#[inline(always)]
pub fn dropped(_map: &LockMap) {}

/// Nothing.
#[inline(always)]
pub fn unregister_key(_key: &DynamicKey) {}

/// Nothing.
#[inline(always)]
pub fn downgrade(_map: &LockMap, _mode: Mode) {}

/// Nothing.
#[inline(always)]
pub fn hand_over(_map: &LockMap) {}

/// Nothing.
#[inline(always)]
pub fn take_over(_map: &LockMap, _mode: Mode) {}

/// Nothing.
#[inline(always)]
pub fn check_irqs() {}

/// Nothing.
#[inline(always)]
pub fn check_holds() {}

/// Nothing.
#[inline(always)]
pub fn task_exit() {}

/// Nothing.
#[inline(always)]
pub fn user_return() {}

/// Nothing.
#[inline(always)]
pub fn report_misuse(_kind: Kind, _note: &'static str, _map: Option<&LockMap>, _site: Site) {}

/// Nothing.
#[inline(always)]
pub(crate) fn event(_event: Event<'_>, _site: Site) {}

/// `false`: nothing is on the books.
#[inline(always)]
pub fn holds(_map: &LockMap) -> bool {
    false
}

/// Nothing.
#[inline(always)]
pub fn for_each_held(_show: &mut dyn FnMut(&LockView)) {}

/// [`Status::Absent`](crate::report::status::Status::Absent), and all zeros.
#[inline(always)]
pub fn state() -> State {
    State::ABSENT
}

/// One line, which says that there is no validator.
///
/// # Errors
/// Those of `out`.
pub fn dump(out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "{}", state().dump())
}

/// Nothing.
#[inline(always)]
pub fn for_each_accepted(_show: &mut dyn FnMut(&Accepted, u32)) {}

/// Nothing, and nothing is to be shown.
#[inline(always)]
pub fn show_pending() -> usize {
    0
}

/// `true`: there is nothing to forget.
#[inline(always)]
pub fn reset() -> bool {
    true
}

/// `None`: nothing is looked for.
#[inline(always)]
pub fn first_finding() -> Option<Kind> {
    None
}

/// All zeros.
#[inline(always)]
pub fn occupancy() -> Occupancy {
    Occupancy::default()
}

/// All zeros: it costs nothing.
#[inline(always)]
pub fn memory_footprint() -> MemoryFootprint {
    MemoryFootprint::default()
}
