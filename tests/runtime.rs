//! The runtime on the host: a port of plain values, and what real kernels do to a validator.
//!
//! One global runtime serves all tests of this file, so they run one after the other, each on a validator that is reset
//! and in a context of its own. The machine's interrupt flag is a variable.

use lockdep::asserts;
use lockdep::class::{LockMap, Subclass};
use lockdep::context::{Context, HOLDS, Level};
use lockdep::hooks;
use lockdep::limits::Notice;
use lockdep::mode::Mode;
use lockdep::port::Port;
use lockdep::report::{Kind, Report, Who};
use lockdep::runtime::ContextCell;
use lockdep::site::Site;
use lockdep::spin::{Mutex, RwLock};
use lockdep::wait_type::WaitTypes;
use std::cell::Cell;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

thread_local! {
    static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    static IRQS: Cell<bool> = const { Cell::new(true) };
    /// What happens when the validator asks the port: an interrupt, at the worst of times.
    static ON_WHO: Cell<Option<fn()>> = const { Cell::new(None) };
    static ON_ENABLE: Cell<Option<fn()>> = const { Cell::new(None) };
}

static SHOWN: StdMutex<Vec<String>> = StdMutex::new(Vec::new());
static ONE_AT_A_TIME: StdMutex<()> = StdMutex::new(());
/// Taken by the port whenever it shows something, as a console's lock is.
static CONSOLE: Mutex<()> = Mutex::named("console", ());

struct Host;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Host {
    fn context() -> Option<&'static Context> {
        CONTEXT.get()
    }
    fn set_context(context: &'static Context) {
        CONTEXT.set(Some(context));
    }
    fn irqs_enabled() -> bool {
        IRQS.get()
    }
    fn irqs_disable() {
        IRQS.set(false);
    }
    fn irqs_enable() {
        IRQS.set(true);
        if let Some(interrupt) = ON_ENABLE.take() {
            interrupt();
        }
    }
    fn who() -> Who {
        if let Some(interrupt) = ON_WHO.take() {
            interrupt();
        }
        Who { task: "test", id: 7, cpu: 0 }
    }
    fn report(report: &Report) {
        // As a console does that saves and restores the interrupt flag.
        let were_on = IRQS.replace(false);
        hooks::irqs_off();
        let console = CONSOLE.lock();
        shown().push(report.to_string());
        drop(console);
        if were_on {
            hooks::irqs_on();
            IRQS.set(true);
        }
    }
    fn notice(notice: &Notice) {
        let _console = CONSOLE.lock();
        shown().push(notice.to_string());
    }
}

lockdep::port!(Host, classes = 64, dependencies = 128, chains = 64, validators = 1);

fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_context() -> &'static Context {
    let cell: &'static ContextCell = Box::leak(Box::new(ContextCell::new(0)));
    // SAFETY: it was made here, and is used by this thread alone.
    unsafe { cell.get() }
}

/// Begins a test: a task of its own, nothing learned.
fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IRQS.set(true);
    CONTEXT.set(Some(new_context()));
    assert!(hooks::reset());
    shown().clear();
    turn
}

fn context() -> &'static Context {
    CONTEXT.get().expect("a test has a context")
}

/// What was shown, which is one report.
fn the_report() -> String {
    let shown = shown();
    assert_eq!(shown.len(), 1, "{shown:?}");
    shown[0].clone()
}

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
    assert_eq!(hooks::found(), Some(Kind::Circular));
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
    let before = hooks::costs().unchecked;
    let lock = Mutex::new(());
    // The report about this comes out through a console whose own lock is tracked.
    hooks::release(lock.map(), Some(Site::caller()));
    assert!(the_report().contains("bad unlock balance"));
    assert_eq!(hooks::costs().unchecked, before + 1);
    assert_eq!(context().depth(), 0, "the books are right after it");
    assert!(context().irqs_on() && IRQS.get(), "and so are the flags");
}

#[test]
fn a_lock_taken_before_there_is_a_context_may_be_let_go_after() {
    let _turn = begin();
    let mine = context();
    CONTEXT.set(None);
    let early = Mutex::new(());
    let held = early.lock();
    CONTEXT.set(Some(mine));
    drop(held);
    assert_eq!(hooks::found(), None);
    hooks::release(early.map(), None);
    assert_eq!(hooks::found(), Some(Kind::Unbalanced), "but only once");
}

