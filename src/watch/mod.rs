//! When it really hangs (feature `watch`): deadlocks that have happened, and tasks that wait for too long. A kernel calls
//! [`tick`] from its timer or its idle loop; everything else here is not public.
//!
//! The rest decides who waits for whom from what can be seen of contexts on other CPUs. It is a pure core: it asks for
//! contexts through `Contexts`, computes in tables of its own, and returns plain data; the runtime (`runtime/watch.rs`)
//! takes the registry's lock, decides when to look, and reports.
//!
//! - `wait_graph`: is this a deadlock that has happened? Never a false one.
//! - `hung`: the chain from a waiter over the holders of its lock to the one that could end it, for people to read.
//! - `tell`: either of them as a report.
//! - `registered`: the contexts of the registry, as the core asks for them.
//!
//! Invariant: nothing here follows a pointer, allocates, recurses, or loops without a bound: each walk ends at the
//! size of its table.
//!
//! What it does not do: take a lock, know a clock's unit, or print.

mod api;
pub(crate) mod hung;
pub(crate) mod registered;
pub(crate) mod tell;
pub(crate) mod wait_graph;

pub use api::tick;

use crate::context::hold::{Hold, HoldFlags};
use crate::context::holder::Place;
use crate::lock::mode::Mode;
use core::ops::ControlFlow;

/// The contexts of the machine. They stay in the list from the beginning to the end of what borrows this.
pub(crate) trait Contexts {
    /// One of them, as it was read.
    type One: Seen;

    /// Calls `visit` for each context until it breaks. They may change meanwhile.
    fn visit(&self, visit: impl FnMut(Self::One) -> ControlFlow<()>);

    /// The context at this address.
    fn find(&self, address: usize) -> Option<Self::One> {
        let mut found = None;
        self.visit(|one| {
            if one.address() != address {
                return ControlFlow::Continue(());
            }
            found = Some(one);
            ControlFlow::Break(())
        });
        found
    }
}

/// A context as another CPU sees it.
pub(crate) trait Seen: Copy {
    /// What it is known by: its address, not to be followed.
    fn address(self) -> usize;

    /// What it is doing, apart from being interrupted.
    fn doing(self) -> Doing;

    /// The context that it interrupted, while it is an interrupt that has not returned.
    fn interrupted(self) -> Option<usize>;

    /// Its hold of this lock. A lock that it waits for is none, and neither is one whose wait is below the present wait,
    /// as that of a mutex is while its queue's lock is waited for.
    fn hold(self, instance: usize) -> Option<Held>;
}

/// What a context is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It is in no wait that was announced: it runs, or will when it is scheduled.
    Running,
    /// It is in this wait.
    Waiting(Wait),
    /// It changed while it was read: what was read of it may be wrong.
    Changing,
}

impl Doing {
    /// The wait, if it is in one.
    pub(crate) fn wait(self) -> Option<Wait> {
        match self {
            Doing::Waiting(wait) => Some(wait),
            Doing::Running | Doing::Changing => None,
        }
    }
}

/// A wait that was announced after the first attempt had failed.
///
/// Two of one context that are equal are the same wait: the context was in it all the time in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The lock.
    pub(crate) instance: usize,
    /// How it is waited for.
    pub(crate) mode: Mode,
    /// What ends the wait.
    pub(crate) ends: Ends,
    /// The number of the wait.
    pub(crate) number: u32,
    /// When it began.
    pub(crate) since: u64,
}

/// What ends a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// The release of every hold that excludes the waiter's: mutexes, readers and writers.
    AllReleases,
    /// One release by any of so many holders: a semaphore's permits, all of which are taken. 0 if the number is not
    /// known, as for an event that anybody may signal.
    OneRelease(u16),
    /// Itself: it times out, or a signal ends it.
    Itself,
}

/// A hold of another context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) mode: Mode,
    pub(crate) certainty: Certainty,
}

