//! The demonstration kernel of `lockdep`: it boots, validates its own locks, runs the self-tests on the machine, and
//! catches deadlocks-to-be that real CPUs and real interrupts bring about.
//!
//! There is no architecture code here. A board implements [`board::Board`], and calls [`first`], [`secondary`],
//! [`timer_interrupt`] and [`exception`]; a program on it is one line, `kernel::run_on!(board::Machine)`.
//!
//! | file | what |
//! | --- | --- |
//! | `board` | what the kernel asks of a board |
//! | `port` | what the validator asks of the kernel: the page that every user of the crate writes |
//! | `cpu` | what belongs to one CPU: contexts, ticks |
//! | `flag` | the interrupt flag, and the validator's copy that must be true |
//! | `irq` | interrupts from entry to exit |
//! | `softirq` | what an interrupt leaves for later |
//! | `task` | the table of tasks: stack and context of each |
//! | `sched` | the preemptive scheduler: switch, sleep, wake-up |
//! | `queue` | a queue of tasks |
//! | `wait` | wait queues |
//! | `locks` | the locks that sleep: mutex, rwsem, semaphore, completion, page lock; and a spinning one |
//! | `pages` | the page allocator, and reclaim that writes back |
//! | `fs` | a toy file system |
//! | `disk` | a disk, with a threaded interrupt |
//! | `machine` | the board that the program was linked with |
//! | `shell` | commands over the serial line |
//! | `console` | the serial line, behind a tracked lock |
//! | `panic` | the end: what is printed when no lock may be taken |
//! | `critical` | critical sections, for crates that ask for them |
//! | `sleeping` | locks that would sleep, for the self-tests |
//! | `boot_tests` | the self-tests, on the machine itself |
//! | `switching` | two tasks of a CPU hold their locks apart |
//! | `stack_use` | how much stack the validator needs |
//! | `statistics` | what the locks cost, where that is counted |
//! | `scenario` | what a live scenario is, and which one runs |
//! | `live` | the scenarios |
//! | `trials` | the kernel at its own business: scheduler, locks, memory, soak |
//! | `incidents` | deadlocks and hangs that happened, told by the validator |
//! | `judge` | what came of each case, in the words of `lockdep-proto` |
//! | `program` | the macros that make a program of a board |
//!
//! No file uses one that uses it, by whatever way round (`qemu/runner/tests/loops.rs`).
#![no_std]

pub mod board;
pub mod boot_tests;
pub mod console;
pub mod cpu;
pub mod critical;
mod disk;
pub mod flag;
mod fs;
mod incidents;
pub mod irq;
mod judge;
mod live;
mod locks;
pub mod machine;
mod pages;
mod panic;
pub mod port;
mod program;
mod queue;
mod scenario;
mod sched;
mod shell;
mod sleeping;
mod softirq;
mod stack_use;
#[cfg(feature = "stat")]
mod statistics;
#[cfg(not(feature = "stat"))]
#[path = "statistics/off.rs"]
mod statistics;
mod switching;
pub mod task;
mod text;
mod trials;
mod wait;

/// For [`program!`].
#[doc(hidden)]
pub use {critical_section, lockdep};

pub use panic::panic;

use board::{Board, Exit};
use core::sync::atomic::Ordering;
use lockdep::hooks;
use lockdep_proto::{
    ALL_TRIALS, CommandLine, FIGURES, INCIDENTS, IRQ_FLAG, KERNEL_CASES, OWN_LOCKS, SCENARIOS, TRIALS, Word, drill,
};

/// The first CPU arrives here, once, on a stack of its own, with interrupts disabled. What runs is for the program to say:
/// this kernel ([`run_on!`]), or another one ([`program!`]).
pub fn first<B: Board>() -> ! {
    cpu::begin::<B>();
    program::begin()
}

/// The demonstration kernel, on the first CPU.
pub fn main<B: Board>() -> ! {
    let line = B::command_line();
    let Some(command) = CommandLine::parse(line) else {
        panic!("the command line `{line}` has no smp=N: boot with `cargo xtask boot`, or pass -append smp=1");
    };
    let smp = command.smp.min(cpu::MAX);
    let plan = match command.scenario {
        None => boot_tests::COUNT + KERNEL_CASES.len() + SCENARIOS.len(),
        Some(drill::PANIC | drill::HANG) => 1,
        Some(name) if live::is_known(name) => 1,
        Some(name) => trials::count(name) + incidents::count(name, smp),
    };
    if plan == 0 {
        panic!("there is no scenario `{line}`; there are {SCENARIOS:?}, {INCIDENTS:?}, {TRIALS:?} and {ALL_TRIALS}");
    }
    console::word::<B>(&Word::Begin { board: B::NAME, smp, plan });
    figures::<B>();

    cpu::this::<B>().up.store(true, Ordering::Release);
    B::start_timer();
    flag::enable::<B>();
    if command.scenario.is_none() {
        boot_tests::run::<B>();
        stack_use::run::<B>();
    }
    for cpu in 1..smp {
        start_cpu::<B>(cpu);
    }
    match command.scenario {
        Some(drill::PANIC) => live::panic_drill(),
        Some(drill::HANG) => live::hang_drill::<B>(),
        Some(only) if live::is_known(only) => live::run::<B>(|name| name == only),
        Some(only) => {
            trials::run::<B>(only, &command);
            incidents::run::<B>(only, smp);
        }
        None => {
            switching::run(smp);
            // The first scenario makes the validator forget what it found.
            let own = judge::verdict(hooks::first_finding());
            live::run::<B>(|_| true);
            judge::case::<B>(&OWN_LOCKS, "ok", own);
            console::print::<B>(format_args!("{}", hooks::state().dump()));
            judge::case::<B>(&IRQ_FLAG, "true", if flag::untrue() == 0 { "true" } else { "untrue" });
        }
    }
    statistics::show::<B>();
    flag::disable::<B>();
    let all_passed = judge::end::<B>();
    B::exit(if all_passed { Exit::Passed } else { Exit::Failed })
}

/// Every other CPU arrives here, once, on a stack of its own, with interrupts disabled.
pub fn secondary<B: Board>() -> ! {
    cpu::begin::<B>();
    console::print::<B>(format_args!("CPU {} is up\n", B::cpu()));
    cpu::this::<B>().up.store(true, Ordering::Release);
    B::start_timer();
    flag::enable::<B>();
    sched::idle_until(|| false);
    unreachable!("a CPU has ended");
}

fn start_cpu<B: Board>(cpu: usize) {
    if !B::start_cpu(cpu) {
        panic!("CPU {cpu} cannot be started");
    }
    while !cpu::CPUS[cpu].up.load(Ordering::Acquire) {
        core::hint::spin_loop();
    }
}

/// The board calls this for each timer interrupt, with interrupts disabled, after it has acknowledged and ended it at the
/// interrupt chip: while softirqs run the next one may arrive.
pub fn timer_interrupt<B: Board>() {
    irq::timer_interrupt::<B>();
}

/// The board calls this where another CPU [kicked](board::Interrupts::kick) this one, in the same way.
pub fn kick_interrupt<B: Board>() {
    irq::kick_interrupt::<B>();
}

/// An exception that nobody expected.
pub fn exception<B: Board>(what: &str, address: usize) -> ! {
    panic!("exception {what} at {address:#x}")
}

/// What the validator costs, as figures.
fn figures<B: Board>() {
    let costs = hooks::memory_footprint();
    for (name, bytes) in FIGURES.into_iter().zip([costs.validator, costs.context]) {
        console::word::<B>(&Word::Figure { name, value: bytes as u64, unit: "bytes" });
    }
}
