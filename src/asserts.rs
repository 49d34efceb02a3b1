//! Assertions about locks and interrupts that a function relies on. A false one is reported (`assertion`) with the
//! caller's line; none of them panics.
//!
//! They check what is recorded for the running context, and the lock itself, not its class. Before the first context
//! they check nothing. Linux's `lockdep_assert_held` and the like, `might_lock`, `might_fault`, `lock_pin_lock`.

use crate::engine::assertions::Claim;
use crate::hooks;
use crate::lock::as_lock_map::AsLockMap;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::runtime::event::Event;

/// Asserts that the lock is held, in any mode. Linux's `lockdep_assert_held`.
#[track_caller]
#[inline]
pub fn assert_held(lock: &(impl AsLockMap + ?Sized)) {
    hooks::event(Event::Claim(Claim::Held, lock.as_lock_map()), Site::caller());
}

/// Asserts that the lock is held for reading. Linux's `lockdep_assert_held_read`.
#[track_caller]
#[inline]
pub fn assert_held_read(lock: &(impl AsLockMap + ?Sized)) {
    hooks::event(Event::Claim(Claim::HeldRead, lock.as_lock_map()), Site::caller());
}

/// Asserts that the lock is held exclusively. Linux's `lockdep_assert_held_write`.
#[track_caller]
#[inline]
pub fn assert_held_write(lock: &(impl AsLockMap + ?Sized)) {
    hooks::event(Event::Claim(Claim::HeldWrite, lock.as_lock_map()), Site::caller());
}

/// Asserts that the lock is not held. Linux's `lockdep_assert_not_held`.
#[track_caller]
#[inline]
pub fn assert_not_held(lock: &(impl AsLockMap + ?Sized)) {
    hooks::event(Event::Claim(Claim::NotHeld, lock.as_lock_map()), Site::caller());
}

/// Asserts that hard interrupts are disabled, by the machine's own flag. Linux's `lockdep_assert_irqs_disabled`.
#[track_caller]
#[inline]
pub fn assert_irqs_disabled() {
    hooks::event(Event::ClaimIrqsOff, Site::caller());
}

/// Asserts that hard interrupts are enabled, by the machine's own flag. Linux's `lockdep_assert_irqs_enabled`.
#[track_caller]
#[inline]
pub fn assert_irqs_enabled() {
    hooks::event(Event::ClaimIrqsOn, Site::caller());
}

/// Announces that the lock may be acquired from here on some path: it is checked, and its order learned, as if it were
/// acquired now. Linux's `might_lock`.
#[track_caller]
#[inline]
pub fn might_lock(lock: &(impl AsLockMap + ?Sized)) {
    might_lock_as(lock.as_lock_map(), Mode::WRITE);
}

/// The same for a reader that waits behind queued writers. Linux's `might_lock_read`.
#[track_caller]
#[inline]
pub fn might_lock_read(lock: &(impl AsLockMap + ?Sized)) {
    might_lock_as(lock.as_lock_map(), Mode::READ);
}

/// Announces that user memory may be accessed here: that may sleep, and take the lock of the address space for reading.
/// Linux's `might_fault`.
#[track_caller]
#[inline]
pub fn might_fault(address_space: &(impl AsLockMap + ?Sized)) {
    hooks::might_sleep();
    might_lock_as(address_space.as_lock_map(), Mode::READ);
}

#[track_caller]
fn might_lock_as(map: &LockMap, mode: Mode) {
    let site = Site::caller();
    hooks::acquire(map, mode, site);
    hooks::release(map, Some(site));
}

/// Pins the lock: a release before [`unpin`] is reported. Linux's `lock_pin_lock`.
#[track_caller]
#[inline]
pub fn pin(lock: &(impl AsLockMap + ?Sized)) -> Pin<'_> {
    let map = lock.as_lock_map();
    hooks::event(Event::Pin(map), Site::caller());
    Pin { map }
}

/// Removes a pin. Linux's `lock_unpin_lock`.
#[track_caller]
#[inline]
pub fn unpin(pin: Pin<'_>) {
    hooks::event(Event::Unpin(pin.map), Site::caller());
}

/// A pinned lock. Dropping it does not remove the pin: a forgotten pin is found when the lock is released.
#[must_use = "a pin is taken off with `unpin`"]
#[derive(Debug)]
pub struct Pin<'a> {
    map: &'a LockMap,
}
