//! A timer whose interrupt runs the scheduler at its tail, in the context of the task that it interrupted: as fast as signals
//! come, for two seconds; for as many as `TORN_PUSH_SECONDS` says. No hold is ever lost, and nothing is found.
#![cfg(target_os = "linux")]

#[path = "support/preempted.rs"]
mod preempted;

use lockdep::hooks;
use lockdep::{Acquire, Level, LockMap};
use lockdep::{ContextCell, Mode, Port, Site, WaitTypes};
use preempted::{FLAG, Kernel, SHOWN, begin, new_cell};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use std::{ptr, thread};

static FILE: LockMap = LockMap::named("file", WaitTypes::SLEEP);
static INODE: LockMap = LockMap::named("inode", WaitTypes::SLEEP);
static QUEUE: LockMap = LockMap::named("run queue", WaitTypes::SPIN);
static OTHERS: LockMap = LockMap::named("what another task takes", WaitTypes::SLEEP);
static HANDLER: LockMap = LockMap::named("what the handler takes", WaitTypes::SPIN);
static TICKS: AtomicU64 = AtomicU64::new(0);
static IRQ: AtomicPtr<ContextCell> = AtomicPtr::new(ptr::null_mut());
static OTHER: AtomicPtr<ContextCell> = AtomicPtr::new(ptr::null_mut());

fn pair(lock: &LockMap) {
    hooks::acquire(lock, Mode::WRITE, Site::caller());
    hooks::release(lock, None);
}

extern "C" fn timer(_: i32) {
    if !FLAG.swap(false, SeqCst) {
        return; // interrupts are disabled: not now
    }
    TICKS.fetch_add(1, SeqCst);
    let [irq, other] = [&IRQ, &OTHER].map(|context| context.load(SeqCst));
    // SAFETY: both were stored before the first tick, and are used here alone, which does not nest.
    let (irq, other): (&'static ContextCell, &'static ContextCell) = unsafe { (&*irq, &*other) };
    hooks::irq_enter(Level::Hardirq, irq);
    pair(&HANDLER);
    hooks::irq_exit();
    // The scheduler: in the task's own context.
    hooks::irqs_disabled();
    hooks::acquire(&QUEUE, Mode::WRITE, Site::caller());
    if TICKS.load(SeqCst).is_multiple_of(2) {
        let task = Kernel::context();
        hooks::hand_over(&QUEUE);
        // SAFETY: it lives as long as the program, and there is one CPU.
        unsafe { Kernel::set_context(other.get()) };
        hooks::take_over(&QUEUE, Mode::WRITE);
        hooks::release(&QUEUE, None);
        pair(&OTHERS);
        hooks::acquire(&QUEUE, Mode::WRITE, Site::caller());
        hooks::hand_over(&QUEUE);
        // SAFETY: as above.
        unsafe { Kernel::set_context(task) };
        hooks::take_over(&QUEUE, Mode::WRITE);
    }
    hooks::release(&QUEUE, None);
    hooks::irqs_enabled();
    FLAG.store(true, SeqCst);
}

/// What a task does, and what must be held meanwhile; returns whether it was so.
fn work(round: u64) -> bool {
    hooks::acquire(&FILE, Mode::WRITE, Site::caller());
    let tried = round.is_multiple_of(4);
    if tried {
        hooks::acquire_with(&Acquire::new(&INODE, Mode::READ, Site::caller()).tried())
    } else {
        hooks::acquire(&INODE, Mode::READ, Site::caller())
    }
    let right = hooks::holds(&FILE) && hooks::holds(&INODE) && !hooks::holds(&QUEUE);
    let order = if round.is_multiple_of(8) { [&FILE, &INODE] } else { [&INODE, &FILE] };
    order.into_iter().for_each(|lock| hooks::release(lock, None));
    right && !hooks::holds(&FILE) && !hooks::holds(&INODE)
}

#[test]
fn a_tick_in_the_middle_of_a_push_loses_no_hold() {
    let _turn = begin();
    [&IRQ, &OTHER].into_iter().for_each(|context| context.store(ptr::from_ref(new_cell()).cast_mut(), SeqCst));
    let seconds = std::env::var("TORN_PUSH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    // SAFETY: the handler uses atomics and the validator, which is made for interrupts; it allocates nothing.
    unsafe { libc::signal(libc::SIGALRM, timer as *const () as usize) };
    // SAFETY: it is this thread.
    let this = unsafe { libc::pthread_self() };
    static OVER: AtomicBool = AtomicBool::new(false);
    let (mut rounds, mut lost) = (0_u64, 0_u64);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !OVER.load(SeqCst) {
                thread::sleep(Duration::from_micros(50));
                // SAFETY: that thread waits for this one before it ends.
                unsafe { libc::pthread_kill(this, libc::SIGALRM) };
            }
        });
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(seconds) {
            for _ in 0..1_000 {
                lost += u64::from(!work(rounds));
                rounds += 1;
            }
        }
        OVER.store(true, SeqCst);
    });
    let ticks = TICKS.load(SeqCst);
    println!("{rounds} rounds, {ticks} ticks, {lost} lost");
    assert_eq!((lost, hooks::first_finding(), SHOWN.load(SeqCst)), (0, None, 0), "{rounds} rounds, {ticks} ticks");
    hooks::task_exit();
    assert_eq!(hooks::first_finding(), None, "nothing is held in the end");
    assert!(ticks > 100 * seconds, "only {ticks} ticks in {seconds} s");
}
