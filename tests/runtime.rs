//! The runtime on the host: what real kernels do to a validator, in interrupts, NMIs, reports and dumps.

#[path = "support/port/mod.rs"]
mod port;

use lockdep::WaitTypes;
use lockdep::asserts;
use lockdep::hooks;
use lockdep::spin::Mutex;
use lockdep::{Kind, Mode, Site};
use lockdep::{Level, LockMap};

use port::plain::ON_ENABLE;
use port::{CONSOLE, CONTEXT, IRQS, ON_WHO, begin, context, new_cell, new_context, the_report};

#[test]
fn a_cycle_is_reported_once_and_names_the_lines() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let (first, second) = (a.lock(), b.lock());
    drop((second, first));
    for _ in 0..3 {
        let second = b.lock();
        drop((a.lock(), second));
    }
    assert_eq!(hooks::first_finding(), Some(Kind::Circular));
    let report = the_report();
    for part in
        ["possible circular locking", "test/7", "(a)", "(b)", "tests/runtime.rs:", "what to do: take `a` before `b`"]
    {
        assert!(report.contains(part), "no `{part}` in\n{report}");
    }
}

#[test]
fn what_the_console_takes_while_it_reports_is_not_checked_and_counted() {
    let _turn = begin();
    let before = hooks::state().unchecked;
    let lock = Mutex::new(());
    // The report about this comes out through a console whose own lock is tracked.
    hooks::release(lock.map(), Some(Site::caller()));
    assert!(the_report().contains("bad unlock balance"));
    assert_eq!(hooks::state().unchecked, before + 1);
    assert_eq!(context().depth(), 0, "tracking is right after it");
    assert!(context().irqs_on() && IRQS.get(), "and so are the flags");
}

#[test]
fn a_lock_taken_before_there_is_a_context_may_be_released_after() {
    let _turn = begin();
    let mine = context();
    CONTEXT.set(None);
    let early = Mutex::new(());
    let held = early.lock();
    CONTEXT.set(Some(mine));
    drop(held);
    assert_eq!(hooks::first_finding(), None);
    hooks::release(early.map(), None);
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced), "but only once");
}

#[test]
fn the_flag_of_the_machine_counts_not_what_was_said() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    IRQS.set(false); // by other means than the hooks
    drop(lock.lock());
    IRQS.set(true);
    let irq = new_cell();
    hooks::irq_enter(Level::Hardirq, irq);
    IRQS.set(false);
    drop(lock.lock());
    hooks::irq_exit();
    IRQS.set(true);
    assert_eq!(hooks::first_finding(), None, "it was never held with interrupts on");
    drop(lock.lock());
    assert_eq!(hooks::first_finding(), Some(Kind::Inconsistent));
    assert!(the_report().contains("take `lock` with interrupts disabled at tests/runtime.rs:"));
}

#[test]
fn a_flag_that_is_not_as_told_is_reported_on_request() {
    let _turn = begin();
    hooks::check_irqs();
    assert_eq!(hooks::first_finding(), None);
    IRQS.set(false);
    hooks::check_irqs();
    assert_eq!(hooks::first_finding(), Some(Kind::IrqsState));
    assert!(
        the_report()
            .contains("the machine's interrupts are disabled, and the validator was told that they are enabled")
    );
}

#[test]
fn in_an_nmi_nothing_is_checked_and_nothing_breaks() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    let nmi = new_cell();
    hooks::irq_enter(Level::Nmi, nmi);
    let (other, same_class) = (b.lock(), Mutex::named("a", ()));
    drop((same_class.lock(), other));
    hooks::irq_exit();
    assert_eq!(context().depth(), 1, "the interrupted stack is as it was");
    drop(held);
    let other = b.lock();
    drop((a.lock(), other));
    assert_eq!(hooks::first_finding(), None, "no dependency came of it");
}

#[test]
fn interrupts_nest_and_each_answers_for_its_own_locks() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    let (softirq, hardirq) = (new_cell(), new_cell());
    hooks::irq_enter(Level::Softirq, softirq);
    hooks::irq_enter(Level::Hardirq, hardirq);
    IRQS.set(false);
    assert!(context().in_hardirq() && context().in_softirq());
    core::mem::forget(b.lock());
    hooks::irq_exit();
    IRQS.set(true);
    assert_eq!(hooks::first_finding(), Some(Kind::HeldAtExit), "a guard was forgotten in the interrupt");
    assert!(context().in_softirq() && !context().in_hardirq());
    hooks::irq_exit();
    drop(held);
    hooks::release(b.map(), None);
    assert_eq!(context().depth(), 0, "what was left over stayed tracked until it was released");
}

