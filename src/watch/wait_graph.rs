//! The wait-for graph, walked on demand from one context: is this a deadlock that has happened?
//!
//! A context is *stuck* if no order of events lets it continue, as far as locks decide that:
//!
//! - It waits until *all* holds are released that exclude its own (mutex, readers and writers), and one of their
//!   holders is stuck: a cycle is enough.
//! - It waits for *any one* release (a semaphore), all holders are known, and all of them are stuck: a knot.
//! - It was interrupted, and the interrupt is stuck.
//!
//! The stuck ones are the greatest set in which each has such a reason: it starts with everybody that was reached, and
//! those without a reason are taken out until nothing changes.
//!
//! # Why it is never a false one
//!
//! Contexts change while they are read, one after the other. So a deadlock is what two *looks* in a row show alike, and
//! each look ends by reading the waits again. Let a set be shown stuck by two looks, and call *now* any moment between
//! the end of the first look and the second time that the second look reads the waits.
//!
//! 1. A member that waits is in one wait from the first look to the end of the second, as two equal waits are one. In
//!    that time no code of its own runs but the wait's, so what it held when the wait began does not change. What an
//!    interrupt takes in the context of the waiter, and releases there, is doubtful (3).
//! 2. A member that is interrupted and in no wait itself has a member above it that waits, or is interrupted in turn, up
//!    to one that waits. An interrupt that waits does not return, so all those below it are frozen while it waits, and
//!    the second look read them while it did: after the first look had read its wait, and before the second look read
//!    that wait for the second time.
//! 3. So all that the second look read of the members is true *now*, and true of one moment. What is not true of a hold
//!    (it is announced, and not acquired yet; it may be released by others; it came after the wait began) is
//!    [`Certainty::Doubtful`], and is no reason. That includes the hold right below a wait with interrupts disabled, if
//!    they were enabled at the hold: a task that was interrupted after it had announced that lock may be the one in
//!    whose context the scheduler waits. A hold that was handed over is recorded nowhere, and is no reason either.
//! 4. A recorded wait whose lock was acquired in fact, and whose end is not recorded yet, has no reason: the locks
//!    exclude one another, so there is no certain hold that excludes it. A semaphore's waiter has a permit then, so that
//!    fewer than all permits are with others.
//! 5. No member goes on first: to go on, it needs a release by a member (by one of its reason, or by all of them where
//!    any is enough), or the return of an interrupt that is a member.
//!
//! What breaks a cycle, therefore: a holder that runs, a wait that ends by itself, a hold that is doubtful, handed over
//! or lost, a context that changed while it was read, and what found no room in the table. What is missed for the same
//! reason: a reader that waits behind a queued writer (whether it came after the writer is known to the lock alone, so
//! a shared hold does not exclude a reader here), a lock that an interrupted task took as its last before the interrupt,
//! or that a task took right before it waited with interrupts disabled, and a semaphore of which one context has several
//! permits. All of them are in the chains of `hung`.
//!
//! What it does not do: decide when to look, and how long a wait may last.

use super::{Certainty, Contexts, Doing, Ends, Held, Seen, Wait};
use crate::lock::mode::Mode;
use core::ops::ControlFlow;

/// How many contexts one look follows. More are not seen, which can only hide a deadlock.
pub(crate) const NODES: usize = 32;

/// A set of nodes, by their bits.
type Set = u32;

/// A context that was reached.
#[derive(Clone, Copy, Debug)]
struct Node {
    address: usize,
    doing: Doing,
    /// Those that certainly hold the lock that it waits for, in a way that excludes it.
    holders: Set,
    /// Those that interrupted it.
    interrupts: Set,
}

impl Node {
    const NONE: Node = Node { address: 0, doing: Doing::Running, holders: 0, interrupts: 0 };

