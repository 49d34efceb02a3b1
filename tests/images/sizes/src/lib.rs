//! What the validator takes in memory, as figures. `cargo xtask size` has the names and the host's figures from here as from
//! any crate. For a machine that nobody has here it compiles this crate, and reads [`LOCKDEP_SIZES`] out of the object file:
//! so all figures are the compiler's own.
#![no_std]

use lockdep::__private::{Hold, Runtime, Sizes};
use lockdep::{Context, IrqState, Message, Port, TaskInfo};

struct Nowhere;

// SAFETY: nothing here is ever run.
unsafe impl Port for Nowhere {
    fn context() -> *const Context {
        core::ptr::null()
    }
    unsafe fn set_context(_: *const Context) {}
    fn irqs_enabled() -> bool {
        true
    }
    fn irqs_disable() -> IrqState {
        IrqState(0)
    }
    fn irqs_restore(_: IrqState) {}
    fn who() -> TaskInfo {
        TaskInfo::UNKNOWN
    }
    fn show(_: Message<'_>) {}
}

/// A figure: what it is of, its name, its bytes.
pub type Figure = (&'static str, &'static str, usize);

/// What a tracked lock is called at the end of its name; without the feature `validate` its figure is that of the twin.
pub const TRACKED: &str = ", tracked";

const LOCKS: [Figure; 4] = [
    ("a lock", "spin::Mutex<()>, bare", size_of::<spin::Mutex<()>>()),
    ("a lock", "spin::Mutex<()>, tracked", size_of::<lockdep::spin::Mutex<()>>()),
    ("a lock", "spin::RwLock<()>, bare", size_of::<spin::RwLock<()>>()),
    ("a lock", "spin::RwLock<()>, tracked", size_of::<lockdep::spin::RwLock<()>>()),
];

const TRACKING: [Figure; 2] = [
    ("tracking", "a lock that is held", size_of::<Hold>()),
    ("tracking", "a context: 32 of those, and flags", size_of::<Context>()),
];

const SMALL: &str = "small: 256 classes, 1,024 dependencies, 4,096 chains";
/// What the default configuration is called.
pub const DEFAULT: &str = "default: 1,024 classes, 8,192 dependencies, 16,384 chains";
const LARGE: &str = "large: 4,096 classes, 32,768 dependencies, 65,536 chains";
/// What the sum of a configuration is called.
pub const IN_ALL: &str = "in all";

/// The figures of one configuration, as `port!` makes it: one slot more of two tables.
const fn configuration<const C: usize, const D: usize, const K: usize>(name: &'static str) -> [Figure; 6] {
    let sizes = Sizes::of::<C, D, K, { Nowhere::REPORTS + 1 }, { Nowhere::FINDINGS }>();
    [
        (name, "classes", sizes.classes),
        (name, "dependencies", sizes.dependencies),
        (name, "chains", sizes.chains),
        (name, "search", sizes.search),
        (name, "reports", sizes.reports),
        (name, IN_ALL, size_of::<Runtime<Nowhere, C, D, K, 1, 1, { Nowhere::REPORTS + 1 }, { Nowhere::FINDINGS }>>()),
    ]
}

const PARTS: [&[Figure]; 5] = [
    &LOCKS,
    &TRACKING,
    &configuration::<257, 1025, 4096>(SMALL),
    &configuration::<1025, 8193, 16384>(DEFAULT),
    &configuration::<4097, 32769, 65536>(LARGE),
];

/// How many figures there are.
pub const COUNT: usize = 24;

/// All figures, for the machine that this is compiled for.
pub const FIGURES: [Figure; COUNT] = {
    let mut figures = [("", "", 0); COUNT];
    let (mut part, mut index, mut next) = (0, 0, 0);
    while part < PARTS.len() {
        figures[next] = PARTS[part][index];
        next += 1;
        index += 1;
        if index == PARTS[part].len() {
            part += 1;
            index = 0;
        }
    }
    assert!(next == COUNT);
    figures
};

/// The bytes of [`FIGURES`], each as 8, the lowest first.
#[used]
#[unsafe(no_mangle)]
pub static LOCKDEP_SIZES: [[u8; 8]; COUNT] = {
    let mut bytes = [[0; 8]; COUNT];
    let mut index = 0;
    while index < COUNT {
        bytes[index] = (FIGURES[index].2 as u64).to_le_bytes();
        index += 1;
    }
    bytes
};
