//! The graph against a machine that knows the truth: tasks and interrupts over mutexes, readers and writers, and
//! semaphores, under random schedules that go on while the graph looks. A context is deadlocked if no schedule, of all
//! that there are, ever lets it continue.

use super::*;
use crate::watch::tests::{View, context};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::vec;
use std::vec::Vec;

/// How a task of the machine takes a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Waits,
    /// It gives the wait up at some time, and then ends.
    TimesOut,
    /// It acquires it only if it is free, and ends if it is not.
    Tries,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Acquire(usize, Mode, Way),
    Release(usize),
    /// It is recorded as held no more; anybody may release it from now on.
    HandOver(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mutex,
    ReadersAndWriters,
    /// Readers wait behind queued writers.
    Fair,
    Semaphore(u16),
}

/// A script, and the task that it interrupts, if it is an interrupt's.
#[derive(Clone, Debug)]
struct Script {
    over: Option<usize>,
    ops: Vec<Op>,
}

/// The facts: who has what, and how far each is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Facts {
    /// Of each lock: who has it, and whether shared. A holder that is not there is nobody: it was handed over.
    holders: Vec<Vec<(Option<usize>, bool)>>,
    /// Of each lock: the writers that are queued.
    queued: Vec<BTreeSet<usize>>,
    /// The next operation of each.
    at: Vec<usize>,
    /// Who has acquired what its next operation acquires.
    got: Vec<bool>,
    /// Which interrupts have come.
    entered: Vec<bool>,
    /// What an interrupt has taken in the context of a waiter, and will release.
    visitor: Vec<Option<usize>>,
}

/// What others see of a context.
#[derive(Clone, Debug, Default)]
struct Record {
    holds: Vec<(usize, Mode, bool)>,
    wait: Option<(usize, Mode, Ends)>,
    number: u32,
}

#[derive(Clone, Debug)]
struct Machine {
    kinds: Vec<Kind>,
    scripts: Vec<Script>,
    facts: Facts,
    records: Vec<Record>,
    /// How far each is within its operation.
    phases: Vec<u8>,
    random: u64,
    /// How many steps may be made while one context is read.
    torn: u64,
    /// Interrupts take locks in the contexts of waiters.
    visitors: bool,
}

impl Facts {
    fn is_free(&self, kinds: &[Kind], lock: usize, mode: Mode) -> bool {
        let holders = &self.holders[lock];
        match kinds[lock] {
            Kind::Semaphore(permits) => holders.len() < usize::from(permits),
            Kind::Fair if mode.shared => {
                self.queued[lock].is_empty() && holders.iter().all(|(_, is_shared)| *is_shared)
            }
            _ => holders.iter().all(|(_, is_shared)| mode.shared && *is_shared),
        }
    }

    fn acquire(&mut self, who: usize, lock: usize, mode: Mode) {
        self.holders[lock].push((Some(who), mode.shared));
        self.queued[lock].remove(&who);
        self.got[who] = true;
    }

    fn release(&mut self, who: Option<usize>, lock: usize) {
        let place = self.holders[lock].iter().rposition(|(holder, _)| *holder == who).expect("it has the lock");
        self.holders[lock].remove(place);
    }

    fn advance(&mut self, who: usize) {
        self.at[who] += 1;
        self.got[who] = false;
    }

    /// It ends, and releases everything.
    fn end(&mut self, who: usize, length: usize) {
        self.holders.iter_mut().for_each(|holders| holders.retain(|(holder, _)| *holder != Some(who)));
        self.queued.iter_mut().for_each(|queued| {
            queued.remove(&who);
        });
        self.got[who] = false;
        self.at[who] = length;
    }

    /// Whether its interrupt has returned, or has not come.
    fn is_on_top(&self, scripts: &[Script], who: usize) -> bool {
        let above = |(other, script): (usize, &Script)| {
            script.over == Some(who) && self.entered[other] && self.at[other] < script.ops.len()
        };
        let has_come = scripts[who].over.is_none() || self.entered[who];
        has_come && !scripts.iter().enumerate().any(above)
    }

