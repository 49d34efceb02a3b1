//! What dumps and self-tests read: holds, state, findings, how full the tables are; and the reset.
//!
//! Invariant: what a panic or an NMI may call never waits for the internal lock: holds and state.
//!
//! What it does not do: print.

use crate::atomic::Ordering;
use crate::context::Context;
use crate::lock::lock_map::LockMap;
use crate::port::Port;
use crate::report::LockView;
use crate::report::capacity::{MemoryFootprint, Occupancy};
use crate::report::kind::Kind;
use crate::report::status::State;
use crate::runtime::shared::SharedValidator;
use crate::runtime::with_engine::Busy;
use crate::runtime::{Runtime, current};
use crate::stat::Recorder;

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// Shows what the running context holds, the oldest first. Never waits.
    pub fn for_each_held(&self, show: &mut dyn FnMut(&LockView)) {
        if let Some(context) = current::<P>() {
            // Locks that `show` takes are recorded unchecked: the internal lock is held meanwhile.
            self.with_irqs_off(Some(context), |validator| validator.for_each_held(&Self::CONFIG, context, show));
        }
    }

    /// Returns the state of this context's validator; without a context, of the first one. Never waits.
    pub fn state(&self) -> State {
        let state =
            self.with_irqs_off(current::<P>(), |validator| validator.peek(&Self::CONFIG, |engine| engine.state()));
        let [early, unchecked] = [&self.early, &self.unchecked].map(|count| count.load(Ordering::Relaxed));
        State { early, unchecked, ..state.unwrap_or(State::UNKNOWN) }
    }

    /// Shows what is pending, and returns how much it was. Does nothing in an NMI, or while lockdep is running for this
    /// context. The port's `show` runs as the caller of this does, and the locks that it takes are checked.
    pub fn show_pending(&self) -> usize {
        match current::<P>() {
            Some(context) if context.is_unchecked() => 0,
            context => {
                let validator = context.map_or(&self.validators[0], |context| self.validator(context));
                validator.show_pending::<P, _>(&Self::CONFIG, || Busy::<P>::begin(current::<P>()))
            }
        }
    }

    /// Returns whether the running context, or one that it interrupted, holds this lock. `true` if a hold was lost: it
    /// may be this one.
    pub fn holds(&self, map: &LockMap) -> bool {
        current::<P>()
            .is_some_and(|context| context.has_lost() || context.all().any(|hold| hold.instance() == map.instance()))
    }

    /// Forgets everything that the validator of this context learned and found. Returns whether it could: not while a
    /// report of it is pending or being shown, nor while this context holds a lock, whose class it would forget. No
    /// other context of this validator may hold one, and no other CPU may acquire one meanwhile: see `hooks::reset`.
    pub fn reset(&self) -> bool {
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked()) else { return false };
        context.holds_nothing()
            && context.is_plain()
            && self.with_engine(context, |engine| engine.reset_unless_reports_wait())
    }

    /// Returns the first finding of this context's validator.
    pub fn first_finding(&self) -> Option<Kind> {
        let context = current::<P>().filter(|context| !context.is_unchecked())?;
        self.with_engine(context, |engine| engine.findings.first)
    }

    /// Returns how full the tables of this context's validator are.
    pub fn occupancy(&self) -> Occupancy {
        match current::<P>().filter(|context| !context.is_unchecked()) {
            Some(context) => self.with_engine(context, |engine| engine.occupancy()),
            None => Occupancy::default(),
        }
    }

    /// Returns the bytes of one validator, and how many locks were recorded unchecked because lockdep was running.
    pub fn memory_footprint(&self) -> MemoryFootprint {
        MemoryFootprint {
            validator: size_of::<SharedValidator<C, D, K, R, F>>(),
            context: size_of::<Context>(),
            statistics: size_of::<Recorder<C, N>>(),
        }
    }
}
