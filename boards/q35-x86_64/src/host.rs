//! What QEMU passes in and takes out: the command line, and the exit code.
//!
//! The loader speaks PVH: it passes the address of a structure, which holds the address of the command line. Both lie
//! below 1 MiB in memory that nobody owns, so the text is copied before anything else is written there. The exit code
//! goes out through `isa-debug-exit`.

use kernel::board::{Board, Exit, Interrupts as _};
use x86_64::instructions::{hlt, port::Port};

use crate::once::Once;
use crate::{Machine, console};

/// The longest command line; what is longer is cut.
const COMMAND_LINE: usize = 1024;

struct CommandLine {
    bytes: [u8; COMMAND_LINE],
    length: usize,
}

static LINE: Once<CommandLine> = Once::new(CommandLine { bytes: [0; COMMAND_LINE], length: 0 });

impl Board for Machine {
    const NAME: &'static str = "q35-x86_64";

    /// The command line; empty if there is none or if it is not UTF-8.
    fn command_line() -> &'static str {
        let line = LINE.get();
        core::str::from_utf8(&line.bytes[..line.length]).unwrap_or("")
    }

    fn exit(how: Exit) -> ! {
        console::flush();
        // QEMU ends with `(value << 1) | 1`, and all codes are odd.
        let value = u32::from(how.code() >> 1);
        // SAFETY: the port belongs to the debug-exit device, which does nothing but end QEMU.
        unsafe { Port::new(0xf4).write(value) };
        // Only without that device.
        loop {
            Machine::irqs_disable();
            hlt();
        }
    }
}

/// The start of PVH's `struct hvm_start_info`.
#[repr(C)]
struct StartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    modules: u32,
    module_list: u64,
    command_line: u64,
}

const START_INFO_MAGIC: u32 = 0x336e_c578;

/// Copies the command line to where it stays.
///
/// # Safety
/// No other CPU runs, `Board::command_line` was not called before, and `start_info` is what the loader passed.
pub(crate) unsafe fn keep_command_line(start_info: usize) {
    let info = start_info as *const StartInfo;
    // SAFETY: the loader passed the address of such a structure, in memory that is mapped.
    let info = unsafe { info.read_unaligned() };
    if info.magic != START_INFO_MAGIC || info.command_line == 0 {
        return;
    }
    let mut line = CommandLine { bytes: [0; COMMAND_LINE], length: 0 };
    for (at, byte) in line.bytes.iter_mut().enumerate() {
        // SAFETY: the loader's text goes on at least to its first NUL, at which this loop ends.
        *byte = unsafe { (info.command_line as *const u8).add(at).read() };
        if *byte == 0 {
            break;
        }
        line.length = at + 1;
    }
    // SAFETY: no other CPU runs and nobody has asked for the line yet.
    unsafe { LINE.set(line) };
}
