//! What locks and kernels call: the other end of the entry points that `port!` emits.
//!
//! Every function here is one call to a link-time symbol. A program that uses them needs exactly one `port!`; without it
//! the linker names the missing `__lockdep_…__write_lockdep_port_macro` (`src/symbol.rs`). Its twin for builds without the
//! feature `validate` is `hooks/off.rs`: a new function belongs into both, and a test compares them.
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

/// A lock is about to be waited for. Before the wait, so that a report comes before the hang.
#[inline(always)]
pub fn acquire(map: &LockMap, mode: Mode, site: Site) {
    if mode == Mode::WRITE {
        __lockdep_acquire(map, site);
    } else {
        __lockdep_acquire_shared(map, mode, site);
    }
}

/// A lock is taken in another way than by waiting for it at level 0.
#[inline]
pub fn acquire_with(what: &Acquire<'_>) {
    __lockdep_acquire_with(what);
}

/// A lock is about to be let go; `site` where that is known (a guard's drop knows no line).
#[inline(always)]
pub fn release(map: &LockMap, site: Option<Site>) {
    __lockdep_release(map, site);
}

/// Hard interrupts are about to be enabled on this CPU.
#[track_caller]
#[inline(always)]
pub fn irqs_enabled() {
    __lockdep_irqs_enabled(Site::caller());
}

/// Hard interrupts were disabled on this CPU.
#[track_caller]
#[inline(always)]
pub fn irqs_disabled() {
    __lockdep_irqs_disabled(Site::caller());
}

/// Disables hard interrupts on this CPU, by the port, and tells the validator; returns what they were.
#[track_caller]
#[inline(always)]
pub fn irq_save() -> SavedIrqs {
    __lockdep_irq_save(Site::caller())
}

/// Makes hard interrupts what they were, as [`irq_save`] returned it: the validator is told before they are enabled.
#[track_caller]
#[inline(always)]
pub fn irq_restore(saved: SavedIrqs) {
    __lockdep_irq_restore(saved, Site::caller());
}

/// The same for a drop, which knows no line: where it began what it restores.
#[inline(always)]
pub(crate) fn irq_restore_at(saved: SavedIrqs, site: Site) {
    __lockdep_irq_restore(saved, site);
}

/// Whether the validator was told that hard interrupts are on.
#[inline]
pub fn irqs_recorded_on() -> bool {
    __lockdep_irqs_recorded_on()
}

/// Softirqs are about to be enabled.
#[track_caller]
#[inline]
pub fn softirqs_on() {
    __lockdep_event(Event::Softirqs(true), Site::caller());
}

/// Softirqs were disabled.
#[track_caller]
#[inline]
pub fn softirqs_off() {
    __lockdep_event(Event::Softirqs(false), Site::caller());
}

/// An interrupt begins: `own` becomes the context that runs, until the guard is dropped. Each CPU has one for each depth to
/// which its interrupts nest; one that is in use is refused, and that is reported.
///
/// Declare the guard first in the handler, before any lock is acquired: what is declared first is dropped last, so all guards
/// of locks in the function are dropped before the interrupt ends.
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
/// A handler that switches tasks does so after the guard is dropped: `schedule` is called at the interrupt's tail, in the
/// context of the interrupted task, with interrupts off; the current context is switched with the stack. See
/// [`Port::set_context`](crate::port::Port::set_context).
#[must_use = "the interrupt ends when this is dropped"]
#[track_caller]
#[inline]
pub fn interrupt(level: Level, own: &'static ContextCell) -> Interrupt {
    let site = Site::caller();
    __lockdep_event(Event::Enter(level, own), site);
    Interrupt { own, site, of_one_cpu: PhantomData }
}

/// The same for a handler that is a closure: the interrupt lasts as long as it runs.
#[track_caller]
#[inline]
pub fn within_interrupt<R>(level: Level, own: &'static ContextCell, handler: impl FnOnce() -> R) -> R {
    let _interrupt = interrupt(level, own);
    handler()
}

/// An interrupt that runs, from [`interrupt`] until this is dropped. It belongs to one CPU.
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

/// An interrupt begins, as by [`interrupt`], and ends with [`irq_exit`]: for entry code in which no guard can stand.
#[track_caller]
#[inline]
pub fn irq_enter(level: Level, own: &'static ContextCell) {
    __lockdep_event(Event::Enter(level, own), Site::caller());
}

