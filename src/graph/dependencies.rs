//! The table of dependencies: for each pair of classes, that the second was waited for while the first was held.
//!
//! A dependency has up to four *kinds*, which add up: the source held exclusively or shared, the target waited for as a
//! recursive reader or not. The kinds decide whether a path may continue from one dependency to the next
//! (`direction.rs`).
//!
//! Invariants:
//! - A dependency is in three lists: of its bucket, of its source and of its target. It is removed with the class at
//!   either end, and its slot is used again.
//! - Lists are walked with a bound.
//! - At most 32 bytes each, and 264 for the numbers of tasks and CPUs that do not fit in there: each is right, or
//!   unknown.
//!
//! What it does not do: check what it adds. A dependency that closes a cycle is never passed to it
//! (`engine/acquire.rs`).

use crate::context::hold::NO_SLOT;
use crate::graph::classes::Classes;
use crate::graph::direction::{Direction, Kinds};
use crate::lock::site::Site;

/// The maker of a dependency: the number of a task, and that of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Maker {
    pub(crate) task: u32,
    pub(crate) cpu: u32,
}

/// How many makers with large numbers are kept, each once.
const MAKERS: usize = 32;

/// In place of the number of a CPU: the task's number is an index into the table of makers, and the maker is unknown if
/// it is out of range. So a dependency has room for small numbers, and no number is ever truncated.
const IN_TABLE: u8 = u8::MAX;

/// One dependency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dependency {
    /// The class that was held.
    pub from: u16,
    /// The class that was waited for.
    pub to: u16,
    next_after: u16,
    next_before: u16,
    next_in_bucket: u16,
    /// The head of the bucket with the number of this slot; it has nothing to do with this dependency.
    bucket: u16,
    /// The kinds that have occurred.
    pub kinds: Kinds,
    /// Its first maker: a CPU and the number of a task, or with [`IN_TABLE`] an index into the table of makers.
    cpu: u8,
    task: u16,
    /// The site where the source was taken, the first time.
    pub from_site: Option<Site>,
    /// The site where the target was waited for, the first time.
    pub to_site: Option<Site>,
}

impl Dependency {
    const EMPTY: Dependency = Dependency {
        from: NO_SLOT,
        to: NO_SLOT,
        next_after: NO_SLOT,
        next_before: NO_SLOT,
        next_in_bucket: NO_SLOT,
        bucket: NO_SLOT,
        kinds: Kinds::empty(),
        cpu: 0,
        task: 0,
        from_site: None,
        to_site: None,
    };

    /// The next class of a path that goes in `direction`.
    pub(crate) const fn far_end(&self, direction: Direction) -> u16 {
        match direction {
            Direction::Forwards => self.to,
            Direction::Backwards => self.from,
        }
    }

    /// The next dependency in the list of the class that a path in `direction` comes from.
    pub(crate) const fn next(&self, direction: Direction) -> u16 {
        match direction {
            Direction::Forwards => self.next_after,
            Direction::Backwards => self.next_before,
        }
    }

    /// The class that a path in `direction` comes from.
    pub(crate) const fn near_end(&self, direction: Direction) -> u16 {
        self.far_end(direction.reversed())
    }
}

/// A new dependency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) from: u16,
    pub(crate) to: u16,
    pub(crate) kind: Kinds,
    pub(crate) from_site: Option<Site>,
    pub(crate) to_site: Option<Site>,
    pub(crate) maker: Maker,
}

/// The table. `S` is its storage: an array where it is made, a slice where it is used.
#[derive(Debug)]
pub(crate) struct Dependencies<S: ?Sized = [Dependency]> {
    used: u16,
    /// The last slot that was ever used.
    last: u16,
    /// The first of those below it that are free; the next is in `next_in_bucket`.
    free: u16,
    rejected: u32,
    /// The makers whose numbers are too large for a dependency.
    makers: Makers,
    slots: S,
}

/// Makers, each once. A maker that finds no room is unknown.
#[derive(Debug)]
struct Makers {
    used: u16,
    places: [Maker; MAKERS],
}

impl Makers {
    const NONE: Makers = Makers { used: 0, places: [Maker { task: 0, cpu: 0 }; MAKERS] };

    /// The CPU and the task to store in a dependency that was made by `maker`, which is entered here if its numbers are
    /// large.
    fn fold(&mut self, maker: Maker) -> (u8, u16) {
        match (u8::try_from(maker.cpu), u16::try_from(maker.task)) {
            (Ok(cpu), Ok(task)) if cpu != IN_TABLE => (cpu, task),
            _ => (IN_TABLE, self.enter(maker).unwrap_or(u16::MAX)),
        }
    }

    fn enter(&mut self, maker: Maker) -> Option<u16> {
        let known = self.places.iter().take(usize::from(self.used)).position(|known| *known == maker);
        let index = known.unwrap_or(usize::from(self.used));
        *self.places.get_mut(index)? = maker;
        self.used += u16::from(known.is_none());
        u16::try_from(index).ok()
    }

