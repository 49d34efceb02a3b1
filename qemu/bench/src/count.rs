//! How instructions are counted, and figures printed: around one call of a function that nobody inlines.
//!
//! What the call costs is counted too, around a function that does nothing, and subtracted. So a figure is exact.

use core::hint::black_box;
use kernel::board::Board;
use kernel::console;
use lockdep_proto::Word;

/// How often something is done before it counts: classes and chains are known then.
const WARM: usize = 8;

/// The instructions of `body`, done for the first time.
pub(crate) fn cold<B: Board, T: ?Sized>(body: fn(&T), on: &T) -> u64 {
    once::<B, T>(body, on) - once::<B, T>(nothing, on)
}

/// The instructions of `body` when it repeats what was done before.
pub(crate) fn warm<B: Board, T: ?Sized>(body: fn(&T), on: &T) -> u64 {
    for _ in 0..WARM {
        body(on);
    }
    cold::<B, T>(body, on)
}

/// What `tracked` takes more than `bare`, each; fractions count as one.
pub(crate) fn added(tracked: u64, bare: u64, each: u64) -> u64 {
    tracked.saturating_sub(bare).div_ceil(each)
}

/// Prints a figure.
pub(crate) fn figure<B: Board>(name: &str, value: u64, unit: &str) {
    console::word::<B>(&Word::Figure { name, value, unit });
}

#[inline(never)]
fn once<B: Board, T: ?Sized>(body: fn(&T), on: &T) -> u64 {
    let (body, on) = (black_box(body), black_box(on));
    let before = B::instructions();
    body(on);
    B::instructions() - before
}

fn nothing<T: ?Sized>(_: &T) {}
