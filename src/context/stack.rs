//! The stack of holds of a context, and the ways to look through it: its own, the run, all of the task's.
//!
//! Each part of the holds is an array of its own, so that the fast path writes what it has and leaves the rest: what
//! stands there from an earlier hold is not looked at ([`Place::hold`]). The chain key of a hold stands one place above it,
//! and below the first is the seed: so the key of what is held is found by the depth alone.
//!
//! Invariants:
//! - A hold is written before the depth that shows it, so an interrupt in the middle of a push finds the stack whole.
//!   What finds no room is counted, and its release is believed.
//! - An instance that the fast path may pop is written as it is; of a hold whose count is not 1, with a bit that no lock's
//!   address has.

use super::{Context, LEVELS};
use crate::held::{Ended, Hold, Traits};
use crate::site::Site;
use crate::trail::Since;
use core::cell::Cell;

/// How many locks one context can hold on the books.
pub(super) const HOLDS: usize = 32;

/// In the word of an instance: its hold's count is not 1. Addresses of locks are even.
const COUNTED: usize = 1;

/// The holds.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Stack {
    /// The key of a hold at its place and one; at 0 the seed.
    keys: [Cell<u64>; HOLDS + 1],
    sites: [Cell<Option<Site>>; HOLDS],
    instances: [Cell<usize>; HOLDS],
    /// Only of nested holds.
    nests: [Cell<usize>; HOLDS],
    kinds: [Kind; HOLDS],
    /// Only of nested holds.
    nest_classes: [Cell<u16>; HOLDS],
    /// Only of those whose count is not 1.
    counts: [Cell<u16>; HOLDS],
    /// Of no size without the feature `stat`.
    sinces: [Cell<Since>; HOLDS],
}

/// What kind of hold it is: written and read together.
#[derive(Debug)]
struct Kind {
    class: Cell<u16>,
    traits: Cell<Traits>,
}

/// One place of the stack.
pub(crate) struct Place<'c> {
    /// The key of what is below.
    pub(crate) below: &'c Cell<u64>,
    key: &'c Cell<u64>,
    site: &'c Cell<Option<Site>>,
    instance: &'c Cell<usize>,
    nest: &'c Cell<usize>,
    kind: &'c Kind,
    nest_class: &'c Cell<u16>,
    count: &'c Cell<u16>,
    since: &'c Cell<Since>,
}

impl Stack {
    pub(super) const fn new(seed: u64) -> Stack {
        let mut keys = [const { Cell::new(0) }; HOLDS + 1];
        keys[0] = Cell::new(seed);
        Stack {
            keys,
            sites: [const { Cell::new(None) }; HOLDS],
            instances: [const { Cell::new(0) }; HOLDS],
            nests: [const { Cell::new(0) }; HOLDS],
            kinds: [const { Kind { class: Cell::new(0), traits: Cell::new(Traits::empty()) } }; HOLDS],
            nest_classes: [const { Cell::new(0) }; HOLDS],
            counts: [const { Cell::new(0) }; HOLDS],
            sinces: [const { Cell::new(Since::UNKNOWN) }; HOLDS],
        }
    }

    /// Where the keys begin.
    pub(super) fn seed(&self, seed: u64) {
        self.keys[0].set(seed);
    }

    #[inline(always)]
    fn place(&self, index: usize) -> Option<Place<'_>> {
        if index >= HOLDS {
            return None;
        }
        Some(Place {
            below: self.keys.get(index)?,
            key: self.keys.get(index + 1)?,
            site: self.sites.get(index)?,
            instance: self.instances.get(index)?,
            nest: self.nests.get(index)?,
            kind: self.kinds.get(index)?,
            nest_class: self.nest_classes.get(index)?,
            count: self.counts.get(index)?,
            since: self.sinces.get(index)?,
        })
    }
}

impl Place<'_> {
    /// Writes an ordinary hold: taken once, without a nest lock.
    #[inline(always)]
    pub(crate) fn fill(&self, key: u64, site: Site, instance: usize, class: u16, traits: Traits) {
        self.key.set(key);
        self.site.set(Some(site));
        self.instance.set(instance);
        self.kind.class.set(class);
        self.kind.traits.set(traits);
    }

    /// Writes any hold.
    fn set(&self, hold: &Hold) {
        self.key.set(hold.key);
        self.site.set(hold.site);
        self.instance.set(hold.instance | if hold.count == 1 { 0 } else { COUNTED });
        self.nest.set(hold.nest);
        self.kind.class.set(hold.class);
        self.kind.traits.set(hold.traits);
        self.nest_class.set(hold.nest_class);
        self.count.set(hold.count);
        self.since.set(hold.since);
    }

    /// What stands here.
    #[inline]
    fn hold(&self) -> Hold {
        let (instance, traits) = (self.instance.get(), self.kind.traits.get());
        let (counted, nested) = (instance & COUNTED != 0, traits.contains(Traits::NESTED));
        Hold {
            key: self.key.get(),
            site: self.site.get(),
            instance: instance & !COUNTED,
            nest: if nested { self.nest.get() } else { 0 },
            class: self.kind.class.get(),
            nest_class: if nested { self.nest_class.get() } else { 0 },
            count: if counted { self.count.get() } else { 1 },
            traits,
            since: self.since.get(),
        }
    }
}