/// The innermost interrupt ends: the context that it interrupted runs again.
///
/// A guard of a lock that is declared in the same function is dropped after this, even where `leave()` is the last line of
/// it: the interrupt ends with the lock held, which is reported (`held-at-exit`). Drop such guards before, or use
/// [`interrupt`], or call the handler's body as a function between `enter` and `leave`.
#[track_caller]
#[inline]
pub fn irq_exit() {
    __lockdep_event(Event::Leave, Site::caller());
}

/// The task enters memory reclaim; nests.
#[track_caller]
#[inline]
pub fn reclaim_enter() {
    __lockdep_event(Event::Reclaim(true), Site::caller());
}

/// The task leaves memory reclaim.
#[track_caller]
#[inline]
pub fn reclaim_exit() {
    __lockdep_event(Event::Reclaim(false), Site::caller());
}

/// The task allocates in a way that may enter reclaim.
#[track_caller]
#[inline]
pub fn might_alloc() {
    __lockdep_event(Event::Allocate, Site::caller());
}

/// The task may sleep here. Linux's `might_sleep`.
#[track_caller]
#[inline]
pub fn might_sleep() {
    __lockdep_event(Event::MightSleep, Site::caller());
}

/// A lock that was just announced by [`acquire`] is about to be waited for: if it sleeps (an outer wait type of `sleep`), and
/// interrupts or softirqs are disabled, that is reported as `sleep-atomic`. Every waiting acquisition of a lock that sleeps
/// does this, as Linux's `mutex_lock` calls `might_sleep`. (An interrupt and a spinning lock that is held bar it too; the
/// acquisition has reported these, as `wait-context`.)
#[inline(always)]
pub fn wait_asleep(map: &LockMap, site: Site) {
    if map.sleeps() {
        __lockdep_wait_asleep(site);
    }
}

/// A lock is about to be waited for, for some time and no longer: to the rules that is a try, but if it sleeps it is
/// [`might_sleep`].
#[inline]
pub fn wait_asleep_timed(map: &LockMap, site: Site) {
    if map.sleeps() {
        __lockdep_event(Event::MightSleep, site);
    }
}

/// The memory of a lock is about to be freed, or the lock to be constructed again. If it was a class of its own
/// ([`LockMap::of_first_use`]), the class is forgotten, as by [`unregister_key`].
#[track_caller]
#[inline]
pub fn lock_freed(map: &LockMap) {
    __lockdep_event(Event::Free(map), Site::caller());
    if map.has_own_class() {
        __lockdep_event(Event::ForgetOwnClass(map), Site::caller());
    }
}

/// A lock is dropped: like [`lock_freed`], but the place is not known, and if it is held it leaves the books. Cheap if it is not.
#[inline]
pub fn dropped(map: &LockMap) {
    if __lockdep_holds(map) {
        __lockdep_event(Event::Dropped(map), map.site());
    }
    if map.has_own_class() {
        __lockdep_event(Event::ForgetOwnClass(map), map.site());
    }
}

/// A key that was made at run time is given up, after the last of its locks: its classes, their dependencies and chains are
/// forgotten, and their room is used again. If this context holds a lock of the key that is reported (`held-freed`), and
/// nothing is forgotten; no other context may hold one. Costs mostly some thousand instructions with interrupts off;
/// `src/engine/unregister.rs` has the bound. Not heard in an NMI, nor before there is a context. Linux's `lockdep_unregister_key`.
#[track_caller]
#[inline]
pub fn unregister_key(key: &DynamicKey) {
    __lockdep_event(Event::UnregisterKey(key), Site::caller());
}

/// An exclusive hold becomes one of `mode`, a reader's: [`Mode::READ`] where a lock has readers that wait behind writers.
#[track_caller]
#[inline]
pub fn downgrade(map: &LockMap, mode: Mode) {
    __lockdep_event(Event::Downgrade(map, mode), Site::caller());
}

/// The lock will be let go by another context (a semaphore, a page lock, a guard that is given to the next task): it leaves
/// the books of this one, and the next release of it is right, whoever makes it. Whoever receives it has nothing on its
/// books, and no order is learned of it, unless it calls [`take_over`].
#[track_caller]
#[inline]
pub fn hand_over(map: &LockMap) {
    __lockdep_event(Event::HandOver(map), Site::caller());
}

/// The other side of [`hand_over`]: the lock, held as `mode`, goes on the books of the running context, as one that was tried,
/// for nobody waited here. Reported as `assertion` if nobody handed it over.
#[track_caller]
#[inline]
pub fn take_over(map: &LockMap, mode: Mode) {
    __lockdep_event(Event::TakeOver(map, mode), Site::caller());
}