    /// All that can come next, apart from interrupts, which let nobody continue.
    fn next(&self, kinds: &[Kind], scripts: &[Script]) -> Vec<Facts> {
        let mut all = Vec::new();
        for (lock, holders) in self.holders.iter().enumerate() {
            if holders.iter().any(|(holder, _)| holder.is_none()) {
                let mut next = self.clone();
                next.release(None, lock);
                all.push(next);
            }
        }
        for (who, script) in scripts.iter().enumerate() {
            let Some(op) = script.ops.get(self.at[who]).filter(|_| self.is_on_top(scripts, who)) else { continue };
            let mut next = self.clone();
            if let Some(lock) = self.visitor[who] {
                next.visitor_leaves(who, lock);
                all.push(next);
                continue;
            }
            match *op {
                Op::Acquire(..) if self.got[who] => next.advance(who),
                Op::Acquire(lock, mode, way) => {
                    if way != Way::Waits {
                        let mut ended = self.clone();
                        ended.end(who, script.ops.len());
                        all.push(ended);
                    }
                    if !self.is_free(kinds, lock, mode) {
                        continue;
                    }
                    next.acquire(who, lock, mode);
                    next.advance(who);
                }
                Op::Release(lock) => {
                    // What an operation has begun with the record, it ends with the lock.
                    next.release(Some(who), lock);
                    next.advance(who);
                }
                Op::HandOver(lock) => {
                    next.hand_over(who, lock);
                    next.advance(who);
                }
            }
            all.push(next);
        }
        all
    }

    fn visitor_leaves(&mut self, who: usize, lock: usize) {
        self.release(Some(who), lock);
        self.visitor[who] = None;
    }

    fn hand_over(&mut self, who: usize, lock: usize) {
        let place = self.holders[lock].iter().rposition(|(holder, _)| *holder == Some(who)).expect("it has the lock");
        self.holders[lock][place].0 = None;
    }
}

