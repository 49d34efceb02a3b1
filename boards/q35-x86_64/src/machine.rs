//! QEMU's `q35`, `pc` and `microvm` machines, as the kernel's [`Board`].
//!
//! The order of things on a CPU: [`boot`] brings it from its first instruction to [`enter`], with paging on, interrupts
//! off and a stack of its own; `enter` gives it its block ([`percpu`]), its exceptions ([`interrupts`]) and its local
//! APIC ([`apic`]), and calls the kernel. Before that nothing may fail, since nothing could report it.
//!
//! What this board does not do: memory protection (all of the first 4 GiB is mapped, writable and executable, but for
//! page 0; a stack that overflows is not noticed), floating point and SSE (the target is soft-float), machines without
//! a PIT, and machines with more than [`CPUS`] CPUs to be used or with APIC numbers that are not 0, 1, 2, ….
//!
//! Every loop that waits calls `spin_loop`: with `-icount` QEMU's CPUs take turns, and QEMU 7.2 lets a CPU that never
//! pauses keep the turn for good.

mod apic;
mod boot;
mod console;
mod interrupts;
mod once;
mod percpu;
mod smp;
mod stack;
mod time;

#[cfg(not(feature = "bench"))]
use kernel as program;
use kernel::board::{Board, Exit};
#[cfg(feature = "bench")]
use lockdep_bench as program;
use x86_64::instructions::{hlt, interrupts as flag, port::Port};

/// How many CPUs have a stack and a block.
const CPUS: usize = 4;

/// The machine.
struct Q35;

impl Board for Q35 {
    const NAME: &'static str = "q35-x86_64";

    #[inline(always)]
    fn cpu() -> usize {
        percpu::number()
    }

    fn command_line() -> &'static str {
        boot::command_line()
    }

    #[inline(always)]
    fn current() -> usize {
        percpu::current()
    }

    #[inline(always)]
    fn set_current(word: usize) {
        percpu::set_current(word);
    }

    #[inline(always)]
    fn irqs_enabled() -> bool {
        flag::are_enabled()
    }

    #[inline(always)]
    fn irqs_disable() {
        flag::disable();
    }

    #[inline(always)]
    fn irqs_enable() {
        flag::enable();
    }

    #[inline(always)]
    fn instructions() -> u64 {
        time::time_stamp()
    }

    #[inline(always)]
    fn wait_for_irq() {
        hlt();
    }

    fn start_timer() {
        apic::start_timer(time::timer_period());
    }

    fn start_cpu(cpu: usize) -> bool {
        smp::start(cpu)
    }

    fn write(bytes: &[u8]) {
        console::write(bytes);
    }

    fn exit(how: Exit) -> ! {
        console::flush();
        // QEMU ends with `(value << 1) | 1`, and all codes are odd.
        let value = u32::from(how.code() >> 1);
        // SAFETY: the port belongs to the debug-exit device, which does nothing but end QEMU.
        unsafe { Port::new(0xf4).write(value) };
        // Only without that device.
        loop {
            flag::disable();
            hlt();
        }
    }

    unsafe fn new_stack(top: *mut u8, entry: extern "C" fn() -> !) -> usize {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { stack::new(top, entry) }
    }

    #[inline(always)]
    unsafe fn switch(save: *mut usize, load: usize) {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { stack::switch(save, load) }
    }
}

/// Every CPU arrives here from `boot.s`, once, with interrupts disabled. `start_info` is for the first CPU alone.
extern "C" fn enter(cpu: usize, start_info: usize) -> ! {
    // SAFETY: this is CPU number `cpu`, for the first time; until here it has touched nothing of its block.
    unsafe { percpu::load(cpu) };
    percpu::set_current(kernel::cpu::first_word(cpu));
    if cpu != 0 {
        interrupts::load();
        apic::enable();
        smp::arrived(cpu);
        kernel::secondary::<Q35>();
    }
    // SAFETY: this is the first CPU, once, and no other runs.
    unsafe { interrupts::install() };
    console::init();
    interrupts::mask_legacy();
    apic::enable();
    time::calibrate();
    // SAFETY: as above, and `start_info` is what the loader passed.
    unsafe { boot::keep_command_line(start_info) };
    program::main::<Q35>()
}

program::run_on!(Q35);
