//! The interrupt flag, and the interrupt table: every exception of the processor ends the run with its name; the
//! timer and the kick of another CPU call the kernel.
//!
//! One table for all CPUs, filled by the first. A vector without a gate raises a general protection fault, so a stray
//! interrupt does not go unseen either.

use core::arch::naked_asm;

use kernel::board::Interrupts;
use x86_64::VirtAddr;
use x86_64::instructions::tables::lidt;
use x86_64::instructions::{hlt, interrupts as flag, port::Port};
use x86_64::structures::DescriptorTablePointer;

use crate::Machine;
use crate::apic::{self, KICK_VECTOR, SPURIOUS_VECTOR, TIMER_VECTOR};
use crate::once::Once;

const DOUBLE_FAULT: usize = 8;

type Stub = unsafe extern "C" fn() -> !;

/// The exceptions by vector.
const EXCEPTIONS: [(Stub, &str); 32] = [
    (exception_stub::<0>, "divide error"),
    (exception_stub::<1>, "debug"),
    (exception_stub::<2>, "non-maskable interrupt"),
    (exception_stub::<3>, "breakpoint"),
    (exception_stub::<4>, "overflow"),
    (exception_stub::<5>, "bound range exceeded"),
    (exception_stub::<6>, "invalid opcode"),
    (exception_stub::<7>, "device not available"),
    (exception_stub::<8>, "double fault"),
    (exception_stub::<9>, "coprocessor segment overrun"),
    (exception_stub::<10>, "invalid TSS"),
    (exception_stub::<11>, "segment not present"),
    (exception_stub::<12>, "stack-segment fault"),
    (exception_stub::<13>, "general protection fault"),
    (exception_stub::<14>, "page fault"),
    (exception_stub::<15>, "reserved exception 15"),
    (exception_stub::<16>, "floating-point error"),
    (exception_stub::<17>, "alignment check"),
    (exception_stub::<18>, "machine check"),
    (exception_stub::<19>, "SIMD floating-point error"),
    (exception_stub::<20>, "virtualization exception"),
    (exception_stub::<21>, "control protection exception"),
    (exception_stub::<22>, "reserved exception 22"),
    (exception_stub::<23>, "reserved exception 23"),
    (exception_stub::<24>, "reserved exception 24"),
    (exception_stub::<25>, "reserved exception 25"),
    (exception_stub::<26>, "reserved exception 26"),
    (exception_stub::<27>, "reserved exception 27"),
    (exception_stub::<28>, "hypervisor injection exception"),
    (exception_stub::<29>, "VMM communication exception"),
    (exception_stub::<30>, "security exception"),
    (exception_stub::<31>, "reserved exception 31"),
];

/// The exceptions for which the processor pushes an error code, a bit each.
const WITH_ERROR_CODE: u32 = 1 << 8 | 0b11111 << 10 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30;

/// An entry of the table: an interrupt gate, which disables interrupts.
#[derive(Clone, Copy)]
#[repr(C)]
struct Gate {
    address_low: u16,
    segment: u16,
    stack: u8,
    kind: u8,
    address_middle: u16,
    address_high: u32,
    reserved: u32,
}

impl Gate {
    const MISSING: Gate =
        Gate { address_low: 0, segment: 0, stack: 0, kind: 0, address_middle: 0, address_high: 0, reserved: 0 };

    /// A gate to `address`; `stack` is a number in the TSS's interrupt stack table, or 0 to stay on the same stack.
    fn new(address: usize, stack: u8) -> Gate {
        Gate {
            address_low: address as u16,
            segment: 0x08,
            stack,
            kind: 0x8e,
            address_middle: (address >> 16) as u16,
            address_high: (address >> 32) as u32,
            reserved: 0,
        }
    }
}

static TABLE: Once<[Gate; 256]> = Once::new([Gate::MISSING; 256]);

impl Interrupts for Machine {
    #[inline(always)]
    fn irqs_enabled() -> bool {
        flag::are_enabled()
    }

