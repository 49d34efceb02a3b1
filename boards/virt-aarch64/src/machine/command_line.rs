//! The command line: what QEMU's `-append` put into the device tree, as `/chosen/bootargs`.
//!
//! Each call searches the tree again and reads nothing else from it: the devices' addresses are constants
//! of the machine.

use dtoolkit::fdt::Fdt;
use dtoolkit::{Node, Property};

/// Where QEMU leaves the device tree when it loads an ELF: at the start of memory.
const DEVICE_TREE: *const u8 = 0x4000_0000 as *const u8;

/// The command line, empty if there is none.
pub(super) fn get() -> &'static str {
    bootargs().unwrap_or("")
}

fn bootargs() -> Option<&'static str> {
    // SAFETY: QEMU wrote a whole device tree there before the first instruction ran, or left zeroes, which are a tree
    // of length 0. The image begins behind it (`virt.ld`), and nobody writes to that memory.
    let tree: Fdt<'static> = unsafe { Fdt::from_raw(DEVICE_TREE) }.ok()?;
    tree.find_node("/chosen")?.property("bootargs")?.value_as().ok()
}
