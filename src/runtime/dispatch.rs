//! The rare events, which share one entry point: what each of them does.
//!
//! Invariant: an event of a context in which nothing is checked, in an NMI or while lockdep is running for it, changes
//! only holds and flags.
//!
//! What it does not do: acquisitions, releases and changes of the interrupt flag, which have entry points of their own.

use crate::context::Context;
use crate::context::hold::Acquire;
use crate::engine::{self, recheck};
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::port::Port;
use crate::report::kind::Kind;
use crate::rules;
use crate::runtime::event::Event;
use crate::runtime::interrupts::{leave_unchecked, unlink};
use crate::runtime::with_engine::IrqsOff;
use crate::runtime::{Runtime, current};

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// Any other event of the current context.
    pub fn event(&self, event: Event<'_>, site: Site) {
        let Some(context) = current::<P>() else { return self.event_early(event, site) };
        if context.is_unchecked() {
            return self.event_unchecked(context, event, site);
        }
        match event {
            Event::Enter(level, own) => self.enter(context, level, &own.0, site),
            Event::Leave => self.leave(context, site),
            Event::End(own) => self.end(context, &own.0, site),
            Event::Gone(gone) => self.gone(context, gone),
            Event::CheckIrqs => self.check_irqs(context, site),
            Event::SectionBegin(map) => self.section_begin(map, site),
            Event::SectionEnd(map) => self.section_end(map, site),
            Event::MightSleep if P::irqs_enabled() && !rules::sleep_atomic::is_atomic(context) => {}
            event => {
                // Nothing may come between the read of the flag and its use: a task that was preempted and is back
                // would believe that interrupts are disabled, as they were in its scheduler.
                let irqs = IrqsOff::<P>::begin();
                self.sync_irq_flag(context, irqs.before, site);
                self.event_within(context, event, irqs.before, site);
            }
        }
    }

    /// An event that does not change the current context, with interrupts disabled. The context's flag is in sync with
    /// the machine's before.
    fn event_within(&self, context: &Context, event: Event<'_>, before: Irqs, site: Site) {
        if let Event::Downgrade(map, _) | Event::Claim(_, map) | Event::Pin(map) | Event::Unpin(map) = event
            && self.may_be_early(context, map)
        {
            return;
        }
        match event {
            Event::HandOver(map) if self.may_be_early(context, map) => {
                self.take_off_early();
                self.with_engine(context, |_| map.set_handed_over());
            }
            Event::SoftirqsOn if recheck::softirqs_on(self.validator(context).published(), context, site) => {}
            Event::SoftirqsOn => self.with_engine(context, |engine| engine.softirqs_on(context, site)),
            Event::SoftirqsOff => engine::softirqs_off(context, site),
            Event::ReclaimEnter => engine::reclaim_enter(context),
            Event::ReclaimExit => {
                engine::reclaim_exit(context);
            }
            Event::Allocate => self.with_engine(context, |engine| engine.allocate(context, site)),
            Event::MightSleep if !rules::sleep_atomic::is_atomic(context) => {}
            Event::MightSleep => self.with_engine(context, |engine| engine.might_sleep(context, site)),
            Event::Free(map) => self.with_engine(context, |engine| engine.free(context, map, Some(site))),
            Event::Dropped(map) => {
                self.with_engine(context, |engine| engine.free(context, map, None));
                engine::remove(context, map);
            }
            Event::UnregisterKey(key) => self.with_engine(context, |engine| engine.unregister_key(context, key, site)),
            Event::ForgetOwnClass(map) => self.with_engine(context, |engine| engine.forget_own_class(context, map)),
            Event::Downgrade(map, mode) => {
                self.with_engine(context, |engine| engine.downgrade(context, map, mode, Some(site)));
            }
            Event::HandOver(map) => self.with_engine(context, |engine| engine.hand_over(context, map, site)),
            Event::TakeOver(map, mode) => {
                self.with_engine(context, |engine| engine.take_over(context, map, mode, site))
            }
            Event::Claim(claim, map) => self.with_engine(context, |engine| engine.claim(context, claim, map, site)),
            Event::Pin(map) => self.with_engine(context, |engine| engine.pin(context, map, site)),
            Event::Unpin(map) => self.with_engine(context, |engine| engine.unpin(context, map, site)),
            Event::ClaimIrqsOn if !before.are_on() => {
                let note = "assert_irqs_enabled: they are disabled";
                self.report_misuse(context, Kind::Assertion, note, None, site);
            }
            Event::ClaimIrqsOff if before.are_on() => {
                let note = "assert_irqs_disabled: they are enabled";
                self.report_misuse(context, Kind::Assertion, note, None, site);
            }
            Event::ClaimIrqsOn | Event::ClaimIrqsOff => {}
            Event::CheckHolds if !context.all().any(|hold| hold.is_limited()) => {}
            Event::CheckHolds => self.with_engine(context, |engine| engine.check_holds(context, P::now(), site)),
            Event::TaskExit => {
                self.with_engine(context, |engine| engine.task_exit(context, site));
                self.retire(context);
            }
            Event::UserReturn => self.with_engine(context, |engine| engine.user_return(context, site)),
            Event::Wrong(kind, note, map) => self.report_misuse(context, kind, note, map, site),
            // Handled by `event`.
            Event::Enter(..)
            | Event::Leave
            | Event::End(_)
            | Event::Gone(_)
            | Event::CheckIrqs
            | Event::SectionBegin(_)
            | Event::SectionEnd(_) => {}
        }
    }

    /// The only events that count before the first context: a lock is acquired, a context is dropped.
    #[cold]
    fn event_early(&self, event: Event<'_>, site: Site) {
        match event {
            Event::SectionBegin(map) => self.section_begin(map, site),
            Event::SectionEnd(map) => self.section_end(map, site),
            Event::Gone(gone) => self.remove_from_list(gone),
            _ => {}
        }
    }

    /// A critical section is an ordinary lock, with or without a context, or no lock, as the port declares.
    #[inline(never)]
    fn section_begin(&self, map: &LockMap, site: Site) {
        if P::SECTION_IS_LOCK {
            self.acquire(map, Mode::WRITE, site);
        }
    }

    /// The section ends.
    #[inline(never)]
    fn section_end(&self, map: &LockMap, site: Site) {
        if P::SECTION_IS_LOCK {
            self.release(map, Some(site));
        }
    }

    /// lockdep is running for this context.
    #[cold]
    fn event_unchecked(&self, context: &Context, event: Event<'_>, site: Site) {
        match event {
            Event::Enter(level, own) => self.enter_unchecked(context, level, &own.0, site),
            Event::Leave => leave_unchecked::<P>(context, site),
            Event::End(own) => self.end(context, &own.0, site),
            Event::Gone(gone) => {
                unlink::<P>(context, gone);
                self.remove_from_list(gone);
            }
            Event::SoftirqsOn => context.set_softirqs(Irqs::On, Some(site)),
            Event::SoftirqsOff => context.set_softirqs(Irqs::Off, Some(site)),
            Event::ReclaimEnter => engine::reclaim_enter(context),
            Event::ReclaimExit => {
                engine::reclaim_exit(context);
            }
            Event::SectionBegin(map) if P::SECTION_IS_LOCK => {
                engine::acquire_unchecked(
                    self.validator(context).published(),
                    context,
                    &Acquire::new(map, Mode::WRITE, site),
                );
            }
            Event::SectionEnd(map) if P::SECTION_IS_LOCK => engine::release_unchecked(context, map),
            Event::Dropped(map) => {
                engine::remove(context, map);
            }
            Event::HandOver(map) => {
                engine::release_unchecked(context, map);
                map.set_handed_over();
            }
            Event::TakeOver(map, mode) => {
                map.clear_handed_over();
                let published = self.validator(context).published();
                engine::acquire_unchecked(published, context, &Acquire::new(map, mode, site));
            }
            _ => {}
        }
    }
}
