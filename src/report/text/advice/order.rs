//! Advice on the order of locks: where each of them would have to move, on both sides. It reads the report alone.

use super::super::Place;
use super::Ways;
use crate::report::kind::Kind;
use crate::report::{LockView, Report, Step};
use core::fmt;

/// How many dependencies of the other order are named individually.
const NAMED: usize = 3;

pub(super) fn recursive(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else {
        return ways.way(format_args!("take it once"));
    };
    let (name, at, since) = (&new.class, Place(new.site), Place(held.site));
    if held.instance == new.instance {
        ways.way(format_args!("do not take `{name}` again at {at}: hand down the guard of {since}"))?;
        return ways.way(format_args!("release the `{name}` taken at {since} before {at}"));
    }
    ways.way(format_args!("release the `{name}` taken at {since} before {at}"))?;
    ways.way(format_args!(
        "if the two are always taken in one order, say so at {at}: with a subclass, or with the lock that is held around \
         both as nest lock"
    ))?;
    ways.way(format_args!("if the two are unlike, give them keys of their own, where they are constructed"))
}

/// Either this order changes, or the other one does, at any of its dependencies.
pub(super) fn circular(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let (Some(held), Some(new)) = (&report.held_lock, &report.lock) else {
        return ways.way(format_args!("take them in one order"));
    };
    let (outer, inner) = (&held.class, &new.class);
    let (outer_at, inner_at) = (Place(held.site), Place(new.site));
    ways.way(format_args!("take `{inner}` before `{outer}`: move it from {inner_at} above {outer_at}"))?;
    match taken_under(report, held) {
        Some(LockView { class: first, site, .. }) => ways.way(format_args!(
            "release `{outer}` before `{first}` is taken at {}, which is held at {inner_at} too",
            Place(*site)
        )),
        None => ways.way(format_args!("release `{outer}`, taken at {outer_at}, before {inner_at}")),
    }?;
    let path = &report.path;
    if let ([step], 0) = (path.steps.as_slice(), path.cut) {
        let Step { from, to, from_site, to_site, .. } = step;
        let (from_at, to_at) = (Place(*from_site), Place(*to_site));
        ways.way(format_args!("on the other side, take `{to}` before `{from}`: move it from {to_at} above {from_at}"))?;
    }
    for step in path.steps.iter().rev().take(NAMED) {
        on_the_other_side(step, ways)?;
    }
    match (path.steps.len() + path.cut).saturating_sub(NAMED) {
        0 => Ok(()),
        1 => ways.way(format_args!("the same at another dependency of the chain above")),
        more => ways.way(format_args!("the same at one of the {more} other dependencies of the chain above")),
    }
}

fn on_the_other_side(step: &Step, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let Step { from, to, from_site, to_site, .. } = step;
    let (from_at, to_at) = (Place(*from_site), Place(*to_site));
    ways.way(format_args!("on the other side, release `{from}`, taken at {from_at}, before `{to}` is taken at {to_at}"))
}

/// The first lock that was acquired while `held` was, and is still held: it depends on `held`, so releasing `held`
/// after that does not break the cycle.
fn taken_under<'r>(report: &'r Report, held: &LockView) -> Option<&'r LockView> {
    let mut above = report.held.iter().skip_while(|other| (other.instance, other.site) != (held.instance, held.site));
    above.next();
    above.next()
}

/// For conflicts between two classes: the dependencies that lead from one to the other.
pub(super) fn do_not_nest(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    if let (Kind::IrqOrder, Some(held), Some(new)) = (report.kind(), &report.held_lock, &report.lock) {
        let (outer, inner) = (&held.class, &new.class);
        let (outer_at, inner_at) = (Place(held.site), Place(new.site));
        return ways
            .way(format_args!("release `{outer}`, taken at {outer_at}, before `{inner}` is taken at {inner_at}"));
    }
    for Step { from, to, from_site, to_site, .. } in report.path.steps.iter().take(NAMED) {
        let (from_at, to_at) = (Place(*from_site), Place(*to_site));
        ways.way(format_args!("release `{from}`, taken at {from_at}, before `{to}` is taken at {to_at}"))?;
    }
    Ok(())
}

pub(super) fn nest_not_held(report: &Report, ways: &mut Ways<'_, '_>) -> fmt::Result {
    let (Some(nest), Some(lock)) = (&report.held_lock, &report.lock) else {
        return ways.way(format_args!("hold the nest lock"));
    };
    let (nest, name) = (&nest.class, &lock.class);
    match report.reacquired.map(|again| again.released) {
        Some(Some(site)) => ways.way(format_args!("release `{name}` before `{nest}` is released at {site}")),
        Some(None) => ways.way(format_args!("release `{name}` before `{nest}`: drop its guard first")),
        None => {
            let at = Place(lock.site);
            ways.way(format_args!("take `{nest}` before `{name}` at {at}, and hold it until `{name}` is released"))?;
            ways.way(format_args!(
                "take `{name}` without a nest lock at {at}, if it is the only one of its class there"
            ))
        }
    }
}
