//! What a CPU has for itself: its block, found through the base of `gs`, and the descriptor tables in it.
//!
//! Invariant: from [`load`] on, `gs` is based at the block of this CPU, and nothing moves it. So the kernel's word is
//! one instruction away, and an interrupt between two instructions cannot make a CPU look at another's word.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, Ordering};

use kernel::board::Cpu;
use x86_64::VirtAddr;
use x86_64::instructions::tables::load_tss;
use x86_64::registers::model_specific::GsBase;
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable};
use x86_64::structures::tss::TaskStateSegment;

use crate::once::Once;
use crate::stack::Stack;
use crate::{CPUS, Machine};

/// Enough for a panic that prints.
const EMERGENCY_STACK: usize = 16 * 1024;

#[repr(C, align(64))]
struct Block {
    /// The kernel's word, reached only through `gs`.
    current: UnsafeCell<usize>,
    number: Once<usize>,
    gdt: Once<GlobalDescriptorTable>,
    tss: Once<TaskStateSegment>,
    emergency_stack: Stack<EMERGENCY_STACK>,
    /// It runs Rust code.
    arrived: AtomicBool,
}

// SAFETY: a CPU touches only its own block, but for `arrived`, which is atomic: `gs` leads there, and `load` is told so. The
// parts that `load` sets are not written again, and `current` is reached only by the CPU itself.
unsafe impl Sync for Block {}

static BLOCKS: [Block; CPUS] = [const {
    Block {
        current: UnsafeCell::new(0),
        number: Once::new(0),
        gdt: Once::new(GlobalDescriptorTable::new()),
        tss: Once::new(TaskStateSegment::new()),
        emergency_stack: Stack::new(),
        arrived: AtomicBool::new(false),
    }
}; CPUS];

/// Gives this CPU its block and its tables.
///
/// # Safety
/// This CPU has the number `cpu` and calls this once.
pub(crate) unsafe fn load(cpu: usize) {
    let block = &BLOCKS[cpu];
    let mut tss = TaskStateSegment::new();
    // Number 1 to the gates, which count from there.
    tss.interrupt_stack_table[0] = VirtAddr::from_ptr(block.emergency_stack.end());

    // SAFETY: by the caller's promise nobody else is at this block, and nobody was before.
    unsafe {
        block.number.set(cpu);
        block.tss.set(tss);
    }

    let mut gdt = GlobalDescriptorTable::new();
    // The same selectors as in `boot.s`: the segments that are loaded stay right.
    gdt.append(Descriptor::kernel_code_segment());
    gdt.append(Descriptor::kernel_data_segment());
    let tss_selector = gdt.append(Descriptor::tss_segment(block.tss.get()));

    // SAFETY: as above.
    unsafe { block.gdt.set(gdt) };
    block.gdt.get().load();
    // SAFETY: the selector is that of the TSS in the table just loaded, both static.
    unsafe { load_tss(tss_selector) };
    GsBase::write(VirtAddr::from_ptr(block));
}

/// Marks this CPU as running Rust.
pub(crate) fn arrived() {
    BLOCKS[Machine::cpu()].arrived.store(true, Ordering::Release);
}

/// Whether CPU `cpu` has arrived.
pub(crate) fn has_arrived(cpu: usize) -> bool {
    BLOCKS[cpu].arrived.load(Ordering::Acquire)
}

impl Cpu for Machine {
    /// The number of this CPU.
    #[inline(always)]
    fn cpu() -> usize {
        let number;
        // SAFETY: `gs` is based at this CPU's block, where `number` lies at this offset.
        unsafe {
            asm!("mov {}, gs:[{}]", out(reg) number, const offset_of!(Block, number),
                options(nostack, preserves_flags, readonly));
        }
        number
    }

    /// The kernel's word.
    #[inline(always)]
    fn current() -> usize {
        let word;
        // SAFETY: as in `cpu`. One instruction: an interrupt comes before or after it.
        unsafe {
            asm!("mov {}, gs:[{}]", out(reg) word, const offset_of!(Block, current),
                options(nostack, preserves_flags, readonly));
        }
        word
    }

    /// Sets the kernel's word.
    #[inline(always)]
    fn set_current(word: usize) {
        // SAFETY: as in `current`; the word is reached in no other way, so no reference to it exists.
        unsafe {
            asm!("mov gs:[{}], {}", const offset_of!(Block, current), in(reg) word,
                options(nostack, preserves_flags));
        }
    }
}
