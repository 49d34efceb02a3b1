//! A hang as a report: puts what the caller knows of each context to the links of a chain, or to the members of a deadlock.
//!
//! The caller makes a report of the context that looks, and lets it be filled here; so ids, policies and the queue are
//! those of all findings.
//!
//! What it does not do: decide that there is a hang, or read a context: `describe` does, whose argument it tells the
//! holds.

use super::hung::{self, Blocks, Chain};
use super::wait_graph::Member;
use super::{Contexts, Seen};
use crate::report::hang::{self, End, Link, Party};
use crate::report::kind::Kind;
use crate::report::{LockView, Report, TaskInfo};

/// What is shown of the context at an address; the second argument is told what it holds, the oldest first, without the
/// lock that it waits for.
pub(crate) trait Describe: FnMut(usize, &mut dyn FnMut(LockView)) -> Party {}

impl<F: FnMut(usize, &mut dyn FnMut(LockView)) -> Party> Describe for F {}

/// Fills the report of a chain, which has a link: a hung task, for so many seconds. `who`
/// names a context.
pub(crate) fn chain<C: Contexts>(
    report: &mut Report,
    (kind, seconds): (Kind, u32),
    contexts: &C,
    chain: &Chain,
    who: impl Fn(usize) -> TaskInfo,
    mut describe: impl Describe,
) {
    let Some(first) = chain.links().first() else { return };
    hang::begin(report, kind, who(first.address), seconds);
    let mut end = end_of(chain.end);
    for link in chain.links() {
        if !hang::add(report, link_of(link.blocks), |holds| describe(link.address, holds)) {
            end = End::Cut;
        }
    }
    hung::for_each_waiter(contexts, chain, |one| hang::add_waiter(report, who(one.address())));
    hang::end(report, end);
}

/// Fills the report of a deadlock. What only leads to its cycle is left out, so that it is one finding, from
/// whichever of the stuck ones it was seen.
pub(crate) fn deadlock(report: &mut Report, looking: TaskInfo, members: &[Member], mut describe: impl Describe) {
    let cycle = cycle(members);
    let shown = cycle.unwrap_or(members);
    hang::begin(report, Kind::Deadlock, looking, 0);
    let mut end = if cycle.is_some() { End::Cycle(0) } else { End::Knot };
    for (place, member) in shown.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|before| shown.get(before)).filter(|_| cycle.is_some());
        let link = match before {
            None => Link::First,
            Some(before) if before.is_interrupted => Link::Interrupts,
            Some(_) => Link::Holds,
        };
        if !hang::add(report, link, |holds| describe(member.address, holds)) {
            end = End::Cut;
        }
    }
    hang::end(report, end);
}

/// The members that form a cycle, if each waits for one alone: the last of the list for one before, and the others for
/// the next.
fn cycle(members: &[Member]) -> Option<&[Member]> {
    let (last, others) = members.split_last()?;
    let is_path = others.iter().enumerate().all(|(place, member)| member.reason == 1 << (place + 1));
    let start = last.reason.trailing_zeros() as usize;
    members.get(start..).filter(|_| is_path && last.reason.is_power_of_two())
}

fn link_of(blocks: Blocks) -> Link {
    match blocks {
        Blocks::First => Link::First,
        Blocks::Holds { others: 0 } => Link::Holds,
        Blocks::Holds { others } => Link::HoldsWith(others),
        Blocks::IsQueuedBefore => Link::IsQueuedBefore,
        Blocks::Interrupted => Link::Interrupts,
    }
}

fn end_of(end: hung::End) -> End {
    match end {
        hung::End::Runs => End::Runs,
        hung::End::Cycle(place) => End::Cycle(place as u8),
        hung::End::Unheld => End::Unheld,
        hung::End::Event => End::Event,
        hung::End::TimesOut => End::TimesOut,
        hung::End::Changes => End::Changes,
        hung::End::Cut => End::Cut,
    }
}

#[cfg(test)]
mod tests;
