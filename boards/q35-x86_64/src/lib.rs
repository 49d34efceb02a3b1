//! The board: QEMU's `q35`, `pc` and `microvm` machines.
//!
//! Each file drives one part of the machine, and implements the trait of `kernel::board` that asks for it. The order of
//! things on a CPU: `boot` brings it from its first instruction to Rust, with paging on, interrupts off and a stack of its
//! own; gives it its block (`percpu`), its exceptions (`interrupts`) and its local APIC (`apic`), and calls the kernel.
//! Before that nothing may fail, since nothing could report it.
//!
//! What this board does not do: memory protection (all of the first 4 GiB is mapped, writable and executable, but for
//! page 0; a stack that overflows is not noticed), floating point and SSE (the target is soft-float), machines without
//! a PIT, and machines with more than four CPUs to be used or with APIC numbers that are not 0, 1, 2, ….
//!
//! Every loop that waits calls `spin_loop`: with `-icount` QEMU's CPUs take turns, and QEMU 7.2 lets a CPU that never
//! pauses keep the turn for good.
#![cfg(all(target_os = "none", target_arch = "x86_64"))]
#![no_std]

mod apic;
mod boot;
mod console;
mod host;
mod interrupts;
mod once;
mod percpu;
mod smp;
mod stack;
mod time;

/// The machine.
pub struct Machine;

/// How many CPUs have a stack and a block.
const CPUS: usize = 4;
