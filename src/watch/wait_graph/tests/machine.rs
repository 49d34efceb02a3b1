//! A machine that runs scripts over locks, step by step as the locks of this crate do, and what others see of its contexts.

use super::facts::{Facts, Kind, Op, Script, Way};
use crate::lock::mode::Mode;
use crate::watch::tests::View;
use crate::watch::{Certainty, Contexts, Doing, Ends, Held, Wait};
use core::ops::ControlFlow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::vec;
use std::vec::Vec;

/// What others see of a context.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) holds: Vec<(usize, Mode, bool)>,
    pub(super) wait: Option<(usize, Mode, Ends)>,
    pub(super) number: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) kinds: Vec<Kind>,
    pub(super) scripts: Vec<Script>,
    pub(super) facts: Facts,
    pub(super) records: Vec<Record>,
    /// How far each is within its operation.
    pub(super) phases: Vec<u8>,
    pub(super) random: u64,
    /// How many steps may be made while one context is read.
    pub(super) torn: u64,
    /// Interrupts take locks in the contexts of waiters.
    pub(super) visitors: bool,
}

impl Machine {
    pub(super) fn new(kinds: Vec<Kind>, scripts: Vec<Script>, random: u64, torn: u64, visitors: bool) -> Machine {
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

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.random >> 33) % bound
    }

    /// One step of anybody.
    pub(super) fn step(&mut self) {
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

    pub(super) fn release_what_was_handed_over(&mut self) {
        let lock = self.below(self.kinds.len() as u64) as usize;
        if self.facts.holders[lock].iter().any(|(holder, _)| holder.is_none()) {
            self.facts.release(None, lock);
        }
    }

    /// A step of an operation, as the locks of this crate make it.
    pub(super) fn work(&mut self, who: usize, op: Op) {
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
    pub(super) fn visit_waiter(&mut self, who: usize) -> bool {
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

    pub(super) fn acquire(&mut self, who: usize, lock: usize, mode: Mode, way: Way) {
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

    pub(super) fn advance(&mut self, who: usize) {
        self.facts.advance(who);
        self.phases[who] = 0;
    }

    pub(super) fn end(&mut self, who: usize) {
        self.facts.end(who, self.scripts[who].ops.len());
        self.records[who] = Record { number: self.records[who].number + 1, ..Record::default() };
        self.phases[who] = 0;
    }

    pub(super) fn forget(&mut self, who: usize, lock: usize) {
        let holds = &mut self.records[who].holds;
        let place = holds.iter().rposition(|(held, ..)| *held == lock).expect("it is recorded");
        holds.remove(place);
    }

    /// Whether some schedule lets a context continue: it finishes its operation, whatever that is.
    pub(super) fn can_go_on(&self, who: usize) -> bool {
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

    pub(super) fn see(&self, who: usize) -> View {
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
