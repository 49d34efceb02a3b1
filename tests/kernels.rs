//! What real kernels do to such a crate, seen in the sources of a dozen. Each test names what must not happen (a false
//! alarm, a hang, a lost hold, a full table), and most also what must be reported all the same.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::spin::{Mutex, MutexGuard};
use lockdep::{Context, Level, LockMap, Subclass};
use lockdep::{Kind, Mode, Site};
use std::cell::UnsafeCell;
use std::sync::Barrier;

use port::{CONSOLE, CONTEXT, IRQS, ON_WHO, begin, context, new_cell, new_context, shown, the_report};

/// This CPU goes on in another task: the current-context pointer is carried along, and that is all.
fn switch_to(task: &'static Context) {
    CONTEXT.set(Some(task));
}

/// The interrupt of a device, as a kernel's entry code has it: the machine turns its flag off, and on again at the end.
fn interrupt(handler: impl FnOnce()) {
    assert!(IRQS.replace(false), "the machine takes no interrupt now");
    hooks::irq_enter(Level::Hardirq, new_cell());
    handler();
    hooks::irq_exit();
    IRQS.set(true);
}

// ---- before any initialisation

#[test]
fn locks_work_before_there_is_a_context() {
    let _turn = begin();
    let (task, before) = (context(), hooks::state().early);
    CONTEXT.set(None); // the CPU does not know its number, so not its task either
    let (heap, log) = (Mutex::named("heap", ()), Mutex::named("log", ()));
    drop((heap.lock(), log.lock()));
    drop((log.lock(), heap.try_lock()));
    asserts::assert_held(log.map());
    hooks::irqs_disabled();
    hooks::irqs_enabled();
    assert_eq!(hooks::state().early, before, "all are released");
    CONTEXT.set(Some(task));
    assert_eq!((hooks::first_finding(), hooks::occupancy().classes.used), (None, 0), "nothing is learned so early");
    drop((heap.lock(), log.lock()));
    drop((log.lock(), heap.lock()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "but all from the first context on");
}

#[test]
fn what_is_held_since_before_the_first_context_is_believed() {
    let _turn = begin();
    let (task, before) = (context(), hooks::state().early);
    CONTEXT.set(None);
    let (a, b, c) = (LockMap::new(WaitTypes::SPIN), LockMap::new(WaitTypes::SPIN), LockMap::new(WaitTypes::SPIN));
    [&a, &b, &c].into_iter().for_each(|lock| hooks::acquire(lock, Mode::WRITE, Site::caller()));
    CONTEXT.set(Some(task));
    asserts::assert_held(&a);
    asserts::unpin(asserts::pin(&a));
    hooks::downgrade(&b, Mode::READ);
    hooks::release(&b, None);
    hooks::release(&a, None);
    hooks::hand_over(&c);
    hooks::release(&c, None);
    assert_eq!((hooks::first_finding(), hooks::state().early), (None, before));
    asserts::assert_held(&a);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion), "nothing is early any more");
}

// ---- task switches

#[test]
fn a_guard_outlives_a_context_switch() {
    let _turn = begin();
    let (one, two) = (context(), new_context());
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    switch_to(two);
    drop(b.lock()); // not under `a`: that is another task's
    hooks::might_sleep();
    hooks::user_return();
    switch_to(one);
    asserts::assert_held(a.map());
    drop(held);
    drop((b.lock(), a.lock()));
    assert_eq!(hooks::first_finding(), None);
    let held = a.lock();
    switch_to(two);
    switch_to(one);
    let inner = b.lock();
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "what it holds is still tracked");
    drop((inner, held));
}

