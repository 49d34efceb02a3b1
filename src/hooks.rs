//! The events that locks and kernels announce: a lock is acquired or released, interrupts are switched, a task may
//! sleep.
//!
//! Every function is one call of a link-time symbol that `port!` defines in the user's crate. A program that uses them
//! needs exactly one `port!`; without it the linker names the missing `__lockdep_…__write_lockdep_port_macro`
//! (`src/symbol.rs`).
//!
//! Common to all of them:
//! - None of them panics, unless [`Port::show`](crate::port::Port::show) does, and none waits for a tracked lock. Findings
//!   are passed to `show` as the port's policy says.
//! - A report shows the caller's line (`#[track_caller]`), or the `site` that is passed.
//! - Before the first context, and in an NMI, nothing is checked. Locks that are acquired there are counted
//!   ([`state`]).
//!
//! What it does not do: decide anything. The runtime dispatches each event (`runtime/`), the engine checks it
//! (`engine/`). The twin of this file for builds without the feature `validate` is `hooks/off.rs`: add a new function
//! to both; a test compares them.
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
use crate::stat;
use core::fmt;
use core::marker::PhantomData;

// SAFETY: `port!` defines each with exactly this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("acquire")]
    safe fn __lockdep_acquire(map: &LockMap, site: Site);
    #[link_name = __symbol!("acquire_shared")]
    safe fn __lockdep_acquire_shared(map: &LockMap, mode: Mode, site: Site);
    #[link_name = __symbol!("acquire_with")]
    safe fn __lockdep_acquire_with(what: &Acquire<'_>);
    #[link_name = __symbol!("release")]
    safe fn __lockdep_release(map: &LockMap, site: Option<Site>);
    #[link_name = __symbol!("wait_asleep")]
    safe fn __lockdep_wait_asleep(site: Site);
    #[link_name = __symbol!("irqs_enabled")]
    safe fn __lockdep_irqs_enabled(site: Site);
    #[link_name = __symbol!("irqs_disabled")]
    safe fn __lockdep_irqs_disabled(site: Site);
    #[link_name = __symbol!("irq_save")]
    safe fn __lockdep_irq_save(site: Site) -> SavedIrqs;
    #[link_name = __symbol!("irq_restore")]
    safe fn __lockdep_irq_restore(saved: SavedIrqs, site: Site);
    #[link_name = __symbol!("event")]
    safe fn __lockdep_event(event: Event<'_>, site: Site);
    #[link_name = __symbol!("irqs_recorded_on")]
    safe fn __lockdep_irqs_recorded_on() -> bool;
    #[link_name = __symbol!("wait_begin")]
    safe fn __lockdep_wait_begin(wait: &Wait<'_>);
    #[link_name = __symbol!("wait_end")]
    safe fn __lockdep_wait_end();
    #[link_name = __symbol!("next_context")]
    safe fn __lockdep_next_context(after: usize, view: &mut ContextView) -> bool;
    #[link_name = __symbol!("holds")]
    safe fn __lockdep_holds(map: &LockMap) -> bool;
    #[link_name = __symbol!("for_each_held")]
    safe fn __lockdep_for_each_held(show: &mut dyn FnMut(&LockView));
    #[link_name = __symbol!("state")]
    safe fn __lockdep_state() -> State;
    #[link_name = __symbol!("show_pending")]
    safe fn __lockdep_show_pending() -> usize;
    #[link_name = __symbol!("reset")]
    safe fn __lockdep_reset() -> bool;
    #[link_name = __symbol!("first_finding")]
    safe fn __lockdep_first_finding() -> Option<Kind>;
    #[link_name = __symbol!("occupancy")]
    safe fn __lockdep_occupancy() -> Occupancy;
    #[link_name = __symbol!("memory_footprint")]
    safe fn __lockdep_memory_footprint() -> MemoryFootprint;
}

/// Announces that this context is about to wait for a lock. Call it before the wait, so that a report comes before the
/// hang. Linux's `lock_acquire`.
///
/// `site` is the line that acquires the lock, for reports. Everything is checked here: recursion, order, interrupt
/// usage and wait types. The lock is recorded as held from here on; a lock that is not acquired after all is taken back
/// with [`release`].
#[inline(always)]
pub fn acquire(map: &LockMap, mode: Mode, site: Site) {
    if mode == Mode::WRITE {
        __lockdep_acquire(map, site);
    } else {
        __lockdep_acquire_shared(map, mode, site);
    }
}

/// Records an acquisition other than an ordinary wait at subclass 0: a try-lock, a subclass, a nest lock, an unchecked
/// one. A try-lock is recorded after it succeeded. Linux's `lock_acquire` with its other arguments.
#[inline]
pub fn acquire_with(what: &Acquire<'_>) {
    __lockdep_acquire_with(what);
}

/// Announces that a lock is about to be released. `site` is the line that does it, `None` where that is unknown (a
/// guard's drop has no line). A lock that is not held is reported as `unbalanced`. Linux's `lock_release`.
#[inline(always)]
pub fn release(map: &LockMap, site: Option<Site>) {
    __lockdep_release(map, site);
}

/// Announces that hard interrupts are about to be enabled on this CPU. Call it before the machine's flag changes. Locks
/// that are held now become held with interrupts enabled. Linux's `lockdep_hardirqs_on`.
#[track_caller]
#[inline(always)]
pub fn irqs_enabled() {
    __lockdep_irqs_enabled(Site::caller());
}

/// Records that hard interrupts were disabled on this CPU. Call it after the machine's flag changed. Linux's
/// `lockdep_hardirqs_off`.
#[track_caller]
#[inline(always)]
pub fn irqs_disabled() {
    __lockdep_irqs_disabled(Site::caller());
}

/// Disables hard interrupts on this CPU through the port, and records it. Returns the state before, for
/// [`irq_restore`]. Linux's `local_irq_save`.
#[track_caller]
#[inline(always)]
pub fn irq_save() -> SavedIrqs {
    __lockdep_irq_save(Site::caller())
}

/// Restores the interrupt state that [`irq_save`] returned. The validator records it before interrupts are enabled.
/// Linux's `local_irq_restore`.
#[track_caller]
#[inline(always)]
pub fn irq_restore(saved: SavedIrqs) {
    __lockdep_irq_restore(saved, Site::caller());
}

/// Restores like [`irq_restore`], for a drop, which has no line: `site` is where the restored section began.
#[inline(always)]
pub(crate) fn irq_restore_at(saved: SavedIrqs, site: Site) {
    __lockdep_irq_restore(saved, site);
}

/// Returns whether hard interrupts are enabled according to the validator's record. `true` before the first context.
#[inline]
pub fn irqs_recorded_on() -> bool {
    __lockdep_irqs_recorded_on()
}

/// Announces that softirqs are about to be enabled. Locks that are held now become held with softirqs enabled. Linux's
/// `lockdep_softirqs_on`.
#[track_caller]
#[inline]
pub fn softirqs_on() {
    __lockdep_event(Event::Softirqs(true), Site::caller());
}

/// Records that softirqs were disabled. Linux's `lockdep_softirqs_off`.
#[track_caller]
#[inline]
pub fn softirqs_off() {
    __lockdep_event(Event::Softirqs(false), Site::caller());
}

/// Begins an interrupt: `own` becomes the current context until the guard is dropped. Each CPU needs one cell for each
/// depth to which its interrupts nest. A cell that is in use is refused, and the refusal is reported (`assertion`).
///
/// Declare the guard first in the handler, before any lock is acquired. Locals are dropped in reverse order, so all
/// lock guards of the function are dropped before the interrupt ends.
///
/// ```ignore
/// static TIMER: ContextCell = ContextCell::new(0);
/// static TICKS: Mutex<u64> = Mutex::new(0);
///
/// fn timer_handler() {
///     let _interrupt = hooks::interrupt(Level::Hardirq, &TIMER);
///     let mut ticks = TICKS.lock();
///     *ticks += 1;
/// } // `ticks` is dropped, then `_interrupt`
/// ```
///
/// A handler that switches tasks does so after the guard is dropped, at the interrupt's tail: there `schedule` runs in
/// the context of the interrupted task, with interrupts off, and the current context is switched with the stack. See
/// [`Port::set_context`](crate::port::Port::set_context).
#[must_use = "the interrupt ends when this is dropped"]
#[track_caller]
#[inline]
pub fn interrupt(level: Level, own: &'static ContextCell) -> Interrupt {
    let site = Site::caller();
    __lockdep_event(Event::Enter(level, own), site);
    Interrupt { own, site, of_one_cpu: PhantomData }
}

/// Runs `handler` as an interrupt, like [`interrupt`]: the interrupt ends when the closure returns or panics.
#[track_caller]
#[inline]
pub fn within_interrupt<R>(level: Level, own: &'static ContextCell, handler: impl FnOnce() -> R) -> R {
    let _interrupt = interrupt(level, own);
    handler()
}

/// A running interrupt: from [`interrupt`] until this is dropped. It belongs to one CPU, so it is neither `Send` nor
/// `Sync`.
pub struct Interrupt {
    own: &'static ContextCell,
    site: Site,
    of_one_cpu: PhantomData<*const ()>,
}

impl Drop for Interrupt {
    #[inline]
    fn drop(&mut self) {
        __lockdep_event(Event::End(self.own), self.site);
    }
}

/// Begins an interrupt like [`interrupt`], but ends it with [`irq_exit`]: for entry code that cannot hold a guard.
/// Linux's `irq_enter`.
#[track_caller]
#[inline]
pub fn irq_enter(level: Level, own: &'static ContextCell) {
    __lockdep_event(Event::Enter(level, own), Site::caller());
}

/// Ends the innermost interrupt: the context that it interrupted is current again. Linux's `irq_exit`.
///
/// A lock guard that is declared in the same function is dropped after this, even where `irq_exit()` is its last line.
/// The interrupt then ends with the lock held, which is reported (`held-at-exit`). Drop such guards before, use
/// [`interrupt`], or call the handler's body as a function between [`irq_enter`] and `irq_exit`.
#[track_caller]
#[inline]
pub fn irq_exit() {
    __lockdep_event(Event::Leave, Site::caller());
}

/// Records that the task enters memory reclaim. Nests. Linux's `fs_reclaim_acquire`.
#[track_caller]
#[inline]
pub fn reclaim_enter() {
    __lockdep_event(Event::Reclaim(true), Site::caller());
}

/// Records that the task leaves memory reclaim. Linux's `fs_reclaim_release`.
#[track_caller]
#[inline]
pub fn reclaim_exit() {
    __lockdep_event(Event::Reclaim(false), Site::caller());
}

/// Announces an allocation that may enter reclaim: locks that are held here are held with reclaim enabled. Linux's
/// `might_alloc`.
#[track_caller]
#[inline]
pub fn might_alloc() {
    __lockdep_event(Event::Allocate, Site::caller());
}

/// Announces that the task may sleep here. Reported as `sleep-atomic` where it must not: in an interrupt, with
/// interrupts or softirqs disabled, or with a spinning lock held. Linux's `might_sleep`.
#[track_caller]
#[inline]
pub fn might_sleep() {
    __lockdep_event(Event::MightSleep, Site::caller());
}

/// Checks the flags before a sleeping lock is waited for: if the lock's outer wait type is `sleep`, and interrupts or
/// softirqs are disabled, that is reported as `sleep-atomic`. Call it after [`acquire`], in every acquisition of a
/// sleeping lock that waits, as Linux's `mutex_lock` calls `might_sleep`. An interrupt and a held spinning lock forbid
/// the sleep too; `acquire` has already reported those, as `wait-context`.
#[inline(always)]
pub fn wait_asleep(map: &LockMap, site: Site) {
    if map.sleeps() {
        __lockdep_wait_asleep(site);
    }
}

/// The same before a wait with a timeout. The rules treat such a wait as a try-lock, so if the lock sleeps this is a
/// whole [`might_sleep`].
#[inline]
pub fn wait_asleep_timed(map: &LockMap, site: Site) {
    if map.sleeps() {
        __lockdep_event(Event::MightSleep, site);
    }
}

/// Announces that a lock, which [`acquire`] announced before, is not free: this context begins to wait for it. Other
/// CPUs see that until the value is dropped, and the statistics count it (feature `stat`). Call it after the first
/// attempt failed, so that a free lock costs nothing. Linux's `lock_contended`.
///
/// A wait may contain others, of a scheduler's lock, in a wait that sleeps: others see the outermost.
#[must_use = "the wait ends when this is dropped"]
#[cold]
#[inline(never)]
pub fn contended(map: &LockMap, kind: WaitKind) -> Contended<'_> {
    stat::contended(map);
    Contended {
        map,
        _waiting: wait_begin(&Wait { map, kind, announced: true, mode: Mode::WRITE, site: Site::NOWHERE }),
    }
}

/// Announces any other wait, which the statistics do not count: for a condition, with a time-out, of a reader that
/// retries. Other CPUs see it until the value is dropped.
#[must_use = "the wait ends when this is dropped"]
#[cold]
#[inline(never)]
pub fn wait_begin(wait: &Wait<'_>) -> Waiting {
    __lockdep_wait_begin(wait);
    Waiting { of_one_context: PhantomData }
}

/// A wait for a lock, from [`contended`] until this is dropped, whether or not it was [acquired](Contended::acquired).
#[derive(Debug)]
pub struct Contended<'a> {
    map: &'a LockMap,
    _waiting: Waiting,
}