impl Machine {
    fn new(kinds: Vec<Kind>, scripts: Vec<Script>, random: u64, torn: u64, visitors: bool) -> Machine {
        let (locks, contexts) = (kinds.len(), scripts.len());
        let facts = Facts {
            holders: vec![Vec::new(); locks],
            queued: vec![BTreeSet::new(); locks],
            at: vec![0; contexts],
            got: vec![false; contexts],
            entered: vec![false; contexts],
            visitor: vec![None; contexts],
        };
        let records = vec![Record::default(); contexts];
        Machine { kinds, scripts, facts, records, phases: vec![0; contexts], random: random | 1, torn, visitors }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.random >> 33) % bound
    }

    /// One step of anybody.
    fn step(&mut self) {
        let who = self.below(self.scripts.len() as u64 + 1) as usize;
        if who == self.scripts.len() {
            return self.release_what_was_handed_over();
        }
        let Script { over, ops } = &self.scripts[who];
        if let (Some(over), false) = (*over, self.facts.entered[who]) {
            let runs = self.facts.is_on_top(&self.scripts, over);
            self.facts.entered[who] = runs && self.below(4) == 0;
        } else if let Some(&op) = ops.get(self.facts.at[who]).filter(|_| self.facts.is_on_top(&self.scripts, who)) {
            self.work(who, op);
        }
    }

    fn release_what_was_handed_over(&mut self) {
        let lock = self.below(self.kinds.len() as u64) as usize;
        if self.facts.holders[lock].iter().any(|(holder, _)| holder.is_none()) {
            self.facts.release(None, lock);
        }
    }

    /// A step of an operation, as the locks of this crate make it.
    fn work(&mut self, who: usize, op: Op) {
        if self.visit_waiter(who) {
            return;
        }
        match op {
            Op::Acquire(lock, mode, way) => self.acquire(who, lock, mode, way),
            Op::Release(lock) if self.phases[who] == 0 => {
                self.forget(who, lock);
                self.phases[who] = 1;
            }
            Op::Release(lock) => {
                self.facts.release(Some(who), lock);
                self.advance(who);
            }
            Op::HandOver(lock) => {
                self.forget(who, lock);
                self.facts.hand_over(who, lock);
                self.advance(who);
            }
        }
    }

    /// While a context waits, an interrupt takes a lock in it, and releases it again. Returns whether it did something.
    fn visit_waiter(&mut self, who: usize) -> bool {
        if let Some(lock) = self.facts.visitor[who] {
            match self.records[who].holds.iter().any(|(held, ..)| *held == lock) {
                true => self.forget(who, lock),
                false => self.facts.visitor_leaves(who, lock),
            }
            return true;
        }
        let lock = self.below(8) as usize;
        let comes = self.phases[who] == 3 && self.visitors && self.kinds.get(lock) == Some(&Kind::Mutex);
        let comes =
            comes && self.facts.holders[lock].is_empty() && !self.records[who].holds.iter().any(|hold| hold.0 == lock);
        if comes {
            self.facts.holders[lock].push((Some(who), false));
            self.facts.visitor[who] = Some(lock);
            self.records[who].holds.push((lock, Mode::WRITE, true));
        }
        comes
    }

    fn acquire(&mut self, who: usize, lock: usize, mode: Mode, way: Way) {
        let is_free = self.facts.is_free(&self.kinds, lock, mode);
        let ends = match (way, self.kinds[lock]) {
            (Way::TimesOut, _) => Ends::Itself,
            (_, Kind::Semaphore(permits)) => Ends::OneRelease(permits),
            _ => Ends::AllReleases,
        };
        match (self.phases[who], way) {
            (0, Way::Tries) if self.facts.got[who] => {
                self.records[who].holds.push((lock, mode, true));
                self.advance(who);
            }
            (0, Way::Tries) if is_free => self.facts.acquire(who, lock, mode),
            (0, Way::Tries) => self.end(who),
            // Announced, tried, and recorded as a wait.
            (0, _) => {
                self.records[who].holds.push((lock, mode, false));
                self.phases[who] = 1;
            }
            (1, _) if is_free => {
                self.facts.acquire(who, lock, mode);
                self.advance(who);
            }
            (1, _) => self.phases[who] = 2,
            (2, _) => {
                self.records[who].wait = Some((lock, mode, ends));
                self.records[who].number += 1;
                self.phases[who] = 3;
            }
            (3, Way::TimesOut) if self.below(8) == 0 => self.end(who),
            (3, _) if is_free => {
                self.facts.acquire(who, lock, mode);
                self.phases[who] = 4;
            }
            (3, _) if !mode.shared => {
                self.facts.queued[lock].insert(who);
            }
            (3, _) => {}
            _ => {
                self.records[who].wait = None;
                self.records[who].number += 1;
                self.advance(who);
            }
        }
    }

    fn advance(&mut self, who: usize) {
        self.facts.advance(who);
        self.phases[who] = 0;
    }

    fn end(&mut self, who: usize) {
        self.facts.end(who, self.scripts[who].ops.len());
        self.records[who] = Record { number: self.records[who].number + 1, ..Record::default() };
        self.phases[who] = 0;
    }

    fn forget(&mut self, who: usize, lock: usize) {
        let holds = &mut self.records[who].holds;
        let place = holds.iter().rposition(|(held, ..)| *held == lock).expect("it is recorded");
        holds.remove(place);
    }

    /// Whether some schedule lets a context continue: it finishes its operation, whatever that is.
    fn can_go_on(&self, who: usize) -> bool {
        let mut known = BTreeSet::from([self.facts.clone()]);
        let mut left = vec![self.facts.clone()];
        while let Some(facts) = left.pop() {
            if facts.at[who] > self.facts.at[who] {
                return true;
            }
            left.extend(facts.next(&self.kinds, &self.scripts).into_iter().filter(|next| known.insert(next.clone())));
        }
        false
    }

    fn see(&self, who: usize) -> View {
        let Record { holds, wait, number } = &self.records[who];
        let doing = wait.map_or(Doing::Running, |(instance, mode, ends)| {
            Doing::Waiting(Wait { instance, mode, ends, number: *number, since: 0 })
        });
        let awaited = wait.and_then(|(lock, ..)| holds.iter().rposition(|(held, ..)| *held == lock));
        let mut view = View { address: who, doing, interrupted: None, holds: [None; 8] };
        let is_in = self.facts.entered[who] && self.facts.at[who] < self.scripts[who].ops.len();
        view.interrupted = self.scripts[who].over.filter(|_| is_in);
        for (place, (lock, mode, tried)) in holds.iter().enumerate().filter(|(place, _)| Some(*place) != awaited) {
            let is_sure = awaited.map_or(place + 1 < holds.len() || *tried, |awaited| place < awaited);
            let certainty = if is_sure { Certainty::Certain } else { Certainty::Doubtful };
            view.holds[place] = Some((*lock, Held { mode: *mode, certainty }));
        }
        view
    }
}

/// The machine goes on while it is looked at.
impl Contexts for RefCell<Machine> {
    type One = View;

    fn visit(&self, mut visit: impl FnMut(View) -> ControlFlow<()>) {
        let (contexts, torn) = (self.borrow().scripts.len(), self.borrow().torn);
        for who in 0..contexts {
            let steps = self.borrow_mut().below(torn + 1);
            (0..steps).for_each(|_| self.borrow_mut().step());
            let view = self.borrow().see(who);
            if visit(view).is_break() {
                break;
            }
        }
    }
}

