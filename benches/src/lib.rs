//! The validator beside its peers, on the host: the same nesting of locks, done by each of them.
//!
//! `cargo bench -p lockdep-benches` measures time, with one thread and with two; `cargo run --release -p lockdep-benches`
//! counts instructions. Both print a table for `docs/cost.md`. Nothing here is part of the tests: times are for people.
//!
//! What is measured is the steady state: the same locks, in the same order, again and again. Each thread has locks of
//! its own; where a peer has classes, they are of the same eight classes in all threads.

mod locks;
mod port;

pub use locks::{Lock, Visit, each_lock};

use std::hint::black_box;

/// How deep locks nest in what is measured.
pub const DEPTHS: [usize; 4] = [1, 2, 4, 8];

/// The locks of one thread, of eight classes. On cache lines of its own.
#[repr(align(128))]
pub struct Locks<L>([L; 8]);

impl<L: Lock> Default for Locks<L> {
    fn default() -> Self {
        Locks::new()
    }
}

impl<L: Lock> Locks<L> {
    /// Eight locks, constructed at eight places.
    pub fn new() -> Self {
        Locks([L::new(), L::new(), L::new(), L::new(), L::new(), L::new(), L::new(), L::new()])
    }

    /// Takes the first `depth` locks, each under those before it, and releases them, the last one first; `times` times.
    pub fn run(&self, depth: usize, times: u64) {
        let locks = black_box(&self.0);
        match depth {
            1 => repeat(times, || one(locks)),
            2 => repeat(times, || two(locks)),
            4 => repeat(times, || four(locks)),
            _ => repeat(times, || eight(locks)),
        }
    }
}

#[inline(always)]
fn repeat(times: u64, work: impl Fn()) {
    (0..times).for_each(|_| work());
}

// Written out, so that no loop of ours is part of what is measured.

#[inline(always)]
fn one<L: Lock>([a, ..]: &[L; 8]) {
    let _a = a.lock();
}

#[inline(always)]
fn two<L: Lock>([a, b, ..]: &[L; 8]) {
    let _a = a.lock();
    let _b = b.lock();
}

#[inline(always)]
fn four<L: Lock>([a, b, c, d, ..]: &[L; 8]) {
    let _a = a.lock();
    let _b = b.lock();
    let _c = c.lock();
    let _d = d.lock();
}

#[inline(always)]
fn eight<L: Lock>([a, b, c, d, e, f, g, h]: &[L; 8]) {
    let _a = a.lock();
    let _b = b.lock();
    let _c = c.lock();
    let _d = d.lock();
    let _e = e.lock();
    let _f = f.lock();
    let _g = g.lock();
    let _h = h.lock();
}
