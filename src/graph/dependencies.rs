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
use crate::graph::slots::{Entry, Links, Slots};
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
    links: Links,
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
        links: Links::NONE,
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

impl Entry for Dependency {
    const EMPTY: &'static Dependency = &Dependency::EMPTY;

    #[inline(always)]
    fn hash(&self) -> u32 {
        hash(self.from, self.to)
    }

    #[inline(always)]
    fn links(&self) -> &Links {
        &self.links
    }

    #[inline(always)]
    fn links_mut(&mut self) -> &mut Links {
        &mut self.links
    }
}

#[inline(always)]
fn hash(from: u16, to: u16) -> u32 {
    (u32::from(from) << 16 | u32::from(to)).wrapping_mul(0x9e37_79b1)
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
    /// The makers whose numbers are too large for a dependency.
    makers: Makers,
    slots: Slots<S>,
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
        Dependencies { makers: Makers::NONE, slots: Slots::new() }
    }
}

impl Dependencies {
    /// The dependency in `slot`, or the empty one if there is none.
    pub(crate) fn get(&self, slot: u16) -> &Dependency {
        self.slots.get(slot)
    }

    /// How many dependencies are known.
    pub(crate) fn used(&self) -> u16 {
        self.slots.used()
    }

    /// How often one found no room.
    pub(crate) fn rejected(&self) -> u32 {
        self.slots.rejected()
    }

    /// How many there is room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// The first maker of a dependency, if it is known.
    pub(crate) fn maker(&self, dependency: &Dependency) -> Option<Maker> {
        self.makers.unfold((dependency.cpu, dependency.task))
    }

    /// Adds a kind to a dependency that is known.
    pub(crate) fn add_kind(&mut self, slot: u16, kind: Kinds) {
        if let Some(known) = self.slots.get_mut(slot) {
            known.kinds |= kind;
        }
    }

    /// Adds a dependency that is not known. Returns whether there was room; if not, it is counted.
    pub(crate) fn add(&mut self, classes: &mut Classes, edge: &Edge) -> bool {
        let has_room = self.enter(classes, edge).is_some();
        if !has_room {
            self.slots.reject();
        }
        has_room
    }

    fn enter(&mut self, classes: &mut Classes, edge: &Edge) -> Option<()> {
        let slot = self.slots.take()?;
        let (after, before) = (classes.get(edge.from).after, classes.get(edge.to).before);
        classes.get_mut(edge.from)?.after = slot;
        classes.get_mut(edge.to)?.before = slot;
        let (cpu, task) = self.makers.fold(edge.maker);
        let place = self.slots.get_mut(slot)?;
        *place = Dependency {
            from: edge.from,
            to: edge.to,
            next_after: after,
            next_before: before,
            links: place.links,
            kinds: edge.kind,
            cpu,
            task,
            from_site: edge.from_site,
            to_site: edge.to_site,
        };
        self.slots.link(slot);
        Some(())
    }

    /// Removes all dependencies of a class. Walks its lists, and for each entry the list of the class at the other end:
    /// at most twice as many steps as there are dependencies in the table, and as many to find them in their buckets.
    pub(crate) fn remove_all(&mut self, classes: &mut Classes, class: u16) {
        for direction in [Direction::Forwards, Direction::Backwards] {
            for _ in 0..=self.slots.capacity() {
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
        self.take_out(classes.first_mut(gone.from, Direction::Forwards), slot, |place| &mut place.next_after);
        self.take_out(classes.first_mut(gone.to, Direction::Backwards), slot, |place| &mut place.next_before);
        self.slots.unlink(slot);
        self.slots.free(slot);
    }

    /// Takes a slot out of the list of a class, which begins at `head`.
    fn take_out(&mut self, head: Option<&mut u16>, slot: u16, next: impl Fn(&mut Dependency) -> &mut u16) {
        let Some(head) = head else { return };
        let after = self.slots.get_mut(slot).map_or(NO_SLOT, |gone| *next(gone));
        if *head == slot {
            *head = after;
            return;
        }
        let mut at = *head;
        for _ in 0..=self.slots.capacity() {
            let Some(place) = self.slots.get_mut(at).filter(|_| at != NO_SLOT) else { return };
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
        self.slots.find(hash(from, to), |known| (known.from, known.to) == (from, to))
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
            let slot = Some(self.slots.get(next)).filter(|_| next != NO_SLOT)?;
            let here = core::mem::replace(&mut next, slot.next(direction));
            Some((here, slot))
        };
        core::iter::from_fn(step).take(self.slots.capacity())
    }

    /// Forgets all dependencies. The classes are cleared with them.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.makers.used = 0;
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
                let may_leave = !kind.after_restricted(Direction::Forwards).is_empty();
                assert_eq!(may_leave, Mode::blocks(shared, true));
                assert_eq!(kind.arrive(Direction::Forwards).is_restricted(), !Mode::blocks(true, recursive));
                // Backwards, restricted means that a shared hold is at the target.
                let may_enter = !kind.after_restricted(Direction::Backwards).is_empty();
                assert_eq!(may_enter, Mode::blocks(true, recursive));
                assert_eq!(kind.arrive(Direction::Backwards).is_restricted(), !Mode::blocks(shared, true));
            }
        }
    }
}