/// What a machine is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// Mutexes, readers and writers, semaphores; tasks that wait until they get it.
    Plain,
    /// Also interrupts, fair locks, waits that end by themselves, tries, and locks that are handed over.
    All,
}

fn machines(parts: Parts) -> impl Strategy<Value = Machine> {
    let kind = match parts {
        Parts::Plain => prop_oneof![Just(Kind::Mutex), Just(Kind::ReadersAndWriters), Just(Kind::Semaphore(2))].boxed(),
        Parts::All => {
            let semaphore = (1..3u16).prop_map(Kind::Semaphore);
            prop_oneof![3 => Just(Kind::Mutex), 1 => Just(Kind::ReadersAndWriters), 2 => Just(Kind::Fair), 1 => semaphore]
                .boxed()
        }
    };
    let wish = (0..6u8, 0..4usize, 0..3u8, 0..12u8);
    let script = (any::<bool>(), proptest::collection::vec(wish, 2..7));
    let torn = prop_oneof![Just(0), Just(1), Just(3), Just(12)];
    let all = (proptest::collection::vec(kind, 2..5), proptest::collection::vec(script, 2..5), any::<u64>(), torn);
    all.prop_map(move |(kinds, scripts, random, torn)| {
        let scripts = scripts.into_iter().enumerate().map(|(who, (is_interrupt, wishes))| Script {
            over: (parts == Parts::All && is_interrupt && who > 0).then(|| who - 1),
            ops: ops(parts, &kinds, &wishes),
        });
        let scripts = scripts.collect();
        Machine::new(kinds, scripts, random, torn, parts == Parts::All)
    })
}

/// Makes operations of wishes: what is released was acquired, and at the end all is.
fn ops(parts: Parts, kinds: &[Kind], wishes: &[(u8, usize, u8, u8)]) -> Vec<Op> {
    let (mut ops, mut has) = (Vec::new(), Vec::new());
    for &(what, which, mode, way) in wishes {
        let lock = which % kinds.len();
        let mode = match kinds[lock] {
            Kind::Mutex | Kind::Semaphore(_) => Mode::WRITE,
            _ => [Mode::WRITE, Mode::READ, Mode::RECURSIVE_READ][usize::from(mode)],
        };
        let way = match (parts, way) {
            (Parts::All, 0) => Way::TimesOut,
            (Parts::All, 1 | 2) => Way::Tries,
            _ => Way::Waits,
        };
        let held = has.iter().position(|held| *held == lock);
        match (what, held) {
            (0, Some(place)) => ops.push(Op::Release(has.remove(place))),
            (1, Some(place)) if parts == Parts::All => ops.push(Op::HandOver(has.remove(place))),
            // A lock that is taken twice is a deadlock of one.
            (1.., Some(_)) if what > 1 || matches!(kinds[lock], Kind::Semaphore(_)) => {}
            _ => {
                ops.push(Op::Acquire(lock, mode, way));
                has.push(lock);
            }
        }
    }
    ops.extend(has.into_iter().rev().map(Op::Release));
    ops
}

/// Counts what was claimed, so that a property which claims nothing shows.
#[derive(Debug, Default)]
struct Claims {
    all: usize,
    by_semaphores: usize,
    by_interrupts: usize,
}

/// Looks at each context, and checks whatever is claimed.
fn check(machine: &RefCell<Machine>, graph: &mut WaitGraph, claims: &mut Claims) -> Result<Vec<bool>, TestCaseError> {
    let contexts = machine.borrow().scripts.len();
    let mut claimed = vec![false; contexts];
    for (who, claimed) in claimed.iter_mut().enumerate() {
        let members = graph.deadlock(machine, who);
        *claimed = !members.is_empty();
        let now = machine.borrow();
        for member in members {
            prop_assert!(!now.can_go_on(member.address), "{} of {members:?} can go on in {now:?}", member.address);
            prop_assert!(member.reason != 0 && member.reason >> members.len() == 0, "{members:?}");
            let ends = member.wait.map(|wait| wait.ends);
            claims.by_semaphores += usize::from(matches!(ends, Some(Ends::OneRelease(_))));
            claims.by_interrupts += usize::from(ends.is_none());
        }
        claims.all += usize::from(*claimed);
    }
    Ok(claimed)
}

