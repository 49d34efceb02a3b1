//! What is seen for the first time: classes, chains of known dependencies, dependencies in growing graphs.
//!
//! The experiments are those that Linux was measured with: a random acyclic graph grows dependency by dependency, and
//! each new one is timed, as the two pairs that bring it about. The order of the graph is a random one, so that it is
//! not the order in which the classes came.

use crate::count::{cold, figure};
use crate::sizes;
use kernel::board::Board;
use lockdep::hooks;
use lockdep::{DynamicKey, LockMap};
use lockdep::{Mode, Site, WaitTypes};

/// The most classes of a graph.
const MOST: usize = if sizes::WIDE { 4096 } else { 512 };
/// The classes that are there before the first sight of others is timed, and those.
const KNOWN: usize = 256;
const NEW: usize = 256;
/// How many classes are unregistered.
const GONE: usize = 64;
/// How many chains of three are timed.
const CHAINS_OF_THREE: usize = 64;

/// The names of the classes: four digits each.
static DIGITS: [u8; 4 * MOST] = digits();
/// A lock of each class.
static MAPS: [LockMap; MOST] = maps();

const fn digits() -> [u8; 4 * MOST] {
    let mut digits = [b'0'; 4 * MOST];
    let mut i = 0;
    while i < MOST {
        digits[4 * i] += (i / 1000) as u8;
        digits[4 * i + 1] += (i / 100 % 10) as u8;
        digits[4 * i + 2] += (i / 10 % 10) as u8;
        digits[4 * i + 3] += (i % 10) as u8;
        i += 1;
    }
    digits
}

const fn name(i: usize) -> &'static str {
    let (_, from_here) = DIGITS.split_at(4 * i);
    let (name, _) = from_here.split_at(4);
    match core::str::from_utf8(name) {
        Ok(name) => name,
        Err(_) => panic!("digits are UTF-8"),
    }
}

const fn maps() -> [LockMap; MOST] {
    let mut maps = [const { LockMap::of_class("", Site::caller(), WaitTypes::SPIN) }; MOST];
    let mut i = 0;
    while i < MOST {
        maps[i] = LockMap::of_class(name(i), Site::caller(), WaitTypes::SPIN);
        i += 1;
    }
    maps
}

/// What was measured, at most as often as there is room for dependencies.
struct Samples {
    values: [u64; sizes::DEPENDENCIES],
    len: usize,
}

static SAMPLES: spin::Mutex<Samples> = spin::Mutex::new(Samples { values: [0; sizes::DEPENDENCIES], len: 0 });

impl Samples {
    fn add(&mut self, value: u64) {
        self.values[self.len] = value;
        self.len += 1;
    }

    /// Prints mean, 99th percentile and worst of the measured values, and forgets them.
    fn say<B: Board>(&mut self, mean: &str, percentile: &str, worst: &str) {
        let values = &mut self.values[..core::mem::take(&mut self.len)];
        values.sort_unstable();
        let all: u64 = values.iter().sum();
        figure::<B>(mean, all.div_ceil(values.len() as u64), "instructions");
        figure::<B>(percentile, values[(values.len() * 99).div_ceil(100) - 1], "instructions");
        figure::<B>(worst, values[values.len() - 1], "instructions");
    }
}

/// Marsaglia's xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % limit
    }
}

/// The figures with tables of the default size.
pub(crate) fn run<B: Board>() {
    classes::<B>();
    graph::<B>(16, 48, ["dependency.16.mean", "dependency.16.p99", "dependency.16.worst"]);
    graph::<B>(64, 512, ["dependency.64.mean", "dependency.64.p99", "dependency.64.worst"]);
    graph::<B>(256, 4096, ["dependency.256.mean", "dependency.256.p99", "dependency.256.worst"]);
    unregister::<B>();
    graph::<B>(512, 8192, ["dependency.mean", "dependency.p99", "dependency.worst"]);
    chains::<B>();
    hooks::reset();
}

/// The figures with large tables.
pub(crate) fn wide<B: Board>() {
    graph::<B>(1024, 8192, ["dependency.1024.mean", "dependency.1024.p99", "dependency.1024.worst"]);
    graph::<B>(4096, 8192, ["dependency.4096.mean", "dependency.4096.p99", "dependency.4096.worst"]);
}

fn one(map: &&LockMap) {
    hooks::acquire(map, Mode::WRITE, Site::caller());
    hooks::release(map, None);
}

fn two([a, b]: &[&LockMap; 2]) {
    hooks::acquire(a, Mode::WRITE, Site::caller());
    hooks::acquire(b, Mode::WRITE, Site::caller());
    hooks::release(b, None);
    hooks::release(a, None);
}

fn three([a, b, c]: &[&LockMap; 3]) {
    hooks::acquire(a, Mode::WRITE, Site::caller());
    hooks::acquire(b, Mode::WRITE, Site::caller());
    hooks::acquire(c, Mode::WRITE, Site::caller());
    hooks::release(c, None);
    hooks::release(b, None);
    hooks::release(a, None);
}

/// A class is seen for the first time: its first pair, with interrupts on.
fn classes<B: Board>() {
    hooks::reset();
    let samples = &mut *SAMPLES.lock();
    MAPS[..KNOWN].iter().for_each(|map| one(&map));
    for map in &MAPS[KNOWN..KNOWN + NEW] {
        samples.add(cold::<B, &LockMap>(one, &map));
    }
    samples.say::<B>("class.first", "class.first.p99", "class.first.worst");
}

/// A random acyclic graph over `classes` classes grows to `dependencies`; each new dependency is timed.
fn graph<B: Board>(classes: usize, dependencies: usize, [mean, percentile, worst]: [&str; 3]) {
    hooks::reset();
    let samples = &mut *SAMPLES.lock();
    MAPS[..classes].iter().for_each(|map| one(&map));
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut order: [u16; MOST] = core::array::from_fn(|i| i as u16);
    for i in (1..classes).rev() {
        order.swap(i, random.below(i + 1));
    }
    while samples.len < dependencies {
        let (i, j) = (random.below(classes), random.below(classes));
        if i == j {
            continue;
        }
        let pair = [order[i.min(j)], order[i.max(j)]].map(|class| &MAPS[usize::from(class)]);
        let before = hooks::occupancy().dependencies.used;
        let instructions = cold::<B, _>(two, &pair);
        if hooks::occupancy().dependencies.used > before {
            samples.add(instructions);
        }
    }
    samples.say::<B>(mean, percentile, worst);
}

/// A class with one dependency is forgotten, in the graph of 256 classes and 4,096 dependencies.
fn unregister<B: Board>() {
    let samples = &mut *SAMPLES.lock();
    for map in &MAPS[..GONE] {
        let key = DynamicKey::named("bench gone");
        two(&[&LockMap::with_dynamic_key(&key, WaitTypes::SPIN), map]);
        samples.add(cold::<B, DynamicKey>(|key| hooks::unregister_key(key), &key));
    }
    samples.say::<B>("class.unregister", "class.unregister.p99", "class.unregister.worst");
}

/// A chain of three is new, its dependencies are known: all three pairs.
fn chains<B: Board>() {
    hooks::reset();
    let samples = &mut *SAMPLES.lock();
    for chain in MAPS.chunks_exact(3).take(CHAINS_OF_THREE) {
        let chain = [&chain[0], &chain[1], &chain[2]];
        for [from, to] in [[0, 1], [1, 2], [0, 2]] {
            two(&[chain[from], chain[to]]);
        }
        samples.add(cold::<B, _>(three, &chain));
    }
    samples.say::<B>("chain.known", "chain.known.p99", "chain.known.worst");
}
