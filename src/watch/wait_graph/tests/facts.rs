//! The truth about a machine: who has which lock, how far each context is, and all that can happen next.

use crate::lock::mode::Mode;
use std::collections::BTreeSet;
use std::vec::Vec;

/// How a task of the machine takes a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Waits,
    /// It gives the wait up at some time, and then ends.
    TimesOut,
    /// It acquires it only if it is free, and ends if it is not.
    Tries,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Acquire(usize, Mode, Way),
    Release(usize),
    /// It is recorded as held no more; anybody may release it from now on.
    HandOver(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Mutex,
    ReadersAndWriters,
    /// Readers wait behind queued writers.
    Fair,
    Semaphore(u16),
}

/// A script, and the task that it interrupts, if it is an interrupt's.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) over: Option<usize>,
    pub(super) ops: Vec<Op>,
}

/// The facts: who has what, and how far each is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Facts {
    /// Of each lock: who has it, and whether shared. A holder that is not there is nobody: it was handed over.
    pub(super) holders: Vec<Vec<(Option<usize>, bool)>>,
    /// Of each lock: the writers that are queued.
    pub(super) queued: Vec<BTreeSet<usize>>,
    /// The next operation of each.
    pub(super) at: Vec<usize>,
    /// Who has acquired what its next operation acquires.
    pub(super) got: Vec<bool>,
    /// Which interrupts have come.
    pub(super) entered: Vec<bool>,
    /// What an interrupt has taken in the context of a waiter, and will release.
    pub(super) visitor: Vec<Option<usize>>,
}

impl Facts {
    pub(super) fn is_free(&self, kinds: &[Kind], lock: usize, mode: Mode) -> bool {
        let holders = &self.holders[lock];
        match kinds[lock] {
            Kind::Semaphore(permits) => holders.len() < usize::from(permits),
            Kind::Fair if mode.shared => {
                self.queued[lock].is_empty() && holders.iter().all(|(_, is_shared)| *is_shared)
            }
            _ => holders.iter().all(|(_, is_shared)| mode.shared && *is_shared),
        }
    }

    pub(super) fn acquire(&mut self, who: usize, lock: usize, mode: Mode) {
        self.holders[lock].push((Some(who), mode.shared));
        self.queued[lock].remove(&who);
        self.got[who] = true;
    }

    pub(super) fn release(&mut self, who: Option<usize>, lock: usize) {
        let place = self.holders[lock].iter().rposition(|(holder, _)| *holder == who).expect("it has the lock");
        self.holders[lock].remove(place);
    }

    pub(super) fn advance(&mut self, who: usize) {
        self.at[who] += 1;
        self.got[who] = false;
    }

    /// It ends, and releases everything.
    pub(super) fn end(&mut self, who: usize, length: usize) {
        self.holders.iter_mut().for_each(|holders| holders.retain(|(holder, _)| *holder != Some(who)));
        self.queued.iter_mut().for_each(|queued| {
            queued.remove(&who);
        });
        self.got[who] = false;
        self.at[who] = length;
    }

    /// Whether its interrupt has returned, or has not come.
    pub(super) fn is_on_top(&self, scripts: &[Script], who: usize) -> bool {
        let above = |(other, script): (usize, &Script)| {
            script.over == Some(who) && self.entered[other] && self.at[other] < script.ops.len()
        };
        let has_come = scripts[who].over.is_none() || self.entered[who];
        has_come && !scripts.iter().enumerate().any(above)
    }

    /// All that can come next, apart from interrupts, which let nobody continue.
    pub(super) fn next(&self, kinds: &[Kind], scripts: &[Script]) -> Vec<Facts> {
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

    pub(super) fn visitor_leaves(&mut self, who: usize, lock: usize) {
        self.release(Some(who), lock);
        self.visitor[who] = None;
    }

    pub(super) fn hand_over(&mut self, who: usize, lock: usize) {
        let place = self.holders[lock].iter().rposition(|(holder, _)| *holder == Some(who)).expect("it has the lock");
        self.holders[lock][place].0 = None;
    }
}
