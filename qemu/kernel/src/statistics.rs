//! What the kernel's own locks did, as the validator counted it (feature `stat`).

use crate::board::Board;
use crate::console;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use lockdep::stat;

/// The console, each piece under its lock.
struct Console<B>(PhantomData<B>);

impl<B: Board> Write for Console<B> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        console::print::<B>(format_args!("{s}"));
        Ok(())
    }
}

/// Prints the statistics in the shapes of Linux's files.
pub(crate) fn show<B: Board>() {
    let mut console = Console::<B>(PhantomData);
    for write in [stat::write_lock_stat, stat::write_classes, stat::write_chains, stat::write_sums] {
        // The console takes everything.
        let _ = write(&mut console);
    }
}