#[test]
fn the_flag_of_the_machine_counts_not_what_was_said() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    IRQS.set(false); // by other means than the hooks
    drop(lock.lock());
    IRQS.set(true);
    let irq = new_context();
    hooks::enter(Level::Hardirq, irq);
    IRQS.set(false);
    drop(lock.lock());
    hooks::leave();
    IRQS.set(true);
    assert_eq!(hooks::found(), None, "it was never held with interrupts on");
    drop(lock.lock());
    assert_eq!(hooks::found(), Some(Kind::Inconsistent));
    assert!(the_report().contains("take `lock` with interrupts disabled at tests/runtime.rs:"));
}

#[test]
fn a_flag_that_is_not_as_told_is_reported_on_request() {
    let _turn = begin();
    hooks::check_irqs();
    assert_eq!(hooks::found(), None);
    IRQS.set(false);
    hooks::check_irqs();
    assert_eq!(hooks::found(), Some(Kind::IrqsState));
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
    let nmi = new_context();
    hooks::enter(Level::Nmi, nmi);
    let (other, same_class) = (b.lock(), Mutex::named("a", ()));
    drop((same_class.lock(), other));
    hooks::leave();
    assert_eq!(context().depth(), 1, "the interrupted stack is as it was");
    drop(held);
    let other = b.lock();
    drop((a.lock(), other));
    assert_eq!(hooks::found(), None, "no dependency came of it");
}

#[test]
fn interrupts_nest_and_each_answers_for_its_own_locks() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    let (softirq, hardirq) = (new_context(), new_context());
    hooks::enter(Level::Softirq, softirq);
    hooks::enter(Level::Hardirq, hardirq);
    IRQS.set(false);
    assert!(context().in_hardirq() && context().in_softirq());
    core::mem::forget(b.lock());
    hooks::leave();
    IRQS.set(true);
    assert_eq!(hooks::found(), Some(Kind::HeldAtExit), "a guard was forgotten in the interrupt");
    assert!(context().in_softirq() && !context().in_hardirq());
    hooks::leave();
    drop(held);
    hooks::release(b.map(), None);
    assert_eq!(context().depth(), 0, "what was left over stayed on the books until it was let go");
}

#[test]
fn a_lock_that_was_handed_over_may_be_let_go_by_anybody_once() {
    let _turn = begin();
    let page = LockMap::named("page", WaitTypes::SLEEP);
    hooks::acquire(&page, Mode::WRITE, Site::caller());
    hooks::hand_over(&page);
    hooks::task_exit();
    assert_eq!(hooks::found(), None, "the task holds it no more");
    CONTEXT.set(Some(new_context()));
    hooks::release(&page, None);
    assert_eq!(hooks::found(), None);
    hooks::release(&page, None);
    assert_eq!(hooks::found(), Some(Kind::Unbalanced));
}

#[test]
fn a_forgotten_guard_is_found_at_exit() {
    let _turn = begin();
    let lock = Mutex::named("forgotten", ());
    core::mem::forget(lock.lock());
    hooks::user_return();
    assert_eq!(hooks::found(), Some(Kind::HeldToUser));
    assert!(the_report().contains("let go of `forgotten` on every path"));
}

