//! How much stack the validator needs at worst: kernel stacks are small.
//!
//! A task paints its stack below where it stands, brings about the deepest events of the slow path (a circle over many
//! classes, an inversion, a release from under a full stack of holds), and looks how far down the paint is gone. Interrupts
//! are off meanwhile, since they run on the same stack. Reports are written, and not printed: text is the port's affair.

use crate::board::Board;
use crate::{console, cpu, irq, task};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep::class::LockMap;
use lockdep::context::{HOLDS, Level};
use lockdep::hooks;
use lockdep::mode::Mode;
use lockdep::runtime::ContextCell;
use lockdep::site::Site;
use lockdep::wait_type::WaitTypes;
use lockdep_proto::Word;

const PAINT: u8 = 0xa5;
/// What the measuring itself may use, below where it stands.
const MARGIN: usize = 512;

/// Where the events happen: on the validator of the self-tests, whose reports nobody prints.
static TASK: ContextCell = ContextCell::new(1);
static HARDIRQS: [ContextCell; 2] = [const { ContextCell::new(1) }; 2];

static WORST: AtomicUsize = AtomicUsize::new(0);

/// Measures, and says the figure.
pub(crate) fn run<B: Board>() {
    task::spawn::<B>(0, measure::<B>);
    while !task::is_done(0) {
        task::run_ready::<B>();
    }
    let value = WORST.load(Ordering::Relaxed) as u64;
    console::word::<B>(&Word::Figure { name: "stack.worst", value, unit: "bytes" });
}

fn measure<B: Board>() {
    let here = core::hint::black_box(0u8);
    let top = (&raw const here).addr() - MARGIN;
    let kernel = B::current();
    irq::disable::<B>();
    // SAFETY: this task alone runs in it, once.
    B::set_current(cpu::word_of_context(unsafe { TASK.get() }));
    hooks::irqs_off();
    task::with_own_stack::<B>(|stack| {
        let unused = top - stack.addr().get();
        // SAFETY: the stack is this task's own, and `unused` bytes of it are below everything that is on it.
        unsafe { stack.write_bytes(PAINT, unused) };
        events();
        // SAFETY: the same bytes, written above.
        let painted = (0..unused).take_while(|&at| unsafe { stack.add(at).read() } == PAINT).count();
        WORST.store(unused - painted + MARGIN, Ordering::Relaxed);
    });
    B::set_current(kernel);
    irq::enable::<B>();
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
    // SAFETY: this task alone runs in it, here.
    hooks::enter(Level::Hardirq, unsafe { HARDIRQS[0].get() });
    hooks::acquire(&A, Mode::WRITE, Site::caller());
    hooks::acquire(&B, Mode::WRITE, Site::caller());
    // SAFETY: as above.
    hooks::enter(Level::Hardirq, unsafe { HARDIRQS[1].get() });
    hooks::acquire(&C, Mode::WRITE, Site::caller());
    // From below two stacks.
    hooks::release(&A, None);
    hooks::release(&C, None);
    hooks::release(&B, None);
    hooks::leave();
    hooks::leave();
    hooks::reset();
    // A full stack of holds, let go from its lowest on: all others are taken again, each time.
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
