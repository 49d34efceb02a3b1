//! The runtime's part of the watchdogs (feature `watch`): looks at the waiters one after the other, and reports what
//! hangs.
//!
//! A look takes two steps. The first, under the list's lock alone, finds a waiter that hangs. It is rare that there is
//! one; then the second looks again, under the validator's internal lock, and reports.
//!
//! Invariants:
//! - Each step disables interrupts for one waiter only. The tables have a lock of their own, which nobody waits for, and
//!   which is released before a report is shown: so a console that hangs does not end the watch.
//! - The order of the locks: internal lock, tables, list. Under the last one no function of the port is called.
//! - A wait is told once. If there is no room for its report, the next round tries again.
//!
//! What it does not do: decide what a deadlock is, or make its text; that is in `watch/`.
//!
//! `unsafe` is here to access what the tables' lock guards.
#![allow(unsafe_code)]

use crate::context::Context;
use crate::context::registry::{Patience, Registry};
use crate::context::view::{Activity, ContextView};
use crate::engine::Engine;
use crate::lock::site::Site;
use crate::port::Port;
use crate::report::hang;
use crate::report::kind::Kind;
use crate::report::lookup::Lookup;
use crate::report::{LockView, Party, Report, TaskInfo};
use crate::runtime::with_engine::IrqsOff;
use crate::runtime::{Runtime, current};
use crate::watch::hung::{self, Chain};
use crate::watch::registered::Registered;
use crate::watch::wait_graph::{Member, NODES, WaitGraph};
use crate::watch::{Contexts, Doing, Ends, Seen, Wait, tell};
use core::cell::UnsafeCell;
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicBool, Ordering};

/// How many waiters a tick looks at.
const WAITERS: usize = 8;

/// The tables of the watchdogs: one for the program.
pub struct Watch {
    locked: AtomicBool,
    tables: UnsafeCell<Tables>,
}

// SAFETY: `tables` is accessed only under `locked`.
unsafe impl Sync for Watch {}

impl Watch {
    /// Nothing seen yet.
    #[expect(clippy::new_without_default, reason = "it is a static")]
    pub const fn new() -> Watch {
        let told = Told { waits: [(0, 0); NODES], next: 0 };
        let tables = Tables { graph: WaitGraph::new(), view: ContextView::EMPTY, last: 0, told };
        Watch { locked: AtomicBool::new(false), tables: UnsafeCell::new(tables) }
    }

    /// Runs `work` with the tables. `None` if another CPU has them, or the code that this one interrupted.
    fn with<R>(&self, work: impl FnOnce(&mut Tables) -> R) -> Option<R> {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let _until_the_end = Locked(&self.locked);
        // SAFETY: `locked` is this CPU's until `Locked` is dropped, and nested calls fail above.
        Some(work(unsafe { &mut *self.tables.get() }))
    }
}

/// The tables are locked until this is dropped.
struct Locked<'a>(&'a AtomicBool);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

struct Tables {
    graph: WaitGraph,
    /// The context that is being described.
    view: ContextView,
    /// The address of the waiter that was last looked at.
    last: usize,
    told: Told,
}

/// The waits that were reported, or are part of what was: contexts with the numbers of their waits. The oldest are
/// overwritten: their findings are known by their ids.
struct Told {
    waits: [(usize, u32); NODES],
    next: usize,
}

impl Told {
    fn has(&self, address: usize, wait: Wait) -> bool {
        self.waits.contains(&(address, wait.number))
    }

    fn add(&mut self, (address, wait): (usize, Wait)) {
        if let Some(place) = self.waits.get_mut(self.next) {
            *place = (address, wait.number);
        }
        self.next = (self.next + 1) % NODES;
    }
}

/// What a step found.
enum Step {
    /// All waiters were looked at.
    End,
    /// This one does not hang.
    Fine,
    /// This one hangs.
    Hangs(Kind, usize),
}

impl<P, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize, const R: usize, const F: usize>
    Runtime<P, C, D, K, V, N, R, F>
where
    P: Port,
{
    /// Looks at the next waiters, and reports those that hang.
    pub fn watch_tick(&self, watch: &Watch, site: Site) {
        let Some(context) = current::<P>().filter(|context| !context.is_unchecked()) else { return };
        for _ in 0..WAITERS {
            let step = {
                let _irqs = IrqsOff::<P>::begin();
                let now = P::now();
                watch.with(|tables| self.look(context, tables, now)).unwrap_or(Step::End)
            };
            match step {
                Step::End => break,
                Step::Fine => {}
                Step::Hangs(kind, start) => self.with_engine(context, |engine| {
                    watch.with(|tables| self.report_hang(engine, context, tables, (kind, start), site));
                }),
            }
        }
    }

    /// Looks at the next waiter. With interrupts disabled.
    fn look(&self, context: &Context, tables: &mut Tables, now: u64) -> Step {
        let Some(list) = self.registry.locked(Patience::Wait) else { return Step::End };
        let contexts = Registered::new(&list, context.validator());
        let Some((start, wait)) = next_waiter(contexts, tables) else {
            tables.last = 0;
            return Step::End;
        };
        tables.last = start;
        if !tables.graph.deadlock(&contexts, start).is_empty() {
            return Step::Hangs(Kind::Deadlock, start);
        }
        match P::HUNG_TASK != 0 && now.saturating_sub(wait.since) > P::HUNG_TASK && leads(contexts, start) {
            true => Step::Hangs(Kind::HungTask, start),
            false => Step::Fine,
        }
    }

    /// Looks again, and reports. With the internal lock.
    fn report_hang(
        &self,
        engine: &mut Engine<'_>,
        context: &Context,
        tables: &mut Tables,
        (kind, start): (Kind, usize),
        site: Site,
    ) {
        let teller =
            Teller { registry: &self.registry, now: P::now(), second: P::SECOND, validator: context.validator() };
        let unwritten = engine.findings.unwritten;
        let Tables { graph, view, told, .. } = tables;
        if kind == Kind::Deadlock {
            let members = teller.deadlock(graph, start);
            if !members.is_empty() {
                let looking = P::who();
                engine.report(context, kind, Some(site), |report, lookup| {
                    teller.tell_deadlock(report, lookup, view, (looking, members));
                });
            }
            if engine.findings.unwritten == unwritten {
                members
                    .iter()
                    .filter_map(|member| Some((member.address, member.wait?)))
                    .for_each(|wait| told.add(wait));
            }
        } else if let Some((wait, chain)) = teller.chain(start) {
            engine.report(context, kind, Some(site), |report, lookup| {
                teller.tell_chain(report, lookup, view, (wait, &chain));
            });
            if engine.findings.unwritten == unwritten {
                told.add((start, wait));
            }
        }
    }
}

