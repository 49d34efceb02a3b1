//! The interrupt mask, and the interrupt chip (GICv3) with two interrupts: the timer's, and the kick of another CPU. The
//! only file that knows `arm-gic`.
//!
//! The functions of the mask are one instruction each, always inlined, and compiler barriers (no `nomem`).
//!
//! The distributor belongs to the first CPU, and is touched only in [`init`]. Each CPU has a redistributor frame and
//! a CPU interface (system registers) of its own, so nothing here is shared and no lock is needed.
//! An interrupt is ended before the kernel hears of it: the next one may arrive as soon as the kernel enables
//! interrupts. To end it also makes it inactive, the mode in which QEMU resets the CPU interface.

use crate::{Machine, timer};
use arm_gic::gicv3::registers::{Gicd, GicrSgi};
use arm_gic::gicv3::{GicCpuInterface, GicDistributor, GicRedistributor, SgiTarget, SgiTargetGroup};
use arm_gic::{IntId, InterruptGroup::Group1, UniqueMmioPointer};
use core::arch::asm;
use core::ptr::NonNull;
use kernel::board::Interrupts;

const DISTRIBUTOR: NonNull<Gicd> = device(0x0800_0000);
/// The first CPU's redistributor; the others follow.
const REDISTRIBUTORS: NonNull<GicrSgi> = device(0x080a_0000);
/// The virtual timer's interrupt, number 27 in all, private to each CPU.
const TIMER: IntId = IntId::ppi(11);
/// What one CPU sends another.
const KICK: IntId = IntId::sgi(0);
/// Every priority passes.
const ANY_PRIORITY: u8 = 0xff;

/// In DAIF: interrupts are masked.
const MASKED: usize = 1 << 7;

impl Interrupts for Machine {
    /// Whether this CPU takes interrupts.
    #[inline(always)]
    fn irqs_enabled() -> bool {
        let daif: usize;
        // SAFETY: reads the interrupt masks.
        unsafe { asm!("mrs {}, daif", out(reg) daif, options(nomem, nostack, preserves_flags)) };
        daif & MASKED == 0
    }

    /// Masks IRQs and nothing else. A compiler barrier.
    #[inline(always)]
    fn irqs_disable() {
        // SAFETY: fewer interrupts are never unsound; the masks for debug, SError and FIQ keep their state.
        unsafe { asm!("msr daifset, #2", options(nostack, preserves_flags)) };
    }

    /// Unmasks IRQs and nothing else. A compiler barrier.
    #[inline(always)]
    fn irqs_enable() {
        // SAFETY: the vectors are set before any Rust code runs, and the handler restores all that it changes.
        unsafe { asm!("msr daifclr, #2", options(nostack, preserves_flags)) };
    }

    /// Sleeps until an interrupt is pending.
    fn wait_for_irq() {
        // SAFETY: changes no state of its own; what a handler does in between is covered by the missing `nomem`.
        unsafe { asm!("wfi", options(nostack, preserves_flags)) };
    }

    /// By a software-generated interrupt.
    fn kick(cpu: usize) {
        let target = SgiTarget::List { affinity3: 0, affinity2: 0, affinity1: 0, target_list: 1 << cpu };
        GicCpuInterface::send_sgi(KICK, target, SgiTargetGroup::CurrentGroup1).expect("its number is one of these");
    }
}

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

/// Sets up this CPU's part of the chip and lets both interrupts through. Called once by each CPU.
pub(crate) fn init_cpu(cpu: usize) {
    GicCpuInterface::enable_system_register_el1();
    // SAFETY: `cpu` is this CPU and below four, and the machine has a frame for each CPU, mapped as device memory;
    // only this CPU looks at its own, here alone.
    let registers = unsafe { UniqueMmioPointer::new(REDISTRIBUTORS.add(cpu)) };
    let mut redistributor = GicRedistributor::new(registers);
    // The one error is that the CPU was awake already.
    let _ = redistributor.mark_core_awake();
    redistributor.configure_default_settings();
    for interrupt in [TIMER, KICK] {
        redistributor.enable_interrupt(interrupt, true).expect("both are private");
    }
    GicCpuInterface::set_priority_mask(ANY_PRIORITY);
    GicCpuInterface::enable_group1(true);
}

/// Handles the interrupt that came at `address`, with interrupts disabled.
pub(crate) fn handle(address: usize) {
    // Nothing to acknowledge: the interrupt was withdrawn before the CPU asked.
    let Some(interrupt) = GicCpuInterface::get_and_acknowledge_interrupt(Group1) else {
        return;
    };
    match interrupt {
        TIMER => {
            // The timer holds its line until it has a new deadline; ended earlier, the same tick would come twice.
            timer::rearm();
            GicCpuInterface::end_interrupt(interrupt, Group1);
            kernel::timer_interrupt::<Machine>();
        }
        KICK => {
            GicCpuInterface::end_interrupt(interrupt, Group1);
            kernel::kick_interrupt::<Machine>();
        }
        _ => kernel::exception::<Machine>("unknown interrupt", address),
    }
    // The vector restores ELR and SPSR next, which another interrupt would overwrite.
    Machine::irqs_disable();
}
