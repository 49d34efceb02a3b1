//! The local APIC of this CPU, through its registers in memory (xAPIC): its timer, the end of an interrupt, and the
//! interrupts that start another CPU.
//!
//! Each CPU sees its own APIC at the same address, so there is nothing to share and nothing to lock. `boot.s` maps it
//! uncached. The I/O APIC is not used.

/// Where the timer arrives.
pub(crate) const TIMER_VECTOR: u8 = 0x20;
/// Where the kick of another CPU arrives.
pub(crate) const KICK_VECTOR: u8 = 0x21;
/// Where the APIC sends what it took back; such an interrupt is not ended.
pub(crate) const SPURIOUS_VECTOR: u8 = 0xff;

const BASE: usize = 0xfee0_0000;

const END_OF_INTERRUPT: usize = 0xb0;
const SPURIOUS: usize = 0xf0;
const COMMAND: usize = 0x300;
const COMMAND_TARGET: usize = 0x310;
const LVT_TIMER: usize = 0x320;
const LVT_LINT0: usize = 0x350;
const LVT_LINT1: usize = 0x360;
const TIMER_START: usize = 0x380;
const TIMER_NOW: usize = 0x390;
const TIMER_DIVIDE: usize = 0x3e0;

const ENABLED: u32 = 1 << 8;
const MASKED: u32 = 1 << 16;
const PERIODIC: u32 = 1 << 17;
const DIVIDE_BY_16: u32 = 0b0011;
const INIT: u32 = 0x4500;
const STARTUP: u32 = 0x4600;
const FIXED: u32 = 0x4000;
const SENDING: u32 = 1 << 12;

fn read(register: usize) -> u32 {
    // SAFETY: a register of the local APIC, which is mapped; those that this file names can be read.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: a register of the local APIC, which is mapped; no value in this file makes it touch memory.
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) }
}

/// Turns this CPU's APIC on, with all its own sources masked: so is the 8259 behind LINT0.
pub(crate) fn enable() {
    write(SPURIOUS, ENABLED | u32::from(SPURIOUS_VECTOR));
    write(LVT_LINT0, MASKED);
    write(LVT_LINT1, MASKED);
    write(LVT_TIMER, MASKED);
    write(TIMER_DIVIDE, DIVIDE_BY_16);
}

/// Ends the interrupt that is being served.
#[inline(always)]
pub(crate) fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Has the timer interrupt this CPU each time that it has counted `period` steps.
pub(crate) fn start_timer(period: u32) {
    write(LVT_TIMER, PERIODIC | u32::from(TIMER_VECTOR));
    write(TIMER_START, period);
}

/// Lets the timer count down from `u32::MAX` without an interrupt, to be measured.
pub(crate) fn start_countdown() {
    write(TIMER_START, u32::MAX);
}

/// The timer's current count.
pub(crate) fn countdown() -> u32 {
    read(TIMER_NOW)
}

/// Resets CPU `cpu`, which then waits for [`send_startup`].
pub(crate) fn send_init(cpu: usize) {
    send(cpu, INIT);
}

/// Has CPU `cpu`, if it waits after [`send_init`], run from the start of the page at `page`, below 1 MiB.
pub(crate) fn send_startup(cpu: usize, page: usize) {
    send(cpu, STARTUP | (page >> 12) as u32);
}

/// Interrupts CPU `cpu`. Interrupts are disabled here: the two halves of the command belong to one CPU.
pub(crate) fn send_kick(cpu: usize) {
    send(cpu, FIXED | u32::from(KICK_VECTOR));
}

fn send(cpu: usize, command: u32) {
    write(COMMAND_TARGET, (cpu as u32) << 24);
    write(COMMAND, command);
    while read(COMMAND) & SENDING != 0 {
        core::hint::spin_loop();
    }
}
