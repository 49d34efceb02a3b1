//! The members of the checked chains (feature `stat`): a chain's key cannot be turned back, so what is to be listed is
//! noted when the chain is entered. Linux's `chain_hlocks`.
//!
//! Without the feature a roster has no size, and nothing is noted.
//!
//! Invariants: under the internal lock. A chain is a head of two words, then its classes, the first taken first; chains
//! stand one after the other and none is taken out but by `clear`. The head has a sum of the generations of the classes: if
//! that is no longer right, one of them is gone, and the chain is not listed. What finds no room is counted.

/// With the feature.
#[cfg(feature = "stat")]
mod kept {
    use crate::classes::SeenClasses;
    use crate::context::Context;
    use crate::held::Hold;

    /// How many words there are for each slot of the set of chains: room for three classes.
    const WORDS: usize = 5;
    /// Words of a head.
    const HEAD: usize = 2;
    /// In the first of them: the bits of the number of classes.
    const LENGTH: u16 = 0xff;
    const HARDIRQ: u16 = 1 << 8;
    const SOFTIRQ: u16 = 1 << 9;

    /// The table, for a set of `K` chains.
    #[derive(Debug)]
    pub(crate) struct RosterTable<const K: usize> {
        counts: Counts,
        words: [[u16; WORDS]; K],
    }

    /// What is counted.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Counts {
        /// Words in use.
        pub(crate) used: u32,
        /// Chains that found no room.
        pub(crate) lost: u32,
        /// The most locks that were held in one run.
        pub(crate) deepest: u16,
    }

    impl Counts {
        const NONE: Counts = Counts { used: 0, lost: 0, deepest: 0 };
    }

    impl<const K: usize> RosterTable<K> {
        pub(crate) const fn new() -> Self {
            RosterTable { counts: Counts::NONE, words: [[0; WORDS]; K] }
        }

        pub(crate) fn roster(&mut self) -> Roster<'_> {
            Roster { counts: &mut self.counts, words: self.words.as_flattened_mut() }
        }
    }

    /// The table, for one event.
    #[derive(Debug)]
    pub(crate) struct Roster<'a> {
        counts: &'a mut Counts,
        words: &'a mut [u16],
    }

    /// The head of a chain.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) struct Head {
        /// How many classes it has.
        pub(crate) length: usize,
        pub(crate) in_hardirq: bool,
        pub(crate) in_softirq: bool,
        /// Whether its classes are still what they were.
        pub(crate) is_current: bool,
    }

    impl Roster<'_> {
        /// Notes a chain that is entered: the run of `context`, and `new`. Says whether there was room.
        pub(crate) fn note(&mut self, seen: &SeenClasses, context: &Context, new: &Hold) -> bool {
            let length = context.run().count() + 1;
            self.counts.deepest = self.counts.deepest.max(length.try_into().unwrap_or(u16::MAX));
            let first = self.counts.used as usize;
            let Some(place) = self.words.get_mut(first..).and_then(|free| free.get_mut(..HEAD + length)) else {
                self.counts.lost = self.counts.lost.saturating_add(1);
                return false;
            };
            let Some((head, members)) = place.split_first_chunk_mut::<HEAD>() else { return false };
            let run = core::iter::once(new.class).chain(context.run().map(|held| held.class));
            members.iter_mut().rev().zip(run).for_each(|(place, class)| *place = class);
            let flags = if context.in_hardirq() { HARDIRQ } else { 0 } | if context.in_softirq() { SOFTIRQ } else { 0 };
            *head = [length as u16 & LENGTH | flags, generations(seen, members)];
            self.counts.used += (HEAD + length) as u32;
            true
        }

        /// Whether there is room for a chain of so many classes.
        pub(crate) fn has_room(&self, length: usize) -> bool {
            self.counts.used as usize + HEAD + length <= self.words.len()
        }

        /// Forgets all chains, and goes on counting.
        pub(crate) fn empty(&mut self) {
            self.counts.used = 0;
        }

        /// Forgets all chains and counts.
        pub(crate) fn clear(&mut self) {
            *self.counts = Counts::NONE;
        }

        pub(crate) fn counts(&self) -> Counts {
            *self.counts
        }

        pub(crate) fn capacity(&self) -> usize {
            self.words.len()
        }

        /// The chain that stands at this word, and where the next one does.
        pub(crate) fn get(&self, seen: &SeenClasses, at: usize) -> Option<(Head, usize)> {
            let used = self.words.get(at..self.counts.used as usize)?;
            let (&[bits, sum], rest) = used.split_first_chunk::<HEAD>()?;
            let length = usize::from(bits & LENGTH);
            let is_current = rest.get(..length).is_some_and(|members| generations(seen, members) == sum);
            let (in_hardirq, in_softirq) = (bits & HARDIRQ != 0, bits & SOFTIRQ != 0);
            Some((Head { length, in_hardirq, in_softirq, is_current }, at + HEAD + length))
        }

        /// The class with this number of the chain at this word.
        pub(crate) fn member(&self, at: usize, number: usize) -> Option<u16> {
            self.words.get(at + HEAD + number).copied()
        }
    }

    fn generations(seen: &SeenClasses, members: &[u16]) -> u16 {
        let generation = |slot: &u16| seen.id(*slot).generation() as u16;
        members.iter().map(generation).fold(0, u16::wrapping_add)
    }
}

