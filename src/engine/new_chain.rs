//! The new-chain path: an ordinary acquisition of which only the chain is new. Under the internal lock, without the
//! engine.
//!
//! The same classes are taken in many combinations, whose dependencies are soon known. For such an acquisition the full
//! path asks little: whether the wait type is allowed, whether a hold of the run conflicts, and whether the
//! dependencies of the run on the new lock are in the table. Here that is one walk down the holds.
//!
//! Invariant: it succeeds only where the full path would find nothing, enter the chain, count the two rules that it
//! asked, and push this very hold. Why:
//!
//! - Usage: the same bits as on the fast path, which are all set. So no rule on usage is asked.
//! - The gate is open: no interrupted context holds a lock, so the holds of this context are the run, and all holds of
//!   the task; the stack has room, and the recorded interrupt flag is the machine's.
//! - All holds are chained, so the key of the new one identifies the chain.
//! - A finding, a dependency that is not in the table, and a chain (or its members) that finds no room are left to the
//!   full path, as is everything while the validator is silent.
//!
//! What it does not do: it adds no class, no usage bit and no dependency, and writes no report. It does not mark the
//! context busy, for it calls nothing that could acquire a lock.

use crate::context::Context;
use crate::context::chain_key;
use crate::context::hold::{Hold, HoldFlags};
use crate::engine::Published;
use crate::engine::findings::Findings;
use crate::graph::chain_cache::{self, Witness};
use crate::graph::chain_members::ChainMembers;
use crate::graph::dependencies::Dependencies;
use crate::graph::direction::Kinds;
use crate::lock::class::{ClassId, Subclass};
use crate::lock::last_holder::Since;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::Irqs;
use crate::report::kind::Kind;
use crate::report::policy::Policy;
use crate::rules::wait_context;

/// An ordinary acquisition whose class is known with every usage bit that it would set, as the hold that it would push.
pub(crate) struct New<'c> {
    context: &'c Context,
    hold: Hold,
    witness: Witness,
    site: Site,
}

impl<'c> New<'c> {
    /// The acquisition, if this path may handle it.
    #[inline(always)]
    pub(crate) fn of(
        published: Published<'_>,
        context: &'c Context,
        map: &LockMap,
        mode: Mode,
        site: Site,
        irqs: Irqs,
    ) -> Option<New<'c>> {
        let place = context.free_place(irqs)?;
        let id = map.hint(Subclass::ZERO);
        let asked = context.usage_mask(irqs).for_mode(mode);
        if id == ClassId::NONE || !published.classes.is_marked(id, asked) || !map.is_validated() {
            return None;
        }
        let below = place.below.get();
        let hold = Hold {
            key: chain_key::extend(below, id, HoldFlags::of_mode(mode)),
            instance: map.instance(),
            class: id.slot(),
            count: 1,
            flags: Hold::flags(map, mode, asked),
            ..Hold::EMPTY
        };
        Some(New { context, hold, witness: chain_cache::witness(below, id, HoldFlags::of_mode(mode)), site })
    }

    /// Whether the chain is known after all, in a slot other than its first.
    #[inline(always)]
    pub(crate) fn is_known(&self, published: Published<'_>) -> bool {
        published.chains.contains(self.hold.key, self.witness)
    }

    /// Enters the chain, if everything else is already known. Returns whether it did. Under the internal lock.
    #[inline(always)]
    pub(crate) fn learn(
        &self,
        published: Published<'_>,
        dependencies: &Dependencies,
        findings: &mut Findings,
        chain_members: &mut ChainMembers<'_>,
        policy: Policy,
    ) -> bool {
        let learned = !findings.is_silent(policy)
            && chain_members.has_room(self.context.depth() + 1)
            && self.is_settled(dependencies)
            && published.chains.enter(self.hold.key, self.witness);
        if learned {
            chain_members.note(published.classes, self.context, &self.hold);
            findings.looks_for(Kind::WaitContext);
            findings.looks_for(Kind::Recursive);
        }
        learned
    }

    /// Pushes the hold.
    #[inline(always)]
    pub(crate) fn push(&self, since: Since) {
        let Hold { key, instance, class, flags, .. } = self.hold;
        if let Some(place) = self.context.free_place(self.hold.irqs()) {
            self.context.begin_one();
            place.fill(key, self.site, instance, class, flags, since);
            self.context.end_one();
        }
    }

    /// Whether no hold conflicts with it, and the dependencies on it are in the table, down to the hold at which the
    /// full path's walk ends.
    #[inline(always)]
    fn is_settled(&self, dependencies: &Dependencies) -> bool {
        let new = &self.hold;
        let mut limit = self.context.limit();
        let mut walk_goes_on = true;
        for held in self.context.own_kinds() {
            let is_in_the_way = held.same_class(new) && new.mode().is_blocked_by(held.mode());
            let kind = Kinds::of(held.mode(), new.mode());
            let leads_here = walk_goes_on && held.checked();
            if is_in_the_way || !held.is_chained() || (leads_here && !dependencies.have(held.class, new.class, kind)) {
                return false;
            }
            walk_goes_on &= !(leads_here && held.ends_walk());
            limit = wait_context::under(limit, &held);
        }
        !wait_context::is_above(limit, new)
    }
}