#[test]
fn a_guard_is_handed_to_another_task_and_tracked_there() {
    let _turn = begin();
    let (one, two) = (context(), new_context());
    let (page, tree) = (LockMap::named("page", WaitTypes::SLEEP), Mutex::named("tree", ()));
    hooks::acquire(&page, Mode::WRITE, Site::caller());
    hooks::hand_over(&page);
    assert_eq!(one.depth(), 0);
    switch_to(two);
    hooks::take_over(&page, Mode::WRITE);
    asserts::assert_held_write(&page);
    drop(tree.lock());
    hooks::release(&page, None);
    assert_eq!((hooks::first_finding(), two.depth()), (None, 0));
    hooks::take_over(&page, Mode::WRITE);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion), "this time nobody handed it over");
    assert!(the_report().contains("take_over: nobody handed the lock over"));
}

#[test]
fn what_is_taken_above_a_lock_that_was_taken_over_is_learned() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    core::mem::forget(a.lock());
    hooks::hand_over(a.map());
    switch_to(new_context());
    hooks::take_over(a.map(), Mode::WRITE);
    drop(b.lock());
    // SAFETY: it is held, and its guard was forgotten.
    unsafe { a.force_unlock() };
    drop((b.lock(), a.lock()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
}

static RUN_QUEUE: Mutex<u32> = Mutex::named("run queue", 0);

/// A switch as many kernels have it: the task that leaves locks the run queue, and the one that comes releases it.
fn schedule(to: &'static Context, is_told: bool) {
    core::mem::forget(RUN_QUEUE.lock());
    if is_told {
        hooks::hand_over(RUN_QUEUE.map());
    }
    switch_to(to);
    // SAFETY: it is held, and its guard was forgotten.
    unsafe { RUN_QUEUE.force_unlock() };
}

#[test]
fn a_lock_is_released_by_force_by_the_task_that_is_switched_to() {
    let _turn = begin();
    let (one, two) = (context(), new_context());
    for _ in 0..100 {
        schedule(two, true);
        drop(RUN_QUEUE.lock());
        schedule(one, true);
    }
    hooks::task_exit();
    assert_eq!((hooks::first_finding(), one.depth(), two.depth()), (None, 0, 0));
    schedule(two, false);
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced), "a kernel that does not say it is told so");
    assert_eq!((one.depth(), RUN_QUEUE.is_locked()), (1, false));
}

// ---- interrupts

#[test]
fn a_driver_turns_interrupts_off_by_itself() {
    let _turn = begin();
    let ring = Mutex::named("ring", 0);
    interrupt(|| *ring.lock() += 1);
    for _ in 0..3 {
        IRQS.set(false); // `cli` in line
        *ring.lock() += 1;
        IRQS.set(true);
    }
    assert_eq!(hooks::first_finding(), None, "not the name of the method counts, but the flag");
    // A wrapper that says so, and does not do it.
    hooks::irqs_disabled();
    *ring.lock() += 1;
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
}

#[test]
fn a_page_fault_takes_locks_in_a_section_that_has_interrupts_off() {
    let _turn = begin();
    let (device, frames) = (Mutex::named("device", ()), Mutex::named("frames", ()));
    let fault = || drop(frames.lock()); // runs in the context that it interrupted, with its flag
    interrupt(|| drop(device.lock()));
    for _ in 0..2 {
        IRQS.set(false);
        let held = device.lock();
        fault();
        drop(held);
        fault();
        IRQS.set(true);
    }
    interrupt(|| drop(device.lock()));
    assert_eq!(hooks::first_finding(), None, "a fault is no interrupt, and all was taken with them off");
    fault();
    // An interrupt that comes now waits for `device`, whose holder may wait for `frames`.
    assert_eq!(hooks::first_finding(), Some(Kind::IrqInversion), "a fault elsewhere, with interrupts on");
}

