//! The port's contract with machines and kernels that are not like a PC: a Cortex-M, whose exception entry masks nothing; a
//! machine whose flag changes without a word; handlers that enable interrupts; kernels that are preempted.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep::{ContextCell, Kind, Mode, Site};
use lockdep::{Level, LockMap};

use port::{CONTEXT, IRQS, begin, context, new_cell, shown, the_report};

/// This CPU goes on in another task: the pointer is switched with the stack.
fn switch_to(task: &ContextCell) {
    // SAFETY: a cell of a test is leaked, and one thread is the CPU.
    CONTEXT.set(unsafe { task.get().as_ref() });
}

/// An interrupt, as the machine has it: the flag goes off, and comes back at the end.
fn interrupt(own: &'static ContextCell, handler: impl FnOnce()) {
    assert!(IRQS.replace(false), "the machine takes no interrupt now");
    hooks::within_interrupt(Level::Hardirq, own, handler);
    IRQS.set(true);
}

// ---- the flag is compared at every event (1.5)

static QUEUE: LockMap = LockMap::named("run queue", WaitTypes::SPIN);

fn take(lock: &LockMap) {
    hooks::acquire(lock, Mode::WRITE, Site::caller());
}

#[test]
fn a_lock_is_taken_over_with_the_flag_off_by_the_machine_alone() {
    let _turn = begin();
    interrupt(new_cell(), || {
        take(&QUEUE);
        hooks::release(&QUEUE, None);
    });
    IRQS.set(false);
    take(&QUEUE);
    hooks::hand_over(&QUEUE);
    switch_to(new_cell()); // it believes that interrupts are on, as every new task's
    hooks::take_over(&QUEUE, Mode::WRITE);
    hooks::release(&QUEUE, None);
    assert_eq!(hooks::first_finding(), None, "{:?}", shown());
}

#[test]
fn sleeping_with_the_flag_off_by_the_machine_alone_is_found() {
    let _turn = begin();
    IRQS.set(false);
    hooks::might_sleep();
    assert_eq!(hooks::first_finding(), Some(Kind::SleepAtomic));
}

#[test]
fn every_event_compares_the_flag() {
    let lock = LockMap::named("lock", WaitTypes::NONE);
    let events: [(&str, &dyn Fn()); 11] = [
        ("take_over", &|| hooks::take_over(&lock, Mode::WRITE)),
        ("downgrade", &|| hooks::downgrade(&lock, Mode::READ)),
        ("assert_held", &|| asserts::assert_held(&lock)),
        ("hand_over", &|| hooks::hand_over(&lock)),
        ("might_sleep", &hooks::might_sleep),
        ("might_alloc", &hooks::might_alloc),
        ("softirqs_off", &hooks::softirqs_off),
        ("softirqs_on", &hooks::softirqs_on),
        ("reclaim_enter", &hooks::reclaim_enter),
        ("free", &|| hooks::lock_freed(&lock)),
        ("task_exit", &hooks::task_exit),
    ];
    let _turn = begin();
    for (name, event) in events {
        for on in [false, true] {
            IRQS.set(on);
            event();
            assert_eq!(hooks::irqs_recorded_on(), on, "{name}");
        }
    }
}

#[test]
fn what_nobody_told_is_noticed_and_so_it_is_called() {
    let _turn = begin();
    let (lock, other) = (Mutex::named("lock", ()), Mutex::named("other", ()));
    interrupt(new_cell(), || drop(lock.lock()));
    IRQS.set(false);
    drop(other.lock());
    IRQS.set(true);
    drop(lock.lock());
    let report = the_report();
    assert!(report.contains("hardirqs noticed  enabled at: tests/port_contract.rs:"), "{report}");
    assert!(report.contains("hardirqs noticed disabled at: tests/port_contract.rs:"), "{report}");
}

#[test]
fn what_was_told_is_said_to_be_the_last_change() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    interrupt(new_cell(), || drop(lock.lock()));
    IRQS.set(false);
    drop(lock.lock()); // noticed
    hooks::irqs_enabled(); // told
    IRQS.set(true);
    drop(lock.lock());
    let report = the_report();
    assert!(report.contains("hardirqs last  enabled at: tests/port_contract.rs:"), "{report}");
}

