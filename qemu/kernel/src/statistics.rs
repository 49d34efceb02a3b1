//! What the kernel's own locks did, as the validator counted it (feature `stat`).
//!
//! Teaches: how to print a listing piece by piece, each under the console's lock and none under the validator's.

use crate::board::Board;
use crate::console;
use core::fmt::{self, Write};
use core::marker::PhantomData;
use lockdep::stat::{self, ClassLine};

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

/// Answers a command of the shell.
pub(crate) fn answer<B: Board>(command: &str) {
    let mut console = Console::<B>(PhantomData);
    // The console takes everything.
    let _ = match command {
        "locks" => stat::write_lock_stat(&mut console),
        "classes" => stat::write_classes(&mut console),
        "chains" => stat::write_chains(&mut console),
        _ => write_graph(&mut console),
    };
}

/// Writes the graph in the language of Graphviz: an arrow leads from a class to one that was acquired under it.
fn write_graph(out: &mut dyn Write) -> fmt::Result {
    let mut result = out.write_str("digraph locks {\n");
    let mut from = 0;
    stat::for_each_class(&mut |line| {
        let written = match line {
            ClassLine::Class(entry) => {
                from = entry.key;
                writeln!(out, "  \"{:x}\" [label=\"{}\"];", entry.key, entry.class)
            }
            ClassLine::Leads(key, _) => writeln!(out, "  \"{from:x}\" -> \"{key:x}\";"),
            _ => Ok(()), // the end of the list, or a line of a later version
        };
        result = result.and(written);
    });
    result.and(out.write_str("}\n"))
}
