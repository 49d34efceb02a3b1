//! The outbox: what one event has to show, in reports and notices.
//!
//! A report is written in the next free slot. If it is kept, the slot is queued at the end of the event; if not, the
//! next report is written there. A notice is a bit: of each table one is given.
//!
//! Invariant: no slot that waits, or is being shown, is ever among the free ones (`report_queue.rs`).
//!
//! What it does not do: decide which reports are kept (`reporting.rs`), fill in a notice (`capacity.rs`), or show
//! anything (`runtime/`).

use crate::engine::capacity::Notices;
use crate::engine::report_queue::{FreeSlots, ReportQueue};
use crate::report::Report;
use crate::report::policy::FindingId;

/// What is to be shown, for one event.
pub(crate) struct Outbox<'a> {
    /// Which reports wait to be shown.
    pub(crate) queue: &'a mut ReportQueue,
    /// The free slots for reports, in their order.
    slots: FreeSlots<'a>,
    /// How many of them this event wrote.
    written: usize,
    /// How many reports may wait. There is one slot more.
    room: usize,
    /// Which tables are full.
    pub(crate) notices: &'a mut Notices,
}

impl<'a> Outbox<'a> {
    /// The outbox of an event that may write in `slots`; `room` reports may wait.
    pub(crate) fn new(
        queue: &'a mut ReportQueue,
        slots: FreeSlots<'a>,
        room: usize,
        notices: &'a mut Notices,
    ) -> Outbox<'a> {
        Outbox { queue, slots, written: 0, room, notices }
    }

    /// The slot for the next report, whether it is kept or not.
    pub(crate) fn next_slot(&mut self) -> Option<&mut Report> {
        self.slots.next(self.written)
    }

    /// Whether as many reports wait as there is room for.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.waiting() + self.written >= self.room
    }

    /// Keeps the report in the next slot.
    pub(crate) fn keep(&mut self) {
        self.written += 1;
    }

    /// Puts the report in the next slot into the group of `leader`, which is shown in full: it is one line itself.
    pub(crate) fn follow(&mut self, leader: FindingId) {
        if let Some(new) = self.next_slot() {
            (new.same_cause, new.is_brief) = (Some(leader), true);
        }
    }

    /// Puts the report in the next slot into the group of `leader`, in its place: shown in full, before those of the
    /// group that this event wrote. They are not shown yet, and become one line each.
    pub(crate) fn lead(&mut self, leader: FindingId) {
        let Some((mut before, new)) = self.slots.split(self.written) else { return };
        (new.same_cause, new.is_brief) = (Some(leader), false);
        let id = new.id;
        let of_group = |report: &Report| report.id == leader || report.same_cause == Some(leader);
        for report in before.iter_mut().flat_map(|piece| piece.iter_mut()).filter(|report| of_group(report)) {
            (report.same_cause, report.is_brief) = (Some(id), true);
        }
        let first = before.into_iter().flatten().find(|report| report.same_cause == Some(id));
        if let Some(first) = first {
            new.same_cause = None;
            core::mem::swap(first, new);
        }
    }

    /// Ends the event: its reports are pending now. Returns whether there is something to show.
    pub(crate) fn end(&mut self) -> bool {
        self.queue.add(self.written, self.room + 1);
        !self.queue.is_showing() && (self.notices.are_pending() || self.queue.waiting() > 0)
    }

    /// Ends showing a report: its slot is free.
    pub(crate) fn end_report(&mut self) {
        self.queue.end(self.room + 1);
    }

    /// Forgets the reports that wait, and which tables were full.
    pub(crate) fn clear(&mut self) {
        *self.queue = ReportQueue::EMPTY;
        *self.notices = Notices::default();
    }
}
