//! The twin of `hooks.rs` for builds without the feature `validate`: the same functions, empty.
//!
//! Nothing is counted, recorded or reported. Only the two functions that disable and restore interrupts remain, since a
//! lock that is taken with interrupts disabled must disable them in every build. `port!` emits these two; a program
//! without such locks needs no `port!`.
#![allow(unsafe_code)]

use crate::context::Level;
use crate::context::cell::ContextCell;
use crate::context::hold::Acquire;
use crate::context::view::ContextView;
use crate::context::wait::WaitKind;
use crate::lock::class::DynamicKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::report::LockView;
use crate::report::capacity::{MemoryFootprint, Occupancy};
use crate::report::kind::Kind;
use crate::report::policy::Accepted;
use crate::report::status::State;
use crate::runtime::contexts::Wait;
use crate::runtime::event::Event;
use crate::runtime::saved_irqs::SavedIrqs;
use core::fmt;
use core::marker::PhantomData;

// SAFETY: `port!` defines each with exactly this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("off_irq_save")]
    safe fn __lockdep_irq_save() -> SavedIrqs;
    #[link_name = __symbol!("off_irq_restore")]
    safe fn __lockdep_irq_restore(saved: SavedIrqs);
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn acquire(_map: &LockMap, _mode: Mode, _site: Site) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn acquire_with(_what: &Acquire<'_>) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn release(_map: &LockMap, _site: Option<Site>) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn irqs_enabled() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn irqs_disabled() {}

/// Disables hard interrupts on this CPU through the port. Returns the state before.
#[inline(always)]
pub fn irq_save() -> SavedIrqs {
    __lockdep_irq_save()
}

/// Restores the interrupt state that [`irq_save`] returned.
#[inline(always)]
pub fn irq_restore(saved: SavedIrqs) {
    __lockdep_irq_restore(saved);
}

/// The same, for a drop.
#[inline(always)]
pub(crate) fn irq_restore_at(saved: SavedIrqs, _site: Site) {
    __lockdep_irq_restore(saved);
}

/// Returns `true`: built without `validate`, so nothing is recorded.
#[inline(always)]
pub fn irqs_recorded_on() -> bool {
    true
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn softirqs_on() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn softirqs_off() {}

/// No-op: built without `validate`.
#[must_use = "the interrupt ends when this is dropped"]
#[inline(always)]
pub fn interrupt(_level: Level, _own: &'static ContextCell) -> Interrupt {
    Interrupt { of_one_cpu: PhantomData }
}

/// Runs the handler, and nothing else: built without `validate`.
#[inline(always)]
pub fn within_interrupt<R>(_level: Level, _own: &'static ContextCell, handler: impl FnOnce() -> R) -> R {
    handler()
}

/// A running interrupt. It belongs to one CPU, so it is neither `Send` nor `Sync`.
pub struct Interrupt {
    of_one_cpu: PhantomData<*const ()>,
}

impl Drop for Interrupt {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn irq_enter(_level: Level, _own: &'static ContextCell) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn irq_exit() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn reclaim_enter() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn reclaim_exit() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn might_alloc() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn might_sleep() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn wait_asleep(_map: &LockMap, _site: Site) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn wait_asleep_timed(_map: &LockMap, _site: Site) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn contended(_map: &LockMap, _kind: WaitKind) -> Contended<'_> {
    Contended { map: PhantomData, _waiting: Waiting { of_one_context: PhantomData } }
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn wait_begin(_wait: &Wait<'_>) -> Waiting {
    Waiting { of_one_context: PhantomData }
}

/// Zero-sized: built without `validate`.
#[derive(Debug)]
pub struct Contended<'a> {
    map: PhantomData<&'a LockMap>,
    _waiting: Waiting,
}

impl Contended<'_> {
    /// No-op: built without `validate`.
    #[inline(always)]
    pub fn acquired(self) {}
}

/// Zero-sized: built without `validate`.
#[derive(Debug)]
pub struct Waiting {
    of_one_context: PhantomData<*const ()>,
}

impl Drop for Waiting {
    #[inline(always)]
    fn drop(&mut self) {}
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn lock_freed(_map: &LockMap) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn dropped(_map: &LockMap) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn unregister_key(_key: &DynamicKey) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn downgrade(_map: &LockMap, _mode: Mode) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn hand_over(_map: &LockMap) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn take_over(_map: &LockMap, _mode: Mode) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn check_irqs() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn check_holds() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn task_exit() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn user_return() {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn report_misuse(_kind: Kind, _note: &'static str, _map: Option<&LockMap>, _site: Site) {}

/// No-op: built without `validate`.
#[inline(always)]
pub(crate) fn event(_event: Event<'_>, _site: Site) {}

/// Returns `false`: built without `validate`, so no hold is recorded.
#[inline(always)]
pub fn holds(_map: &LockMap) -> bool {
    false
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn for_each_context(_show: &mut dyn FnMut(&ContextView)) {}

/// No-op: built without `validate`.
#[inline(always)]
pub fn for_each_held(_show: &mut dyn FnMut(&LockView)) {}

/// Returns [`Status::Absent`](crate::report::status::Status::Absent), and zeros: built without `validate`.
#[inline(always)]
pub fn state() -> State {
    State::ABSENT
}

/// Writes one line: there is no validator.
///
/// # Errors
/// Returns the errors of `out`.
pub fn dump(out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "{}", state().dump())
}

/// No-op: built without `validate`.
#[inline(always)]
pub fn for_each_accepted(_show: &mut dyn FnMut(&Accepted, u32)) {}

/// No-op: built without `validate`. Returns 0.
#[inline(always)]
pub fn show_pending() -> usize {
    0
}

/// Returns `true`: built without `validate`, so there is nothing to forget.
#[inline(always)]
pub fn reset() -> bool {
    true
}

/// Returns `None`: built without `validate`.
#[inline(always)]
pub fn first_finding() -> Option<Kind> {
    None
}

/// Returns zeros: built without `validate`.
#[inline(always)]
pub fn occupancy() -> Occupancy {
    Occupancy::default()
}

/// Returns zeros: built without `validate`, so there are no tables.
#[inline(always)]
pub fn memory_footprint() -> MemoryFootprint {
    MemoryFootprint::default()
}