    fn unfold(&self, (cpu, task): (u8, u16)) -> Option<Maker> {
        match cpu {
            IN_TABLE => self.places.get(usize::from(task)).copied(),
            _ => Some(Maker { task: task.into(), cpu: cpu.into() }),
        }
    }
}

impl<const N: usize> Dependencies<[Dependency; N]> {
    pub(crate) const fn new() -> Self {
        assert!(
            N > 1 && N < u16::MAX as usize,
            "the number of dependency slots, one of which is never used, is 2 to 65,534"
        );
        let slots = [Dependency::EMPTY; N];
        Dependencies { used: 0, last: 0, free: NO_SLOT, rejected: 0, makers: Makers::NONE, slots }
    }
}

impl Dependencies {
    /// The dependency in `slot`, or the empty one if there is none.
    pub(crate) fn get(&self, slot: u16) -> &Dependency {
        self.slots.get(usize::from(slot)).unwrap_or(&Dependency::EMPTY)
    }

    /// How many dependencies are known.
    pub(crate) fn used(&self) -> u16 {
        self.used
    }

    /// How often one found no room.
    pub(crate) fn rejected(&self) -> u32 {
        self.rejected
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len() - 1
    }

    /// The first maker of a dependency, if it is known.
    pub(crate) fn maker(&self, dependency: &Dependency) -> Option<Maker> {
        self.makers.unfold((dependency.cpu, dependency.task))
    }

    /// Adds a kind to a dependency that is known.
    pub(crate) fn add_kind(&mut self, slot: u16, kind: Kinds) {
        if let Some(known) = self.slots.get_mut(usize::from(slot)) {
            known.kinds |= kind;
        }
    }

    /// Adds a dependency that is not known. Returns whether there was room; if not, it is counted.
    pub(crate) fn add(&mut self, classes: &mut Classes, edge: &Edge) -> bool {
        let has_room = self.enter(classes, edge).is_some();
        self.rejected = self.rejected.saturating_add(u32::from(!has_room));
        has_room
    }

    fn enter(&mut self, classes: &mut Classes, edge: &Edge) -> Option<()> {
        let slot = self.take_free()?;
        let (after, before) = (classes.get(edge.from).after, classes.get(edge.to).before);
        classes.get_mut(edge.from)?.after = slot;
        classes.get_mut(edge.to)?.before = slot;
        let bucket = self.bucket(edge.from, edge.to);
        let next_in_bucket = core::mem::replace(&mut self.slots.get_mut(bucket)?.bucket, slot);
        let (cpu, task) = self.makers.fold(edge.maker);
        let place = self.slots.get_mut(usize::from(slot))?;
        *place = Dependency {
            from: edge.from,
            to: edge.to,
            next_after: after,
            next_before: before,
            next_in_bucket,
            bucket: place.bucket,
            kinds: edge.kind,
            cpu,
            task,
            from_site: edge.from_site,
            to_site: edge.to_site,
        };
        self.used += 1;
        Some(())
    }

    fn take_free(&mut self) -> Option<u16> {
        if self.free != NO_SLOT {
            let slot = self.free;
            self.free = self.get(slot).next_in_bucket;
            return Some(slot);
        }
        self.last = (self.last + 1..self.slots.len() as u16).next()?;
        Some(self.last)
    }

    /// Removes all dependencies of a class. Walks its lists, and for each entry the list of the class at the other end:
    /// at most twice as many steps as there are dependencies in the table, and as many to find them in their buckets.
    pub(crate) fn remove_all(&mut self, classes: &mut Classes, class: u16) {
        for direction in [Direction::Forwards, Direction::Backwards] {
            for _ in 0..self.slots.len() {
                let slot = classes.get(class).first(direction);
                if slot == NO_SLOT {
                    break;
                }
                self.remove(classes, slot);
            }
        }
    }

    fn remove(&mut self, classes: &mut Classes, slot: u16) {
        let gone = *self.get(slot);
        self.unlink(classes.first_mut(gone.from, Direction::Forwards), slot, |place| &mut place.next_after);
        self.unlink(classes.first_mut(gone.to, Direction::Backwards), slot, |place| &mut place.next_before);
        let bucket = self.bucket(gone.from, gone.to);
        let mut head = self.slots.get(bucket).map_or(NO_SLOT, |place| place.bucket);
        self.unlink(Some(&mut head), slot, |place| &mut place.next_in_bucket);
        if let Some(place) = self.slots.get_mut(bucket) {
            place.bucket = head;
        }
        if let Some(place) = self.slots.get_mut(usize::from(slot)) {
            let next_in_bucket = core::mem::replace(&mut self.free, slot);
            *place = Dependency { bucket: place.bucket, next_in_bucket, ..Dependency::EMPTY };
            self.used = self.used.saturating_sub(1);
        }
    }