/// Without.
#[cfg(not(feature = "stat"))]
mod nothing {
    use crate::classes::SeenClasses;
    use crate::context::Context;
    use crate::held::Hold;
    use core::marker::PhantomData;

    /// No table.
    #[derive(Debug)]
    pub(crate) struct RosterTable<const K: usize>;

    impl<const K: usize> RosterTable<K> {
        pub(crate) const fn new() -> Self {
            RosterTable
        }

        pub(crate) fn roster(&mut self) -> Roster<'_> {
            Roster(PhantomData)
        }
    }

    /// Nothing is noted.
    #[derive(Debug)]
    pub(crate) struct Roster<'a>(PhantomData<&'a ()>);

    impl Roster<'_> {
        #[inline(always)]
        pub(crate) fn note(&mut self, _: &SeenClasses, _: &Context, _: &Hold) -> bool {
            true
        }

        #[inline(always)]
        pub(crate) fn has_room(&self, _: usize) -> bool {
            true
        }

        #[inline(always)]
        pub(crate) fn empty(&mut self) {}

        #[inline(always)]
        pub(crate) fn clear(&mut self) {}
    }
}

#[cfg(feature = "stat")]
pub(crate) use kept::{Head, Roster, RosterTable};
#[cfg(not(feature = "stat"))]
pub(crate) use nothing::{Roster, RosterTable};

#[cfg(all(test, feature = "stat"))]
mod tests {
    use super::*;
    use crate::class::{LockMap, Subclass};
    use crate::classes::Classes;
    use crate::context::{Context, Level};
    use crate::held::Hold;
    use crate::site::Site;
    use crate::wait_type::WaitTypes;

    fn hold(class: u16) -> Hold {
        Hold { class, instance: usize::from(class), count: 1, ..Hold::EMPTY }
    }

    fn leak() -> &'static Context {
        Box::leak(Box::new(Context::new()))
    }

    #[test]
    fn chains_are_noted_in_the_order_of_taking_until_there_is_no_room() {
        let seen = crate::classes::SeenClasses::<[_; 4]>::new();
        let (mut table, task) = (RosterTable::<2>::new(), leak());
        let mut roster = table.roster();
        assert!(roster.note(&seen, task, &hold(1)));
        task.push(hold(1));
        task.push(hold(2));
        assert!(roster.note(&seen, task, &hold(3)));
        assert!(!roster.note(&seen, task, &hold(3)), "3 + 5 of 10 words are used");
        let (first, next) = roster.get(&seen, 0).unwrap();
        assert_eq!((first.length, next), (1, 3));
        let (second, end) = roster.get(&seen, next).unwrap();
        let members = (0..second.length).map(|number| roster.member(next, number));
        assert!(members.eq([Some(1), Some(2), Some(3)]));
        assert_eq!(roster.get(&seen, end), None);
        assert_eq!((roster.counts().lost, roster.counts().deepest), (1, 3));
        roster.clear();
        assert_eq!(roster.get(&seen, 0), None);
    }

    #[test]
    fn a_chain_of_an_interrupt_says_so() {
        let seen = crate::classes::SeenClasses::<[_; 4]>::new();
        let (mut table, task, irq) = (RosterTable::<2>::new(), leak(), leak());
        task.push(hold(1));
        irq.enter(Level::Hardirq, task, Site::caller());
        let mut roster = table.roster();
        assert!(roster.note(&seen, irq, &hold(2)));
        let (head, _) = roster.get(&seen, 0).unwrap();
        assert_eq!((head.length, head.in_hardirq, head.in_softirq), (1, true, false));
    }

    #[test]
    fn a_chain_of_a_class_that_is_gone_is_not_current() {
        let (seen, mut classes) = (crate::classes::SeenClasses::<[_; 4]>::new(), Classes::<[_; 4]>::new());
        let (seen, classes): (&crate::classes::SeenClasses, &mut Classes) = (&seen, &mut classes);
        let map = LockMap::new(WaitTypes::SPIN);
        let id = classes.find_or_enter(seen, &map, Subclass::ZERO, Site::caller()).unwrap();
        let (mut table, task) = (RosterTable::<2>::new(), leak());
        let mut roster = table.roster();
        assert!(roster.note(seen, task, &hold(id.slot())));
        assert!(roster.get(seen, 0).unwrap().0.is_current);
        classes.clear(seen);
        assert!(!roster.get(seen, 0).unwrap().0.is_current);
    }
}
