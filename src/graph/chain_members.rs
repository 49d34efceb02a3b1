//! The members of the checked chains (feature `stat`), for listings: they are recorded when a chain is entered, since
//! they cannot be computed from its key. Linux's `chain_hlocks`.
//!
//! Without the feature the table is zero-sized, and nothing is recorded.
//!
//! Invariants:
//! - All of it is under the internal lock.
//! - A chain is a head of two words, then its classes, the first taken first. Chains follow one another, and none is
//!   removed but by `empty` and `clear`.
//! - The head has a sum of the generations of the classes. If that is no longer right, one of them was unregistered,
//!   and the chain is not listed.
//! - A chain that finds no room is counted.
//!
//! What it does not do: take part in any check.

/// With the feature: chains are recorded.
#[cfg(feature = "stat")]
mod kept {
    use crate::context::Context;
    use crate::context::hold::Hold;
    use crate::graph::usage_words::UsageWords;

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
    pub(crate) struct ChainMembersTable<const K: usize> {
        counts: Counts,
        words: [[u16; WORDS]; K],
    }

    /// The counts of the table.
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

    impl<const K: usize> ChainMembersTable<K> {
        pub(crate) const fn new() -> Self {
            ChainMembersTable { counts: Counts::NONE, words: [[0; WORDS]; K] }
        }

        pub(crate) fn chain_members(&mut self) -> ChainMembers<'_> {
            ChainMembers { counts: &mut self.counts, words: self.words.as_flattened_mut() }
        }
    }

    /// The table, for one event.
    #[derive(Debug)]
    pub(crate) struct ChainMembers<'a> {
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

    impl ChainMembers<'_> {
        /// Records a chain that is entered: the run of `context`, and `new`. Returns whether there was room.
        pub(crate) fn note(&mut self, usage_words: &UsageWords, context: &Context, new: &Hold) -> bool {
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
            *head = [length as u16 & LENGTH | flags, generations(usage_words, members)];
            self.counts.used += (HEAD + length) as u32;
            true
        }

        /// Whether there is room for a chain of `length` classes.
        pub(crate) fn has_room(&self, length: usize) -> bool {
            self.counts.used as usize + HEAD + length <= self.words.len()
        }

        /// Forgets all chains, and keeps the counts.
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

        /// The chain that begins at this word, and the word at which the next one begins.
        pub(crate) fn get(&self, usage_words: &UsageWords, at: usize) -> Option<(Head, usize)> {
            let used = self.words.get(at..self.counts.used as usize)?;
            let (&[bits, sum], rest) = used.split_first_chunk::<HEAD>()?;
            let length = usize::from(bits & LENGTH);
            let is_current = rest.get(..length).is_some_and(|members| generations(usage_words, members) == sum);
            let (in_hardirq, in_softirq) = (bits & HARDIRQ != 0, bits & SOFTIRQ != 0);
            Some((Head { length, in_hardirq, in_softirq, is_current }, at + HEAD + length))
        }

        /// The class number `number` of the chain at this word.
        pub(crate) fn member(&self, at: usize, number: usize) -> Option<u16> {
            self.words.get(at + HEAD + number).copied()
        }
    }

    fn generations(usage_words: &UsageWords, members: &[u16]) -> u16 {
        let generation = |slot: &u16| usage_words.id(*slot).generation() as u16;
        members.iter().map(generation).fold(0, u16::wrapping_add)
    }
}

/// Without the feature.
#[cfg(not(feature = "stat"))]
mod nothing {
    use crate::context::Context;
    use crate::context::hold::Hold;
    use crate::graph::usage_words::UsageWords;
    use core::marker::PhantomData;

    /// No table: built without `stat`.
    #[derive(Debug)]
    pub(crate) struct ChainMembersTable<const K: usize>;

    impl<const K: usize> ChainMembersTable<K> {
        pub(crate) const fn new() -> Self {
            ChainMembersTable
        }

