//! What runs before Rust (`boot.s`: entry, page tables, the other CPUs' trampoline), the first stack of each CPU, and
//! the command line.
//!
//! The loader speaks PVH: it passes the address of a structure, which holds the address of the command line. Both lie
//! below 1 MiB in memory that nobody owns, so the text is copied before anything else is written there.

use core::arch::global_asm;

use super::CPUS;
use super::once::Once;
use super::stack::Stack;

global_asm!(
    include_str!("boot.s"),
    enter = sym super::enter,
    stacks = sym STACKS,
    stack_size = const STACK_SIZE,
    options(att_syntax),
);

/// How large a CPU's first stack is.
const STACK_SIZE: usize = 64 * 1024;

/// One for each CPU, by number; `boot.s` picks.
static STACKS: [Stack<STACK_SIZE>; CPUS] = [const { Stack::new() }; CPUS];

// SAFETY: both are labels in `boot.s`; only their addresses are used.
unsafe extern "C" {
    static ap_trampoline: u8;
    static ap_trampoline_end: u8;
}

/// The code at which another CPU begins in real mode; it runs from the start of any page below 1 MiB.
pub(super) fn trampoline() -> &'static [u8] {
    let start = &raw const ap_trampoline;
    let end = &raw const ap_trampoline_end;
    // SAFETY: both are labels of `boot.s`, one after the other, in code that never changes.
    unsafe { core::slice::from_raw_parts(start, end.offset_from_unsigned(start)) }
}

/// The longest command line; what is longer is cut.
const COMMAND_LINE: usize = 1024;

struct CommandLine {
    bytes: [u8; COMMAND_LINE],
    length: usize,
}

static LINE: Once<CommandLine> = Once::new(CommandLine { bytes: [0; COMMAND_LINE], length: 0 });

/// The command line; empty if there is none or if it is not UTF-8.
pub(super) fn command_line() -> &'static str {
    let line = LINE.get();
    core::str::from_utf8(&line.bytes[..line.length]).unwrap_or("")
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
/// No other CPU runs, [`command_line`] was not called before, and `start_info` is what the loader passed.
pub(super) unsafe fn keep_command_line(start_info: usize) {
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