impl Contended<'_> {
    /// The lock was acquired. Linux's `lock_acquired`.
    #[cold]
    #[inline(never)]
    pub fn acquired(self) {
        stat::acquired(self.map);
    }
}

/// A wait, from [`wait_begin`] until this is dropped, in the same context.
#[derive(Debug)]
pub struct Waiting {
    of_one_context: PhantomData<*const ()>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        __lockdep_wait_end();
    }
}

/// Announces that the memory of a lock is about to be freed or reused. A lock that is still held is reported
/// (`held-freed`). If the lock is a class of its own ([`LockMap::of_first_use`]), that class is unregistered, as by
/// [`unregister_key`]. Linux's `debug_check_no_locks_freed`.
#[track_caller]
#[inline]
pub fn lock_freed(map: &LockMap) {
    __lockdep_event(Event::Free(map), Site::caller());
    if map.has_own_class() {
        __lockdep_event(Event::ForgetOwnClass(map), Site::caller());
    }
}

/// Announces that a lock is dropped. Like [`lock_freed`], but the line is unknown, and a lock that is held is also
/// removed from the record. Cheap if the lock is not held.
#[inline]
pub fn dropped(map: &LockMap) {
    if __lockdep_holds(map) {
        __lockdep_event(Event::Dropped(map), map.site());
    }
    if map.has_own_class() {
        __lockdep_event(Event::ForgetOwnClass(map), map.site());
    }
}

