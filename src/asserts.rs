//! Assertions: what the code at hand takes for granted, said aloud. Each reports with the caller's line.
//!
//! They go by the books of the running context, and by the lock itself, not its class. Where there is no context yet, they
//! say nothing. Linux's `lockdep_assert_held` and its like, `might_lock`, `might_fault`, `lock_pin_lock`.

use crate::engine::assertions::Claim;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::runtime::event::Event;

/// The lock is held, in whatever mode.
#[track_caller]
#[inline]
pub fn assert_held(map: &LockMap) {
    hooks::event(Event::Claim(Claim::Held, map), Site::caller());
}

/// The lock is held for reading.
#[track_caller]
#[inline]
pub fn assert_held_read(map: &LockMap) {
    hooks::event(Event::Claim(Claim::HeldRead, map), Site::caller());
}

/// The lock is held exclusively.
#[track_caller]
#[inline]
pub fn assert_held_write(map: &LockMap) {
    hooks::event(Event::Claim(Claim::HeldWrite, map), Site::caller());
}

/// The lock is not held.
#[track_caller]
#[inline]
pub fn assert_not_held(map: &LockMap) {
    hooks::event(Event::Claim(Claim::NotHeld, map), Site::caller());
}

/// Hard interrupts are disabled, by the machine's own flag.
#[track_caller]
#[inline]
pub fn assert_irqs_disabled() {
    hooks::event(Event::ClaimIrqs(false), Site::caller());
}

/// Hard interrupts are enabled, by the machine's own flag.
#[track_caller]
#[inline]
pub fn assert_irqs_enabled() {
    hooks::event(Event::ClaimIrqs(true), Site::caller());
}

/// The lock may be taken from here on some path: the order is checked and learned as if it were taken now.
#[track_caller]
#[inline]
pub fn might_lock(map: &LockMap) {
    might_lock_as(map, Mode::WRITE);
}

/// The lock may be taken for reading from here, by a reader that waits behind writers.
#[track_caller]
#[inline]
pub fn might_lock_read(map: &LockMap) {
    might_lock_as(map, Mode::READ);
}

/// Memory of a user may be touched here: that may sleep, and take the lock of the address space for reading.
#[track_caller]
#[inline]
pub fn might_fault(address_space: &LockMap) {
    hooks::might_sleep();
    might_lock_as(address_space, Mode::READ);
}

#[track_caller]
fn might_lock_as(map: &LockMap, mode: Mode) {
    let site = Site::caller();
    hooks::acquire(map, mode, site);
    hooks::release(map, Some(site));
}

/// The lock must not be let go until the pin is taken off, by [`unpin`].
#[track_caller]
#[inline]
pub fn pin(map: &LockMap) -> Pin<'_> {
    hooks::event(Event::Pin(map, true), Site::caller());
    Pin { map }
}

/// Takes a pin off.
#[track_caller]
#[inline]
pub fn unpin(pin: Pin<'_>) {
    hooks::event(Event::Pin(pin.map, false), Site::caller());
}

/// A lock that is pinned. It is not taken off by itself: a pin that is forgotten is found when the lock is let go.
#[must_use = "a pin is taken off with `unpin`"]
#[derive(Debug)]
pub struct Pin<'a> {
    map: &'a LockMap,
}
