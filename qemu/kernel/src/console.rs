//! The serial line, behind a tracked lock like any other: what is printed in one call stays together.
//!
//! Teaches: two ways to print. The usual one takes a lock, with interrupts off, since interrupts print as well. The last
//! one takes none, and is for a kernel that cannot go on.

use crate::board::Board;
use crate::flag;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::spin::Mutex;
use lockdep_proto::Word;

static CONSOLE: Mutex<()> = Mutex::named("console", ());

struct Line<B>(PhantomData<B>);

impl<B: Board> Write for Line<B> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        B::write(s.as_bytes());
        Ok(())
    }
}

/// Prints.
pub fn print<B: Board>(text: fmt::Arguments<'_>) {
    let were_on = flag::save::<B>();
    print_uninterrupted::<B>(text);
    flag::restore::<B>(were_on);
}

/// Prints with interrupts disabled. Made for reports and notices, which the validator shows with the machine's
/// interrupts off and without a change of what it was told: there [`print`] would compare the two.
pub fn print_uninterrupted<B: Board>(text: fmt::Arguments<'_>) {
    let _guard = CONSOLE.lock();
    // The board's line takes everything.
    let _ = Line::<B>(PhantomData).write_fmt(text);
}

/// Prints a word of the protocol, on a line of its own.
pub fn word<B: Board>(word: &Word<'_>) {
    print::<B>(format_args!("{word}\n"));
}

/// Whose turn it is to print without the lock: the number of a CPU.
static TURN: AtomicUsize = AtomicUsize::new(NOBODY);
const NOBODY: usize = usize::MAX;
/// How often to look whether another CPU has finished: it may have died in the middle.
const PATIENCE: usize = 1_000_000;

/// Prints where no lock may be taken (a panic, a hang, a lockup), straight to the board: the console's may be held by a CPU
/// that never releases it, or by us, and to take a tracked lock may mean to wait for the validator. CPUs that print so at
/// the same time take turns if they can; a line that [`print`] is in the middle of may be mixed into it.
pub fn print_at_last<B: Board>(text: fmt::Arguments<'_>) {
    let were_on = B::irqs_enabled();
    B::irqs_disable();
    let own = B::cpu();
    let has_turn = (0..PATIENCE).any(|_| {
        core::hint::spin_loop();
        TURN.compare_exchange(NOBODY, own, Ordering::Acquire, Ordering::Relaxed).is_ok()
    });
    // The board's line takes everything.
    let _ = Line::<B>(PhantomData).write_fmt(text);
    if has_turn {
        TURN.store(NOBODY, Ordering::Release);
    }
    if were_on {
        B::irqs_enable();
    }
}
