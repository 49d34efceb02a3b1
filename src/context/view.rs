//! A context as plain data: what another CPU saw of it.
//!
//! What it does not do: name classes or tasks; those who show a view ask the tables (`engine/`), and `report/` has the
//! task's name.

use super::wait::{WaitView, WhoWords};
use super::{HOLDS, Level};
use crate::context::hold::Hold;
use crate::lock::site::Site;

/// What a context was seen doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It is in no wait for a lock: on a CPU, preempted, or asleep for another reason.
    Running,
    /// It waits for a lock. What it holds is exact.
    Waiting,
    /// It changed whenever it was looked at, so it runs; what it holds may be wrong.
    Changing,
}

/// A context of any CPU, as it was seen. About 1.5 KiB.
#[derive(Clone, Debug)]
pub struct ContextView {
    pub(super) address: usize,
    pub(crate) who: WhoWords,
    pub(super) number: u32,
    pub(super) validator: u8,
    pub(super) level: Level,
    pub(super) activity: Activity,
    pub(super) irqs_on: bool,
    pub(super) softirqs_on: bool,
    pub(super) irqs_off_at: Option<Site>,
    pub(super) interrupted: usize,
    pub(super) lost: u16,
    pub(super) wait: Option<WaitView>,
    /// The index of the hold that is waited for.
    awaited: Option<usize>,
    pub(super) all: [Hold; HOLDS],
    pub(super) count: usize,
}

impl ContextView {
    /// Of no context.
    pub(crate) const EMPTY: ContextView = ContextView {
        address: 0,
        who: [0; 6],
        number: 0,
        validator: 0,
        level: Level::Task,
        activity: Activity::Running,
        irqs_on: true,
        softirqs_on: true,
        irqs_off_at: None,
        interrupted: 0,
        lost: 0,
        wait: None,
        awaited: None,
        all: [Hold::EMPTY; HOLDS],
        count: 0,
    };

    /// The identity of the context: its address. Not to be followed.
    pub const fn address(&self) -> usize {
        self.address
    }

    /// The number of the validator that it belongs to.
    pub const fn validator(&self) -> u8 {
        self.validator
    }

    /// Its kind.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// What it was doing.
    pub const fn activity(&self) -> Activity {
        self.activity
    }

    /// What it waits for.
    pub const fn wait(&self) -> Option<&WaitView> {
        self.wait.as_ref()
    }

    /// Its holds, the oldest first. Among them is the lock that it waits for, which was announced before: see
    /// [`ContextView::is_awaited`].
    pub fn holds(&self) -> &[Hold] {
        self.all.get(..self.count).unwrap_or_default()
    }

    /// Returns whether one of [`ContextView::holds`] is not held yet: it is what is waited for.
    pub fn is_awaited(&self, hold: &Hold) -> bool {
        self.awaited.and_then(|index| self.all.get(index)).is_some_and(|awaited| core::ptr::eq(awaited, hold))
    }

    /// Returns whether one of [`ContextView::holds`] was acquired by the code that waits, a scheduler's lock say: the wait
    /// does not last for it.
    pub fn is_inside_wait(&self, hold: &Hold) -> bool {
        let above = self.awaited.and_then(|index| self.holds().get(index + 1..)).unwrap_or_default();
        above.iter().any(|inner| core::ptr::eq(inner, hold))
    }

    /// How many acquisitions did not fit into its record.
    pub fn lost(&self) -> u32 {
        self.lost.into()
    }

    /// Returns whether hard interrupts are enabled in it.
    pub const fn irqs_on(&self) -> bool {
        self.irqs_on
    }

    /// Returns whether softirqs are enabled in it.
    pub const fn softirqs_on(&self) -> bool {
        self.softirqs_on
    }

    /// Where hard interrupts were last disabled.
    pub const fn irqs_off_at(&self) -> Option<Site> {
        self.irqs_off_at
    }

    /// The identity of the context that this interrupt interrupted.
    pub fn interrupted(&self) -> Option<usize> {
        Some(self.interrupted).filter(|&address| address != 0)
    }

    /// Finds the hold of the lock that is waited for: the newest of that lock.
    pub(super) fn find_awaited(&mut self) {
        let announced = self.wait.filter(|wait| wait.is_announced).map(|wait| wait.instance());
        self.awaited = announced.and_then(|instance| self.holds().iter().rposition(|hold| hold.instance == instance));
    }
}
