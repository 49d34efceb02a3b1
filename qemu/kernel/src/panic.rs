//! The end of a kernel that panics: what is said, and how the other CPUs are stopped.
//!
//! Teaches: what a dying kernel may use. No lock, since its holder may be this CPU; no scheduler; nothing that may panic
//! itself without a way out. The validator's state and the locks held are read without a wait.

use crate::board::{Board, Exit};
use crate::{console, cpu};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;

/// The board's panic handler calls this: the message, whether the validator is on, what is held, and the code that says
/// panic.
pub fn panic<B: Board>(info: &PanicInfo<'_>) -> ! {
    const NOBODY: usize = usize::MAX;
    static PANICKED: AtomicUsize = AtomicUsize::new(NOBODY);
    B::irqs_disable();
    match PANICKED.compare_exchange(NOBODY, B::cpu(), Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => {}
        Err(first) if first == B::cpu() => {
            B::write(b"panic while panicking\n");
            B::exit(Exit::Panicked);
        }
        // Another CPU is about to print why, and to end the machine.
        Err(_) => loop {
            core::hint::spin_loop();
        },
    }
    cpu::stop_others::<B>();
    let state = hooks::state();
    console::print_at_last::<B>(format_args!("\n{info}\n{state}\nlocks held on CPU {}:\n", B::cpu()));
    let mut number = 0;
    hooks::for_each_held(&mut |lock| {
        console::print_at_last::<B>(format_args!(" #{number}: {lock}\n"));
        number += 1;
    });
    if number == 0 {
        console::print_at_last::<B>(format_args!(" none\n"));
    }
    B::exit(Exit::Panicked)
}