#[test]
fn a_full_stack_of_holds_is_said_once_and_the_books_stay_right() {
    let _turn = begin();
    let locks: Vec<_> = (0..HOLDS + 3).map(|_| LockMap::named("many", WaitTypes::NONE)).collect();
    for lock in &locks {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
    assert_eq!((context().depth(), context().lost()), (HOLDS, 3));
    let notice = the_report();
    assert!(notice.contains("stack of holds is full (32 entries): raise `HOLDS`"), "{notice}");
    for lock in locks.iter().rev() {
        hooks::release(lock, None);
    }
    assert_eq!((context().depth(), context().lost(), hooks::found()), (0, 0, None));
}

#[test]
fn each_full_table_is_said_once_by_name() {
    let _turn = begin();
    let locks: Vec<_> =
        (0..70).map(|n| LockMap::of_class(format!("c{n}").leak(), Site::caller(), WaitTypes::NONE)).collect();
    for held in &locks {
        for new in &locks {
            if held.key() < new.key() {
                hooks::acquire(held, Mode::WRITE, Site::caller());
                hooks::acquire(new, Mode::WRITE, Site::caller());
                hooks::release(new, None);
                hooks::release(held, None);
            }
        }
    }
    let occupancy = hooks::occupancy();
    for fill in [occupancy.classes, occupancy.dependencies] {
        assert!(fill.used == fill.size && fill.turned_away > 0, "{fill:?}");
    }
    let shown = shown().clone();
    assert_eq!(shown.len(), 3, "{shown:?}");
    for constant in ["`classes`", "`dependencies`", "`chains`"] {
        assert_eq!(shown.iter().filter(|text| text.contains(constant)).count(), 1, "{constant}");
    }
    // What needs no table goes on.
    hooks::release(&locks[0], None);
    assert_eq!(hooks::found(), Some(Kind::Unbalanced));
}

#[test]
fn assertions_go_by_the_lock_and_its_mode() {
    type Assert = fn(&LockMap);
    let lock = RwLock::named("lock", ());
    // By what is held (nothing, a read, a write): whether the assertion is true.
    let asserts: [(Assert, &str, [bool; 3]); 4] = [
        (asserts::assert_not_held, "assert_not_held", [true, false, false]),
        (asserts::assert_held, "assert_held:", [false, true, true]),
        (asserts::assert_held_read, "assert_held_read", [false, true, false]),
        (asserts::assert_held_write, "assert_held_write", [false, false, true]),
    ];
    for (assert, note, is_true) in asserts {
        for (held, is_true) in is_true.into_iter().enumerate() {
            let _turn = begin();
            let _reader = (held == 1).then(|| lock.read());
            let _writer = (held == 2).then(|| lock.write());
            assert(lock.map());
            assert_eq!(hooks::found().is_none(), is_true, "{note} with {held}");
            assert!(is_true || the_report().contains(note), "{note} with {held}");
        }
    }
}

#[test]
fn assertions_about_interrupts_go_by_the_machine() {
    for on in [true, false] {
        let _turn = begin();
        IRQS.set(on);
        if on {
            asserts::assert_irqs_enabled()
        } else {
            asserts::assert_irqs_disabled()
        }
        assert_eq!(hooks::found(), None);
        if on {
            asserts::assert_irqs_disabled()
        } else {
            asserts::assert_irqs_enabled()
        }
        assert_eq!(hooks::found(), Some(Kind::Assertion));
        assert!(the_report().contains(if on { "assert_irqs_disabled" } else { "assert_irqs_enabled" }));
    }
}

#[test]
fn a_pinned_lock_must_not_be_let_go() {
    let _turn = begin();
    let lock = Mutex::named("pinned", ());
    let held = lock.lock();
    asserts::unpin(asserts::pin(lock.map()));
    drop(held);
    assert_eq!(hooks::found(), None);
    let held = lock.lock();
    let pin = asserts::pin(lock.map());
    drop(held);
    assert!(the_report().contains("releasing a pinned lock"));
    assert_eq!(context().depth(), 0, "it is let go all the same");
    assert!(hooks::reset());
    shown().clear();
    asserts::unpin(pin);
    assert!(the_report().contains("unpinning an unheld lock"));
}

#[test]
fn might_lock_learns_the_order_without_taking_the_lock() {
    let _turn = begin();
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let held = a.lock();
    asserts::might_lock(b.map());
    drop(held);
    let held = b.lock();
    assert_eq!(hooks::found(), None);
    drop((a.lock(), held));
    assert_eq!(hooks::found(), Some(Kind::Circular));
}

#[test]
fn might_fault_is_a_sleep_and_a_read_of_the_address_space() {
    let _turn = begin();
    let space = LockMap::named("mmap_lock", WaitTypes::SLEEP);
    asserts::might_fault(&space);
    assert_eq!(hooks::found(), None);
    let spin = Mutex::named("spin", ());
    let held = spin.lock();
    asserts::might_fault(&space);
    assert_eq!(hooks::found(), Some(Kind::SleepAtomic));
    assert!(the_report().contains("let go of `spin`"));
    drop(held);
}

#[test]
fn an_upgradeable_read_bars_its_like_and_upgrades_without_a_false_alarm() {
    let _turn = begin();
    let lock = RwLock::named("lock", 1);
    let reader = lock.upgradeable_read();
    assert!(lock.try_upgradeable_read().is_none() && lock.try_read().is_none());
    let writer = reader.upgrade();
    let reader = writer.downgrade();
    assert_eq!(*reader, 1);
    drop(reader);
    assert_eq!((hooks::found(), context().depth()), (None, 0));
}

#[test]
fn levels_of_a_class_are_classes() {
    let _turn = begin();
    let nodes: Vec<_> = (0..2).map(|_| Mutex::new(())).collect();
    let parent = nodes[0].lock();
    drop(nodes[1].lock_nested(Subclass::new(1)));
    assert_eq!(hooks::found(), None);
    drop(nodes[1].lock());
    assert_eq!(hooks::found(), Some(Kind::Recursive), "one line of code is one class");
    drop(parent);
}

#[test]
fn an_nmi_may_come_upon_the_slow_path() {
    let _turn = begin();
    // The port asks who runs in the middle of an event, under the internal lock: here comes the NMI.
    ON_WHO.set(Some(|| {
        hooks::enter(Level::Nmi, new_context());
        static LOCK: Mutex<()> = Mutex::named("in an NMI", ());
        drop(LOCK.lock());
        asserts::assert_held(LOCK.map());
        assert_eq!(hooks::found(), None);
        hooks::leave();
    }));
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    drop((a.lock(), b.lock()));
    assert_eq!((hooks::found(), context().depth()), (None, 0));
}

#[test]
fn what_shows_what_is_held_may_take_locks() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    let _held = lock.lock();
    let mut count = 0;
    hooks::each_held(&mut |_| {
        drop(CONSOLE.lock());
        count += 1;
    });
    assert_eq!((count, hooks::found()), (1, None));
}

