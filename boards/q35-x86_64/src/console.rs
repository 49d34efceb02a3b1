//! The serial console: the first 16550, polled.
//!
//! It takes no lock and keeps no state, so a panic anywhere can print. Two CPUs that print at once mix their bytes;
//! the kernel sees to that.

use kernel::board::Console;
use x86_64::instructions::port::Port;

use crate::Machine;

const COM1: u16 = 0x3f8;

/// Line status: a byte came in.
const RECEIVED: u8 = 1;
/// Line status: the transmit register takes a byte.
const READY: u8 = 1 << 5;
/// Line status: all bytes are on the wire.
const EMPTY: u8 = 1 << 6;

/// Sets 115200 baud, 8 data bits, no parity, no interrupts.
pub(crate) fn init() {
    const SETTINGS: [(u16, u8); 6] = [
        (1, 0x00), // no interrupts
        (3, 0x80), // the next two registers are the divisor
        (0, 1),
        (1, 0),
        (3, 0x03), // 8N1
        (2, 0x07), // queues on and empty
    ];
    for (register, value) in SETTINGS {
        // SAFETY: registers of the serial port, which cannot touch memory.
        unsafe { Port::new(COM1 + register).write(value) };
    }
}

impl Console for Machine {
    /// Writes all of `bytes`.
    fn write(bytes: &[u8]) {
        for byte in bytes {
            wait_for(READY);
            // SAFETY: the port's transmit register; it cannot touch memory.
            unsafe { Port::new(COM1).write(*byte) };
        }
    }

    fn read() -> Option<u8> {
        if line_status() & RECEIVED == 0 {
            return None;
        }
        // SAFETY: the port's receive register; it cannot touch memory.
        Some(unsafe { Port::new(COM1).read() })
    }
}

/// Waits until the last byte has left.
pub(crate) fn flush() {
    wait_for(EMPTY);
}

fn wait_for(status: u8) {
    while line_status() & status == 0 {
        core::hint::spin_loop();
    }
}

fn line_status() -> u8 {
    // SAFETY: reading the line status has no side effect that matters: nobody looks for receive errors.
    unsafe { Port::new(COM1 + 5).read() }
}
