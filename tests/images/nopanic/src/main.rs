//! Every entry point of the validator and nothing else, linked for bare metal. It is never run: `cargo xtask test` links it
//! and looks whether any symbol of `core::panicking` is in it. There must be none, since the validator never panics.
//!
//! Reports are left to the port here, as data: views write text, and what formats text in `core` may panic on paper.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

#[cfg(target_os = "none")]
mod bare;

#[cfg(not(target_os = "none"))]
fn main() -> std::process::ExitCode {
    eprintln!("a bare-metal program, and never run: `cargo xtask test` links it");
    std::process::ExitCode::FAILURE
}