    /// The members of `stuck` for which it cannot go on; none if it can.
    fn reason(&self, stuck: Set) -> Set {
        let above = lowest(self.interrupts & stuck);
        let Doing::Waiting(wait) = self.doing else { return above };
        let holders = match wait.ends {
            Ends::AllReleases => lowest(self.holders & stuck),
            Ends::OneRelease(0) | Ends::Itself => 0,
            Ends::OneRelease(all) if self.holders.count_ones() != u32::from(all) => 0,
            Ends::OneRelease(_) if self.holders & !stuck != 0 => 0,
            Ends::OneRelease(_) => self.holders,
        };
        if holders != 0 { holders } else { above }
    }
}

/// The table of a look, and what the last two looks showed. It is too large for a kernel's stack.
#[derive(Debug)]
pub(crate) struct WaitGraph {
    nodes: [Node; NODES],
    used: usize,
    before: Suspect,
    now: Suspect,
}

impl WaitGraph {
    /// An empty table.
    pub(crate) const fn new() -> WaitGraph {
        WaitGraph { nodes: [Node::NONE; NODES], used: 0, before: Suspect::NONE, now: Suspect::NONE }
    }

    /// Returns those by which the context at `start` is stuck for ever, itself first and the others in the order in
    /// which they are found from it; none if it is not, or if that is not certain.
    pub(crate) fn deadlock(&mut self, contexts: &impl Contexts, start: usize) -> &[Member] {
        self.look(contexts, start);
        core::mem::swap(&mut self.before, &mut self.now);
        if !self.before.members().is_empty() {
            self.look(contexts, start);
            if self.now == self.before {
                return self.now.members();
            }
        }
        &[]
    }

    /// Looks at what the context at `start` waits for, directly and through others.
    fn look(&mut self, contexts: &impl Contexts, start: usize) {
        self.used = 0;
        if let Some(start) = contexts.find(start) {
            self.enter(start);
        }
        let mut next = 0;
        while next < self.used {
            self.expand(contexts, next);
            next += 1;
        }
        self.gather(self.stuck());
        if !self.now.is_unchanged(contexts) {
            self.now.used = 0;
        }
    }

    /// Finds the holders and the interrupts of a node.
    fn expand(&mut self, contexts: &impl Contexts, index: usize) {
        let Some(&Node { address, doing, .. }) = self.nodes.get(index) else { return };
        let (mut holders, mut interrupts) = (0, 0);
        if doing == Doing::Changing {
            return;
        }
        contexts.visit(|one| {
            if one.interrupted() == Some(address) {
                interrupts |= self.enter(one);
            }
            if let Doing::Waiting(wait) = doing
                && one.hold(wait.instance).is_some_and(|held| excludes(held, wait, one.address() == address))
            {
                holders |= self.enter(one);
            }
            ControlFlow::Continue(())
        });
        if let Some(node) = self.nodes.get_mut(index) {
            (node.holders, node.interrupts) = (holders, interrupts);
        }
    }

    /// The bit of a context, which is entered unless it is there. None if there is no room.
    fn enter(&mut self, one: impl Seen) -> Set {
        let known = self.nodes.iter().take(self.used).position(|node| node.address == one.address());
        let index = known.unwrap_or(self.used);
        if known.is_none() {
            let Some(node) = self.nodes.get_mut(index) else { return 0 };
            *node = Node { address: one.address(), doing: one.doing(), ..Node::NONE };
            self.used += 1;
        }
        1 << index
    }

    /// The greatest set in which every node has a reason.
    fn stuck(&self) -> Set {
        let mut stuck = self.nodes.iter().take(self.used).enumerate().fold(0, |set, (index, _)| set | 1 << index);
        for _ in 0..NODES {
            let free = |node: &Node| node.doing == Doing::Changing || node.reason(stuck) == 0;
            let nodes = self.nodes.iter().take(self.used).enumerate();
            let left = nodes.filter(|(_, node)| !free(node)).fold(0, |set, (index, _)| set | 1 << index) & stuck;
            if left == stuck {
                break;
            }
            stuck = left;
        }
        stuck
    }

