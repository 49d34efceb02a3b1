//! The host tool `lockdep`: reads lock traces and runs them through the validator, the same code that a kernel runs.
//!
//! `trace` reads the language, `replay` executes a trace; `main` is the command.

pub mod replay;
pub mod trace;
