//! The twin of `hooks.rs` for builds without the feature `validate`: the same functions, empty.
//!
//! Nothing is counted, held or found. What is left are the two that disable and restore interrupts, since a lock that is
//! taken with interrupts disabled must do so whoever watches: `port!` emits them, and a program without such locks needs
//! no `port!`.
#![allow(unsafe_code)]

use crate::class::{DynamicKey, LockMap};
use crate::context::Level;
use crate::held::Acquire;
use crate::limits::Occupancy;
use crate::mode::Mode;
use crate::policy::Accepted;
use crate::port::IrqState;
use crate::report::{Kind, LockView};
use crate::runtime::{ContextCell, Costs, Event};
use crate::site::Site;
use crate::state::State;
use core::fmt;
use core::marker::PhantomData;

// SAFETY: `port!` defines each with just this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("off_irq_save")]
    safe fn __lockdep_irq_save() -> SavedIrqs;
    #[link_name = __symbol!("off_irq_restore")]
    safe fn __lockdep_irq_restore(saved: SavedIrqs);
}

/// What [`irq_save`] returns and [`irq_restore`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "interrupts stay disabled until this is restored"]
pub struct SavedIrqs {
    state: IrqState,
}

impl SavedIrqs {
    /// The machine's state, and whether an interrupt could come then.
    #[inline(always)]
    pub const fn new(state: IrqState, _were_on: bool) -> SavedIrqs {
        SavedIrqs { state }
    }

    /// What the port saved.
    #[inline(always)]
    pub const fn state(self) -> IrqState {
        self.state
    }

    /// `false`: nobody asks.
    #[inline(always)]
    pub const fn were_on(self) -> bool {
        false
    }
}

/// Nothing.
#[inline(always)]
pub fn acquire(_map: &LockMap, _mode: Mode, _site: Site) {}

/// Nothing.
#[inline(always)]
pub fn acquire_specially(_what: &Acquire<'_>) {}

/// Nothing.
#[inline(always)]
pub fn release(_map: &LockMap, _site: Option<Site>) {}

/// Nothing.
#[inline(always)]
pub fn irqs_on() {}

/// Nothing.
#[inline(always)]
pub fn irqs_off() {}

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
pub fn irqs_told() -> bool {
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
pub fn enter(_level: Level, _own: &'static ContextCell) {}

/// Nothing.
#[inline(always)]
pub fn leave() {}

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
pub fn free(_map: &LockMap) {}

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
pub fn wrong(_kind: Kind, _note: &'static str, _map: Option<&LockMap>, _site: Site) {}

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
pub fn each_held(_show: &mut dyn FnMut(&LockView)) {}

/// [`Status::Absent`](crate::state::Status::Absent), and all zeros.
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
pub fn accepted(_show: &mut dyn FnMut(&Accepted, u32)) {}

/// Nothing, and nothing is to be shown.
#[inline(always)]
pub fn drain() -> usize {
    0
}

/// `true`: there is nothing to forget.
#[inline(always)]
pub fn reset() -> bool {
    true
}

/// `None`: nothing is looked for.
#[inline(always)]
pub fn found() -> Option<Kind> {
    None
}

/// All zeros.
#[inline(always)]
pub fn occupancy() -> Occupancy {
    Occupancy::default()
}

/// All zeros: it costs nothing.
#[inline(always)]
pub fn costs() -> Costs {
    Costs::default()
}

/// Makes a [`Port`](crate::port::Port) the program's: what is left of it is how to disable and enable interrupts. The sizes of
/// tables are taken and not looked at.
#[macro_export]
macro_rules! port {
    ($port:ty $(, $size:ident = $n:expr)* $(,)?) => {
        const _: () = {
            #[unsafe(export_name = $crate::__symbol!("off_irq_save"))]
            fn __lockdep_irq_save() -> $crate::hooks::SavedIrqs {
                let state = <$port as $crate::port::Port>::irqs_disable();
                $crate::hooks::SavedIrqs::new(state, false)
            }
            #[unsafe(export_name = $crate::__symbol!("off_irq_restore"))]
            fn __lockdep_irq_restore(saved: $crate::hooks::SavedIrqs) {
                <$port as $crate::port::Port>::irqs_restore(saved.state());
            }
        };
    };
}
