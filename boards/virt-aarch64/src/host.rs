//! What QEMU passes in and takes out: the command line, from the device tree; the exit code, by semihosting.
//!
//! The device tree is searched at each call, and nothing else is read from it: the devices' addresses are constants of
//! the machine. PSCI could power the machine off too, but QEMU's exit code is then always 0. The exit needs
//! `-semihosting-config enable=on,target=native`; without it the instruction is an exception.

use crate::Machine;
use core::arch::asm;
use dtoolkit::fdt::Fdt;
use dtoolkit::{Node, Property};
use kernel::board::{Board, Exit, Interrupts};

/// Where QEMU leaves the device tree when it loads an ELF: at the start of memory.
const DEVICE_TREE: *const u8 = 0x4000_0000 as *const u8;

/// The semihosting call that ends the program.
const SYS_EXIT: usize = 0x18;
/// The reason "ended by itself", the only one for which the code counts.
const APPLICATION_EXIT: usize = 0x2_0026;

impl Board for Machine {
    const NAME: &'static str = "virt-aarch64";

    /// What QEMU's `-append` put into the device tree, as `/chosen/bootargs`.
    fn command_line() -> &'static str {
        bootargs().unwrap_or("")
    }

    fn exit(how: Exit) -> ! {
        let block = [APPLICATION_EXIT, how.code().into()];
        // SAFETY: the trap by which a program speaks to QEMU. It reads the two words of `block`, which is alive, and
        // answers in x0.
        unsafe { asm!("hlt #0xf000", inout("x0") SYS_EXIT => _, in("x1") &block, options(nostack, readonly)) };
        Machine::irqs_disable();
        loop {
            Machine::wait_for_irq();
        }
    }
}

fn bootargs() -> Option<&'static str> {
    // SAFETY: QEMU wrote a whole device tree there before the first instruction ran, or left zeroes, which are a tree
    // of length 0. The image begins behind it (`virt.ld`), and nobody writes to that memory.
    let tree: Fdt<'static> = unsafe { Fdt::from_raw(DEVICE_TREE) }.ok()?;
    tree.find_node("/chosen")?.property("bootargs")?.value_as().ok()
}
