//! A context as another CPU sees it: what its own CPU is writing meanwhile is read again.
//!
//! Nothing is counted at an acquisition, so a reader compares: it reads everything, and then everything again, until
//! both are equal. Of a context that *waits*, what is read so is exact: it holds what it held when the wait began, and
//! the number of the wait orders the one before the other (`wait.rs`). Of a context that *runs*, it may be a few
//! instructions old, and holds may be of different instructions: such a view is for people, and proves nothing.
//!
//! Invariants:
//! - Only words that any CPU may read are read (`Own::load` and its like). No pointer that is found is followed.
//! - The number of tries is bounded.
//!
//! What it does not do: keep the context in place; the list's lock does, while a [`Foreign`] exists (`registry.rs`).

use super::claim;
use super::flags::Inside;
use super::gate::GateWord;
use super::view::{Activity, ContextView};
use super::{Context, HOLDS, Level};
use crate::context::hold::Hold;
use core::ptr;
use core::sync::atomic::Ordering;

/// How often a context is read again that changes.
const TRIES: usize = 8;

/// A context of another CPU, or of this one, while the list of contexts is locked.
#[derive(Clone, Copy)]
pub(crate) struct Foreign<'a>(pub(super) &'a Context);

/// What a gate's word and its neighbours were.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) gate: GateWord,
    pub(super) hole: u8,
    level: (Level, Inside),
    pub(super) interrupted: usize,
    lost: u16,
}

impl<'a> Foreign<'a> {
    pub(super) fn new(context: &'a Context) -> Foreign<'a> {
        Foreign(context)
    }

    /// Its identity: its address, which is never followed.
    pub(crate) fn address(self) -> usize {
        ptr::from_ref(self.0).addr()
    }

    /// The number of its validator.
    pub(crate) fn validator(self) -> u8 {
        self.0.validator()
    }

    /// Returns whether it is in use: by a task, or by an interrupt that has not ended.
    pub(crate) fn is_in_use(self) -> bool {
        self.0.claim.load(Ordering::Relaxed) != claim::FREE
    }

    /// Everything.
    pub(crate) fn view(self) -> ContextView {
        let mut view = ContextView::EMPTY;
        self.view_in(&mut view);
        view
    }

    /// The same in place: it is large for the stack of an interrupt.
    pub(crate) fn view_in(self, view: &mut ContextView) {
        let mut is_stable = false;
        view.who = [0; 6];
        for _ in 0..TRIES {
            let outline = self.read(view);
            is_stable = self.is_still(view, outline);
            if is_stable {
                break;
            }
            core::hint::spin_loop();
        }
        view.activity = match (is_stable, view.wait) {
            (false, _) => Activity::Changing,
            (true, Some(_)) => Activity::Waiting,
            (true, None) => Activity::Running,
        };
    }

    /// Reads everything once.
    fn read(self, view: &mut ContextView) -> Outline {
        (view.number, view.wait, view.who) = self.0.load_published().unwrap_or((1, None, view.who));
        let outline = self.outline();
        view.address = self.address();
        view.validator = self.validator();
        view.level = outline.level.0;
        view.irqs_on = outline.gate.irqs_on();
        view.softirqs_on = outline.level.1.contains(Inside::SOFTIRQS_ON);
        (view.irqs_off_at, _) = self.0.toggles[super::flags::IRQS].load_marked();
        view.interrupted = outline.interrupted;
        view.lost = outline.lost;
        view.count = 0;
        for hold in self.holds(outline) {
            if let Some(place) = view.all.get_mut(view.count) {
                *place = hold;
                view.count += 1;
            }
        }
        view.find_awaited();
        outline
    }

    /// Returns whether a second look finds the same.
    fn is_still(self, view: &ContextView, outline: Outline) -> bool {
        let same_holds = self.holds(outline).eq(view.holds().iter().copied());
        let number = self.0.load_published().map(|(number, ..)| number);
        same_holds && outline == self.outline() && number == Some(view.number)
    }

    pub(super) fn outline(self) -> Outline {
        Outline {
            gate: self.0.gate.load(),
            hole: self.0.hole.load(),
            level: self.0.level.load(),
            interrupted: self.0.interrupted.load().addr(),
            lost: self.0.lost_count().load(),
        }
    }

    /// The holds, the oldest first, of a stack of this height.
    fn holds(self, outline: Outline) -> impl Iterator<Item = Hold> {
        let (height, hole) = (outline.gate.depth().min(HOLDS), outline.gate.hole(outline.hole));
        (0..height).filter(move |&index| index != hole).filter_map(move |index| self.0.load_hold(index))
    }
}