impl Context {
    /// How many holds are in this context's own stack.
    #[inline(always)]
    pub fn depth(&self) -> usize {
        self.gate.depth()
    }

    /// How many holds found no room.
    pub fn lost(&self) -> u8 {
        self.lost.get()
    }

    /// The chain key of what is held in the run.
    #[inline(always)]
    pub(crate) fn key(&self) -> u64 {
        self.key_below(self.depth())
    }

    /// The chain key of what stands below a place.
    pub(crate) fn key_below(&self, index: usize) -> u64 {
        self.stack.keys.get(index).map_or(0, Cell::get)
    }

    /// The place of the next hold: if there is room, nothing is held below, the validator is not at work, and its flag of
    /// interrupts is the machine's.
    #[inline(always)]
    pub(crate) fn free_place(&self, irqs_on: bool) -> Option<Place<'_>> {
        self.stack.place(self.gate.open(irqs_on))
    }

    /// Shows the hold that was written to the [free place](Context::free_place).
    #[inline(always)]
    pub(crate) fn show(&self) {
        self.gate.one_more();
    }

    /// Puts a hold on top; says whether there was room. Where there was none, it is counted.
    pub(crate) fn push(&self, hold: Hold) -> bool {
        let Some(place) = self.stack.place(self.depth()) else {
            self.lose();
            return false;
        };
        place.set(&hold);
        self.gate.set_depth(self.depth() + 1);
        true
    }

    /// Says when the hold that was just put on top began.
    #[inline(always)]
    pub(crate) fn begin_top(&self, since: Since) {
        if let Some(place) = self.stack.sinces.get(self.gate.top()) {
            place.set(since);
        }
    }

    /// Whether the hold that was just popped is to be counted: never without the feature `stat`.
    #[inline(always)]
    pub(crate) fn was_measured(&self) -> bool {
        self.stack.sinces.get(self.depth()).is_some_and(|since| since.get().is_known())
    }

    /// What the statistics ask of the hold that was just popped: its place still has it.
    #[inline(always)]
    pub(crate) fn just_ended(&self) -> Option<Ended> {
        let place = self.stack.place(self.depth())?;
        Some(Ended {
            since: place.since.get(),
            site: place.site.get(),
            class: place.kind.class.get(),
            shared: place.kind.traits.get().contains(Traits::SHARED),
        })
    }

    /// Counts a hold for which there is no room.
    pub(crate) fn lose(&self) {
        self.lost.set(self.lost.get().saturating_add(1));
    }

    /// Takes the topmost hold away if it is `instance`, taken once, and nothing is held below.
    #[inline(always)]
    pub(crate) fn pop(&self, instance: usize) -> bool {
        let top = self.gate.top();
        let is_it = self.stack.instances.get(top).is_some_and(|top| top.get() == instance);
        if is_it {
            self.gate.one_less();
        }
        is_it
    }

    /// The same where something is held below.
    pub(crate) fn pop_above(&self, instance: usize) -> bool {
        let Some(top) = self.depth().checked_sub(1) else { return false };
        let is_it = self.stack.instances.get(top).is_some_and(|top| top.get() == instance);
        if is_it {
            self.gate.set_depth(top);
        }
        is_it
    }

    /// Takes a lost hold off the count; says whether there was one.
    pub(crate) fn forget_lost(&self) -> bool {
        let lost = self.lost.get();
        self.lost.set(lost.saturating_sub(1));
        lost > 0
    }

    pub(crate) fn hold(&self, index: usize) -> Option<Hold> {
        self.taken_off(index).filter(|_| index < self.depth())
    }

    /// What stands in a place of the stack, also above its top: a hold that was just taken off.
    #[inline]
    pub(crate) fn taken_off(&self, index: usize) -> Option<Hold> {
        self.stack.place(index).map(|place| place.hold())
    }

    pub(crate) fn set_hold(&self, index: usize, hold: Hold) {
        if let Some(place) = self.stack.place(index) {
            place.set(&hold);
        }
    }

    /// Drops the holds from `depth` on.
    pub(crate) fn truncate(&self, depth: usize) {
        if depth < self.depth() {
            self.gate.set_depth(depth);
        }
    }

    /// The holds of this context's own stack, the lowest first.
    #[inline]
    pub fn own(&self) -> impl DoubleEndedIterator<Item = Hold> + '_ {
        (0..self.depth()).filter_map(|index| self.taken_off(index))
    }

    /// The same, the topmost first, and of each only its class and its traits.
    #[inline(always)]
    pub(crate) fn own_kinds(&self) -> impl Iterator<Item = Hold> + '_ {
        let kinds = self.stack.kinds.get(..self.depth()).unwrap_or_default();
        kinds.iter().rev().map(|kind| Hold { class: kind.class.get(), traits: kind.traits.get(), ..Hold::EMPTY })
    }

    /// The contexts from this one outwards.
    pub(crate) fn outwards(&self) -> impl Iterator<Item = &Context> {
        core::iter::successors(Some(self), |c| c.interrupted()).take(LEVELS)
    }

    /// Counts an entry that was refused, or with `false` the exit that belongs to it; says whether there was one.
    pub(crate) fn refuse(&self, enter: bool) -> bool {
        let count = self.refused.get();
        self.refused.set(if enter { count.saturating_add(1) } else { count.saturating_sub(1) });
        count > 0
    }

    /// No exit is passed over any more.
    pub(crate) fn forget_refused(&self) {
        self.refused.set(0);
    }

    /// Whether a hold was lost here or in a context below: then what is not on the books may be held all the same.
    pub(crate) fn has_lost(&self) -> bool {
        self.outwards().any(|context| context.lost() > 0)
    }

    /// Whether both are one context.
    pub(crate) fn is_same(&self, other: &Context) -> bool {
        core::ptr::eq(self, other)
    }

    /// Whether this context, and all between it and `stack`, hold nothing.
    pub(crate) fn is_all_empty_above(&self, stack: &Context) -> bool {
        self.outwards().take_while(|context| !context.is_same(stack)).all(|context| context.depth() == 0)
    }

    /// What `stack`, a context below, holds has changed: the contexts above it, which hold nothing now, begin anew.
    pub(crate) fn reseed_above(&self, stack: &Context) {
        let levels = self.outwards().take_while(|context| !context.is_same(stack)).count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).for_each(Context::reseed);
    }

    /// All holds of whoever runs here, through all contexts, the lowest first.
    pub fn all(&self) -> impl Iterator<Item = Hold> + '_ {
        let levels = self.outwards().count();
        (0..levels).rev().filter_map(|n| self.outwards().nth(n)).flat_map(Context::own)
    }

    /// The holds of the run, the nearest first.
    pub(crate) fn run(&self) -> impl Iterator<Item = Hold> + '_ {
        let contexts = core::iter::successors(Some(self), |c| c.continues()).take(LEVELS);
        contexts.flat_map(|c| c.own().rev())
    }

    /// The topmost hold, in whatever context: the context and the index.
    pub(crate) fn top(&self) -> Option<(&Context, usize)> {
        let context = self.outwards().find(|c| c.depth() > 0)?;
        Some((context, context.depth() - 1))
    }

    /// The topmost hold that `is_it`, not beyond the first change of context below the top of the stack.
    pub(crate) fn find(&self, is_it: impl Fn(&Hold) -> bool) -> Option<(&Context, usize)> {
        let (top, _) = self.top()?;
        let contexts = core::iter::successors(Some(top), |c| c.continues()).take(LEVELS);
        for context in contexts {
            let found = (0..context.depth()).rev().find(|&i| context.hold(i).is_some_and(|h| is_it(&h)));
            if let Some(index) = found {
                return Some((context, index));
            }
        }
        None
    }

    /// Whether a release of this lock could be for one of the holds.
    pub(crate) fn may_hold(&self, instance: usize) -> bool {
        self.all().any(|hold| hold.merged() || hold.instance == instance)
    }

    /// Takes one hold out; those above it move down.
    pub(crate) fn remove(&self, index: usize) {
        let depth = self.depth();
        for i in index..depth.saturating_sub(1) {
            if let Some(mut above) = self.hold(i + 1) {
                above.unchain();
                self.set_hold(i, above);
            }
        }
        self.truncate(depth.saturating_sub(1));
    }

    /// Whether neither this context nor one below holds anything.
    #[inline(always)]
    pub fn holds_nothing(&self) -> bool {
        self.depth() == 0 && !self.interrupted_holder()
    }

    /// Whether a context below holds anything. Then recursion must look through contexts.
    #[inline(always)]
    pub(crate) fn interrupted_holder(&self) -> bool {
        match self.interrupted() {
            None => false,
            Some(outer) => outer.outwards().any(|c| c.depth() > 0),
        }
    }
}