#[test]
fn an_interrupt_between_leaving_and_switching_back_finds_the_task_whole() {
    let _turn = begin();
    let lock = Mutex::named("lock", ());
    let _held = lock.lock();
    hooks::enter(Level::Softirq, new_context());
    ON_ENABLE.set(Some(|| {
        hooks::enter(Level::Hardirq, new_context());
        assert_eq!(context().all().count(), 1, "it sees what the task holds");
        hooks::leave();
    }));
    IRQS.set(true);
    hooks::leave();
    assert!(ON_ENABLE.get().is_none(), "the interrupt came");
    assert_eq!(context().all().count(), 1);
}

#[test]
fn a_context_that_is_in_use_is_not_entered_again() {
    let _turn = begin();
    let task = context();
    let irq = new_context();
    hooks::enter(Level::Hardirq, irq);
    hooks::enter(Level::Hardirq, irq);
    assert!(the_report().contains("an interrupt's context is entered while it is in use"));
    hooks::leave();
    assert!(core::ptr::eq(context(), irq), "the exit that belongs to it is passed over");
    hooks::leave();
    assert!(core::ptr::eq(context(), task));
    hooks::leave();
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
    // Let go while the validator is at work: what is above is not taken again, but moves down.
    lockdep::validator::release_unchecked(context(), a);
    take(c, Mode::WRITE);
    [c, b].into_iter().for_each(|lock| hooks::release(lock, None));
    take(a, Mode::WRITE);
    take(b, Mode::RECURSIVE_READ);
    take(c, Mode::WRITE);
    [c, b, a].into_iter().for_each(|lock| hooks::release(lock, None));
    take(c, Mode::WRITE);
    take(a, Mode::WRITE);
    assert_eq!(hooks::found(), Some(Kind::Circular), "a -> c was learned the second time");
}

#[test]
fn a_downgrade_keeps_the_lock_for_those_that_nest_in_it() {
    let _turn = begin();
    let (outer, inner) = (RwLock::named("outer", ()), Mutex::named("inner", ()));
    let writer = outer.write();
    let held = inner.lock_nest(outer.map());
    let reader = writer.downgrade();
    assert_eq!(hooks::found(), None);
    drop((held, reader));
    assert_eq!(context().depth(), 0);
}

#[test]
fn lost_holds_excuse_and_are_not_used_up_by_asking() {
    let _turn = begin();
    let locks: Vec<_> = (0..=HOLDS).map(|_| LockMap::named("many", WaitTypes::NONE)).collect();
    for lock in &locks {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
    let lost = &locks[HOLDS];
    asserts::assert_held(lost);
    hooks::downgrade(lost, Mode::READ);
    assert!(hooks::holds(lost));
    locks.iter().rev().for_each(|lock| hooks::release(lock, None));
    assert_eq!(hooks::found(), None);
}
