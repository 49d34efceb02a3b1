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

/// How many reports may wait to be shown: one takes over 4 KB on 64-bit machines.
pub(crate) const REPORTS: usize = 3;

/// How many slots there are for them. One is always free: a report is written before it is known whether its finding is
/// new.
pub(crate) const SLOTS: usize = REPORTS + 1;

/// The ring. Empty is all zeros.
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

    /// The free slots, in the order in which they are to be written.
    pub(crate) fn free(&self) -> impl Iterator<Item = usize> + use<> {
        let (first, waiting) = (self.first, self.waiting);
        (waiting..SLOTS).map(move |n| (first + n) % SLOTS)
    }

    /// Queues the first `written` of the free slots.
    pub(crate) fn add(&mut self, written: usize) {
        self.waiting = (self.waiting + written).min(REPORTS);
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

    /// Ends showing a report: its slot is free.
    pub(crate) fn end(&mut self) {
        self.showing = false;
        self.waiting = self.waiting.saturating_sub(1);
        self.first = (self.first + 1) % SLOTS;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_shown_first_and_is_not_free_meanwhile() {
        let mut queue = ReportQueue::EMPTY;
        for round in 0..2 * SLOTS {
            let slots: Vec<usize> = queue.free().collect();
            assert_eq!((slots.len(), slots[0]), (SLOTS, round * REPORTS % SLOTS), "all are free, in their order");
            assert_eq!(queue.begin(), None, "nothing waits");
            queue.add(1);
            assert_eq!(queue.begin(), Some(slots[0]));
            assert_eq!((queue.begin(), queue.is_showing()), (None, true), "one at a time");
            queue.add(REPORTS - 1);
            assert_eq!(queue.free().collect::<Vec<_>>(), slots[REPORTS..], "one is left to write");
            queue.end();
            for slot in &slots[1..REPORTS] {
                assert_eq!(queue.begin(), Some(*slot));
                queue.end();
            }
        }
    }
}