/// Whether a hold that is recorded is one in fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Certainty {
    /// The lock was acquired, and only the code of its context will release it.
    Certain,
    /// It may have been announced and not be acquired yet; or another context may release it; or it is another
    /// instance's.
    Doubtful,
}

impl Held {
    /// A recorded hold, at `place` in its context's stack.
    pub(crate) fn of(hold: &Hold, place: Place) -> Held {
        let left_over = HoldFlags::UNCHECKED.union(HoldFlags::UNCHAINED);
        let doubtful = match place {
            // It is announced before the lock is tried, and nothing is recorded when that succeeds.
            Place::Newest => !hold.tried(),
            Place::SinceTheWait => true,
            Place::Older => false,
        } || hold.merged() // it may be a sibling that is held
            || hold.flags.contains(left_over); // an interrupt ended with it: any other may release it
        Held { mode: hold.mode(), certainty: if doubtful { Certainty::Doubtful } else { Certainty::Certain } }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::lock::lock_map::LockMap;
    use crate::lock::site::Site;
    use crate::lock::usage::{Irqs, Usage, UsageMask};
    use crate::lock::wait_type::WaitTypes;
    use std::vec::Vec;

    /// A context of a table.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct View {
        pub(crate) address: usize,
        pub(crate) doing: Doing,
        pub(crate) interrupted: Option<usize>,
        pub(crate) holds: [Option<(usize, Held)>; 8],
    }

    impl Seen for View {
        fn address(self) -> usize {
            self.address
        }
        fn doing(self) -> Doing {
            self.doing
        }
        fn interrupted(self) -> Option<usize> {
            self.interrupted
        }
        fn hold(self, instance: usize) -> Option<Held> {
            self.holds.iter().rev().flatten().find(|(lock, _)| *lock == instance).map(|(_, held)| *held)
        }
    }

    /// A context that waits for this lock, and holds these.
    pub(crate) fn context(address: usize, waits_for: Option<(usize, Mode)>, holds: &[(usize, Mode)]) -> View {
        let doing = waits_for.map_or(Doing::Running, |(instance, mode)| {
            Doing::Waiting(Wait { instance, mode, ends: Ends::AllReleases, number: 1, since: 0 })
        });
        let mut view = View { address, doing, interrupted: None, holds: [None; 8] };
        for (place, (instance, mode)) in holds.iter().enumerate() {
            view.holds[place] = Some((*instance, Held { mode: *mode, certainty: Certainty::Certain }));
        }
        view
    }

    impl Contexts for Vec<View> {
        type One = View;

        fn visit(&self, mut visit: impl FnMut(View) -> ControlFlow<()>) {
            let _ = self.iter().try_for_each(|view| visit(*view));
        }
    }

    #[test]
    fn a_hold_is_certain_when_its_lock_must_have_been_acquired() {
        let map = LockMap::of_class("a", Site::caller(), WaitTypes::SPIN);
        let flags = Hold::flags(&map, Mode::WRITE, UsageMask::new(Usage::empty(), Irqs::On));
        let certainty = |flags, place| Held::of(&Hold { flags, ..Hold::EMPTY }, place).certainty;
        assert_eq!(certainty(flags, Place::Older), Certainty::Certain);
        assert_eq!(certainty(flags, Place::Newest), Certainty::Doubtful, "it may be announced only");
        assert_eq!(certainty(flags | HoldFlags::TRIED, Place::SinceTheWait), Certainty::Doubtful);
        assert_eq!(certainty(flags | HoldFlags::TRIED, Place::Newest), Certainty::Certain, "recorded after the try");
        assert_eq!(certainty(flags | HoldFlags::MERGED, Place::Older), Certainty::Doubtful);
        assert_eq!(certainty(flags | HoldFlags::UNCHECKED, Place::Older), Certainty::Certain);
        let left_over = flags | HoldFlags::UNCHECKED | HoldFlags::UNCHAINED;
        assert_eq!(certainty(left_over, Place::Older), Certainty::Doubtful);
    }
}
