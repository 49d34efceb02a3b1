//! The serial console: the PL011, polled, without interrupts or a lock.
//!
//! Any CPU may write at any time, even in a panic; bytes of two CPUs that write at once are then mixed. Nothing is
//! translated: a line ends in `\n` alone.

use crate::Machine;
use kernel::board::Console;

const BASE: usize = 0x0900_0000;
/// The data register: a byte written here is sent.
const DATA: *mut u32 = BASE as *mut u32;
/// The flag register.
const FLAGS: *const u32 = (BASE + 0x18) as *const u32;
/// The control register.
const CONTROL: *mut u32 = (BASE + 0x30) as *mut u32;

/// In `FLAGS`: the transmit queue is full.
const TRANSMIT_FULL: u32 = 1 << 5;
/// In `FLAGS`: nothing came in.
const RECEIVE_EMPTY: u32 = 1 << 4;
/// In `CONTROL`: the device is on, it transmits and receives.
const ON: u32 = 1 | 1 << 8 | 1 << 9;

/// Turns the device on. The line's speed is left alone, QEMU has none.
pub(crate) fn init() {
    // SAFETY: the control register of the PL011, mapped as device memory; no Rust object lives there.
    unsafe { CONTROL.write_volatile(ON) };
}

impl Console for Machine {
    /// Sends the bytes, waiting for room in the queue.
    fn write(bytes: &[u8]) {
        for &byte in bytes {
            // SAFETY: a register of the PL011, mapped as device memory; reading the flags changes nothing.
            while unsafe { FLAGS.read_volatile() } & TRANSMIT_FULL != 0 {}
            // SAFETY: a register of the PL011, mapped as device memory; no Rust object lives there.
            unsafe { DATA.write_volatile(byte.into()) };
        }
    }

    fn read() -> Option<u8> {
        // SAFETY: a register of the PL011, mapped as device memory; reading the flags changes nothing.
        if unsafe { FLAGS.read_volatile() } & RECEIVE_EMPTY != 0 {
            return None;
        }
        // SAFETY: a register of the PL011; reading it takes the byte out of the queue, which is what is wanted.
        Some(unsafe { DATA.read_volatile() } as u8)
    }
}
