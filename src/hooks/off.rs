//! The twin of `hooks.rs` for builds without the feature `validate`: the same functions, empty.
//!
//! Nothing is counted, held or found. What is left are the two that disable and restore interrupts, since a lock that is
//! taken with interrupts disabled must do so whoever watches: `port!` emits them, and a program without such locks needs
//! no `port!`.
#![allow(unsafe_code)]

use crate::class::{DynamicKey, LockMap};
use crate::context::{Context, Level};
use crate::held::Acquire;
use crate::limits::Occupancy;
use crate::mode::Mode;
use crate::policy::Accepted;
use crate::report::{Kind, LockView};
use crate::runtime::{Costs, Event};
use crate::site::Site;
use crate::state::State;
use core::fmt;

// SAFETY: `port!` defines each with just this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    safe fn __lockdep_irq_save() -> bool;
    safe fn __lockdep_irq_restore(were_on: bool);
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

/// Disables hard interrupts on this CPU, by the port; says whether they were on.
#[inline(always)]
pub fn irq_save() -> bool {
    __lockdep_irq_save()
}

/// Makes hard interrupts what they were, as [`irq_save`] said.
#[inline(always)]
pub fn irq_restore(were_on: bool) {
    __lockdep_irq_restore(were_on);
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
#[inline(always)]
pub fn enter(_level: Level, _own: &'static Context) {}

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
            #[unsafe(no_mangle)]
            fn __lockdep_irq_save() -> bool {
                let were_on = <$port as $crate::port::Port>::irqs_enabled();
                <$port as $crate::port::Port>::irqs_disable();
                were_on
            }
            #[unsafe(no_mangle)]
            fn __lockdep_irq_restore(were_on: bool) {
                if were_on {
                    <$port as $crate::port::Port>::irqs_enable();
                }
            }
        };
    };
}