    #[inline(always)]
    fn irqs_disable() {
        flag::disable();
    }

    #[inline(always)]
    fn irqs_enable() {
        flag::enable();
    }

    #[inline(always)]
    fn wait_for_irq() {
        hlt();
    }

    fn kick(cpu: usize) {
        apic::send_kick(cpu);
    }
}

/// Fills the table and loads it on this CPU.
///
/// # Safety
/// This is the first CPU, it calls this once, and no other CPU runs.
pub(crate) unsafe fn install() {
    let mut table = [Gate::MISSING; 256];
    for (vector, (stub, _)) in EXCEPTIONS.into_iter().enumerate() {
        let stack = u8::from(vector == DOUBLE_FAULT);
        table[vector] = Gate::new(stub as usize, stack);
    }
    table[usize::from(TIMER_VECTOR)] = Gate::new(device_stub::<TIMER_VECTOR> as *const () as usize, 0);
    table[usize::from(KICK_VECTOR)] = Gate::new(device_stub::<KICK_VECTOR> as *const () as usize, 0);
    table[usize::from(SPURIOUS_VECTOR)] = Gate::new(spurious_stub as *const () as usize, 0);
    // SAFETY: no CPU has loaded the table yet.
    unsafe { TABLE.set(table) };
    load();
}

/// Loads the table on this CPU.
pub(crate) fn load() {
    let table = TABLE.get();
    let pointer = DescriptorTablePointer { limit: (size_of_val(table) - 1) as u16, base: VirtAddr::from_ptr(table) };
    // SAFETY: the table is static and not written again; each gate in it leads to a stub of its kind.
    unsafe { lidt(&pointer) };
}

/// Masks both 8259s: their interrupts have no place in the table.
pub(crate) fn mask_legacy() {
    for port in [0x21, 0xa1] {
        // SAFETY: the mask register of an 8259, or of nothing on a machine without one.
        unsafe { Port::new(port).write(0xff_u8) };
    }
}

/// The entry of exception `VECTOR`: hands the vector and the frame to [`exception`], which does not return.
#[unsafe(naked)]
unsafe extern "C" fn exception_stub<const VECTOR: usize>() -> ! {
    naked_asm!(
        "mov edi, {vector}",
        "mov rsi, rsp",
        "and rsp, -16",
        "cld",
        "call {exception}",
        vector = const VECTOR,
        exception = sym exception,
    )
}

/// `frame` is the stack as the processor left it: the error code, if this exception has one, and then `rip`.
extern "C" fn exception(vector: usize, frame: *const usize) -> ! {
    let skip = (WITH_ERROR_CODE >> vector & 1) as usize;
    // SAFETY: the processor pushed at least these words just before the stub ran.
    let address = unsafe { *frame.add(skip) };
    kernel::exception::<Machine>(EXCEPTIONS[vector].1, address)
}

/// The entry of interrupt `VECTOR`: saves what a Rust function may change, and nothing else, since it is soft-float.
///
/// The processor aligned the stack to 16 and pushed 5 words; with these 9 it is aligned again for the call.
#[unsafe(naked)]
unsafe extern "C" fn device_stub<const VECTOR: u8>() {
    naked_asm!(
        "push rax",
        "push rcx",
        "push rdx",
        "push rsi",
        "push rdi",
        "push r8",
        "push r9",
        "push r10",
        "push r11",
        "cld",
        "mov edi, {vector}",
        "call {device}",
        "pop r11",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rcx",
        "pop rax",
        "iretq",
        vector = const VECTOR,
        device = sym device,
    )
}

/// Ends the interrupt first: the kernel may enable interrupts while it serves this one.
extern "C" fn device(vector: u32) {
    apic::end_of_interrupt();
    if vector == u32::from(TIMER_VECTOR) {
        kernel::timer_interrupt::<Machine>();
    } else {
        kernel::kick_interrupt::<Machine>();
    }
}

#[unsafe(naked)]
unsafe extern "C" fn spurious_stub() {
    naked_asm!("iretq")
}
