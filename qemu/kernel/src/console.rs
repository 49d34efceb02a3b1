//! The serial line, behind a tracked lock like any other: what is printed in one call stays together.
//!
//! The lock is taken with interrupts off, since interrupts print as well.

use crate::board::Board;
use crate::irq;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use lockdep::spin::Mutex;
use lockdep_proto::Word;

static CONSOLE: Mutex<()> = Mutex::named("console", ());

/// How often a panic tries to get the lock before it prints without.
const TRIES: usize = 100_000;

struct Line<B>(PhantomData<B>);

impl<B: Board> Write for Line<B> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        B::write(s.as_bytes());
        Ok(())
    }
}

/// Prints.
pub fn print<B: Board>(text: fmt::Arguments<'_>) {
    let were_on = irq::save::<B>();
    let guard = CONSOLE.lock();
    // The board's line takes everything.
    let _ = Line::<B>(PhantomData).write_fmt(text);
    drop(guard);
    irq::restore::<B>(were_on);
}

/// Prints a word of the protocol, on a line of its own.
pub fn word<B: Board>(word: &Word<'_>) {
    print::<B>(format_args!("{word}\n"));
}

/// Prints when the kernel dies: with the lock if it can be had soon, else without. Interrupts are disabled.
pub fn print_at_last<B: Board>(text: fmt::Arguments<'_>) {
    let _guard = (0..TRIES).find_map(|_| CONSOLE.try_lock());
    let _ = Line::<B>(PhantomData).write_fmt(text);
}