// ---- interrupts that end (1.3)

#[test]
fn a_guard_in_the_scope_of_the_handler_is_dropped_before_the_interrupt_ends() {
    let _turn = begin();
    static OWN: ContextCell = ContextCell::new(0);
    static TICKS: Mutex<u32> = Mutex::named("ticks", 0);
    fn handler() {
        let _interrupt = hooks::interrupt(Level::Hardirq, &OWN);
        let mut ticks = TICKS.lock();
        *ticks += 1;
    }
    for _ in 0..3 {
        IRQS.set(false);
        handler();
        IRQS.set(true);
    }
    assert_eq!((hooks::first_finding(), *TICKS.lock_irqsave()), (None, 3));
}

// ---- interrupts inside a hard interrupt (1.6)

#[test]
fn interrupts_enabled_inside_a_hard_interrupt_are_reported_as_that() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    interrupt(new_cell(), || {
        IRQS.set(true);
        drop(lock.lock()); // noticed here
        IRQS.set(false);
    });
    assert_eq!(hooks::first_finding(), Some(Kind::IrqsState));
    let report = the_report();
    assert!(report.contains("interrupts are enabled inside a hard interrupt"), "{report}");
    assert!(report.contains("tests/port_contract.rs:"), "{report}");
}

#[test]
fn a_handler_that_says_that_it_enables_interrupts_is_reported_when_it_ends() {
    let _turn = begin();
    interrupt(new_cell(), || {
        hooks::irqs_enabled();
        IRQS.set(true);
    });
    assert_eq!(hooks::first_finding(), Some(Kind::IrqsState));
    assert!(the_report().contains("interrupts are enabled inside a hard interrupt"));
}

#[test]
fn an_interrupt_in_an_interrupt_is_reported_where_they_do_not_nest_on_purpose() {
    let _turn = begin();
    interrupt(new_cell(), || {
        hooks::irq_enter(Level::Hardirq, new_cell());
        hooks::irq_exit();
    });
    assert_eq!(hooks::first_finding(), Some(Kind::IrqsState));
    assert!(the_report().contains("Port::NESTED_IRQS"));
}

// ---- preemption (1.2)

/// Tasks, and the interrupt of the CPU that they share.
struct Cpu {
    tasks: [&'static ContextCell; 2],
    irq: &'static ContextCell,
}

static RUN_QUEUE: Mutex<()> = Mutex::named("run queue", ());

/// Interrupts are off: the run queue is acquired in this task and released in the next.
fn schedule(to: &'static ContextCell) {
    core::mem::forget(RUN_QUEUE.lock());
    hooks::hand_over(RUN_QUEUE.map());
    switch_to(to);
    hooks::take_over(RUN_QUEUE.map(), Mode::WRITE);
    // SAFETY: it is held, and its guard was forgotten.
    unsafe { RUN_QUEUE.force_unlock() };
}

#[test]
fn a_preemptive_kernel_that_schedules_at_the_tail_runs_clean() {
    let _turn = begin();
    let cpu = Cpu { tasks: [new_cell(), new_cell()], irq: new_cell() };
    let (work, ticks) = (Mutex::named("work", 0), Mutex::named("ticks", 0));
    switch_to(cpu.tasks[0]);
    for round in 0..100 {
        let held = work.try_lock(); // the other task may hold it
        IRQS.set(false); // the timer comes
        {
            let _interrupt = hooks::interrupt(Level::Hardirq, cpu.irq);
            let mut ticks = ticks.lock();
            *ticks += 1;
        }
        if round % 3 == 0 {
            // Preempted, and back again: what is held stays the task's.
            schedule(cpu.tasks[1]);
            drop(Mutex::named("other", ()).lock());
            schedule(cpu.tasks[0]);
        }
        IRQS.set(true); // the end of the trap
        drop(held);
    }
    hooks::task_exit();
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0), "{:?}", shown());
}