/// Unregisters a key that was made at run time, after the last of its locks is gone: its classes with their
/// dependencies and chains are removed, and their slots are used again. Linux's `lockdep_unregister_key`.
///
/// If this context holds a lock of the key, that is reported (`held-freed`) and nothing is removed. No other context
/// may hold one. Usually costs some thousand instructions with interrupts off; `src/engine/unregister.rs` has the
/// bound. Has no effect in an NMI, or before the first context.
#[track_caller]
#[inline]
pub fn unregister_key(key: &DynamicKey) {
    __lockdep_event(Event::UnregisterKey(key), Site::caller());
}

/// Turns an exclusive hold into a shared one of `mode`: [`Mode::READ`] where the lock's readers wait behind queued
/// writers. Linux's `lock_downgrade`.
#[track_caller]
#[inline]
pub fn downgrade(map: &LockMap, mode: Mode) {
    __lockdep_event(Event::Downgrade(map, mode), Site::caller());
}

/// Announces that another context will release this lock (a semaphore, a page lock, a guard that is passed to the next
/// task). The lock is no longer recorded as held here, and the next release of it is accepted from any context. The
/// receiver has no hold recorded, and no order is learned from it, unless it calls [`take_over`].
#[track_caller]
#[inline]
pub fn hand_over(map: &LockMap) {
    __lockdep_event(Event::HandOver(map), Site::caller());
}

