//! The machine: what a kernel has in its assembly files, and nothing of the validator.
//!
//! A thread of the host is a CPU, and `gs` names its own block, as in kernels. A signal is the timer's interrupt: its handler runs
//! on the stack of the task that it interrupts, at any instruction. The interrupt flag is a word of the CPU's block, which the
//! handler looks at first; a tick that comes while the flag is off is lost.
//!
//! Invariant: the host's library, which finds its thread's data by `fs`, is called with the flag off only. A task that is moved to
//! another CPU never is in the middle of such a call.

use lockdep::Context;
use std::arch::{asm, naked_asm};
use std::cell::UnsafeCell;
use std::ffi::c_int;
use std::mem::{self, offset_of};
use std::ptr;

pub(crate) const CPUS: usize = 2;

/// What a CPU has for itself.
#[repr(C)]
struct Block {
    context: *const Context,
    number: usize,
    irqs: bool,
}

struct Blocks([UnsafeCell<Block>; CPUS + 1]);

// SAFETY: each block is touched by its CPU alone, by one instruction at a time.
unsafe impl Sync for Blocks {}

/// Those of the CPUs, and one for the thread that plays the board (the timer chip, the firmware).
static BLOCKS: Blocks =
    Blocks([const { UnsafeCell::new(Block { context: ptr::null(), number: 0, irqs: false }) }; CPUS + 1]);

/// This thread is a CPU from now on, with interrupts off: `gs` is its block.
pub(crate) fn become_cpu(number: usize) {
    const ARCH_SET_GS: c_int = 0x1001;
    let block = BLOCKS.0[number].get();
    // SAFETY: the block is a `static`, and this thread's alone; nothing else uses `gs` on this system.
    unsafe {
        *block = Block { context: ptr::null(), number, irqs: false };
        assert_eq!(libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, block), 0);
    }
}

// ---- one instruction each, so it does not matter to which CPU the task is moved before or after it

/// The number of this CPU. With interrupts on, it may be another one before it is used.
pub(crate) fn cpu() -> usize {
    let number;
    // SAFETY: `gs` is this CPU's block.
    unsafe {
        asm!("mov {}, gs:[{at}]", out(reg) number, at = const offset_of!(Block, number), options(nostack, preserves_flags));
    }
    number
}

/// The context that runs here.
pub(crate) fn context() -> *const Context {
    let context;
    // SAFETY: `gs` is this CPU's block.
    unsafe {
        asm!("mov {}, gs:[{at}]", out(reg) context, at = const offset_of!(Block, context), options(nostack, preserves_flags));
    }
    context
}

/// Another context runs here. Interrupts are off.
pub(crate) fn set_context(context: *const Context) {
    // SAFETY: `gs` is this CPU's block.
    unsafe {
        asm!("mov gs:[{at}], {}", in(reg) context, at = const offset_of!(Block, context), options(nostack, preserves_flags));
    }
}

/// The interrupt flag.
pub(crate) fn irqs_enabled() -> bool {
    let on: u8;
    // SAFETY: `gs` is this CPU's block.
    unsafe {
        asm!("mov {}, gs:[{at}]", out(reg_byte) on, at = const offset_of!(Block, irqs), options(nostack, preserves_flags));
    }
    on != 0
}

/// `cli`; returns what the flag was.
pub(crate) fn irqs_disable() -> bool {
    let mut flag = 0_u8;
    // SAFETY: `gs` is this CPU's block. That it may touch any memory makes it a compiler barrier.
    unsafe {
        asm!("xchg {}, gs:[{at}]", inout(reg_byte) flag, at = const offset_of!(Block, irqs), options(nostack, preserves_flags));
    }
    flag != 0
}

/// `sti`
pub(crate) fn irqs_enable() {
    // SAFETY: as above.
    unsafe {
        asm!("mov byte ptr gs:[{at}], 1", at = const offset_of!(Block, irqs), options(nostack, preserves_flags));
    }
}

// ---- stacks

/// Saves the registers that a function must keep on this stack, and the stack pointer in `save`; continues on the stack `to`, which
/// was left in the same way.
///
/// # Safety
/// Interrupts are off; `to` is the stack pointer of a task that runs nowhere; `save` is valid.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn swtch(save: *mut usize, to: usize) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}

/// What `swtch` finds on the stack of a task that has not run yet: it returns into `begin`. The stack pointer.
pub(crate) fn prepare(stack: &mut [u128], begin: extern "C" fn() -> !) -> usize {
    let top = stack.len();
    stack[top - 4..].fill(0); // six registers, the address, and one word for the alignment of calls
    stack[top - 1] = begin as *const () as u128;
    &raw const stack[top - 4] as usize
}

// ---- the timer

/// The timer of a CPU. It stops when it is dropped.
pub(crate) struct Timer(libc::timer_t);

/// This CPU's timer ticks from now on. `handler` is where its interrupts come: on the stack of whatever they interrupt, with the
/// flag as it was.
pub(crate) fn start_timer(handler: extern "C" fn(c_int)) -> Timer {
    const EVERY: libc::timespec = libc::timespec { tv_sec: 0, tv_nsec: 50_000 };
    let mut timer = ptr::null_mut();
    // SAFETY: zero is a valid value of each field. `SA_NODEFER`: the host's mask stays open, the flag is our own.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_NODEFER | libc::SA_RESTART;
        assert_eq!(libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()), 0);
        let mut event: libc::sigevent = mem::zeroed();
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = libc::SIGALRM;
        event.sigev_notify_thread_id = libc::gettid();
        assert_eq!(libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer), 0);
        let when = libc::itimerspec { it_interval: EVERY, it_value: EVERY };
        assert_eq!(libc::timer_settime(timer, 0, &raw const when, ptr::null_mut()), 0);
    }
    Timer(timer)
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: it was created, and is deleted once.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// The serial port. It neither locks nor allocates.
pub(crate) struct Serial;

impl std::fmt::Write for Serial {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        // SAFETY: the pointer and the length are those of `text`.
        let written = unsafe { libc::write(1, text.as_ptr().cast(), text.len()) };
        if written < 0 { Err(std::fmt::Error) } else { Ok(()) }
    }
}