/// Reports if the validator was told otherwise of interrupts than the machine's own flag says.
#[track_caller]
#[inline]
pub fn check_irqs() {
    __lockdep_event(Event::CheckIrqs, Site::caller());
}

/// Reports what the running context, and those that it interrupted, hold for longer than the class allows
/// ([`with_hold_limit`](crate::lock::lock_map::LockMap::with_hold_limit), feature `stat`): for the kernel's timer. Each hold once;
/// a lock that is waited for is not held. Without this call a hold is looked at when it ends. Of a class whose locks have
/// several limits the longest counts here. Costs next to nothing where nothing with a limit is held, and without `stat`.
#[track_caller]
#[inline]
pub fn check_holds() {
    __lockdep_event(Event::CheckHolds, Site::caller());
}

/// The task ends.
#[track_caller]
#[inline]
pub fn task_exit() {
    __lockdep_event(Event::TaskExit, Site::caller());
}

/// The task returns to user mode.
#[track_caller]
#[inline]
pub fn user_return() {
    __lockdep_event(Event::UserReturn, Site::caller());
}

/// Reports what the caller found out by itself: a broken protocol of its own locks, as [`Kind::WwMisuse`] is one.
#[inline]
pub fn report_misuse(kind: Kind, note: &'static str, map: Option<&LockMap>, site: Site) {
    __lockdep_event(Event::Wrong(kind, note, map), site);
}

/// Any event: for `asserts`.
#[inline]
pub(crate) fn event(event: Event<'_>, site: Site) {
    __lockdep_event(event, site);
}

/// Whether the running context, or one that it interrupted, holds this very lock. No lock is taken for it.
#[inline]
pub fn holds(map: &LockMap) -> bool {
    __lockdep_holds(map)
}

/// Shows what the running context holds, the lowest first, to `show`. Made for a panic: it waits for nothing; classes
/// have no name if the tables cannot be had soon.
#[inline]
pub fn for_each_held(show: &mut dyn FnMut(&LockView)) {
    __lockdep_for_each_held(show);
}

/// The state of the running context's validator: whether it is on, since when, why not, how often each rule ran. Waits for
/// nothing, as is right in a panic. Displayed, it is one line.
#[inline]
pub fn state() -> State {
    __lockdep_state()
}

/// Writes the whole state as text: for a panic, a debug console, the end of a test. Waits for nothing.
///
/// # Errors
/// Those of `out`.
pub fn dump(out: &mut dyn fmt::Write) -> fmt::Result {
    write!(out, "{}", state().dump())
}

/// Shows the findings that the port accepts, each with how often it came since the validator was reset: 0 may mean that it
/// is mended, and can be struck from the list.
pub fn for_each_accepted(show: &mut dyn FnMut(&Accepted, u32)) {
    state().accepted().for_each(|(accepted, times)| show(accepted, times));
}

/// Shows the reports and notices that wait, the oldest first, by [`Port::show`](crate::port::Port::show), and says how
/// many they were. For ports whose policy is [`queued`](crate::report::policy::Policy::queued): where the console can be used.
/// `show` runs as the caller does: interrupts are as they are here, and what it takes is checked like anything else. What
/// is found while it runs is shown after it; a drain inside it does nothing.
#[inline]
pub fn show_pending() -> usize {
    __lockdep_show_pending()
}

/// Forgets all that the validator of the running context learned and found. `false`: a report of it waits to be shown, or is
/// being shown, or this context holds a lock.
///
/// The caller makes sure that no other context holds a lock, and that no other CPU acquires one until this returns: a hold
/// that is recorded meanwhile has the slot of a class that is forgotten, so it would be taken for another class later. (What
/// comes of that is a wrong report, never undefined behaviour.) In a kernel: before the other CPUs start, or while they are
/// parked.
#[inline]
pub fn reset() -> bool {
    __lockdep_reset()
}

/// What the validator of the running context found first, accepted findings apart.
#[inline]
pub fn first_finding() -> Option<Kind> {
    __lockdep_first_finding()
}

/// How full its tables are.
#[inline]
pub fn occupancy() -> Occupancy {
    __lockdep_occupancy()
}

/// What it costs.
#[inline]
pub fn memory_footprint() -> MemoryFootprint {
    __lockdep_memory_footprint()
}

/// A context that is dropped with a lock held is reported. Here, since it is told through a hook; the twin of this file has none.
impl Drop for ContextCell {
    fn drop(&mut self) {
        event(Event::Gone(&self.0), Site::NOWHERE);
    }
}
