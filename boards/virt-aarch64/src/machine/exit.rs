//! Ends QEMU with an exit code, by semihosting.
//!
//! PSCI could power the machine off too, but QEMU's exit code is then always 0. Needs
//! `-semihosting-config enable=on,target=native`; without it the instruction below is an exception.

use super::cpu;
use core::arch::asm;
use kernel::board::Exit;

/// The semihosting call that ends the program.
const SYS_EXIT: usize = 0x18;
/// The reason "ended by itself", the only one for which the code counts.
const APPLICATION_EXIT: usize = 0x2_0026;

/// Ends QEMU with `how.code()`.
pub(super) fn exit(how: Exit) -> ! {
    let block = [APPLICATION_EXIT, how.code().into()];
    // SAFETY: the trap by which a program speaks to QEMU. It reads the two words of `block`, which is alive, and
    // answers in x0.
    unsafe { asm!("hlt #0xf000", inout("x0") SYS_EXIT => _, in("x1") &block, options(nostack, readonly)) };
    cpu::irqs_disable();
    loop {
        cpu::wait_for_irq();
    }
}
