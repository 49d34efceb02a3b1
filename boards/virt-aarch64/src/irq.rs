//! The interrupt chip (GICv3), with one interrupt: the timer's. The only file that knows `arm-gic`.
//!
//! The distributor belongs to the first CPU, and is touched only in [`init`]. Each CPU has a redistributor frame and
//! a CPU interface (system registers) of its own, so nothing here is shared and no lock is needed.
//! An interrupt is ended before the kernel hears of it: the next one may arrive as soon as the kernel enables
//! interrupts. To end it also makes it inactive, the mode in which QEMU resets the CPU interface.

use crate::{Machine, timer};
use arm_gic::gicv3::registers::{Gicd, GicrSgi};
use arm_gic::gicv3::{GicCpuInterface, GicDistributor, GicRedistributor};
use arm_gic::{IntId, InterruptGroup::Group1, UniqueMmioPointer};
use core::ptr::NonNull;
use kernel::board::Interrupts;

const DISTRIBUTOR: NonNull<Gicd> = device(0x0800_0000);
/// The first CPU's redistributor; the others follow.
const REDISTRIBUTORS: NonNull<GicrSgi> = device(0x080a_0000);
/// The virtual timer's interrupt, number 27 in all, private to each CPU.
const TIMER: IntId = IntId::ppi(11);
/// Every priority passes.
const ANY_PRIORITY: u8 = 0xff;

const fn device<T>(address: usize) -> NonNull<T> {
    NonNull::new(address as *mut T).expect("a device's address is not 0")
}

/// Sets up the distributor. Called once, by the first CPU, before any other is started.
pub(crate) fn init() {
    // SAFETY: the distributor's registers, mapped as device memory; this is the only pointer to them, and it is
    // gone when the function returns, which is called once.
    let registers = unsafe { UniqueMmioPointer::new(DISTRIBUTOR) };
    GicDistributor::new(registers).configure_default_settings();
}

/// Sets up this CPU's part of the chip and lets the timer's interrupt through. Called once by each CPU.
pub(crate) fn init_cpu(cpu: usize) {
    GicCpuInterface::enable_system_register_el1();
    // SAFETY: `cpu` is this CPU and below four, and the machine has a frame for each CPU, mapped as device memory;
    // only this CPU looks at its own, here alone.
    let registers = unsafe { UniqueMmioPointer::new(REDISTRIBUTORS.add(cpu)) };
    let mut redistributor = GicRedistributor::new(registers);
    // The one error is that the CPU was awake already.
    let _ = redistributor.mark_core_awake();
    redistributor.configure_default_settings();
    redistributor.enable_interrupt(TIMER, true).expect("the timer's interrupt is private");
    GicCpuInterface::set_priority_mask(ANY_PRIORITY);
    GicCpuInterface::enable_group1(true);
}

/// Handles the interrupt that came at `address`, with interrupts disabled.
pub(crate) fn handle(address: usize) {
    // Nothing to acknowledge: the interrupt was withdrawn before the CPU asked.
    let Some(interrupt) = GicCpuInterface::get_and_acknowledge_interrupt(Group1) else {
        return;
    };
    if interrupt != TIMER {
        kernel::exception::<Machine>("unknown interrupt", address);
    }
    // The timer holds its line until it has a new deadline; ended earlier, the same tick would come twice.
    timer::rearm();
    GicCpuInterface::end_interrupt(interrupt, Group1);
    kernel::timer_interrupt::<Machine>();
    // The vector restores ELR and SPSR next, which another interrupt would overwrite.
    Machine::irqs_disable();
}