#[test]
fn what_a_page_fault_takes_comes_after_what_it_interrupted() {
    let _turn = begin();
    let (device, frames) = (Mutex::named("device", ()), Mutex::named("frames", ()));
    IRQS.set(false);
    drop((device.lock(), frames.lock()));
    drop((frames.lock(), device.lock()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
}

#[test]
fn a_page_fault_that_turns_interrupts_on_is_reported() {
    let _turn = begin();
    let device = Mutex::named("device", ());
    interrupt(|| drop(device.lock()));
    IRQS.set(false);
    let held = device.lock();
    IRQS.set(true); // the handler lets interrupts in, since faults may take long
    drop(Mutex::named("frames", ()).lock());
    assert_eq!(
        hooks::first_finding(),
        Some(Kind::Inconsistent),
        "the one who holds `device` is no longer safe from its interrupt"
    );
    drop(held);
}

#[test]
fn a_page_fault_that_may_sleep_is_reported_under_a_spinning_lock() {
    let _turn = begin();
    let (lock, space) = (Mutex::named("lock", ()), LockMap::named("address space", WaitTypes::SLEEP));
    let held = lock.lock();
    hooks::acquire(&space, Mode::READ, Site::caller());
    assert_eq!(hooks::first_finding(), Some(Kind::WaitContext));
    hooks::release(&space, None);
    drop(held);
    assert_eq!(context().depth(), 0);
}

#[test]
fn a_page_fault_in_the_validator_itself_changes_nothing() {
    let _turn = begin();
    static FRAMES: Mutex<()> = Mutex::named("frames", ());
    ON_WHO.set(Some(|| drop(FRAMES.lock()))); // its tables are mapped when first touched
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    drop((a.lock(), b.lock()));
    assert!(ON_WHO.get().is_none(), "the fault came");
    drop((FRAMES.lock(), a.lock()));
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0));
}

// ---- locks that are strange

/// A lock of a kernel for one core: it is empty. Only the recorded hold counts.
struct Bare;

struct OneCore<T> {
    map: LockMap,
    bare: Bare,
    value: UnsafeCell<T>,
}

impl<T> OneCore<T> {
    #[track_caller]
    const fn new(value: T) -> OneCore<T> {
        OneCore { map: LockMap::new(WaitTypes::SPIN), bare: Bare, value: UnsafeCell::new(value) }
    }

    /// A lock that is used through a closure.
    #[track_caller]
    fn with<R>(&self, work: impl FnOnce(*mut T) -> R) -> R {
        hooks::acquire(&self.map, Mode::WRITE, Site::caller());
        let answer = work(self.value.get());
        hooks::release(&self.map, None);
        answer
    }
}

#[test]
fn a_zero_sized_bare_lock_is_told_from_its_neighbour() {
    let _turn = begin();
    let pair = [OneCore::new(()), OneCore::new(())];
    assert_eq!((size_of_val(&pair[0].bare), size_of_val(&pair[0].value)), (0, 0));
    hooks::acquire(&pair[0].map, Mode::WRITE, Site::caller());
    asserts::assert_not_held(&pair[1].map);
    hooks::acquire(&pair[1].map, Mode::WRITE, Site::caller());
    hooks::release(&pair[0].map, None);
    assert!(hooks::holds(&pair[1].map) && !hooks::holds(&pair[0].map));
    hooks::release(&pair[1].map, None);
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0), "of two lines, so of two classes");
    let same = [(); 2].map(|()| OneCore::new(()));
    same[0].with(|_| same[1].with(|_| ()));
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive), "of one line, so of one class");
}

#[test]
fn a_lock_is_used_through_a_closure() {
    let _turn = begin();
    let (a, b) = (OneCore::new(1), OneCore::new(2));
    let both = a.with(|_| b.with(|_| 3));
    let first = line!() - 1;
    assert_eq!((both, hooks::first_finding()), (3, None));
    b.with(|_| a.with(|_| ()));
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    for line in [first, first + 3] {
        let place = format!("tests/kernels.rs:{line}:");
        assert!(the_report().contains(&place), "the lines of those who use it, as `{place}`:\n{}", the_report());
    }
}

/// An object with a lock of its own.
struct Node {
    lock: Mutex<u32>,
}

impl Node {
    /// All nodes are made by this line, so they are one class.
    fn new() -> Box<Node> {
        Box::new(Node { lock: Mutex::new(0) })
    }
}