/// Runs a property; `CASES=N` multiplies the number of machines, `SEED=N` makes others.
fn run(cases: u32, parts: Parts, property: impl Fn(Machine, &mut Claims) -> Result<(), TestCaseError>) -> Claims {
    let claims = RefCell::new(Claims::default());
    let number = |name| env::var(name).ok().and_then(|value| value.parse::<u32>().ok());
    let cases = cases.saturating_mul(number("CASES").unwrap_or(1));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&number("SEED").unwrap_or(0).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let result = runner.run(&machines(parts), |machine| property(machine, &mut claims.borrow_mut()));
    result.unwrap_or_else(|failure| panic!("{failure}"));
    claims.into_inner()
}

/// The promise: never a false one. The machine goes on while it is looked at, by up to twelve steps a context.
#[test]
fn whatever_is_claimed_can_never_go_on() {
    let claims = run(3_000, Parts::All, |machine, claims| {
        let (machine, mut graph) = (RefCell::new(machine), WaitGraph::new());
        for _ in 0..12 {
            (0..10).for_each(|_| machine.borrow_mut().step());
            check(&machine, &mut graph, claims)?;
        }
        Ok(())
    });
    let Claims { all, by_semaphores, by_interrupts, .. } = claims;
    assert!(all > 500 && by_semaphores > 100 && by_interrupts > 50, "{claims:?}");
}

/// And the other half, for plain locks: when nothing moves any more, all that cannot go on is claimed.
#[test]
fn all_that_cannot_go_on_is_claimed() {
    let claims = run(1_500, Parts::Plain, |machine, claims| {
        let (machine, mut graph) = (RefCell::new(machine), WaitGraph::new());
        (0..2_000).for_each(|_| machine.borrow_mut().step());
        let claimed = check(&machine, &mut graph, claims)?;
        let now = machine.borrow();
        for (who, claimed) in claimed.into_iter().enumerate() {
            let has_ended = now.facts.at[who] == now.scripts[who].ops.len();
            prop_assert_eq!(claimed, !has_ended, "{}", who);
        }
        Ok(())
    });
    assert!(claims.all > 500 && claims.by_semaphores > 100, "{claims:?}");
}

const WRITE: Mode = Mode::WRITE;

/// The addresses of those that are claimed from `start`.
fn claimed(contexts: &Vec<View>, start: usize) -> Vec<usize> {
    WaitGraph::new().deadlock(contexts, start).iter().map(|member| member.address).collect()
}

#[test]
fn a_cycle_is_told_from_the_first_on_with_what_leads_to_it() {
    let contexts = vec![
        context(10, Some((1, WRITE)), &[(2, WRITE)]),
        context(20, Some((2, WRITE)), &[(1, WRITE)]),
        context(30, Some((1, WRITE)), &[]),
        context(40, None, &[(3, WRITE)]),
        context(50, Some((3, WRITE)), &[]),
    ];
    assert_eq!(claimed(&contexts, 10), [10, 20]);
    assert_eq!(claimed(&contexts, 20), [20, 10]);
    assert_eq!(claimed(&contexts, 30), [30, 20, 10]);
    assert_eq!([40, 50, 60].map(|start| claimed(&contexts, start)), [[]; 3], "it runs, waits for it, is not there");
    let mut graph = WaitGraph::new();
    let reasons: Vec<u32> = graph.deadlock(&contexts, 30).iter().map(|member| member.reason).collect();
    assert_eq!(reasons, [0b10, 0b100, 0b10], "as places in the list");
}

#[test]
fn modes_exclude_as_they_do_in_every_lock() {
    let (read, upgradeable) = (Mode::READ, Mode::UPGRADEABLE);
    let excluded = |waits: Mode, held: Mode| {
        let contexts = vec![context(10, Some((1, waits)), &[(2, WRITE)]), context(20, Some((2, WRITE)), &[(1, held)])];
        !claimed(&contexts, 10).is_empty()
    };
    for (waits, by) in [
        (WRITE, [true, true, true, true]),
        (read, [true, false, false, false]),
        (Mode::RECURSIVE_READ, [true, false, false, false]),
        (upgradeable, [true, false, false, true]),
    ] {
        assert_eq!([WRITE, read, Mode::RECURSIVE_READ, upgradeable].map(|held| excluded(waits, held)), by, "{waits:?}");
    }
    let upgrades = vec![context(10, Some((1, WRITE)), &[(1, upgradeable)])];
    assert_eq!(claimed(&upgrades, 10), [], "it waits for the readers");
    assert_eq!(claimed(&vec![context(10, Some((1, WRITE)), &[(1, read)])], 10), [10]);
}