#[cfg(all(test, feature = "stat"))]
mod tests {
    use crate::context::Context;
    use crate::context::chain_key;
    use crate::context::hold::{Acquire, HoldFlags};
    use crate::engine::validator::Validator;
    use crate::lock::class::ClassId;
    use crate::lock::lock_map::LockMap;
    use crate::lock::mode::Mode;
    use crate::lock::site::Site;
    use crate::lock::wait_type::{WaitType, WaitTypes};
    use crate::report::kind::Kind;

    /// Two chains of eight classes that have one key, found by 3 * 10^9 tries: each byte is one of 256 classes.
    const COLLISION: [[u8; 8]; 2] = [0x13e3_54ed_62bb_b20e_u64.to_le_bytes(), 0x612b_fec3_113b_89a6_u64.to_le_bytes()];

    fn members(chain: [u8; 8]) -> impl Iterator<Item = usize> {
        chain.into_iter().enumerate().map(|(place, byte)| place * 256 + usize::from(byte))
    }

    /// If the second one passed for known, its last dependency would be missed, and with it the cycle that it closes.
    #[test]
    fn a_chain_that_has_the_key_of_another_one_is_checked_all_the_same() {
        let [one, other] = COLLISION.map(|chain| {
            let ids = members(chain).map(|n| ClassId::new(n as u16 + 1, 1));
            ids.fold(chain_key::seed(WaitType::NO_LIMIT), |key, id| chain_key::extend(key, id, HoldFlags::empty()))
        });
        assert_eq!(one, other, "when the key changes, another pair is to be found");

        let mut validator = Box::new(Validator::<2050, 64, 4096>::new());
        let context: &Context = Box::leak(Box::new(Context::new()));
        let maps: Vec<LockMap> =
            (0..2048).map(|n| LockMap::of_class(format!("c{n}").leak(), Site::caller(), WaitTypes::NONE)).collect();
        let mut take = |chain: &[&LockMap]| {
            chain.iter().for_each(|map| validator.acquire(context, &Acquire::new(map, Mode::WRITE, Site::caller())));
            chain.iter().rev().for_each(|map| validator.release(context, map, None));
            (validator.found(), validator.engine().table_sums().collisions)
        };
        for map in &maps {
            take(&[map]);
        }
        let [one, other] = COLLISION.map(|chain| members(chain).map(|n| &maps[n]).collect::<Vec<_>>());
        assert_eq!(take(&one), (None, 0));
        // The second time each is known: one in its first slot of the set, the other beside it.
        for _ in 0..2 {
            assert_eq!(take(&other), (None, 1));
            assert_eq!(take(&one), (None, 1));
        }
        assert_eq!(take(&[other[7], other[6]]), (Some(Kind::Circular), 1));
    }
}
