//! How much stack the validator needs at worst: kernel stacks are small.
//!
//! A task paints its stack below its own frame, brings about the deepest events of the slow path (a cycle over many
//! classes, an inversion, a release from under a full stack of holds), and looks how far down the paint is gone. The
//! figure is what lies between there and the frame of `measure`: a few words more than the validator's share. Interrupts
//! are off meanwhile, since they run on the same stack. Reports are written, not printed: printing is the port's part.

use crate::board::{Board, Cpu as _};
use crate::machine::Machine;
use crate::scenario::Work;
use crate::{console, cpu, flag, sched, task};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::hooks;
use lockdep::report::HOLDS;
use lockdep::{ContextCell, Mode, Site, WaitTypes};
use lockdep::{Level, LockMap};
use lockdep_proto::{STACK_WORST, Word};

const PAINT: u8 = 0xa5;
/// The stack that painting and counting may use themselves, below the painter's frame: it is not painted. It is less
/// than the events use, or they would leave no trace; the painter panics if not.
const MARGIN: usize = 512;

/// Where the events happen: on the validator of the self-tests, whose reports nobody prints.
static TASK: ContextCell = ContextCell::new(1);
static HARDIRQS: [ContextCell; 2] = [const { ContextCell::new(1) }; 2];

static WORST: AtomicUsize = AtomicUsize::new(0);

/// Measures, and prints the figure.
pub(crate) fn run<B: Board>() {
    sched::run_to_end(&[Work { name: "stack-use", body: measure }]);
    let value = WORST.load(Ordering::Relaxed) as u64;
    console::word::<B>(&Word::Figure { name: STACK_WORST, value, unit: "bytes" });
}

fn measure(_: usize) {
    let kernel = Machine::current();
    flag::disable::<Machine>();
    // This task alone runs in it, once.
    Machine::set_current(cpu::word_of_context(TASK.get()));
    hooks::irqs_disabled();
    task::with_own_stack(|stack| {
        let painted = paint(stack);
        events();
        WORST.store(used(stack, &painted), Ordering::Relaxed);
    });
    Machine::set_current(kernel);
    flag::enable::<Machine>();
}

/// A part of the stack: from its lower end up to the painter's frame.
struct Painted {
    bytes: usize,
    top: usize,
}

/// Paints the stack below its own frame, but for what the painting uses itself.
#[inline(never)]
fn paint(stack: NonNull<u8>) -> Painted {
    let here = 0u8;
    let top = core::hint::black_box(&raw const here).addr();
    let bytes = top - MARGIN - stack.addr().get();
    for at in 0..bytes {
        // SAFETY: the stack is the running task's own, and these bytes of it are below everything that is on it.
        unsafe { stack.add(at).write_volatile(PAINT) };
    }
    Painted { bytes, top }
}

/// How many bytes below the painter's frame were used since.
#[inline(never)]
fn used(stack: NonNull<u8>, painted: &Painted) -> usize {
    // SAFETY: the bytes that were painted, still the running task's own.
    let left = (0..painted.bytes).take_while(|&at| unsafe { stack.add(at).read_volatile() } == PAINT).count();
    assert!(left < painted.bytes, "the events use less stack than the measuring");
    painted.top - (stack.addr().get() + left)
}

/// Four classes, and a stack full of locks of one class. They are no locals, since these would be measured as well.
static A: LockMap = LockMap::named("stack A", WaitTypes::SPIN);
static B: LockMap = LockMap::named("stack B", WaitTypes::SPIN);
static C: LockMap = LockMap::named("stack C", WaitTypes::SPIN);
static D: LockMap = LockMap::named("stack D", WaitTypes::SPIN);
static MANY: [LockMap; HOLDS] = [const { LockMap::named("stack", WaitTypes::SPIN) }; HOLDS];

/// The deepest that the slow path goes.
#[inline(never)]
fn events() {
    hooks::reset();
    for (held, new) in [(&A, &B), (&B, &C), (&C, &D), (&D, &A)] {
        pair(held, new);
    }
    hooks::reset();
    pair(&A, &B);
    hooks::irq_enter(Level::Hardirq, &HARDIRQS[0]);
    hooks::acquire(&A, Mode::WRITE, Site::caller());
    hooks::acquire(&B, Mode::WRITE, Site::caller());
    hooks::irq_enter(Level::Hardirq, &HARDIRQS[1]);
    hooks::acquire(&C, Mode::WRITE, Site::caller());
    // From below two stacks.
    hooks::release(&A, None);
    hooks::release(&C, None);
    hooks::release(&B, None);
    hooks::irq_exit();
    hooks::irq_exit();
    hooks::reset();
    // A full stack of holds, released from its lowest on: all others are acquired again, each time.
    for lock in &MANY {
        hooks::acquire(lock, Mode::RECURSIVE_READ, Site::caller());
    }
    for lock in &MANY {
        hooks::release(lock, None);
    }
    hooks::reset();
}

fn pair(held: &LockMap, new: &LockMap) {
    hooks::acquire(held, Mode::WRITE, Site::caller());
    hooks::acquire(new, Mode::WRITE, Site::caller());
    hooks::release(new, None);
    hooks::release(held, None);
}
