//! The demonstration kernel. (Bring-up version: prints, ticks, starts the second CPU, switches stacks.)
#![no_std]

pub mod board;

use board::{Board, Exit};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};

static TICKS: [AtomicUsize; 8] = [const { AtomicUsize::new(0) }; 8];
static UP: AtomicUsize = AtomicUsize::new(0);

/// The first CPU arrives here, once, on a stack of its own, with interrupts disabled.
pub fn main<B: Board>() -> ! {
    assert_eq!(B::cpu(), 0);
    assert!(!B::irqs_enabled());
    B::write(b"hello from cpu 0, command line: ");
    B::write(B::command_line().as_bytes());
    B::write(b"\n");
    B::set_current(0x1234);
    B::start_timer();
    if B::command_line().contains("smp=2") {
        assert!(B::start_cpu(1));
        while UP.load(SeqCst) == 0 {}
    }
    B::irqs_enable();
    assert!(B::irqs_enabled());
    while TICKS[0].load(SeqCst) < 10 {
        B::wait_for_irq();
    }
    B::irqs_disable();
    assert_eq!(B::current(), 0x1234);
    let a = B::now();
    assert!(B::now() >= a);
    B::write(b"ten ticks\n");
    if B::command_line().contains("smp=2") {
        while TICKS[1].load(SeqCst) < 10 {}
        B::write(b"ten ticks on cpu 1\n");
    }
    stacks::<B>();
    if B::command_line().contains("panic") {
        panic!("asked for");
    }
    B::exit(Exit::Passed)
}

static mut SAVED: [usize; 2] = [0; 2];
static mut STACK: [u8; 16384] = [0; 16384];

/// Switches to a second stack and back.
fn stacks<B: Board>() {
    // SAFETY: bring-up code, one CPU, interrupts disabled.
    unsafe {
        let top = (&raw mut STACK).cast::<u8>().add(16384);
        SAVED[1] = B::new_stack(top, other::<B>);
        B::switch(&raw mut SAVED[0], SAVED[1]);
        B::write(b"back\n");
    }
}

extern "C" fn other<B: Board>() -> ! {
    B::write(b"on the other stack\n");
    // SAFETY: as above.
    unsafe { B::switch(&raw mut SAVED[1], SAVED[0]) };
    unreachable!()
}

/// Every other CPU arrives here, once, on a stack of its own, with interrupts disabled.
pub fn secondary<B: Board>() -> ! {
    assert_eq!(B::cpu(), 1);
    B::set_current(0x5678);
    UP.store(1, SeqCst);
    B::start_timer();
    B::irqs_enable();
    loop {
        assert_eq!(B::current(), 0x5678);
        B::wait_for_irq();
    }
}

/// The board calls this for each timer interrupt, with interrupts disabled, after it has acknowledged and ended
/// it at the interrupt chip: while softirqs run the next one may arrive.
pub fn timer_interrupt<B: Board>() {
    TICKS[B::cpu()].fetch_add(1, SeqCst);
    if TICKS[B::cpu()].load(SeqCst) == 3 {
        B::irqs_enable();
        while TICKS[B::cpu()].load(SeqCst) == 3 {}
        B::irqs_disable();
        B::write(b"a nested tick\n");
    }
}

/// An exception that nobody expected.
pub fn exception<B: Board>(what: &str, address: usize) -> ! {
    panic!("exception {what} at {address:#x}")
}

/// The board's panic handler calls this.
pub fn panic<B: Board>(info: &core::panic::PanicInfo<'_>) -> ! {
    use core::fmt::Write;
    struct Out<B>(core::marker::PhantomData<B>);
    impl<B: Board> Write for Out<B> {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            B::write(s.as_bytes());
            Ok(())
        }
    }
    let _ = writeln!(Out::<B>(core::marker::PhantomData), "{info}");
    B::exit(Exit::Panicked)
}