        pub(crate) fn chain_members(&mut self) -> ChainMembers<'_> {
            ChainMembers(PhantomData)
        }
    }

    /// Records nothing: built without `stat`.
    #[derive(Debug)]
    pub(crate) struct ChainMembers<'a>(PhantomData<&'a ()>);

    impl ChainMembers<'_> {
        #[inline(always)]
        pub(crate) fn note(&mut self, _: &UsageWords, _: &Context, _: &Hold) -> bool {
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
pub(crate) use kept::{ChainMembers, ChainMembersTable, Head};
#[cfg(not(feature = "stat"))]
pub(crate) use nothing::{ChainMembers, ChainMembersTable};

#[cfg(all(test, feature = "stat"))]
mod tests {
    use super::*;
    use crate::context::hold::Hold;
    use crate::context::{Context, Level};
    use crate::graph::classes::Classes;
    use crate::lock::class::Subclass;
    use crate::lock::lock_map::LockMap;
    use crate::lock::site::Site;
    use crate::lock::wait_type::WaitTypes;

    fn hold(class: u16) -> Hold {
        Hold { class, instance: usize::from(class), count: 1, ..Hold::EMPTY }
    }

    fn leak() -> &'static Context {
        Box::leak(Box::new(Context::new()))
    }

    #[test]
    fn chains_are_noted_in_the_order_of_taking_until_there_is_no_room() {
        let usage_words = crate::graph::usage_words::UsageWords::<[_; 4]>::new();
        let (mut table, task) = (ChainMembersTable::<2>::new(), leak());
        let mut chain_members = table.chain_members();
        assert!(chain_members.note(&usage_words, task, &hold(1)));
        task.push(hold(1));
        task.push(hold(2));
        assert!(chain_members.note(&usage_words, task, &hold(3)));
        assert!(!chain_members.note(&usage_words, task, &hold(3)), "3 + 5 of 10 words are used");
        let (first, next) = chain_members.get(&usage_words, 0).unwrap();
        assert_eq!((first.length, next), (1, 3));
        let (second, end) = chain_members.get(&usage_words, next).unwrap();
        let members = (0..second.length).map(|number| chain_members.member(next, number));
        assert!(members.eq([Some(1), Some(2), Some(3)]));
        assert_eq!(chain_members.get(&usage_words, end), None);
        assert_eq!((chain_members.counts().lost, chain_members.counts().deepest), (1, 3));
        chain_members.clear();
        assert_eq!(chain_members.get(&usage_words, 0), None);
    }

    #[test]
    fn a_chain_of_an_interrupt_says_so() {
        let usage_words = crate::graph::usage_words::UsageWords::<[_; 4]>::new();
        let (mut table, task, irq) = (ChainMembersTable::<2>::new(), leak(), leak());
        task.push(hold(1));
        irq.enter(Level::Hardirq, task, Site::caller());
        let mut chain_members = table.chain_members();
        assert!(chain_members.note(&usage_words, irq, &hold(2)));
        let (head, _) = chain_members.get(&usage_words, 0).unwrap();
        assert_eq!((head.length, head.in_hardirq, head.in_softirq), (1, true, false));
    }

    #[test]
    fn a_chain_of_an_unregistered_class_is_not_current() {
        let (usage_words, mut classes) =
            (crate::graph::usage_words::UsageWords::<[_; 4]>::new(), Classes::<[_; 4]>::new());
        let (usage_words, classes): (&crate::graph::usage_words::UsageWords, &mut Classes) =
            (&usage_words, &mut classes);
        let map = LockMap::new(WaitTypes::SPIN);
        let id = classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap();
        let (mut table, task) = (ChainMembersTable::<2>::new(), leak());
        let mut chain_members = table.chain_members();
        assert!(chain_members.note(usage_words, task, &hold(id.slot())));
        assert!(chain_members.get(usage_words, 0).unwrap().0.is_current);
        classes.clear(usage_words);
        assert!(!chain_members.get(usage_words, 0).unwrap().0.is_current);
    }
}
