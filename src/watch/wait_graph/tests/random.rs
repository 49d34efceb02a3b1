//! Random machines under random schedules, which go on while the graph looks: what is claimed is compared with the truth.

use super::facts::{Kind, Op, Script, Way};
use super::machine::Machine;
use crate::lock::mode::Mode;
use crate::watch::Ends;
use crate::watch::wait_graph::WaitGraph;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use std::cell::RefCell;
use std::env;
use std::vec;
use std::vec::Vec;

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