#[test]
fn what_is_told_of_an_interrupt_rests_on_it() {
    // The task has lock 1; its interrupt waits for lock 2, which another CPU has that waits for lock 1.
    let mut contexts = vec![
        context(10, None, &[(1, WRITE), (3, WRITE)]),
        context(11, Some((2, WRITE)), &[]),
        context(20, Some((1, WRITE)), &[(2, WRITE)]),
    ];
    contexts[1].interrupted = Some(10);
    assert_eq!(claimed(&contexts, 20), [20, 10, 11]);
    assert_eq!(claimed(&contexts, 10), [10, 11, 20]);
    contexts[1].doing = Doing::Running;
    assert_eq!(claimed(&contexts, 20), [], "the interrupt will return");
    contexts[1].doing = Doing::Changing;
    assert_eq!(claimed(&contexts, 20), []);
}

/// A cycle of so many contexts, each of which waits for the next.
fn ring(length: usize) -> Vec<View> {
    (0..length).map(|at| context(at, Some(((at + 1) % length, WRITE)), &[(at, WRITE)])).collect()
}

#[test]
fn what_finds_no_room_is_not_told() {
    assert_eq!(claimed(&ring(NODES), 7).len(), NODES);
    assert_eq!(claimed(&ring(NODES + 1), 7), []);
    // Readers for which there is no room do no harm: one that is stuck is enough.
    let mut contexts =
        vec![context(0, Some((1, WRITE)), &[(2, WRITE)]), context(1, Some((2, WRITE)), &[(1, Mode::READ)])];
    contexts.extend((2..100).map(|at| context(at, None, &[(1, Mode::READ)])));
    assert_eq!(claimed(&contexts, 0), [0, 1]);
}

/// What each visit shows, one after the other, and the last one for ever.
struct Film(RefCell<Vec<Vec<View>>>);

impl Film {
    /// Frames that are shown so often each.
    fn new(frames: &[(usize, &[View])]) -> Film {
        let shown = frames.iter().rev().flat_map(|(times, frame)| std::iter::repeat_n(frame.to_vec(), *times));
        Film(RefCell::new(shown.collect()))
    }
}

impl Contexts for Film {
    type One = View;

    fn visit(&self, mut visit: impl FnMut(View) -> ControlFlow<()>) {
        let frame = self.0.borrow().last().expect("a film has a frame").clone();
        if self.0.borrow().len() > 1 {
            self.0.borrow_mut().pop();
        }
        let _ = frame.iter().try_for_each(|view| visit(*view));
    }
}

/// One look of three contexts has five visits: one to find the first, one for each, and one that reads the waits again.
const LOOK: usize = 5;

#[test]
fn one_look_is_not_enough() {
    let waiter = context(20, Some((1, WRITE)), &[(2, WRITE)]);
    let (before, after) = (context(10, None, &[(1, WRITE), (3, WRITE)]), context(10, None, &[]));
    let mut interrupt = context(11, Some((2, WRITE)), &[]);
    interrupt.interrupted = Some(10);
    // Between the second visit and the third, the task releases lock 1, and is interrupted. The waiter has yet to run.
    let torn = Film::new(&[(2, &[waiter, before]), (1, &[waiter, after, interrupt])]);
    assert_eq!(WaitGraph::new().deadlock(&torn, 20), []);
    let still = Film::new(&[(1, &[waiter, before, interrupt])]);
    assert_eq!(WaitGraph::new().deadlock(&still, 20).len(), 3, "as if the task had not released it");
}

#[test]
fn a_wait_that_ended_meanwhile_is_none() {
    let [one, other] = [context(10, Some((1, WRITE)), &[(2, WRITE)]), context(20, Some((2, WRITE)), &[(1, WRITE)])];
    let (both, ended): (&[View], &[View]) = (&[one, other], &[one, context(20, None, &[(1, WRITE), (2, WRITE)])]);
    let of_two = LOOK - 1;
    assert_eq!(WaitGraph::new().deadlock(&Film::new(&[(2 * of_two, both), (1, ended)]), 10).len(), 2);
    for visits in 0..2 * of_two {
        let film = Film::new(&[(visits, both), (1, ended)]);
        assert_eq!(WaitGraph::new().deadlock(&film, 10), [], "it ends after {visits} visits");
    }
    let mut again = other;
    again.doing = Doing::Waiting(Wait { number: 3, ..other.doing.wait().expect("it waits") });
    let film = Film::new(&[(of_two, both), (1, &[one, again])]);
    assert_eq!(WaitGraph::new().deadlock(&film, 10), [], "another wait for the same lock");
}
