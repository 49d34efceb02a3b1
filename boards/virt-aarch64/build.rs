//! Hands the linker its scripts when the board is built for the bare machine, and does nothing on the host.
//!
//! `image.ld` lays out the sections and comes from `aarch64-rt`, whose build script puts it on the search path;
//! `virt.ld` says where the machine has memory.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=virt.ld");
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") {
        let here = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
        println!("cargo::rustc-link-arg-bins=-Timage.ld");
        println!("cargo::rustc-link-arg-bins=-T{here}/virt.ld");
    }
}
