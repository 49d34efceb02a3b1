//! The advice of a hang: which change removes it, or where to look on.

use super::Ways;
use crate::lock::site::Site;
use crate::report::hang::{Activity, End, Party};
use crate::report::text::Place;
use crate::report::{LockView, Report};
use core::fmt;

pub(super) fn advice(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let last = report.hang.parties().last();
    let waits_for = last.and_then(|last| last.waits_for.as_ref());
    match (report.hang.end(), waits_for) {
        (End::Cycle(_) | End::Knot, _) => order(report, ways),
        (End::Unheld, Some(lock)) => {
            let class = &lock.class;
            ways.way(format_args!("find who released `{class}` without waking its waiters, or without having taken it"))
        }
        (End::Runs, _) if last.is_some_and(|last| last.activity == Activity::RunningIrqsOff) => {
            ways.way(format_args!("see what the last of them does, and enable interrupts meanwhile"))
        }
        (End::Runs, _) => ways.way(format_args!("see what the last of them does, and release its locks before")),
        _ => ways.way(format_args!("see what the last of them waits for")),
    }
}

/// A way for each context that holds what another one waits for: without that hold there would be no deadlock.
fn order(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    for (index, party) in report.hang.parties().iter().enumerate() {
        let Some((held, wanted)) = wanted(report, index, party) else { continue };
        let is_known = |(before, other): (usize, &Party)| {
            wanted_sites(report, before, other) == wanted_sites(report, index, party)
        };
        if report.hang.parties().iter().enumerate().take(index).any(is_known) {
            continue;
        }
        let (class, taken) = (&held.class, Place(held.site));
        match wanted {
            Some(wanted) => {
                let (wanted, at) = (&wanted.class, Place(wanted.site));
                ways.way(format_args!("release `{class}`, taken at {taken}, before `{wanted}` is taken at {at}"))?;
            }
            None => ways.way(format_args!("take `{class}` with interrupts disabled at {taken}"))?,
        }
    }
    Ok(())
}

/// The hold of a context that another waits for, and what it waits for itself, unless it is interrupted.
fn wanted<'a>(report: &'a Report, index: usize, party: &'a Party) -> Option<(&'a LockView, Option<&'a LockView>)> {
    let waits_for_it =
        |held: &LockView, other: &Party| other.waits_for.is_some_and(|lock| lock.instance == held.instance);
    let is_wanted = |held: &&LockView| report.hang.parties().iter().any(|other| waits_for_it(held, other));
    let held = report.held_by(index).iter().rev().find(is_wanted)?;
    Some((held, party.waits_for.as_ref()))
}

/// The lines of such a hold and wait.
fn wanted_sites(report: &Report, index: usize, party: &Party) -> Option<[Option<Site>; 2]> {
    wanted(report, index, party).map(|(held, wanted)| [held.site, wanted.and_then(|wanted| wanted.site)])
}