/// Records a lock that was handed over as held by this context, in `mode`: the other side of [`hand_over`]. It counts
/// as a try-lock, since this context did not wait for it. A lock that was not handed over is reported as `assertion`.
#[track_caller]
#[inline]
pub fn take_over(map: &LockMap, mode: Mode) {
    __lockdep_event(Event::TakeOver(map, mode), Site::caller());
}

/// Compares the validator's record of the interrupt flag with the machine's flag, and reports a difference
/// (`irqs-state`).
#[track_caller]
#[inline]
pub fn check_irqs() {
    __lockdep_event(Event::CheckIrqs, Site::caller());
}

/// Reports every hold of this context, and of those that it interrupted, that lasts longer than its class allows
/// (`hold-limit`; [`LockMap::with_hold_limit`], feature `stat`). Call it from the kernel's timer.
///
/// Each hold is reported once. A lock that is waited for is not held. Without this call a hold is checked when it ends.
/// If locks of one class have different limits, the longest applies here. Costs almost nothing if no limited lock is
/// held, or without `stat`.
#[track_caller]
#[inline]
pub fn check_holds() {
    __lockdep_event(Event::CheckHolds, Site::caller());
}

/// Announces that the task ends. Locks that are still held are reported (`held-at-exit`). Linux's
/// `debug_check_no_locks_held`.
#[track_caller]
#[inline]
pub fn task_exit() {
    __lockdep_event(Event::TaskExit, Site::caller());
}

