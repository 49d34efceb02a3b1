//! Tells the linker where the kernel lies, and not to make it relocatable. That the code is compiled for that as well
//! is a flag of rustc, which no build script can set: `qemu/runner/src/boards.rs`.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=link.ld");
    let set = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if set("CARGO_CFG_TARGET_OS", "none") && set("CARGO_CFG_TARGET_ARCH", "x86_64") {
        println!("cargo:rustc-link-arg-bins=-T{}/link.ld", env!("CARGO_MANIFEST_DIR"));
        // The target's default is a position-independent executable, whose addresses somebody must fill in at its
        // start. This kernel runs where it is linked. The last flag wins.
        println!("cargo:rustc-link-arg-bins=--no-pie");
    }
}