#[test]
fn a_lock_that_was_handed_over_may_be_released_by_anybody_once() {
    let _turn = begin();
    let page = LockMap::named("page", WaitTypes::SLEEP);
    hooks::acquire(&page, Mode::WRITE, Site::caller());
    hooks::hand_over(&page);
    hooks::task_exit();
    assert_eq!(hooks::first_finding(), None, "the task holds it no more");
    CONTEXT.set(Some(new_context()));
    hooks::release(&page, None);
    assert_eq!(hooks::first_finding(), None);
    hooks::release(&page, None);
    assert_eq!(hooks::first_finding(), Some(Kind::Unbalanced));
}

#[test]
fn a_forgotten_guard_is_found_at_exit() {
    let _turn = begin();
    let lock = Mutex::named("forgotten", ());
    core::mem::forget(lock.lock());
    hooks::user_return();
    assert_eq!(hooks::first_finding(), Some(Kind::HeldToUser));
    assert!(the_report().contains("release `forgotten` on every path"));
}

#[test]
fn an_nmi_may_interrupt_the_slow_path() {
    let _turn = begin();
    // The port asks who runs in the middle of an event, under the internal lock: here comes the NMI.
    ON_WHO.set(Some(|| {
        hooks::irq_enter(Level::Nmi, new_cell());
        static LOCK: Mutex<()> = Mutex::named("in an NMI", ());
        drop(LOCK.lock());
        asserts::assert_held(LOCK.map());
        assert_eq!(hooks::first_finding(), None);
        hooks::irq_exit();
    }));
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    drop((a.lock(), b.lock()));
    assert_eq!((hooks::first_finding(), context().depth()), (None, 0));
}

#[test]
fn what_shows_what_is_held_may_take_locks() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    let _held = lock.lock();
    let mut count = 0;
    hooks::for_each_held(&mut |_| {
        drop(CONSOLE.lock());
        count += 1;
    });
    assert_eq!((count, hooks::first_finding()), (1, None));
}

#[test]
fn an_interrupt_between_leaving_and_switching_back_finds_the_task_whole() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    let _held = lock.lock();
    hooks::irq_enter(Level::Softirq, new_cell());
    ON_ENABLE.set(Some(|| {
        hooks::irq_enter(Level::Hardirq, new_cell());
        assert_eq!(context().all().count(), 1, "it sees what the task holds");
        hooks::irq_exit();
    }));
    IRQS.set(true);
    hooks::irq_exit();
    assert!(ON_ENABLE.get().is_none(), "the interrupt came");
    assert_eq!(context().all().count(), 1);
}

#[test]
fn a_context_that_is_in_use_is_not_entered_again() {
    let _turn = begin();
    let task = context();
    let irq = new_cell();
    IRQS.set(false);
    hooks::irq_enter(Level::Hardirq, irq);
    hooks::irq_enter(Level::Hardirq, irq);
    assert!(the_report().contains("an interrupt's context is entered while it is in use"));
    hooks::irq_exit();
    assert!(irq.is(context()), "the exit that belongs to it is passed over");
    hooks::irq_exit();
    assert!(core::ptr::eq(context(), task));
    hooks::irq_exit();
    assert!(core::ptr::eq(context(), task), "and one too many changes nothing");
}

#[test]
fn nothing_is_forgotten_while_a_lock_is_held() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    let held = lock.lock();
    assert!(!hooks::reset());
    drop(held);
    assert!(hooks::reset());
}

#[test]
fn a_hold_that_moved_ends_the_chain() {
    let _turn = begin();
    let names = ["a", "b", "c"].map(|name| LockMap::named(name, WaitTypes::NONE));
    let [a, b, c] = &names;
    let take = |lock, mode| hooks::acquire(lock, mode, Site::caller());
    take(a, Mode::WRITE);
    take(b, Mode::RECURSIVE_READ);
    // Released inside lockdep: the holds above it are not acquired again, but move down.
    lockdep::__private::engine::release_unchecked(context(), a);
    take(c, Mode::WRITE);
    [c, b].into_iter().for_each(|lock| hooks::release(lock, None));
    take(a, Mode::WRITE);
    take(b, Mode::RECURSIVE_READ);
    take(c, Mode::WRITE);
    [c, b, a].into_iter().for_each(|lock| hooks::release(lock, None));
    take(c, Mode::WRITE);
    take(a, Mode::WRITE);
    assert_eq!(hooks::first_finding(), Some(Kind::Circular), "a -> c was learned the second time");
}
