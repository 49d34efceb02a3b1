//! The runtime: connects a [`Port`] with validators of a fixed size, and guards the slow path. It is the only global.
//!
//! `port!` puts one into the user's crate, with its entry points as link-time symbols: so everything inlines without
//! LTO, an acquire and a release are one call each, and a program has one copy. `hooks` contains the callers.
//!
//! | file | what |
//! | --- | --- |
//! | `macros` | `port!` |
//! | `constants` | what the constants of a port must be |
//! | `inspect`, `statistics` | what dumps, listings and self-tests read |
//! | `event`, `dispatch` | the rare events, which share one entry point |
//! | `interrupts` | interrupts that begin and end, each in a context of its own |
//! | `acquire` | acquisitions and releases: the fast path, and its slow end |
//! | `irq_flag` | the interrupt flag: its changes, and whether the record agrees with the machine |
//! | `with_engine` | the way into the engine: what excludes whom, and when findings are shown |
//! | `shared` | one validator and its internal lock |
//!
//! None of them calls one that is above it here.
//!
//! Invariants:
//! - The slow path runs with interrupts disabled, under the internal lock, with the context marked busy: locks that are
//!   acquired meanwhile (by the console that prints a report) are recorded unchecked, so nothing here can recurse.
//! - Findings are shown after the internal lock is released, since the holder of the console's own lock may be waiting
//!   for it: at once, or when the port calls `show_pending`, as its policy says.
//!
//! What it does not do: check a rule; that is the engine.

mod acquire;
mod constants;
pub(crate) mod contexts;
mod dispatch;
pub(crate) mod event;
mod inspect;
mod interrupts;
mod irq_flag;
#[cfg(feature = "validate")]
mod macros;
#[cfg(not(feature = "validate"))]
#[path = "macros/off.rs"]
mod macros;
#[cfg(feature = "validate")]
pub(crate) mod saved_irqs;
#[cfg(not(feature = "validate"))]
#[path = "saved_irqs/off.rs"]
pub(crate) mod saved_irqs;
mod shared;
#[cfg(feature = "stat")]
mod statistics;
#[cfg(feature = "watch")]
pub(crate) mod watch;
mod with_engine;

use crate::atomic::AtomicU32;
use crate::context::Context;
use crate::context::registry::Registry;
use crate::port::Port;
use crate::report::config::PortConfig;
use crate::runtime::shared::SharedValidator;
use crate::stat::Recorder;
use core::marker::PhantomData;

/// A port with `V` validators, of `C` slots for classes and `D` for dependencies, of which one each is never used, `K`
/// for chains, `R` for reports, one more than may wait, and `F` for findings; and statistics for `N` CPUs.
pub struct Runtime<
    P,
    const C: usize,
    const D: usize,
    const K: usize,
    const V: usize,
    const N: usize,
    const R: usize,
    const F: usize,
> {
    validators: [SharedValidator<C, D, K, R, F>; V],
    /// The statistics of the first validator.
    pub(crate) recorder: Recorder<C, N>,
    /// The contexts that all CPUs may look at.
    registry: Registry,
    /// Locks that were acquired before there was a context, and are not known to be released.
    early: AtomicU32,
    /// How many locks were recorded unchecked, because lockdep was running for the context or showed a report.
    unchecked: AtomicU32,
    /// Entries that were refused where nothing could be reported, and that are still to be reported.
    refused: AtomicU32,
    port: PhantomData<fn() -> P>,
}

/// Returns the current context, for the duration of one event.
#[allow(unsafe_code)] // contexts are shared, and only their owners touch them
#[inline(always)]
pub(crate) fn current<'c, P: Port>() -> Option<&'c Context> {
    // SAFETY: the port promises that it is null, or a context that only this CPU uses and that stays in place while it
    // is current. It is used for this event only, during which nothing switches; an interrupt that ends restores it.
    unsafe { P::context().as_ref() }
}

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Default for Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    fn default() -> Self {
        Runtime::new()
    }
}

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// The constants and functions of the port.
    const CONFIG: PortConfig = PortConfig {
        who: P::who,
        backtrace: P::backtrace,
        now: P::now,
        policy: P::POLICY,
        accepted: P::ACCEPTED,
        reports: R - 1,
    };

    /// A runtime that has learned nothing.
    pub const fn new() -> Self {
        const { constants::check::<P>() };
        let validators = [const { SharedValidator::new() }; V];
        Runtime {
            validators,
            recorder: Recorder::new(),
            registry: Registry::new(),
            early: AtomicU32::new(0),
            unchecked: AtomicU32::new(0),
            refused: AtomicU32::new(0),
            port: PhantomData,
        }
    }

    #[inline(always)]
    pub(crate) fn validator(&self, context: &Context) -> &SharedValidator<C, D, K, R, F> {
        let index = usize::from(context.validator());
        match self.validators.get(index) {
            Some(validator) if V > 1 => validator,
            _ => &self.validators[0],
        }
    }
}
