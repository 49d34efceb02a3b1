//! Nothing was counted.

use crate::board::Board;
use crate::console;

/// There is nothing to print.
pub(crate) fn show<B: Board>() {}

/// Answers a command of the shell: there is nothing to show.
pub(crate) fn answer<B: Board>(command: &str) {
    console::print::<B>(format_args!("{command}: this kernel counts nothing: boot it with --stat\n"));
}
