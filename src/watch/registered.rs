//! The contexts of the registry, as the core asks for them.
//!
//! Only those of one validator: the numbers of classes belong to it, and the self-tests of a kernel that has several
//! announce waits that nobody is in.
//!
//! What it does not do: lock the list; it is borrowed locked, and so nothing leaves it between two looks.

use super::{Contexts, Doing, Ends, Held, Seen, Wait};
use crate::context::foreign::Foreign;
use crate::context::registry::LockedRegistry;
use crate::context::wait::{WaitKind, WaitView};
use core::ops::ControlFlow;

/// The contexts of one validator that are in use.
#[derive(Clone, Copy)]
pub(crate) struct Registered<'s> {
    list: &'s LockedRegistry<'s>,
    validator: u8,
}

impl<'s> Registered<'s> {
    pub(crate) fn new(list: &'s LockedRegistry<'s>, validator: u8) -> Registered<'s> {
        Registered { list, validator }
    }
}

impl<'s> Contexts for Registered<'s> {
    type One = Foreign<'s>;

    fn visit(&self, mut visit: impl FnMut(Foreign<'s>) -> ControlFlow<()>) {
        self.list.visit(|one| match one.is_in_use() && one.validator() == self.validator {
            true => visit(one),
            false => ControlFlow::Continue(()),
        });
    }
}

impl Seen for Foreign<'_> {
    fn address(self) -> usize {
        Foreign::address(self)
    }

    fn doing(self) -> Doing {
        match self.wait() {
            None => Doing::Changing,
            Some(None) => Doing::Running,
            Some(Some(wait)) => Doing::Waiting(wait_of(&wait)),
        }
    }

    fn interrupted(self) -> Option<usize> {
        Foreign::interrupted(self)
    }

    fn hold(self, instance: usize) -> Option<Held> {
        self.hold_of(instance).map(|(hold, place)| Held::of(&hold, place))
    }
}

/// An event may be ended by anybody, as far as is known: it is in no deadlock.
fn wait_of(wait: &WaitView) -> Wait {
    let ends = match wait.kind() {
        WaitKind::Lock => Ends::AllReleases,
        WaitKind::Event => Ends::OneRelease(0),
        WaitKind::Timed => Ends::Itself,
    };
    Wait { instance: wait.instance(), mode: wait.mode(), ends, number: wait.number(), since: wait.since() }
}
