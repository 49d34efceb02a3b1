//! The queue of reports that were not shown yet: which of a validator's slots hold them, the oldest first.
//!
//! It is a ring of slot numbers; the slots themselves belong to the runtime (`runtime/shared.rs`). All of it is changed
//! under the internal lock.
//!
//! Invariants:
//! - The slot that is being shown is the oldest that waits, and waits until it was shown, so it is never free.
//! - One report or notice is shown at a time, so they are shown in order. What is found while one is shown is queued:
//!   no report is shown inside another.
//!
//! What it does not do: show reports (`runtime/`), or decide which are kept (`reporting.rs`).

use crate::report::Report;
use core::ops::Range;

/// The ring. Empty is all zeros. The number of slots is the caller's, and always the same: one more than may wait, so
/// one is always free. A report is written before it is known whether its finding is new. If none waits, the first slot
/// is the next.
#[derive(Debug, Default)]
pub(crate) struct ReportQueue {
    first: usize,
    waiting: usize,
    showing: bool,
}

impl ReportQueue {
    pub(crate) const EMPTY: ReportQueue = ReportQueue { first: 0, waiting: 0, showing: false };

    /// How many wait, including the one that is being shown.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// The free ones of so many slots, in the order in which they are to be written: two ranges that have none in
    /// common.
    pub(crate) fn free(&self, slots: usize) -> [Range<usize>; 2] {
        match self.first + self.waiting {
            _ if self.waiting == 0 => [0..slots, 0..0],
            next if next < slots => [next..slots, 0..self.first],
            next => [next - slots..self.first, 0..0],
        }
    }

    /// Queues the first `written` of the free ones of so many slots.
    pub(crate) fn add(&mut self, written: usize, slots: usize) {
        self.waiting = (self.waiting + written).min(slots.saturating_sub(1));
    }

    /// Whether something is being shown.
    pub(crate) fn is_showing(&self) -> bool {
        self.showing
    }

    /// Begins to show the oldest report. Returns its slot, which belongs to the caller until [`ReportQueue::end`].
    pub(crate) fn begin(&mut self) -> Option<usize> {
        (self.waiting > 0 && !self.showing).then(|| {
            self.showing = true;
            self.first
        })
    }

    /// Ends showing a report: its slot, one of so many, is free.
    pub(crate) fn end(&mut self, slots: usize) {
        self.showing = false;
        self.waiting = self.waiting.saturating_sub(1);
        self.first = if self.waiting > 0 && self.first + 1 < slots { self.first + 1 } else { 0 };
    }

    /// Notes that a notice, which has no slot, begins to be shown.
    pub(crate) fn begin_notice(&mut self) {
        self.showing = true;
    }

    /// Notes that the notice was shown.
    pub(crate) fn end_notice(&mut self) {
        self.showing = false;
    }
}

/// The free slots, for one event: it writes them in their order. They are a part of a ring, so they are in two pieces.
#[derive(Debug, Default)]
pub(crate) struct FreeSlots<'a>(pub(crate) [&'a mut [Report]; 2]);

impl FreeSlots<'_> {
    /// The slot after the first `written`.
    pub(crate) fn next(&mut self, written: usize) -> Option<&mut Report> {
        self.split(written).map(|(_, next)| next)
    }

    /// The first `written` slots, in two pieces, and the one after them.
    pub(crate) fn split(&mut self, written: usize) -> Option<([&mut [Report]; 2], &mut Report)> {
        let [first, second] = &mut self.0;
        if let Some(left) = written.checked_sub(first.len()) {
            let (before, [next, ..]) = second.split_at_mut_checked(left)? else { return None };
            return Some(([first, before], next));
        }
        let (before, [next, ..]) = first.split_at_mut_checked(written)? else { return None };
        Some(([before, &mut []], next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn free(queue: &ReportQueue, slots: usize) -> Vec<usize> {
        queue.free(slots).into_iter().flatten().collect()
    }

    #[test]
    fn the_oldest_is_shown_first_and_is_not_free_meanwhile() {
        for reports in 1..5 {
            let all = reports + 1;
            let mut queue = ReportQueue::EMPTY;
            for _ in 0..2 {
                let slots = free(&queue, all);
                assert!(slots.iter().copied().eq(0..all), "all are free, in their order");
                assert_eq!(queue.begin(), None, "nothing waits");
                queue.add(1, all);
                assert_eq!(queue.begin(), Some(slots[0]));
                assert_eq!((queue.begin(), queue.is_showing()), (None, true), "one at a time");
                queue.add(reports - 1, all);
                assert_eq!(free(&queue, all), slots[reports..], "one is left to write");
                queue.end(all);
                for slot in &slots[1..reports] {
                    assert_eq!(queue.begin(), Some(*slot));
                    queue.end(all);
                }
            }
            // While one waits, the ring goes round.
            queue.add(1, all);
            for round in 0..2 * all {
                queue.add(reports - 1, all);
                assert_eq!(free(&queue, all).len(), 1);
                for _ in 1..reports {
                    assert_eq!(queue.begin(), Some(queue.first));
                    queue.end(all);
                }
                assert_eq!(queue.first, (round + 1) * (reports - 1) % all, "in their order");
            }
        }
    }

    #[test]
    fn free_slots_are_written_in_their_order() {
        let mut reports = [const { Report::EMPTY }; 5];
        for (id, report) in reports.iter_mut().enumerate() {
            report.id.0 = id as u64;
        }
        for pieces in [0, 2, 5] {
            let (second, first) = reports.split_at_mut(pieces);
            let order: Vec<u64> = first.iter().chain(second.iter()).map(|report| report.id.0).collect();
            let mut free = FreeSlots([first, second]);
            for written in 0..5 {
                let (before, next) = free.split(written).expect("it is free");
                assert_eq!(before.iter().flat_map(|piece| piece.iter()).count(), written);
                let before = before.into_iter().flatten().map(|report| report.id.0);
                assert_eq!(before.chain([next.id.0]).collect::<Vec<_>>(), order[..=written]);
            }
            assert!(free.next(5).is_none());
        }
    }
}