#[test]
fn locks_in_heap_objects_come_and_go_by_the_thousand() {
    let _turn = begin();
    let list = Mutex::named("list", Vec::new());
    let use_them = || {
        for round in 0..2_000 {
            let mut nodes = list.lock();
            nodes.push(Node::new());
            *nodes[round % nodes.len()].lock.lock() += 1;
            if round % 3 == 0 {
                nodes.clear();
            }
        }
    };
    use_them();
    let after = hooks::occupancy();
    assert_eq!((after.classes.used, after.dependencies.used, after.classes.rejected), (2, 1, 0));
    use_them();
    assert_eq!((hooks::occupancy(), hooks::first_finding()), (after, None), "a thousand more are already known");
    drop(list);
    let (parent, child) = (Node::new(), Node::new());
    let held = (parent.lock.lock(), child.lock.lock_nested(Subclass::new(1)));
    assert_eq!(hooks::first_finding(), None, "a level of its own");
    drop(held);
    let held = parent.lock.lock();
    drop(child.lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive), "two of one class");
    drop(held);
}

#[test]
fn an_object_that_is_freed_with_its_lock_held_is_reported() {
    let _turn = begin();
    let node = Node::new();
    core::mem::forget(node.lock.lock());
    drop(node);
    assert_eq!(hooks::first_finding(), Some(Kind::HeldFreed));
    // The heap gives the place to another lock. The hold knows the old one by its number alone, and follows no pointer.
    let next = Node::new();
    drop(next.lock.lock());
    hooks::task_exit();
}

// ---- the console

/// A panic handler that wants the console at any cost.
fn console_of_the_panic() -> MutexGuard<'static, ()> {
    if hooks::holds(CONSOLE.map()) {
        // SAFETY: the panicking code holds it, and will not come back to its guard.
        unsafe { CONSOLE.force_unlock() };
    }
    CONSOLE.lock()
}

#[test]
fn the_panic_handler_takes_the_console_that_the_panicking_code_holds() {
    let _turn = begin();
    core::mem::forget(CONSOLE.lock());
    assert!(CONSOLE.try_lock().is_none(), "which is no finding");
    let console = console_of_the_panic();
    let mut held = Vec::new();
    hooks::for_each_held(&mut |lock| held.push(lock.class.name));
    assert_eq!(held, [Some("console")]);
    drop(console);
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0));
}

#[test]
fn a_panic_handler_that_waits_for_the_console_is_reported_before_it_hangs() {
    let _turn = begin();
    let held = CONSOLE.lock();
    hooks::acquire(CONSOLE.map(), Mode::WRITE, Site::caller()); // what `lock` does before it waits
    assert_eq!(hooks::first_finding(), Some(Kind::Recursive));
    assert!(the_report().contains("console"), "and the report did not wait for it either");
    hooks::release(CONSOLE.map(), None);
    drop(held);
    assert_eq!(context().depth(), 0);
}

#[test]
fn the_report_is_printed_through_a_console_whose_own_lock_is_tracked() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    // The console's lock before and after another: as an order it would be a finding.
    drop((CONSOLE.lock(), lock.lock()));
    let held = lock.lock();
    let never = LockMap::named("never taken", WaitTypes::SPIN);
    hooks::release(&never, Some(Site::caller()));
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced));
    assert_eq!((shown().len(), context().depth()), (1, 1));
    drop(held);
}

#[test]
fn a_cpu_that_prints_and_one_that_reports_do_not_wait_for_each_other() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    drop((a.lock(), b.lock()));
    let both = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            CONTEXT.set(Some(new_context()));
            let console = CONSOLE.lock();
            both.wait();
            // Each a new class, so each waits for the internal lock.
            let locks: [Mutex<()>; 8] = core::array::from_fn(|_| Mutex::new(()));
            for lock in &locks {
                drop(lock.lock());
                asserts::assert_held(CONSOLE.map());
            }
            drop(console);
        });
        both.wait();
        drop((b.lock(), a.lock())); // reports, through the console
    });
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    assert_eq!(shown().len(), 1);
}
