//! The chain of blockers of one waiter: who holds its lock, what that one is doing, and so on to the end.
//!
//! It is for people to read, and not a claim: it is one look, in which a hold may be only announced, and a holder that is
//! said to run may have run on. Whether it is a deadlock is decided by [`wait_graph`](super::wait_graph) alone.
//!
//! Where a lock has several holders, the chain follows the first that waits itself, since that one explains most; the
//! number of the others is kept. A reader that is excluded by no holder waits behind a writer that is queued.
//!
//! What it does not do: name a task or a lock. The caller, who can read the contexts, puts names to the links.

use super::{Contexts, Doing, Ends, Seen, Wait};
use core::ops::ControlFlow;

/// How many contexts a chain has at most.
pub(crate) const LINKS: usize = 8;

/// A context of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// What it is known by.
    pub(crate) address: usize,
    /// What it does.
    pub(crate) doing: Doing,
    /// Why the one before waits for it.
    pub(crate) blocks: Blocks,
}

/// Why a context waits for the next one of its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blocks {
    /// It is the first: it waits for nobody yet.
    First,
    /// It holds the lock, with so many others.
    Holds {
        /// The other holders.
        others: u16,
    },
    /// It waits for the lock as a writer, and readers wait behind it.
    IsQueuedBefore,
    /// It is the interrupt that came over it.
    Interrupted,
}

/// What a chain ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The last one is in no wait: it runs, or will when it is scheduled.
    Runs,
    /// The last one waits for this link: the chain goes round.
    Cycle(usize),
    /// Nobody holds the lock that the last one waits for.
    Unheld,
    /// Anybody may end the wait of the last one.
    Event,
    /// The wait of the last one ends by itself.
    TimesOut,
    /// The last one changed while it was read.
    Changes,
    /// There is no room for more.
    Cut,
}

/// A waiter, its blocker, the blocker of that one, and so on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chain {
    links: [Link; LINKS],
    used: usize,
    /// What it ends with.
    pub(crate) end: End,
}

impl Chain {
    const NONE: Chain = Chain {
        links: [Link { address: 0, doing: Doing::Running, blocks: Blocks::First }; LINKS],
        used: 0,
        end: End::Changes,
    };

    /// The chain of the context at `start`. Empty if there is no such context.
    pub(crate) fn of(contexts: &impl Contexts, start: usize) -> Chain {
        let mut chain = Chain::NONE;
        let mut next = contexts.find(start).map(|start| (start, Blocks::First));
        while let Some((one, blocks)) = next {
            if let Some(place) = chain.links().iter().position(|link| link.address == one.address()) {
                chain.end = End::Cycle(place);
                break;
            }
            let Some(link) = chain.links.get_mut(chain.used) else {
                chain.end = End::Cut;
                break;
            };
            *link = Link { address: one.address(), doing: one.doing(), blocks };
            chain.used += 1;
            (chain.end, next) = blocker(contexts, one);
        }
        chain
    }

    /// The waiter first.
    pub(crate) fn links(&self) -> &[Link] {
        self.links.get(..self.used).unwrap_or_default()
    }
}

/// What a context waits for, and why; without one, what its chain ends with.
fn blocker<C: Contexts>(contexts: &C, one: C::One) -> (End, Option<(C::One, Blocks)>) {
    let end = match one.doing() {
        Doing::Changing => return (End::Changes, None),
        Doing::Running => End::Runs,
        Doing::Waiting(Wait { ends: Ends::Itself, .. }) => End::TimesOut,
        Doing::Waiting(wait) => match holder(contexts, one.address(), wait) {
            None if matches!(wait.ends, Ends::OneRelease(_)) => End::Event,
            None => End::Unheld,
            blocker => return (End::Unheld, blocker),
        },
    };
    let above = first(contexts, |other| other.interrupted() == Some(one.address()));
    (end, above.map(|above| (above, Blocks::Interrupted)))
}