/// Announces that the task returns to user mode. Locks that are still held are reported (`held-to-user`). Linux's
/// `lockdep_sys_exit`.
#[track_caller]
#[inline]
pub fn user_return() {
    __lockdep_event(Event::UserReturn, Site::caller());
}

/// Reports misuse that a lock implementation detected itself, in the words of `note`: as this crate does for
/// [`Kind::WwMisuse`].
#[inline]
pub fn report_misuse(kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
    __lockdep_event(Event::Wrong(kind, note, map), site);
}

/// Passes on any event: for `asserts`.
#[inline]
pub(crate) fn event(event: Event<'_>, site: Site) {
    __lockdep_event(event, site);
}

/// Returns whether the running context, or one that it interrupted, holds exactly this lock. Takes no internal lock.
/// `true` if a hold was lost because the stack was full, since it may be this one. Linux's `lock_is_held`.
#[inline]
pub fn holds(map: &LockMap) -> bool {
    __lockdep_holds(map)
}

/// Calls `show` for each lock that the running context holds, the oldest first. It is meant for a panic handler, so it
/// never waits: if the internal lock is busy, classes have no names. Linux's `debug_show_held_locks`.
#[inline]
pub fn for_each_held(show: &mut dyn FnMut(&LockView)) {
    __lockdep_for_each_held(show);
}

/// Calls `show` for each context in use, of all CPUs: what it holds, and what it waits for. Linux's
/// `debug_show_all_locks`.
///
/// Contexts are in the order of their addresses, each as it is when it is its turn. No lock is held while `show` runs,
/// and interrupts are as they are here. A context that has not acquired a lock yet is not shown, nor is one without a
/// [`ContextCell`]. The time it takes grows with the square of their number.
pub fn for_each_context(show: &mut dyn FnMut(&ContextView)) {
    let mut view = ContextView::EMPTY;
    while __lockdep_next_context(view.address(), &mut view) {
        show(&view);
    }
}

/// Returns the state of the running context's validator: whether it is on, since when, why not, and how often each rule
/// ran. Never waits, so a panic handler may call it. Its `Display` is one line.
#[inline]
pub fn state() -> State {
    __lockdep_state()
}

/// Writes the whole state as text: for a panic, a debug console, the end of a test. Never waits.
///
/// # Errors
/// Returns the errors of `out`.
pub fn dump(out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "{}", state().dump())
}

/// Calls `show` for each finding that the port accepts, with how often it occurred since the validator was reset. 0 may
/// mean that it is fixed and can be removed from the list.
pub fn for_each_accepted(show: &mut dyn FnMut(&Accepted, u32)) {
    state().accepted().for_each(|(accepted, times)| show(accepted, times));
}

/// Shows the pending reports and notices, the oldest first, through [`Port::show`](crate::port::Port::show). Returns
/// how many there were. For ports whose policy is [`queued`](crate::report::policy::Policy::queued): call it where the
/// console can be used.
///
/// `show` runs as the caller does: interrupts are as they are here, and its locks are checked like any others. Findings
/// that come while it runs are shown after it; a nested call does nothing.
#[inline]
pub fn show_pending() -> usize {
    __lockdep_show_pending()
}

/// Forgets everything that the running context's validator learned and found. Returns `false`, and forgets nothing, if
/// a report is pending or being shown, or if this context holds a lock. Linux's `lockdep_reset`.
///
/// The caller makes sure that no other context holds a lock, and that no other CPU acquires one until this returns. A
/// hold recorded meanwhile would keep the slot of a forgotten class, and would be taken for another class later. The
/// consequence is a wrong report, never undefined behaviour. In a kernel, call it before the other CPUs start, or while
/// they are parked.
#[inline]
pub fn reset() -> bool {
    __lockdep_reset()
}

/// Returns the kind of the first finding of the running context's validator, not counting accepted ones.
#[inline]
pub fn first_finding() -> Option<Kind> {
    __lockdep_first_finding()
}

/// Returns how full the tables of that validator are.
#[inline]
pub fn occupancy() -> Occupancy {
    __lockdep_occupancy()
}

/// Returns the memory that the validator uses, in bytes, and how many locks it did not check.
#[inline]
pub fn memory_footprint() -> MemoryFootprint {
    __lockdep_memory_footprint()
}

/// A context that is dropped with a lock held is reported (`held-at-exit`). The implementation is here since it calls a
/// hook; the twin of this file has none.
impl Drop for ContextCell {
    fn drop(&mut self) {
        event(Event::Gone(&self.0), Site::NOWHERE);
    }
}