/// The next context, by its address, that is in a wait that may last for ever and was not told. A wait that ends by
/// itself hangs nothing.
fn next_waiter(contexts: Registered<'_>, tables: &Tables) -> Option<(usize, Wait)> {
    let mut next = None;
    contexts.visit(|one| {
        let address = one.address();
        if let Doing::Waiting(wait) = one.doing()
            && wait.ends != Ends::Itself
            && address > tables.last
            && next.is_none_or(|(least, _)| address < least)
            && !tables.told.has(address, wait)
        {
            next = Some((address, wait));
        }
        ControlFlow::Continue(())
    });
    next
}

fn leads(contexts: Registered<'_>, start: usize) -> bool {
    contexts.find(start).is_some_and(|start| hung::leads(&contexts, start))
}

/// Looks at the contexts for a report, and shows them in it.
#[derive(Clone, Copy)]
struct Teller<'r> {
    registry: &'r Registry,
    now: u64,
    second: u64,
    validator: u8,
}

impl Teller<'_> {
    /// Runs `look` with the list locked.
    fn with<R>(self, look: impl FnOnce(Registered<'_>) -> R) -> Option<R> {
        let list = self.registry.locked(Patience::Wait)?;
        Some(look(Registered::new(&list, self.validator)))
    }

    /// Those by which a context is stuck for ever.
    fn deadlock(self, graph: &mut WaitGraph, start: usize) -> &[Member] {
        self.with(|contexts| graph.deadlock(&contexts, start)).unwrap_or_default()
    }

    /// The wait of a context, and its chain.
    fn chain(self, start: usize) -> Option<(Wait, Chain)> {
        self.with(|contexts| Some((contexts.find(start)?.doing().wait()?, Chain::of(&contexts, start))))?
    }

    fn tell_deadlock(
        self,
        report: &mut Report,
        lookup: Lookup<'_>,
        view: &mut ContextView,
        (looking, members): (TaskInfo, &[Member]),
    ) {
        self.with(|contexts| {
            let describe = |address, holds: &mut dyn FnMut(LockView)| {
                match contexts.find(address) {
                    Some(one) => one.view_in(view),
                    None => *view = ContextView::EMPTY,
                }
                self.party(contexts, lookup, view, holds)
            };
            tell::deadlock(report, looking, members, describe);
        });
    }

    fn tell_chain(
        self,
        report: &mut Report,
        lookup: Lookup<'_>,
        view: &mut ContextView,
        (wait, chain): (Wait, &Chain),
    ) {
        self.with(|contexts| {
            let describe = |address, holds: &mut dyn FnMut(LockView)| {
                match contexts.find(address) {
                    Some(one) => one.view_in(view),
                    None => *view = ContextView::EMPTY,
                }
                self.party(contexts, lookup, view, holds)
            };
            let who = |address| contexts.find(address).map_or(TaskInfo::UNKNOWN, |one| TaskInfo::of_words(one.who()));
            tell::chain(report, (Kind::HungTask, self.seconds(wait.since)), &contexts, chain, who, describe);
        });
    }

    fn seconds(self, since: u64) -> u32 {
        let seconds = self.now.saturating_sub(since).checked_div(self.second).unwrap_or_default();
        u32::try_from(seconds).unwrap_or(u32::MAX)
    }

    /// A context as a report shows it. What it holds is told to `holds`.
    fn party(
        self,
        contexts: Registered<'_>,
        lookup: Lookup<'_>,
        view: &ContextView,
        holds: &mut dyn FnMut(LockView),
    ) -> Party {
        let held = view.holds().iter().filter(|hold| !view.is_awaited(hold));
        held.for_each(|hold| holds(lookup.lock(hold)));
        Party {
            who: view.who(),
            level: view.level(),
            activity: activity(contexts, view),
            link: hang::Link::First,
            waits_for: view.wait().map(|wait| lookup.lock(&wait.hold)),
            seconds: view.wait().map_or(0, |wait| self.seconds(wait.since())),
            held: 0,
            held_cut: 0,
        }
    }
}

/// What a context does, as a report says it.
fn activity(contexts: Registered<'_>, view: &ContextView) -> hang::Activity {
    let mut is_interrupted = false;
    contexts.visit(|one| {
        is_interrupted |= Seen::interrupted(one) == Some(view.address());
        ControlFlow::Continue(())
    });
    match view.activity() {
        Activity::Waiting => hang::Activity::Waiting,
        Activity::Changing => hang::Activity::Changing,
        Activity::Running if is_interrupted => hang::Activity::Interrupted,
        Activity::Running if view.irqs_on() => hang::Activity::Running,
        Activity::Running => hang::Activity::RunningIrqsOff,
    }
}