    /// Takes a slot out of the list that begins at `head`.
    fn unlink(&mut self, head: Option<&mut u16>, slot: u16, next: impl Fn(&mut Dependency) -> &mut u16) {
        let Some(head) = head else { return };
        let after = self.slots.get_mut(usize::from(slot)).map_or(NO_SLOT, |gone| *next(gone));
        if *head == slot {
            *head = after;
            return;
        }
        let mut at = *head;
        for _ in 0..self.slots.len() {
            let Some(place) = self.slots.get_mut(usize::from(at)).filter(|_| at != NO_SLOT) else { return };
            let link = next(place);
            if *link == slot {
                *link = after;
                return;
            }
            at = *link;
        }
    }

    /// The slot of the dependency between two classes, if it is known.
    pub(crate) fn find(&self, from: u16, to: u16) -> Option<u16> {
        let mut next = self.slots.get(self.bucket(from, to))?.bucket;
        for _ in 0..self.slots.len() {
            if next == NO_SLOT {
                return None;
            }
            let slot = self.slots.get(usize::from(next))?;
            if (slot.from, slot.to) == (from, to) {
                return Some(next);
            }
            next = slot.next_in_bucket;
        }
        None
    }

    /// Whether the dependency between two classes is known, and has `kind`.
    pub(crate) fn have(&self, from: u16, to: u16, kind: Kinds) -> bool {
        self.find(from, to).is_some_and(|slot| self.get(slot).kinds.contains(kind))
    }

    /// The dependencies that leave a class in `direction`, each with its slot.
    pub(crate) fn along<'a>(
        &'a self,
        classes: &Classes,
        class: u16,
        direction: Direction,
    ) -> impl Iterator<Item = (u16, &'a Dependency)> + use<'a> {
        let mut next = classes.get(class).first(direction);
        let step = move || {
            let slot = self.slots.get(usize::from(next)).filter(|_| next != NO_SLOT)?;
            let here = core::mem::replace(&mut next, slot.next(direction));
            Some((here, slot))
        };
        core::iter::from_fn(step).take(self.slots.len())
    }

    /// Forgets all dependencies. The classes are cleared with them.
    pub(crate) fn clear(&mut self) {
        for slot in 1..=self.last {
            let dependency = *self.get(slot);
            let bucket = self.bucket(dependency.from, dependency.to);
            if let Some(place) = self.slots.get_mut(bucket) {
                place.bucket = NO_SLOT;
            }
            if let Some(place) = self.slots.get_mut(usize::from(slot)) {
                *place = Dependency { bucket: place.bucket, ..Dependency::EMPTY };
            }
        }
        (self.used, self.last, self.free, self.rejected) = (0, 0, NO_SLOT, 0);
        self.makers.used = 0;
    }

    fn bucket(&self, from: u16, to: u16) -> usize {
        let mixed = (u32::from(from) << 16 | u32::from(to)).wrapping_mul(0x9e37_79b1);
        // As a fraction of all places.
        ((u64::from(mixed) * self.slots.len() as u64) >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::mode::Mode;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_dependency_keeps_to_its_budget() {
        assert!(size_of::<Dependency>() <= 32, "{}", size_of::<Dependency>());
    }

    #[test]
    fn no_number_of_a_maker_is_cut() {
        let mut makers = Makers::NONE;
        let large = |n: u32| Maker { task: 0xffff_0000 | n, cpu: 0xff00 | n };
        let all = [(0, 0), (65_535, 254), (65_536, 0), (1, 255), (1, 65_535), (u32::MAX, u32::MAX)];
        for maker in all.map(|(task, cpu)| Maker { task, cpu }) {
            let folded = [makers.fold(maker), makers.fold(maker)];
            assert_eq!(folded.map(|folded| makers.unfold(folded)), [Some(maker); 2]);
            assert_eq!(folded[0], folded[1], "it is kept once");
        }
        let folded: Vec<_> = (0..100).map(|n| makers.fold(large(n))).collect();
        let known: Vec<_> = folded.iter().map(|&folded| makers.unfold(folded)).collect();
        assert_eq!((known[0], known[27]), (Some(large(0)), Some(large(27))), "32 in all");
        assert!(known[28..].iter().all(Option::is_none), "a maker that found no room is unknown, and no other");
    }

    #[test]
    fn the_tables_of_kinds_are_the_one_rule() {
        for shared in [false, true] {
            for recursive in [false, true] {
                let (held, new) = (Mode { shared, recursive: false }, Mode { shared: false, recursive });
                let kind = Kinds::of(held, new);
                // Forwards, restricted means that a recursive reader waits at the source of this dependency.
                let may_leave = !kind.from_restricted(Direction::Forwards).is_empty();
                assert_eq!(may_leave, Mode::blocks(shared, true));
                assert_eq!(kind.arrive(Direction::Forwards).is_restricted(), !Mode::blocks(true, recursive));
                // Backwards, restricted means that a shared hold is at the target.
                let may_enter = !kind.from_restricted(Direction::Backwards).is_empty();
                assert_eq!(may_enter, Mode::blocks(true, recursive));
                assert_eq!(kind.arrive(Direction::Backwards).is_restricted(), !Mode::blocks(shared, true));
            }
        }
    }
}
