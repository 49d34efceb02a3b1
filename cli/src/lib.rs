//! The host tool `lockdep`: reads lock traces and runs them through the validator, the same code that a kernel runs.
//!
//! [`trace`] is the language as data and [`parse`] reads it; [`replay`] executes a trace, with [`tracked`] to see the
//! cases that have no verdict and [`sites`] to let reports point into the trace; [`judge`] gives every trace tables that
//! are large enough. [`command`] is the program `lockdep` itself.

pub mod command;
pub mod judge;
pub mod parse;
pub mod replay;
mod run;
pub mod sites;
pub mod trace;
pub mod tracked;
