//! The way into the engine: interrupts disabled, the context marked busy, the internal lock taken; and out of it again,
//! with the findings shown.
//!
//! Invariants:
//! - Interrupts are disabled before the context is marked busy, and enabled after the mark is removed: so the mark is
//!   never that of another task, to which an interrupt switched.
//! - While findings are shown, the internal lock is not held.
//!
//! What it does not do: choose the event.

use crate::atomic::Ordering;
use crate::context::Context;
use crate::engine::Engine;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::port::{IrqState, Port};
use crate::report::kind::Kind;
use crate::runtime::Runtime;
use crate::runtime::shared::SharedValidator;
use core::marker::PhantomData;

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// Runs an event of the slow path, and shows its findings if the port wants that at once.
    pub(crate) fn with_engine<T>(&self, context: &Context, event: impl FnOnce(&mut Engine<'_>) -> T) -> T {
        self.with_irqs_off(Some(context), |validator| {
            let late = self.refused.load(Ordering::Relaxed) > 0 && self.refused.swap(0, Ordering::Relaxed) > 0;
            let (answer, has_messages) = validator.with(&Self::CONFIG, |engine| {
                if context.is_to_be_settled() {
                    engine.settle(context);
                }
                if late {
                    engine.looks_for(Kind::Assertion);
                    engine.wrong(context, Kind::Assertion, REFUSED_LATE, None, None);
                }
                event(engine)
            });
            if has_messages && !P::POLICY.is_queued() {
                validator.show_pending::<P, _>(&Self::CONFIG, || ());
            }
            answer
        })
    }

    /// Accesses the validator of a context (without one, the first), with interrupts disabled and the context marked
    /// busy.
    #[inline(always)]
    pub(super) fn with_irqs_off<T>(
        &self,
        context: Option<&Context>,
        work: impl FnOnce(&SharedValidator<C, D, K, R, F>) -> T,
    ) -> T {
        let _busy = Busy::<P>::begin(context);
        work(context.map_or(&self.validators[0], |context| self.validator(context)))
    }

    /// Reports misuse that no rule decides: the check counts as run whenever it reports.
    #[cold]
    pub(super) fn report_misuse(
        &self,
        context: &Context,
        kind: Kind,
        note: &'static str,
        map: Option<&LockMap>,
        site: Site,
    ) {
        self.with_engine(context, |engine| {
            engine.looks_for(kind);
            engine.wrong(context, kind, note, map, Some(site));
        });
    }
}

/// Interrupts are disabled, until this is dropped.
pub(super) struct IrqsOff<P: Port> {
    state: IrqState,
    /// The machine's flag, as it was before: whether an interrupt could come.
    pub(super) before: Irqs,
    port: PhantomData<P>,
}

impl<P: Port> IrqsOff<P> {
    #[inline(always)]
    pub(super) fn begin() -> Self {
        let before = Irqs::from(P::irqs_enabled());
        IrqsOff { state: P::irqs_disable(), before, port: PhantomData }
    }
}

impl<P: Port> Drop for IrqsOff<P> {
    fn drop(&mut self) {
        P::irqs_restore(self.state);
    }
}

/// Marks that lockdep is running for a context, with interrupts disabled; without a context, only disables them. It
/// ends also when the port's `show` panics, which it may on the host.
pub(super) struct Busy<'c, P: Port> {
    context: Option<&'c Context>,
    /// Dropped after the mark is removed.
    _irqs: IrqsOff<P>,
}

impl<P: Port> Busy<'_, P> {
    pub(super) fn begin(context: Option<&Context>) -> Busy<'_, P> {
        let irqs = IrqsOff::begin();
        if let Some(context) = context {
            context.enter_lockdep();
        }
        Busy { context, _irqs: irqs }
    }
}

impl<P: Port> Drop for Busy<'_, P> {
    fn drop(&mut self) {
        if let Some(context) = self.context {
            context.leave_lockdep();
        }
    }
}

/// The note of an entry that was refused in an NMI, reported later.
const REFUSED_LATE: &str = "some time before, in an NMI or while the validator was busy, a context was entered that was in \
                            use: each level of nesting needs one of its own, and an NMI in an NMI too";
