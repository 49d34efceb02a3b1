//! The board of QEMU's x86-64 machines. All of it is in `machine`, and there only when the target is bare metal, so
//! that the host's `cargo check` and the other board's target pass over it.
#![cfg_attr(target_os = "none", no_std)]
#![cfg_attr(target_os = "none", no_main)]

#[cfg(all(target_os = "none", target_arch = "x86_64"))]
mod machine;

/// For another board's target: nothing runs there, but the compiler asks for it.
#[cfg(all(target_os = "none", not(target_arch = "x86_64")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("q35-x86_64 is a bare-metal program: `cargo xtask` builds it for its target and runs it in QEMU");
    std::process::exit(1);
}
