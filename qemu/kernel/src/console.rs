//! The serial line, behind a tracked lock like any other: what is printed in one call stays together.
//!
//! The lock is taken with interrupts off, since interrupts print as well.

use crate::board::Board;
use crate::flag;
use core::fmt::{self, Write};
use core::marker::PhantomData;
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

/// Prints when the kernel dies, straight to the board: the lock may be held by a CPU that never releases it, or by us,
/// and to take a tracked lock may mean to wait for the validator. So a line that another CPU prints at the same time
/// may be mixed into it.
pub fn print_at_last<B: Board>(text: fmt::Arguments<'_>) {
    let _ = Line::<B>(PhantomData).write_fmt(text);
}
