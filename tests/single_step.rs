//! Every instruction of acquire and release is interrupted, by the processor's trap flag: whatever may come in between two
//! instructions of a kernel comes here, and what is held, where it was taken, and what is found are as in a run that nothing
//! interrupts.
//!
//! It needs a processor with a trap flag whose owner may set it, so it is for x86-64 alone; on other machines
//! `tests/torn_push.rs` interrupts at random. `cargo test` steps through unoptimised code, `cargo test --release` through
//! what a kernel runs, at every instruction. Unoptimised code is ten times as long and as slow, so there a tail comes at one
//! instruction of 149 (another one each time), and at fewer in tails that are interrupted themselves (that is a product);
//! `SINGLE_STEP_ALL=1` makes it all of them.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

#[path = "support/preempted.rs"]
mod preempted;

use lockdep::asserts;
use lockdep::{
    Acquire, Context, ContextCell, Kind, Level, LockMap, Mode, Port, SavedIrqs, Site, Subclass, WaitTypes, hooks,
};
use preempted::{FLAG, Kernel, begin, new_cell, start_again};
use std::arch::asm;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

const fn spin(name: &'static str) -> LockMap {
    LockMap::named(name, WaitTypes::SPIN)
}

static SLEEPING: LockMap = LockMap::named("sleeping", WaitTypes::SLEEP);
static FILE: LockMap = spin("file");
static TOP: LockMap = spin("top");
static LAST: LockMap = spin("last");
/// Those of tails, by the level of nesting: two that are nested, the handler's two, another task's.
static TAILS: [[LockMap; 5]; 2] = [
    [spin("queue 0"), spin("inner 0"), spin("handler 0"), spin("device 0"), spin("other 0")],
    [spin("queue 1"), spin("inner 1"), spin("handler 1"), spin("device 1"), spin("other 1")],
];

/// What comes in between.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tail {
    /// Nothing: instructions are counted.
    Nothing,
    /// An interrupt with a context of its own, which takes locks.
    Interrupt,
    /// Locks are taken and released in the interrupted context.
    Balanced,
    /// Another task runs: the run queue's lock goes there and comes back.
    Switch,
    /// All three, and the validator is not told that interrupts are off.
    Untold,
    /// All three, each of which is interrupted itself.
    Twice,
}

/// The tail that comes now, by its number; how many levels are interrupted.
static TAIL: AtomicUsize = AtomicUsize::new(0);
static NEST: AtomicUsize = AtomicUsize::new(0);
static STEPS: AtomicU64 = AtomicU64::new(0);
static NESTED_STEPS: AtomicU64 = AtomicU64::new(0);
static EVERY: AtomicU64 = AtomicU64::new(1);
static TAILS_RIGHT: AtomicBool = AtomicBool::new(true);
static CONTEXTS: [[AtomicPtr<ContextCell>; 2]; 2] = [const { [const { AtomicPtr::new(ptr::null_mut()) }; 2] }; 2];

/// What `irq_save` returned last.
static SAVED: Mutex<Option<SavedIrqs>> = Mutex::new(None);

const ALL_TAILS: [Tail; 6] = [Tail::Nothing, Tail::Interrupt, Tail::Balanced, Tail::Switch, Tail::Untold, Tail::Twice];

#[inline(always)]
fn set_trap() {
    // SAFETY: it sets the trap flag, for which there is a handler.
    unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq", "nop") }
}

#[inline(always)]
fn clear_trap() {
    // SAFETY: it clears the trap flag.
    unsafe { asm!("pushfq", "and qword ptr [rsp], -257", "popfq", "nop") }
}

extern "C" fn trap(_: i32) {
    let nest = NEST.load(SeqCst);
    if !FLAG.load(SeqCst) || nest > 1 {
        return;
    }
    let tail = ALL_TAILS[TAIL.load(SeqCst)];
    let count = if nest == 0 { &STEPS } else { &NESTED_STEPS };
    let step = count.fetch_add(1, SeqCst);
    // As many as there is time for, and at other instructions each time.
    let every = EVERY.load(SeqCst);
    let product = if tail == Tail::Twice { 61 } else { 1 };
    if tail == Tail::Nothing || (every > 0 && !step.is_multiple_of(every * product)) {
        return;
    }
    NEST.store(nest + 1, SeqCst);
    let told = tail != Tail::Untold;
    FLAG.store(false, SeqCst);
    if told {
        hooks::irqs_disabled();
    }
    run_tail(tail, nest);
    if told {
        hooks::irqs_enabled();
    }
    FLAG.store(true, SeqCst);
    NEST.store(nest, SeqCst);
}

