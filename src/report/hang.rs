//! A hang: the contexts of a deadlock, or of the chain from a waiter to the one that could end its wait.
//!
//! It is part of a report: `deadlock` and `hung-task` have one. What the contexts hold is in
//! [`Report::held`](crate::report::Report), those of one context together.
//!
//! Invariant: like the report, it contains copies. Without the feature `watch` it is zero-sized and always empty.
//!
//! What it does not do: find anything; that is in `watch/`. Nor print; that is in `text/hang.rs`.

use crate::context::Level;
use crate::report::{LockView, Report, TaskInfo};

/// A context of a hang.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Party {
    /// The task, and the CPU on which it was last seen.
    pub who: TaskInfo,
    /// A task or an interrupt.
    pub level: Level,
    /// What it does.
    pub activity: Activity,
    /// Why the one before it in the list waits for it.
    pub link: Link,
    /// What it waits for, with the line that waits.
    pub waits_for: Option<LockView>,
    /// For how long, in seconds.
    pub seconds: u32,
    /// How many of the holds of the report are its own; they follow those of the one before.
    pub held: u8,
    /// How many of its holds found no room.
    pub held_cut: u8,
}

/// What a context does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It is in no wait that was announced: it runs, or will when it is scheduled.
    Running,
    /// The same, with hard interrupts disabled.
    RunningIrqsOff,
    /// It waits for a lock.
    Waiting,
    /// An interrupt came over it.
    Interrupted,
    /// It changed while it was read.
    Changing,
}

/// Why a context waits for the one after it in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Link {
    /// It is the first in the list, or one of a knot.
    First,
    /// It holds the lock.
    Holds,
    /// It holds the lock, and so do so many others.
    HoldsWith(u16),
    /// It waits for the lock as a writer, and readers queue behind it.
    IsQueuedBefore,
    /// It is the interrupt that came over it.
    Interrupts,
}

/// What a list of contexts ends with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The last one does not wait.
    #[default]
    Runs,
    /// The last one waits for the one at this place: the chain goes round.
    Cycle(u8),
    /// The wait of the last one can be ended by several, all of which are in the list.
    Knot,
    /// Nobody holds the lock.
    Unheld,
    /// Anybody may end the wait of the last one.
    Event,
    /// The wait of the last one ends by itself.
    TimesOut,
    /// The last one changed while it was read.
    Changes,
    /// There was no room for more.
    Cut,
}

impl Report {
    /// The contexts of a hang; empty in reports of other kinds.
    pub fn hang(&self) -> &Hang {
        &self.hang
    }

    /// What the context at this place in [`Hang::parties`] holds, the oldest first.
    pub fn held_by(&self, party: usize) -> &[LockView] {
        let parties = self.hang.parties();
        let before: usize = parties.iter().take(party).map(|party| usize::from(party.held)).sum();
        let own = parties.get(party).map_or(0, |party| usize::from(party.held));
        self.held.get(before..before + own).unwrap_or_default()
    }
}

/// With the feature `watch`.
#[cfg(feature = "watch")]
mod kept {
    use super::{End, Link, Party};
    use crate::report::kind::Kind;
    use crate::report::{LockView, Report, TaskInfo};
    use heapless::Vec;

    /// How many contexts a report shows.
    const PARTIES: usize = 8;

    /// How many of those that wait for the same lock are listed by name.
    const WAITERS: usize = 8;

    /// The contexts of a hang. Empty in reports of other kinds.
    #[derive(Clone, Debug)]
    pub struct Hang {
        parties: Vec<Party, PARTIES>,
        waiters: Vec<TaskInfo, WAITERS>,
        waiters_cut: u32,
        seconds: u32,
        end: End,
    }

    impl Hang {
        /// No hang.
        pub(crate) const NONE: Hang =
            Hang { parties: Vec::new(), waiters: Vec::new(), waiters_cut: 0, seconds: 0, end: End::Runs };