/// The holder for which the context at `address` waits, or the writer that it waits behind.
fn holder<C: Contexts>(contexts: &C, address: usize, wait: Wait) -> Option<(C::One, Blocks)> {
    let (mut runs, mut waits, mut holders) = (None, None, 0u16);
    contexts.visit(|one| {
        let is_own = one.address() == address;
        let is_beside = |held: super::Held| held.mode.shared && wait.mode.shared || is_own && held.mode.recursive;
        if one.hold(wait.instance).is_some_and(|held| !is_beside(held)) {
            holders = holders.saturating_add(1);
            match one.doing() {
                Doing::Waiting(_) => waits = waits.or(Some(one)),
                Doing::Running | Doing::Changing => runs = runs.or(Some(one)),
            }
        }
        ControlFlow::Continue(())
    });
    let found = waits.or(runs).map(|one| (one, Blocks::Holds { others: holders.saturating_sub(1) }));
    let is_queued = |one: C::One| {
        let other = one.doing().wait().filter(|_| one.address() != address);
        other.is_some_and(|other| other.instance == wait.instance && !other.mode.shared)
    };
    let behind = || first(contexts, is_queued).map(|one| (one, Blocks::IsQueuedBefore));
    if wait.mode.shared { found.or_else(behind) } else { found }
}

fn first<C: Contexts>(contexts: &C, is: impl Fn(C::One) -> bool) -> Option<C::One> {
    let mut found = None;
    contexts.visit(|one| {
        if !is(one) {
            return ControlFlow::Continue(());
        }
        found = Some(one);
        ControlFlow::Break(())
    });
    found
}

/// Whether this waiter is the one to report: of all that wait for its lock, it has waited longest. The others are listed
/// with it.
pub(crate) fn leads<C: Contexts>(contexts: &C, one: C::One) -> bool {
    let Doing::Waiting(own) = one.doing() else { return false };
    let rank = |wait: Wait, address: usize| (wait.since, address);
    first(contexts, |other| {
        let wait = other.doing().wait().filter(|wait| wait.instance == own.instance);
        wait.is_some_and(|wait| rank(wait, other.address()) < rank(own, one.address()))
    })
    .is_none()
}