    /// Gathers the first node and those that its being stuck rests on, if it is stuck.
    fn gather(&mut self, stuck: Set) {
        self.now.used = 0;
        let mut order = [0u8; NODES];
        let (mut seen, mut found, mut next) = (1, 1, 0);
        while stuck & 1 == 1 && next < found {
            let index = order.get(next).copied().unwrap_or_default();
            let Some(node) = self.nodes.get(usize::from(index)) else { break };
            let reason = node.reason(stuck);
            for other in bits(reason & !seen) {
                if let Some(place) = order.get_mut(found) {
                    *place = other;
                    found += 1;
                }
            }
            seen |= reason;
            self.now.push(node, reason);
            next += 1;
        }
        self.now.renumber(&order);
    }
}

/// Whether this hold keeps the waiter waiting until it is released, whatever the lock is. An upgradeable hold may or
/// may not exclude readers, and its own holder may be waiting to upgrade it.
fn excludes(held: Held, wait: Wait, is_own: bool) -> bool {
    if held.certainty == Certainty::Doubtful {
        return false;
    }
    match (held.mode, wait.mode) {
        _ if matches!(wait.ends, Ends::OneRelease(_)) => true,
        (Mode::WRITE, _) => true,
        (Mode::UPGRADEABLE, Mode::WRITE | Mode::UPGRADEABLE) => !is_own,
        (Mode { shared: true, .. }, Mode::WRITE) => true,
        _ => false,
    }
}

fn lowest(set: Set) -> Set {
    set & set.wrapping_neg()
}

/// The numbers of the bits of a set.
fn bits(set: Set) -> impl Iterator<Item = u8> {
    (0..NODES as u8).filter(move |bit| set >> bit & 1 == 1)
}

/// A context of a deadlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// What it is known by.
    pub(crate) address: usize,
    /// Its wait; `None` if it is only interrupted.
    pub(crate) wait: Option<Wait>,
    /// The members that it cannot go on without, as the bits of their places in the list.
    pub(crate) reason: u32,
    /// The reason is the interrupt that came over it.
    pub(crate) is_interrupted: bool,
}

impl Member {
    const NONE: Member = Member { address: 0, wait: None, reason: 0, is_interrupted: false };
}

/// Those by which a context is stuck, as one look shows them: it is first.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    members: [Member; NODES],
    used: usize,
}

impl PartialEq for Suspect {
    fn eq(&self, other: &Suspect) -> bool {
        self.members() == other.members()
    }
}

impl Suspect {
    /// Nobody is stuck.
    const NONE: Suspect = Suspect { members: [Member::NONE; NODES], used: 0 };

    fn members(&self) -> &[Member] {
        self.members.get(..self.used).unwrap_or_default()
    }

    fn push(&mut self, node: &Node, reason: Set) {
        if let Some(member) = self.members.get_mut(self.used) {
            let is_interrupted = reason & node.holders == 0;
            *member = Member { address: node.address, wait: node.doing.wait(), reason, is_interrupted };
            self.used += 1;
        }
    }

    /// The reasons are nodes so far: puts the places of the members instead, which are nodes in this order.
    fn renumber(&mut self, order: &[u8; NODES]) {
        let places = order.get(..self.used).unwrap_or_default();
        for member in self.members.iter_mut().take(self.used) {
            let place = |node: u8| places.iter().position(|other| *other == node);
            member.reason = bits(member.reason).filter_map(place).fold(0, |set, place| set | 1 << place);
        }
    }

    /// Whether all members are in the same waits still.
    fn is_unchanged(&self, contexts: &impl Contexts) -> bool {
        let mut same = 0;
        contexts.visit(|one| {
            let member = self.members().iter().find(|member| member.address == one.address());
            same += usize::from(member.is_some_and(|member| member.wait == one.doing().wait()));
            ControlFlow::Continue(())
        });
        same == self.used
    }
}

#[cfg(test)]
mod tests;