        pub(crate) fn clear(&mut self) {
            self.parties.clear();
            self.waiters.clear();
            (self.waiters_cut, self.seconds, self.end) = (0, 0, End::Runs);
        }

        /// The contexts: of a cycle in its order, of a chain the waiter first.
        pub fn parties(&self) -> &[Party] {
            &self.parties
        }

        /// Others that wait for the lock for which the first one waits.
        pub fn waiters(&self) -> &[TaskInfo] {
            &self.waiters
        }

        /// How many more wait for it, for whose names there was no room.
        pub fn waiters_cut(&self) -> u32 {
            self.waiters_cut
        }

        /// How long it lasts at least, in seconds.
        pub fn seconds(&self) -> u32 {
            self.seconds
        }

        /// What the list ends with.
        pub fn end(&self) -> End {
            self.end
        }
    }

    /// Makes the report that of a hang of `who`, which lasts so many seconds at least. What the reporting context holds
    /// is no part of it, and neither is where it runs.
    pub(crate) fn begin(report: &mut Report, kind: Kind, who: TaskInfo, seconds: u32) {
        report.hang.clear();
        report.held.clear();
        (report.kind, report.who, report.held_cut) = (Some(kind), Some(who), 0);
        report.hang.seconds = seconds;
        report.trace.clear();
    }

    /// Adds a context, which `describe` shows, and tells its holds to its argument. Returns `false` if there is no room
    /// for it, and for any more.
    pub(crate) fn add(
        report: &mut Report,
        link: Link,
        describe: impl FnOnce(&mut dyn FnMut(LockView)) -> Party,
    ) -> bool {
        if report.hang.parties.is_full() {
            return false;
        }
        let (mut held, mut held_cut) = (0u8, 0u8);
        let party = describe(&mut |hold| {
            let counter = if report.held.push(hold).is_ok() { &mut held } else { &mut held_cut };
            *counter = counter.saturating_add(1);
        });
        report.hang.parties.push(Party { link, held, held_cut, ..party }).is_ok()
    }

    /// Adds one that waits for the same lock as the first context, or for one that this holds.
    pub(crate) fn add_waiter(report: &mut Report, who: TaskInfo) {
        if report.hang.waiters.push(who).is_err() {
            report.hang.waiters_cut = report.hang.waiters_cut.saturating_add(1);
        }
    }

    /// Completes the report: the locks that it is about, and its id.
    pub(crate) fn end(report: &mut Report, end: End) {
        report.hang.end = end;
        report.lock = report.hang.parties.first().and_then(|first| first.waits_for);
        report.site = report.lock.and_then(|lock| lock.site);
        let held =
            report.lock.and_then(|lock| report.held_by(1).iter().rev().find(|held| held.instance == lock.instance));
        report.held_lock = held.copied();
        report.id = report.identify();
    }
}

/// Without.
#[cfg(not(feature = "watch"))]
mod nothing {
    use super::{End, Party};
    use crate::report::TaskInfo;

    /// Zero-sized: built without `watch`.
    #[derive(Clone, Debug)]
    pub struct Hang;

    impl Hang {
        pub(crate) const NONE: Hang = Hang;

        /// No-op: built without `watch`.
        pub(crate) fn clear(&mut self) {}

        /// Returns none: built without `watch`.
        pub fn parties(&self) -> &[Party] {
            &[]
        }

        /// Returns none: built without `watch`.
        pub fn waiters(&self) -> &[TaskInfo] {
            &[]
        }

        /// Returns 0: built without `watch`.
        pub fn waiters_cut(&self) -> u32 {
            0
        }

        /// Returns 0: built without `watch`.
        pub fn seconds(&self) -> u32 {
            0
        }

        /// Returns the default: built without `watch`.
        pub fn end(&self) -> End {
            End::Runs
        }
    }
}

#[cfg(feature = "watch")]
pub use kept::Hang;
#[cfg(feature = "watch")]
pub(crate) use kept::{add, add_waiter, begin, end};
#[cfg(not(feature = "watch"))]
pub use nothing::Hang;
