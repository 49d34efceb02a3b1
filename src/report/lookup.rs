//! From a table's slot to what a report shows: copies of classes, locks and dependencies.
//!
//! Invariant: what it returns is a copy. What it does not do: decide what a report shows (`engine/reporting.rs`).

use crate::context::hold::Hold;
use crate::graph::classes::Classes;
use crate::graph::dependencies::{Dependencies, Dependency};
use crate::graph::usage_words::UsageWords;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::report::{ClassView, LockView, Path, Present, Step};

/// The tables from which a report copies its classes.
#[derive(Clone, Copy)]
pub(crate) struct Lookup<'a> {
    pub(crate) classes: &'a Classes,
    pub(crate) dependencies: &'a Dependencies,
    pub(crate) usage_words: &'a UsageWords,
}

impl Lookup<'_> {
    pub(crate) fn class(&self, slot: u16) -> ClassView {
        let class = self.classes.get(slot);
        ClassView {
            name: class.name,
            site: class.site,
            origin: class.origin,
            ordinal: self.classes.ordinal(slot),
            subclass: class.subclass,
            usage: self.usage_words.usage(slot),
            waits: class.waits,
        }
    }

    pub(crate) fn lock(&self, hold: &Hold) -> LockView {
        let mut class = self.class(hold.class);
        class.waits = WaitTypes::new(hold.outer(), hold.inner());
        LockView { present: Present::Yes, class, instance: hold.instance, site: hold.site, mode: hold.mode() }
    }

    /// A lock that is not held: the class may not be in the table, but the lock knows its name.
    pub(crate) fn unheld(&self, map: &LockMap, class: u16, site: Option<Site>) -> LockView {
        let class = ClassView { name: map.name(), site: Some(map.site()), waits: map.waits(), ..self.class(class) };
        LockView { present: Present::Yes, class, instance: map.instance(), site, mode: Mode::WRITE }
    }

    pub(crate) fn step(&self, dependency: &Dependency) -> Step {
        // A CPU number that does not fit is left unknown.
        let maker = self.dependencies.maker(dependency);
        let maker = maker.and_then(|maker| Some((maker.task, u16::try_from(maker.cpu).ok()?)));
        Step {
            from: self.class(dependency.from),
            to: self.class(dependency.to),
            kinds: dependency.kinds,
            from_site: dependency.from_site,
            to_site: dependency.to_site,
            is_maker_known: maker.is_some(),
            task: maker.map_or(0, |(task, _)| task),
            cpu: maker.map_or(0, |(_, cpu)| cpu),
        }
    }

    /// A path whose dependencies come in its order. The first ones that fit are kept.
    pub(crate) fn path<'d>(&self, path: &mut Path, way: impl Iterator<Item = &'d Dependency>) {
        path.clear();
        for dependency in way {
            if path.steps.push(self.step(dependency)).is_err() {
                path.cut += 1;
            }
        }
        path.cut_at_end = true;
    }

    /// A path whose dependencies come from its end to its start. The last ones that fit are kept.
    pub(crate) fn path_from_end<'d>(&self, path: &mut Path, way: impl Iterator<Item = &'d Dependency>) {
        self.path(path, way);
        path.steps.reverse();
        path.cut_at_end = false;
    }
}
