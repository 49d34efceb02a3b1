//! Whose a context is, and until when: one that is in use is refused whatever way leads to it, one that is dropped leaves
//! nothing behind, and contexts live where tasks live.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::report::TaskName;
use lockdep::spin::Mutex;
use lockdep::{Context, ContextCell, IrqState, Kind, Level, LockMap, Mode, SavedIrqs, Site, hooks};
use std::sync::Arc;

use port::{CONTEXT, IRQS, begin, context, new_cell, shown, the_report};

// ---- what may be sent and shared, at compile time

const fn is_send<T: Send>() {}
const fn is_sync<T: Sync>() {}

const _: () = {
    is_send::<Context>();
    is_send::<ContextCell>();
    is_sync::<ContextCell>();
    is_send::<Arc<ContextCell>>();
    is_send::<IrqState>();
    is_send::<SavedIrqs>();
    is_sync::<TaskName>();
};

/// The assertion does not compile if `$type` has the trait: then both impls apply, and nobody knows which is meant.
macro_rules! is_not {
    ($($type:ty: $trait:path),* $(,)?) => {
        $(const _: () = {
            trait Either<A> {
                fn either() {}
            }
            impl<T: ?Sized> Either<()> for T {}
            struct Has;
            impl<T: ?Sized + $trait> Either<Has> for T {}
            let _ = <$type as Either<_>>::either;
        };)*
    };
}

is_not! {
    Context: Sync,
    ContextCell: std::fmt::Debug,
    hooks::Interrupt: Send,
    hooks::Interrupt: Sync,
    lockdep::IrqSave<()>: Send,
}

// ---- entering what is in use

static A: LockMap = LockMap::named("a", WaitTypes::SPIN);
static B: LockMap = LockMap::named("b", WaitTypes::SPIN);

fn take(lock: &LockMap) {
    hooks::acquire(lock, Mode::WRITE, Site::caller());
}

/// This CPU goes on in the task of this cell.
fn run(task: &ContextCell) {
    // SAFETY: a cell of a test is leaked, or the test switches away before it drops it, or wants to see it unset.
    CONTEXT.set(unsafe { task.get().as_ref() });
}

#[test]
fn the_running_tasks_own_context_is_refused_to_an_interrupt() {
    let _turn = begin();
    let task = new_cell();
    run(task);
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, task);
    assert!(the_report().contains("an interrupt enters a task's context"), "{}", the_report());
    take(&A);
    hooks::release(&A, None);
    hooks::irq_exit();
    assert!(task.is(context()) && !context().in_hardirq() && context().depth() == 0);
}

#[test]
fn a_tasks_context_below_the_interrupt_is_refused_and_nothing_hangs() {
    let _turn = begin();
    let (task, irq) = (new_cell(), new_cell());
    run(task);
    take(&A);
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, irq);
    hooks::irq_enter(Level::Hardirq, task);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion));
    take(&B);
    hooks::release(&B, None);
    hooks::release(&B, None);
    hooks::irq_exit();
    assert!(irq.is(context()));
    hooks::irq_exit();
    assert!(task.is(context()) && hooks::holds(&A));
    hooks::release(&A, None);
    assert_eq!(context().depth(), 0);
}

#[test]
fn another_tasks_context_is_refused() {
    let _turn = begin();
    let other = new_cell();
    let mine = context();
    run(other);
    CONTEXT.set(Some(mine));
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, other);
    assert!(the_report().contains("an interrupt enters a task's context"));
    assert!(std::ptr::eq(context(), mine));
    hooks::irq_exit();
    assert!(std::ptr::eq(context(), mine));
}

#[test]
fn an_interrupt_that_another_cpu_runs_in_is_refused() {
    let _turn = begin();
    let irq = new_cell();
    std::thread::spawn(move || {
        CONTEXT.set(Some(port::new_context()));
        IRQS.set(false);
        hooks::irq_enter(Level::Hardirq, irq);
        assert!(irq.is(context()));
    })
    .join()
    .unwrap();
    let task = context();
    hooks::irq_enter(Level::Hardirq, irq);
    assert!(the_report().contains("that was not left"), "{}", the_report());
    assert!(std::ptr::eq(context(), task));
    hooks::irq_exit();
    assert!(std::ptr::eq(context(), task));
}