fn run_tail(tail: Tail, nest: usize) {
    let [queue, inner, handler, device, other] = &TAILS[nest];
    let [irq, task] = [0, 1].map(|which| {
        // SAFETY: all were stored before the first trap; each level has its own.
        unsafe { &*CONTEXTS[nest][which].load(SeqCst) }
    });
    if matches!(tail, Tail::Interrupt | Tail::Untold | Tail::Twice) {
        hooks::irq_enter(Level::Hardirq, irq);
        pair(handler, device);
        hooks::irq_exit();
    }
    if tail == Tail::Twice && nest == 0 {
        // Interrupts are enabled in this tail, and it is interrupted.
        hooks::irqs_enabled();
        FLAG.store(true, SeqCst);
        set_trap();
        pair(queue, inner);
        clear_trap();
        FLAG.store(false, SeqCst);
        hooks::irqs_disabled();
    } else if matches!(tail, Tail::Balanced | Tail::Untold | Tail::Twice) {
        pair(queue, inner);
    }
    if matches!(tail, Tail::Switch | Tail::Untold | Tail::Twice) {
        let interrupted = Kernel::context();
        take(queue);
        hooks::hand_over(queue);
        switch(task.get());
        hooks::take_over(queue, Mode::WRITE);
        hooks::release(queue, None);
        pair(other, inner);
        take(queue);
        hooks::hand_over(queue);
        switch(interrupted);
        hooks::take_over(queue, Mode::WRITE);
        hooks::release(queue, None);
    }
}

/// Another task runs from here on.
fn switch(to: *const Context) {
    // SAFETY: both tasks' contexts live as long as the program, and there is one CPU.
    unsafe { Kernel::set_context(to) };
}

#[inline(always)]
fn take(lock: &LockMap) {
    hooks::acquire(lock, Mode::WRITE, Site::caller());
}

/// Takes a lock that sleeps.
fn wait_asleep(lock: &LockMap) {
    take(lock);
    hooks::wait_asleep(lock, Site::caller());
}

/// Takes both, one under the other, and releases them: they are held meanwhile, and not afterwards.
fn pair(outer: &LockMap, inner: &LockMap) {
    take(outer);
    take(inner);
    let both = hooks::holds(outer) && hooks::holds(inner);
    hooks::release(inner, None);
    hooks::release(outer, None);
    if !both || hooks::holds(outer) || hooks::holds(inner) {
        TAILS_RIGHT.store(false, SeqCst);
    }
}

/// What is done step by step, after what; and how many rounds of it.
struct Script {
    name: &'static str,
    before: fn(),
    steps: &'static [fn()],
    rounds: usize,
}

fn nothing() {}

fn specially(what: Acquire<'_>) {
    hooks::acquire_with(&what);
}

fn file(mode: Mode) -> Acquire<'static> {
    Acquire::new(&FILE, mode, Site::caller())
}

/// All that is known afterwards: each alone, and both.
fn known() {
    for mode in [Mode::WRITE, Mode::READ, Mode::RECURSIVE_READ, Mode::UPGRADEABLE] {
        for _ in 0..2 {
            hooks::acquire(&FILE, mode, Site::caller());
            take(&TOP);
            hooks::release(&TOP, None);
            hooks::release(&FILE, None);
            pair(&TOP, &LAST);
        }
    }
}

/// The dependencies of three locks are known, and the chain of all three is not.
fn two_by_two() {
    known();
    hooks::acquire(&FILE, Mode::WRITE, Site::caller());
    take(&LAST);
    hooks::release(&LAST, None);
    hooks::release(&FILE, None);
}

/// The other order is known.
fn upside_down() {
    pair(&TOP, &FILE);
}