#[test]
fn a_handler_that_schedules_before_it_ends_is_told_what_to_do() {
    let _turn = begin();
    let cpu = Cpu { tasks: [new_cell(), new_cell()], irq: new_cell() };
    switch_to(cpu.tasks[0]);
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, cpu.irq);
    let first = context();
    switch_to(cpu.tasks[1]); // schedule(), in the handler
    IRQS.set(true);
    IRQS.set(false); // the next tick, in the other task
    hooks::irq_enter(Level::Hardirq, cpu.irq);
    assert!(the_report().contains("a handler that switches tasks must leave before"), "{}", the_report());
    hooks::irq_exit();
    assert!(cpu.tasks[1].is(context()), "the exit of the refused entry is passed over");
    CONTEXT.set(Some(first));
    hooks::irq_exit();
    assert!(cpu.tasks[0].is(context()), "and the first one goes on");
}

// ---- a Cortex-M (1.4)

mod cortex_m {
    //! Exception entry leaves PRIMASK clear: `port` is the real port, on a runtime of its own.

    use super::*;
    use lockdep::__private::{Event, Runtime};
    use lockdep::{Context, IrqState, Message, Port, TaskInfo};
    use std::cell::{Cell, RefCell};

    thread_local! {
        /// Interrupts are masked.
        static PRIMASK: Cell<bool> = const { Cell::new(false) };
        /// The number of the exception that runs, 0 in thread mode.
        static IPSR: Cell<u32> = const { Cell::new(0) };
        static CURRENT: Cell<*const Context> = const { Cell::new(std::ptr::null()) };
        static SHOWN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    struct CortexM;

    // SAFETY: one thread is the CPU; its contexts are statics.
    unsafe impl Port for CortexM {
        fn context() -> *const Context {
            CURRENT.get()
        }
        unsafe fn set_context(context: *const Context) {
            CURRENT.set(context);
        }
        fn irqs_enabled() -> bool {
            !PRIMASK.get() && IPSR.get() == 0
        }
        fn irqs_disable() -> IrqState {
            IrqState(PRIMASK.replace(true).into())
        }
        fn irqs_restore(state: IrqState) {
            PRIMASK.set(state.0 != 0);
        }
        fn who() -> TaskInfo {
            TaskInfo::UNKNOWN
        }
        fn show(message: Message<'_>) {
            SHOWN.with_borrow_mut(|shown| shown.push(message.to_string()));
        }
    }

    static RUNTIME: Runtime<CortexM, 16, 16, 16, 1, 1, 4, 64> = Runtime::new();
    static MAIN: ContextCell = ContextCell::new(0);
    static OWN: ContextCell = ContextCell::new(0);
    static UART: LockMap = LockMap::named("uart", WaitTypes::SPIN);
    static SHARED: LockMap = LockMap::named("shared", WaitTypes::SPIN);

    fn pair(lock: &LockMap) {
        RUNTIME.acquire(lock, Mode::WRITE, Site::caller());
        RUNTIME.release(lock, None);
    }

    /// `lock_irqsave`.
    fn pair_irqsave(lock: &LockMap) {
        let saved = RUNTIME.irq_save(Site::caller());
        assert!(PRIMASK.get());
        pair(lock);
        RUNTIME.irq_restore(saved, Site::caller());
    }

    fn isr() {
        assert!(!PRIMASK.get(), "the machine takes interrupts");
        IPSR.set(16);
        RUNTIME.event(Event::Enter(Level::Hardirq, &OWN), Site::caller());
        for _ in 0..3 {
            pair(&UART);
            assert!(!PRIMASK.get(), "as before the lock: clear");
            pair_irqsave(&SHARED);
            assert!(!PRIMASK.get(), "restored, not judged by what can come");
        }
        RUNTIME.event(Event::End(&OWN), Site::caller());
        IPSR.set(0);
    }

    #[test]
    fn a_handler_runs_three_times_with_no_report_and_interrupts_open_after_it() {
        // SAFETY: this thread alone is the CPU.
        unsafe { CortexM::set_context(MAIN.get()) };
        for _ in 0..3 {
            isr();
            assert!(CortexM::irqs_enabled());
            pair_irqsave(&SHARED);
            assert!(CortexM::irqs_enabled());
        }
        SHOWN.with_borrow(|shown| assert!(shown.is_empty(), "{shown:?}"));
        pair(&UART);
        assert_eq!(
            RUNTIME.first_finding(),
            Some(Kind::Inconsistent),
            "in thread mode it must be taken with them masked"
        );
    }
}