#[test]
fn an_nmi_in_an_nmi_with_one_context_keeps_what_the_task_holds() {
    let _turn = begin();
    let nmi = new_cell();
    take(&A);
    let task = context();
    hooks::irq_enter(Level::Nmi, nmi);
    hooks::irq_enter(Level::Nmi, nmi);
    assert!(nmi.is(context()));
    take(&B);
    hooks::release(&B, None);
    hooks::irq_exit();
    assert!(nmi.is(context()), "the leave that belongs to the refused entry is passed over");
    hooks::irq_exit();
    assert!(std::ptr::eq(context(), task) && hooks::holds(&A));
    assert_eq!(shown().len(), 0, "nothing can be said in an NMI");
    hooks::release(&A, None);
    assert_eq!(hooks::first_finding(), Some(Kind::Assertion), "but later");
    assert!(the_report().contains("an NMI in an NMI too"), "{}", the_report());
}

#[test]
fn guards_nest_and_a_refused_one_ends_nothing() {
    let _turn = begin();
    let (task, irq) = (context(), new_cell());
    IRQS.set(false);
    {
        let _outer = hooks::interrupt(Level::Hardirq, irq);
        {
            let _refused = hooks::interrupt(Level::Hardirq, irq);
            assert!(irq.is(context()));
        }
        assert!(irq.is(context()), "the outer one has not ended");
    }
    assert!(std::ptr::eq(context(), task));
}

#[test]
fn a_guard_ends_what_was_entered_since_and_not_left() {
    let _turn = begin();
    let (task, irq, inner) = (context(), new_cell(), new_cell());
    IRQS.set(false);
    hooks::within_interrupt(Level::Hardirq, irq, || hooks::irq_enter(Level::Nmi, inner));
    assert!(std::ptr::eq(context(), task));
    hooks::irq_enter(Level::Hardirq, inner); // free again
    assert!(inner.is(context()));
    hooks::irq_exit();
}

#[test]
fn a_slot_is_used_again_by_a_task_and_by_an_interrupt() {
    let _turn = begin();
    let (before, slot) = (context(), new_cell());
    run(slot);
    take(&A);
    CONTEXT.set(Some(before));
    // SAFETY: nobody runs in it.
    unsafe { slot.reset() };
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, slot);
    assert!(slot.is(context()) && context().depth() == 0);
    hooks::irq_exit();
    run(slot);
    assert!(slot.is(context()) && context().level() == Level::Task);
    CONTEXT.set(Some(before));
    assert_eq!(hooks::first_finding(), None);
}

// ---- contexts that end

#[test]
fn a_task_on_the_heap_is_dropped_with_a_lock_held_and_that_is_reported() {
    let _turn = begin();
    let before = context();
    let task = Arc::new(ContextCell::new(0));
    let lock = Mutex::named("kept", ());
    run(&task);
    std::mem::forget(lock.lock());
    CONTEXT.set(Some(before));
    drop(task);
    assert_eq!(hooks::first_finding(), Some(Kind::HeldAtExit));
    assert!(the_report().contains("(kept)"));
}

#[test]
fn a_task_on_the_heap_that_ended_well_is_dropped_in_silence() {
    let _turn = begin();
    let before = context();
    let lock = Mutex::named("lock", ());
    for _ in 0..100 {
        let task = Box::new(ContextCell::new(0));
        run(&task);
        drop(lock.lock());
        CONTEXT.set(Some(before));
    }
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn the_running_context_is_dropped_and_nothing_points_to_it() {
    let _turn = begin();
    let task = Box::new(ContextCell::new(0));
    run(&task);
    drop(task);
    assert!(CONTEXT.get().is_none());
    take(&A); // counted, as before the first context
    hooks::release(&A, None);
}

#[test]
fn a_context_below_an_interrupt_is_dropped_and_nothing_points_to_it() {
    let _turn = begin();
    let irq = new_cell();
    let task = Box::new(ContextCell::new(0));
    run(&task);
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, irq);
    drop(task);
    assert!(context().interrupted().is_none());
    take(&A);
    hooks::release(&A, None);
}

#[test]
fn a_context_is_sent_with_its_task() {
    let _turn = begin();
    let task = Arc::new(ContextCell::new(0));
    let other = task.clone();
    std::thread::spawn(move || {
        run(&other);
        drop(Mutex::named("lock", ()).lock());
    })
    .join()
    .unwrap();
    drop(task);
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn a_name_is_copied_and_cut() {
    assert_eq!(TaskName::new("").as_str(), "");
    assert_eq!(TaskName::new("sixteen bytes ok").as_str(), "sixteen bytes ok");
    assert_eq!(TaskName::new("fifteen bytes …").as_str(), "fifteen bytes ", "not within a character");
    assert_eq!(TaskName::of_bytes(b"a\xff").as_str(), "a");
}
