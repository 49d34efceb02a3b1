//! Random graphs: the order, the reachable usage and a plain search must say the same.

use super::*;
use crate::atomic::word64::AtomicWord64;
use crate::graph::chain_members::ChainMembersTable;
use crate::graph::classes::{Class, Classes};
use crate::graph::dependencies::{Dependencies, Dependency, Edge, Maker};
use crate::graph::reachable_usage::ReachableUsage;
use crate::graph::search::{Place, Scratch};
use crate::graph::usage_words::UsageWords;
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::lock::usage::Usage;
use crate::lock::wait_type::WaitTypes;
use proptest::prelude::*;

const CLASSES: usize = 14;

struct World {
    usage_words: UsageWords<[AtomicWord64; CLASSES]>,
    classes: Classes<[Class; CLASSES]>,
    dependencies: Dependencies<[Dependency; 256]>,
    topological_order: TopologicalOrder<[[u32; 2]; CLASSES]>,
    reachable_usage: ReachableUsage<[[Usage; 2]; CLASSES]>,
    scratch: Scratch<[[Place; 2]; CLASSES]>,
    chain_members: ChainMembersTable<1>,
    /// A class was removed: usage that can no longer be reached may be left.
    has_renewed: bool,
}

/// A step of the test.
#[derive(Clone, Debug)]
enum Deed {
    /// A dependency between two classes, of a kind of 0 to 3.
    Depend(u16, u16, u8),
    /// A usage bit of a class.
    Use(u16, u8),
    /// Ranks without gaps, from this number on.
    Squeeze(u32),
    /// A class is removed, and another one gets its slot.
    Renew(u16),
    /// This many more searches.
    Search(u16),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let class = 1..CLASSES as u16;
    let squeezed = prop_oneof![Just(1), Just(u32::MAX - 4 * CLASSES as u32), any::<u32>()];
    let deed = prop_oneof![
        20 => (class.clone(), class.clone(), 0..4u8).prop_map(|(from, to, kind)| Deed::Depend(from, to, kind)),
        // Exclusive ones alone make no weak cycles: deep orders.
        20 => (class.clone(), class.clone()).prop_map(|(from, to)| Deed::Depend(from, to, 3)),
        2 => class.clone().prop_map(Deed::Renew),
        4 => (class, 0..12u8).prop_map(|(class, bit)| Deed::Use(class, bit)),
        3 => squeezed.prop_map(Deed::Squeeze),
        1 => any::<u16>().prop_map(Deed::Search),
    ];
    proptest::collection::vec(deed, 1..120)
}

