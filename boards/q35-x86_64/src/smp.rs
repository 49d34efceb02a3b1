//! Starts the other CPUs, one at a time.
//!
//! A CPU begins in real mode at a page below 1 MiB, where `start_cpu` has put the trampoline of `boot.s`; the CPU finds
//! its stack by the number of its own APIC, so nothing is passed to it.

use core::ptr;
use core::sync::atomic::{Ordering, fence};

use kernel::board::{Clock as _, Smp};
use x86_64::instructions::port::Port;

use crate::{CPUS, Machine, apic, boot, percpu, time};

/// The trampoline's page. Nobody else's: the loader's data there, if any, was copied.
const PAGE: usize = 0x8000;

impl Smp for Machine {
    /// Starts CPU `cpu` and waits until it runs Rust code; returns whether it does.
    fn start_cpu(cpu: usize) -> bool {
        if cpu == 0 || cpu >= CPUS.min(present()) || percpu::has_arrived(cpu) {
            return false;
        }
        let trampoline = boot::trampoline();
        // SAFETY: the page is memory that is mapped and that nobody else uses; the trampoline is shorter.
        unsafe { ptr::copy_nonoverlapping(trampoline.as_ptr(), PAGE as *mut u8, trampoline.len()) };
        // The copy is there before the CPU is told of it.
        fence(Ordering::SeqCst);

        apic::send_init(cpu);
        time::wait(10_000_000);
        // The manual asks for two; a CPU that runs already ignores the second.
        for _ in 0..2 {
            apic::send_startup(cpu, PAGE);
            if arrives(cpu) {
                return true;
            }
        }
        false
    }
}

/// Waits for CPU `cpu`, a second at most: the host may be busy.
fn arrives(cpu: usize) -> bool {
    let start = Machine::now();
    while Machine::now() - start < 1_000_000_000 {
        if percpu::has_arrived(cpu) {
            return true;
        }
        core::hint::spin_loop();
    }
    false
}

/// How many CPUs the machine has, from QEMU's configuration device: the same on machines with and without ACPI.
fn present() -> usize {
    const CPU_COUNT: u16 = 5;
    let mut data = Port::<u8>::new(0x511);
    // SAFETY: the device's ports; selecting an item and reading it changes nothing but the device's position.
    unsafe {
        Port::new(0x510).write(CPU_COUNT);
        usize::from(u16::from_le_bytes([data.read(), data.read()]))
    }
}
