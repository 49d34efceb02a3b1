//! The machine that this program was linked with, as a type: for code that is not generic over a board.
//!
//! Teaches: how a kernel is one program for many machines. What the validator's fast path calls is generic over the
//! board, and inlined. The rest of the kernel (scheduler, locks, file system) calls [`Machine`], which goes through one
//! table of functions that `program!` fills; the linker knows its name.

use crate::board::{Board, Clock, Console, Cpu, Exit, Interrupts, Smp, Stacks};

/// What [`Machine`] calls: the functions of a board.
pub struct Functions {
    cpu: fn() -> usize,
    current: fn() -> usize,
    set_current: fn(usize),
    irqs_enabled: fn() -> bool,
    irqs_disable: fn(),
    irqs_enable: fn(),
    wait_for_irq: fn(),
    kick: fn(usize),
    instructions: fn() -> u64,
    now: fn() -> u64,
    start_timer: fn(),
    start_cpu: fn(usize) -> bool,
    write: fn(&[u8]),
    read: fn() -> Option<u8>,
    new_stack: unsafe fn(*mut u8, extern "C" fn() -> !) -> usize,
    switch: unsafe fn(*mut usize, usize),
    command_line: fn() -> &'static str,
    exit: fn(Exit) -> !,
}

impl Functions {
    /// Those of board `B`.
    pub const fn of<B: Board>() -> Functions {
        Functions {
            cpu: B::cpu,
            current: B::current,
            set_current: B::set_current,
            irqs_enabled: B::irqs_enabled,
            irqs_disable: B::irqs_disable,
            irqs_enable: B::irqs_enable,
            wait_for_irq: B::wait_for_irq,
            kick: B::kick,
            instructions: B::instructions,
            now: B::now,
            start_timer: B::start_timer,
            start_cpu: B::start_cpu,
            write: B::write,
            read: B::read,
            new_stack: B::new_stack,
            switch: B::switch,
            command_line: B::command_line,
            exit: B::exit,
        }
    }
}

// SAFETY: `program!` defines it, with this type; a second one in a program would not link.
unsafe extern "Rust" {
    #[link_name = "__lockdep_kernel_board"]
    safe static BOARD: Functions;
}

/// The machine.
pub struct Machine;

impl Cpu for Machine {
    fn cpu() -> usize {
        (BOARD.cpu)()
    }
    fn current() -> usize {
        (BOARD.current)()
    }
    fn set_current(word: usize) {
        (BOARD.set_current)(word);
    }
}

impl Interrupts for Machine {
    fn irqs_enabled() -> bool {
        (BOARD.irqs_enabled)()
    }
    fn irqs_disable() {
        (BOARD.irqs_disable)();
    }
    fn irqs_enable() {
        (BOARD.irqs_enable)();
    }
    fn wait_for_irq() {
        (BOARD.wait_for_irq)();
    }
    fn kick(cpu: usize) {
        (BOARD.kick)(cpu);
    }
}

impl Clock for Machine {
    fn instructions() -> u64 {
        (BOARD.instructions)()
    }
    fn now() -> u64 {
        (BOARD.now)()
    }
    fn start_timer() {
        (BOARD.start_timer)();
    }
}

impl Smp for Machine {
    fn start_cpu(cpu: usize) -> bool {
        (BOARD.start_cpu)(cpu)
    }
}

impl Console for Machine {
    fn write(bytes: &[u8]) {
        (BOARD.write)(bytes);
    }
    fn read() -> Option<u8> {
        (BOARD.read)()
    }
}

impl Stacks for Machine {
    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { (BOARD.new_stack)(top, entry) }
    }
    unsafe fn switch(save: *mut usize, load: usize) {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { (BOARD.switch)(save, load) };
    }
}

/// Known at link time only: what needs it at compile time is generic over the board.
impl Board for Machine {
    const NAME: &'static str = "linked";
    fn command_line() -> &'static str {
        (BOARD.command_line)()
    }
    fn exit(how: Exit) -> ! {
        (BOARD.exit)(how)
    }
}