const SCRIPTS: &[Script] = &[
    Script {
        name: "fast",
        before: known,
        steps: &[
            || take(&FILE),
            || take(&TOP),
            || hooks::release(&TOP, None),
            || hooks::release(&FILE, None),
            || hooks::acquire(&FILE, Mode::READ, Site::caller()),
            || hooks::release(&FILE, None),
            || hooks::acquire(&FILE, Mode::RECURSIVE_READ, Site::caller()),
            || hooks::release(&FILE, None),
            || hooks::acquire(&FILE, Mode::UPGRADEABLE, Site::caller()),
            || hooks::release(&FILE, None),
        ],
        rounds: 2,
    },
    Script {
        name: "recheck",
        before: known,
        steps: &[
            || specially(file(Mode::WRITE).tried()),
            || take(&TOP),
            || hooks::release(&FILE, None),
            || hooks::release(&TOP, None),
            || specially(file(Mode::WRITE).subclass(Subclass::new(1))),
            || hooks::release(&FILE, None),
            || specially(file(Mode::WRITE).unchecked()),
            || take(&TOP),
            || hooks::release(&TOP, None),
            || hooks::release(&FILE, None),
        ],
        rounds: 2,
    },
    Script {
        name: "new",
        before: nothing,
        steps: &[
            || take(&FILE),
            || take(&TOP),
            || hooks::downgrade(&FILE, Mode::READ),
            || hooks::release(&FILE, None),
            || hooks::release(&TOP, None),
        ],
        rounds: 1,
    },
    Script {
        name: "new chain",
        before: two_by_two,
        steps: &[
            || take(&FILE),
            || take(&TOP),
            || take(&LAST),
            || hooks::release(&TOP, None),
            || asserts::unpin(asserts::pin(&FILE)),
            || hooks::release(&LAST, None),
            || hooks::release(&FILE, None),
        ],
        rounds: 1,
    },
    Script {
        name: "toggles",
        before: known,
        steps: &[
            || *SAVED.lock().unwrap() = Some(hooks::irq_save()),
            || hooks::irq_restore(SAVED.lock().unwrap().expect("it was saved")),
            || take(&FILE),
            || hooks::softirqs_off(),
            || hooks::softirqs_on(),
            || *SAVED.lock().unwrap() = Some(hooks::irq_save()),
            || hooks::irq_restore(SAVED.lock().unwrap().expect("it was saved")),
            || hooks::release(&FILE, None),
        ],
        rounds: 1,
    },
    Script {
        name: "flags",
        before: known,
        steps: &[
            || wait_asleep(&SLEEPING),
            hooks::might_sleep,
            hooks::check_irqs,
            asserts::assert_irqs_enabled,
            hooks::reclaim_enter,
            hooks::reclaim_exit,
            || hooks::hand_over(&SLEEPING),
            || hooks::take_over(&SLEEPING, Mode::WRITE),
            || hooks::release(&SLEEPING, None),
        ],
        rounds: 1,
    },
    Script {
        name: "found",
        before: upside_down,
        steps: &[
            || take(&FILE),
            || take(&TOP),
            || hooks::release(&TOP, None),
            || hooks::release(&FILE, None),
            || hooks::release(&FILE, None),
        ],
        rounds: 1,
    },
];

/// What is held, and where it was taken.
fn held() -> Vec<String> {
    let mut held = Vec::new();
    hooks::for_each_held(&mut |lock| held.push(format!("{lock}")));
    held
}

/// What a script leaves after each step, and what is found at the end; and how many instructions were interrupted.
fn run(script: &Script, tail: Option<Tail>) -> (Vec<Vec<String>>, Option<Kind>, u64) {
    start_again();
    (script.before)();
    assert_eq!(hooks::first_finding(), None, "{}: nothing is wrong yet", script.name);
    let mut holds = Vec::new();
    for _ in 0..script.rounds {
        for step in script.steps {
            TAIL.store(ALL_TAILS.iter().position(|&known| Some(known) == tail).unwrap_or(0), SeqCst);
            if tail.is_some() {
                set_trap();
            }
            step();
            clear_trap();
            holds.push(held());
        }
    }
    assert!(TAILS_RIGHT.load(SeqCst), "{} {tail:?}: a tail did not hold what it took", script.name);
    (holds, hooks::first_finding(), STEPS.swap(0, SeqCst))
}

#[test]
fn whatever_comes_between_two_instructions_changes_neither_holds_nor_verdicts() {
    let _turn = begin();
    for context in CONTEXTS.as_flattened() {
        context.store(ptr::from_ref(new_cell()).cast_mut(), SeqCst);
    }
    let every = if cfg!(debug_assertions) { 149 } else { 1 };
    EVERY.store(if std::env::var_os("SINGLE_STEP_ALL").is_none() { every } else { 0 }, SeqCst);
    // SAFETY: `sigaction` is plain data; the handler uses atomics and the validator, which is made for interrupts.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = trap as *const () as usize;
        action.sa_flags = libc::SA_NODEFER;
        assert_eq!(libc::sigaction(libc::SIGTRAP, &raw const action, ptr::null_mut()), 0);
    }
    for script in SCRIPTS {
        let (holds, found, none) = run(script, None);
        assert_eq!(none, 0, "nothing was interrupted");
        let mut counts = Vec::new();
        for tail in ALL_TAILS {
            let (stepped_holds, stepped_found, steps) = run(script, Some(tail));
            assert_eq!(stepped_holds, holds, "{} {tail:?}", script.name);
            assert_eq!(stepped_found, found, "{} {tail:?}", script.name);
            assert!(steps > 100, "{} {tail:?}: only {steps} instructions were interrupted", script.name);
            counts.push(steps);
        }
        println!("{}: {counts:?} instructions, found {found:?}", script.name);
        // What is told that interrupts are as they were goes the way that it goes when nothing comes.
        if script.name == "fast" {
            assert!(counts[1..4].iter().all(|&count| count == counts[0]), "{counts:?}");
        }
    }
    let nested = NESTED_STEPS.load(SeqCst);
    println!("{nested} instructions of tails");
    assert!(nested > 1_000, "only {nested} instructions of tails were interrupted");
}
