//! `heap-in-irq`: an operating system whose keyboard interrupt pushes a key to a queue that grows. The allocator is behind
//! a spinning lock, which tasks take with interrupts on: an interrupt in the middle of an allocation spins for ever, on
//! the CPU whose task has the lock.
//!
//! Teaches: `alloc` is a lock. Whatever allocates takes it, though no line of it says so; and most allocators in crates
//! lock without a word about interrupts. Fixed, the heap is locked with interrupts off.

use super::telling::{Step, Telling, is_turn};
use crate::scenario::Work;
use lockdep::Kind;
use lockdep::spin::Mutex;

/// The free bytes of a heap that never frees.
static HEAP: Mutex<usize> = Mutex::named("heap", 1 << 20);

pub(super) static TELLINGS: [Telling; 2] = [
    Telling::new(
        "heap-in-irq",
        Kind::Inconsistent,
        &[Step::Task(Work { name: "shell", body: |_| read_line(alloc) }), Step::Interrupt],
    )
    .interrupt(|cpu| keyboard_interrupt(cpu, alloc)),
    Telling::silent(
        "heap-in-irq-fixed",
        &[Step::Task(Work { name: "shell", body: |_| read_line(alloc_fixed) }), Step::Interrupt],
    )
    .interrupt(|cpu| keyboard_interrupt(cpu, alloc_fixed)),
];

fn read_line(alloc: fn(usize) -> bool) {
    alloc(80);
}

fn keyboard_interrupt(cpu: usize, alloc: fn(usize) -> bool) {
    if is_turn(cpu) {
        alloc(1);
    }
}

/// Whether there was room.
fn alloc(bytes: usize) -> bool {
    take(&mut HEAP.lock(), bytes)
}

fn alloc_fixed(bytes: usize) -> bool {
    take(&mut HEAP.lock_irqsave(), bytes)
}

fn take(free: &mut usize, bytes: usize) -> bool {
    free.checked_sub(bytes).map(|left| *free = left).is_some()
}