/// Enters the class of this number.
fn enter(classes: &mut Classes, usage_words: &UsageWords, number: u16) -> u16 {
    let name = ["", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"][usize::from(number)];
    let map = LockMap::of_class(name, Site::caller(), WaitTypes::NONE);
    classes.find_or_enter(usage_words, &map, Subclass::ZERO, Site::caller()).unwrap().slot()
}

impl World {
    fn new() -> World {
        let mut world = World {
            usage_words: UsageWords::new(),
            classes: Classes::new(),
            dependencies: Dependencies::new(),
            topological_order: TopologicalOrder::new(),
            reachable_usage: ReachableUsage::new(),
            scratch: Scratch::new(),
            chain_members: ChainMembersTable::new(),
            has_renewed: false,
        };
        let classes: &mut Classes = &mut world.classes;
        for number in 1..CLASSES as u16 {
            assert_eq!(enter(classes, &world.usage_words, number), number);
        }
        world
    }

    fn renew(&mut self, class: u16) {
        self.has_renewed = true;
        self.graph().forget_edges(class);
        let classes: &mut Classes = &mut self.classes;
        classes.remove(&self.usage_words, class);
        assert_eq!(enter(classes, &self.usage_words, class), class, "the slot is used again");
    }

    fn graph(&mut self) -> Graph<'_> {
        Graph {
            classes: &mut self.classes,
            dependencies: &mut self.dependencies,
            topological_order: &mut self.topological_order,
            reachable_usage: &mut self.reachable_usage,
            scratch: &mut self.scratch,
            chain_members: self.chain_members.chain_members(),
        }
    }

    /// The order and a search for the cycle must agree.
    fn depend(&mut self, from: u16, to: u16, kind: Kinds) -> Result<(), TestCaseError> {
        let mut graph = self.graph();
        let start = Node::new(to, kind.arrive(Direction::Forwards));
        let leaves = |restriction| kind.lead(Direction::Forwards, restriction, start.restriction);
        let end = graph.search(start, Direction::Forwards, |node| node.class == from && leaves(node.restriction));
        let admitted = graph.order_admits(from, to, kind);
        prop_assert_eq!(admitted, end.is_none(), "{} -> {} {:?}", from, to, kind);
        if admitted {
            let edge = Edge { from, to, kind, from_site: None, to_site: None, maker: Maker { task: 0, cpu: 0 } };
            prop_assert!(graph.dependencies.add(graph.classes, &edge));
            graph.learn_dependency(from, to, kind);
        }
        Ok(())
    }

    /// Ranks rise along every edge. The reachable usage is what a search meets, and after a class was removed, at
    /// least that.
    fn check(&mut self) -> Result<(), TestCaseError> {
        for class in 1..CLASSES as u16 {
            for restriction in Restriction::ALL {
                let here = Node::new(class, restriction);
                let (classes, dependencies): (&Classes, &Dependencies) = (&self.classes, &self.dependencies);
                let topological_order: &TopologicalOrder = &self.topological_order;
                for (_, dependency) in dependencies.along(classes, class, Direction::Forwards) {
                    for to in Restriction::ALL.map(|restriction| Node::new(dependency.to, restriction)) {
                        if dependency.kinds.lead(Direction::Forwards, restriction, to.restriction) {
                            prop_assert!(
                                topological_order.rank(here) < topological_order.rank(to),
                                "{here:?} -> {to:?}"
                            );
                        }
                    }
                }
                let mut met = Usage::empty();
                for (direction, mask) in [(Direction::Forwards, Usage::ENABLED), (Direction::Backwards, Usage::USED)] {
                    let mut reached = Vec::new();
                    self.graph().search(here, direction, |node| {
                        reached.push(node);
                        false
                    });
                    let usage_words: &UsageWords = &self.usage_words;
                    for node in reached {
                        met |= node.sees(usage_words.usage(node.class)) & mask;
                    }
                }
                let said = self.graph().reachable_usage.usage(here);
                prop_assert!(
                    said == met || (self.has_renewed && said.contains(met)),
                    "{:?}: {:?} {:?}",
                    here,
                    said,
                    met
                );
            }
        }
        Ok(())
    }

    /// Closes all gaps between ranks, which begin at `first`.
    fn squeeze(&mut self, first: u32) {
        let mut ranks: Vec<u32> =
            self.topological_order.ranks.as_flattened().iter().copied().filter(|&rank| rank > 0).collect();
        ranks.sort_unstable();
        ranks.dedup();
        let first = first.clamp(1, u32::MAX - ranks.len() as u32);
        for rank in self.topological_order.ranks.as_flattened_mut() {
            *rank = ranks.binary_search(rank).map_or(0, |index| first + index as u32);
        }
        self.topological_order.top = self.topological_order.ranks.as_flattened().iter().copied().max().unwrap_or(0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn order_and_reach_say_what_searches_say(deeds in deeds()) {
        let mut world = World::new();
        for deed in deeds {
            match deed {
                Deed::Renew(class) => world.renew(class),
                Deed::Depend(from, to, kind) => world.depend(from, to, Kinds::from_bits_truncate(1 << kind))?,
                Deed::Use(class, bit) => {
                    let bit = Usage::from_bits_truncate(1 << bit);
                    let usage_words: &UsageWords = &world.usage_words;
                    usage_words.mark(class, bit);
                    world.graph().learn_usage(class, bit);
                }
                Deed::Squeeze(first) => world.squeeze(first),
                Deed::Search(count) => (0..count).for_each(|_| {
                    world.graph().scratch.begin();
                }),
            }
            world.check()?;
        }
    }
}
