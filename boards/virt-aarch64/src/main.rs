//! The demonstration kernel on QEMU's `virt` machine for 64-bit Arm.
//!
//! All of the board lives in `machine`, which exists only where there is no operating system. On a host this is a
//! program that prints so, which keeps `cargo check --workspace` and editors at peace.

#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod machine;

#[cfg(not(all(target_os = "none", target_arch = "aarch64")))]
fn main() -> std::process::ExitCode {
    eprintln!("a bare-metal program: build it for aarch64-unknown-none-softfloat and boot it in QEMU");
    std::process::ExitCode::FAILURE
}