/// Calls `show` for each that waits, directly, for the same lock as the first of a chain, or for a lock that this one
/// holds; not for those of the chain.
pub(crate) fn for_each_waiter<C: Contexts>(contexts: &C, chain: &Chain, mut show: impl FnMut(C::One)) {
    let Some(first) = chain.links().first() else { return };
    let Some(start) = contexts.find(first.address) else { return };
    let own = first.doing.wait().map(|wait| wait.instance);
    contexts.visit(|one| {
        let waits_for = one.doing().wait().map(|wait| wait.instance);
        let is_of = waits_for.is_some_and(|lock| own.map_or(start.hold(lock).is_some(), |own| own == lock));
        if is_of && chain.links().iter().all(|link| link.address != one.address()) {
            show(one);
        }
        ControlFlow::Continue(())
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::mode::Mode;
    use crate::watch::tests::{View, context};
    use std::vec;
    use std::vec::Vec;

    const WRITE: Mode = Mode::WRITE;
    const READ: Mode = Mode::READ;

    fn chain(contexts: &Vec<View>, start: usize) -> (Vec<usize>, End) {
        let chain = Chain::of(contexts, start);
        (chain.links().iter().map(|link| link.address).collect(), chain.end)
    }

    fn why(contexts: &Vec<View>, start: usize) -> Vec<Blocks> {
        Chain::of(contexts, start).links().iter().skip(1).map(|link| link.blocks).collect()
    }

    #[test]
    fn a_chain_goes_on_to_the_one_that_runs() {
        let contexts = vec![
            context(10, Some((1, WRITE)), &[]),
            context(20, Some((2, WRITE)), &[(1, WRITE)]),
            context(30, None, &[(2, WRITE)]),
        ];
        assert_eq!(chain(&contexts, 10), (vec![10, 20, 30], End::Runs));
        assert_eq!(chain(&contexts, 30), (vec![30], End::Runs));
        assert_eq!(chain(&contexts, 40), (vec![], End::Changes), "there is none");
    }

    #[test]
    fn a_chain_that_goes_round_says_where() {
        let contexts = vec![
            context(10, Some((1, WRITE)), &[]),
            context(20, Some((2, WRITE)), &[(1, WRITE)]),
            context(30, Some((1, WRITE)), &[(2, WRITE)]),
        ];
        assert_eq!(chain(&contexts, 10), (vec![10, 20, 30], End::Cycle(1)));
        assert_eq!(chain(&vec![context(10, Some((1, WRITE)), &[(1, WRITE)])], 10), (vec![10], End::Cycle(0)));
    }

    #[test]
    fn a_lock_that_nobody_holds_is_the_end() {
        let mut contexts = vec![context(10, Some((1, WRITE)), &[(3, WRITE)]), context(20, Some((1, WRITE)), &[])];
        assert_eq!(chain(&contexts, 10), (vec![10], End::Unheld), "who waits for it too holds nothing");
        for (ends, end) in [(Ends::OneRelease(0), End::Event), (Ends::Itself, End::TimesOut)] {
            contexts[0].doing = Doing::Waiting(Wait { ends, ..contexts[0].doing.wait().expect("it waits") });
            assert_eq!(chain(&contexts, 10), (vec![10], end));
        }
        contexts[0].doing = Doing::Changing;
        assert_eq!(chain(&contexts, 10), (vec![10], End::Changes));
    }

    #[test]
    fn of_many_holders_the_one_that_waits_is_followed() {
        let mut contexts: Vec<View> = (0..20).map(|at| context(100 + at, None, &[(1, READ)])).collect();
        contexts.push(context(10, Some((1, WRITE)), &[(2, WRITE)]));
        assert_eq!(chain(&contexts, 10), (vec![10, 100], End::Runs));
        contexts[7] = context(107, Some((2, WRITE)), &[(1, READ)]);
        assert_eq!(chain(&contexts, 10), (vec![10, 107], End::Cycle(0)));
        assert_eq!(why(&contexts, 10), [Blocks::Holds { others: 19 }]);
    }

    /// As in the incident gvt-mmap, had it happened: the one in the middle is innocent.
    #[test]
    fn a_reader_waits_behind_a_queued_writer() {
        let (mmap_sem, struct_mutex) = (1, 2);
        let contexts = vec![
            context(10, Some((struct_mutex, WRITE)), &[(mmap_sem, READ)]),
            context(20, Some((mmap_sem, READ)), &[(struct_mutex, WRITE)]),
            context(30, Some((mmap_sem, WRITE)), &[]),
        ];
        assert_eq!(chain(&contexts, 10), (vec![10, 20, 30], End::Cycle(0)));
        assert_eq!(why(&contexts, 10), [Blocks::Holds { others: 0 }, Blocks::IsQueuedBefore]);
        assert_eq!(chain(&contexts[..2].to_vec(), 10), (vec![10, 20], End::Unheld), "without the writer");
    }

    /// An interrupt that spins for a lock is why the task that it interrupted does not release its own.
    #[test]
    fn an_interrupt_is_part_of_the_chain() {
        let mut contexts = vec![
            context(10, None, &[(1, WRITE)]),
            context(11, Some((2, WRITE)), &[]),
            context(20, Some((1, WRITE)), &[(2, WRITE)]),
        ];
        contexts[1].interrupted = Some(10);
        assert_eq!(chain(&contexts, 20), (vec![20, 10, 11], End::Cycle(0)));
        assert_eq!(why(&contexts, 20), [Blocks::Holds { others: 0 }, Blocks::Interrupted]);
    }

    #[test]
    fn a_chain_that_is_too_long_is_cut() {
        let mut contexts: Vec<View> = (1..20).map(|at| context(at, Some((at + 1, WRITE)), &[(at, WRITE)])).collect();
        assert_eq!(chain(&contexts, 1), ((1..=LINKS).collect(), End::Cut));
        contexts.truncate(LINKS);
        assert_eq!(chain(&contexts, 1), ((1..=LINKS).collect(), End::Unheld));
    }

    #[test]
    fn of_many_waiters_the_first_one_is_reported_with_a_list_of_all() {
        let mut contexts: Vec<View> = (0..5).map(|at| context(100 + at, Some((1, WRITE)), &[])).collect();
        contexts.push(context(10, Some((2, WRITE)), &[(1, WRITE)]));
        for (at, since) in [7, 5, 5, 9, 6].into_iter().enumerate() {
            contexts[at].doing = Doing::Waiting(Wait { since, ..contexts[at].doing.wait().expect("it waits") });
        }
        let leading: Vec<usize> =
            contexts.iter().filter(|one| leads(&contexts, **one)).map(|one| one.address()).collect();
        assert_eq!(leading, [101, 10], "one for each lock");
        let mut all = Vec::new();
        for_each_waiter(&contexts, &Chain::of(&contexts, 101), |one| all.push(one.address()));
        assert_eq!(all, [100, 102, 103, 104], "those of the chain are told already");
        all.clear();
        contexts[5].doing = Doing::Running;
        for_each_waiter(&contexts, &Chain::of(&contexts, 10), |one| all.push(one.address()));
        assert_eq!(all, [100, 101, 102, 103, 104], "of one that runs, who waits for its locks");
    }
}
