//! The board: `qemu-system-aarch64 -M virt,gic-version=3 -cpu max`, at most four CPUs, at exception level 1.
//!
//! Each file drives one part of the machine, and implements the trait of `kernel::board` that asks for it. Invariants of
//! all files: the board takes no lock and allocates nothing; memory is mapped one to one; of the interrupt masks it
//! touches only the one for IRQs; it is built for a target without floating point, so no such registers are saved.
#![cfg(all(target_os = "none", target_arch = "aarch64"))]
#![no_std]

mod boot;
mod console;
mod cpu;
mod exception;
mod host;
mod irq;
mod smp;
mod stack;
mod timer;

/// QEMU's `virt` machine.
pub struct Machine;
