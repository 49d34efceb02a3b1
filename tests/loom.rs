//! Two CPUs in the real runtime, under loom: every order in which they may run, and every old value that one may still
//! see of what the other wrote (with up to three switches by force in a run). `cargo xtask test` runs it; by hand:
//! `RUSTFLAGS="--cfg loom" cargo test --release --features loom --target-dir target/loom --lib --test loom models`.
//!
//! What is asserted is what a kernel relies on: verdict, holds and tables are the same in whatever order things
//! happen. The models are small, since they are tried thousands of times; the two halves of a word, as machines without
//! 64-bit atomics have them, are in all of them.
#![cfg(loom)]

use lockdep::__private::{Event, Runtime};
use lockdep::{Context, ContextCell, IrqState, Kind, Level, LockMap, Message, Mode, Port, Site, TaskInfo, WaitTypes};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use std::cell::Cell;

/// A context, and one for interrupts.
type Contexts = [ContextCell; 2];

std::thread_local! {
    /// Those of both CPUs. Each run of a model reuses them; all its threads are one to the host. Each test has its own.
    static CONTEXTS: &'static [Contexts; 2] = Box::leak(Box::new([const { [const { ContextCell::new(0) }; 2] }; 2]));
}

loom::thread_local! {
    static CURRENT: Cell<*const Context> = Cell::new(std::ptr::null());
    static IRQS: Cell<bool> = Cell::new(true);
    static SHOWN: Cell<usize> = Cell::new(0);
}

loom::lazy_static! {
    /// Whether a report is being shown, as far as a CPU sees.
    static ref SHOWING: AtomicBool = AtomicBool::new(false);
}

struct Model;

// SAFETY: `begin` gives each thread contexts of its own.
unsafe impl Port for Model {
    const CLASSES: usize = 4;
    const DEPENDENCIES: usize = 4;
    const CHAINS: usize = 4;

    fn context() -> *const Context {
        CURRENT.with(Cell::get)
    }
    unsafe fn set_context(context: *const Context) {
        CURRENT.with(|current| current.set(context));
    }
    fn irqs_enabled() -> bool {
        IRQS.with(Cell::get)
    }
    fn irqs_disable() -> IrqState {
        IrqState(IRQS.with(|irqs| irqs.replace(false)).into())
    }
    fn irqs_restore(state: IrqState) {
        IRQS.with(|irqs| irqs.set(state.0 != 0));
    }
    fn who() -> TaskInfo {
        TaskInfo { task: "model".into(), id: 0, cpu: 0 }
    }
    fn show(message: Message<'_>) {
        SHOWING.store(true, Ordering::Relaxed);
        let before = message.to_string();
        thread::yield_now(); // give a thread that writes to a shown report its chance
        assert_eq!(before, message.to_string(), "a report changes while it is shown");
        SHOWING.store(false, Ordering::Relaxed);
        SHOWN.with(|shown| shown.set(shown.get() + 1));
    }
}

// A cell that is dropped says so to the program's port; none is, but the linker cannot know.
lockdep::port!(Model);

/// Small tables: three classes, three dependencies, four chains.
type Machine = Runtime<Model, 4, 4, 4, 1, 1, 4, 64>;

/// A validator and two locks, as both CPUs have them.
struct World {
    runtime: Box<Machine>,
    a: LockMap,
    b: LockMap,
    shown: AtomicUsize,
}

impl World {
    /// One in which all atomics were touched, so that they are made before a thread is.
    fn new() -> World {
        let [a, b] = ["a", "b"].map(|name| LockMap::named(name, WaitTypes::SPIN));
        // Made by a thread of the host, since what loom runs has a small stack.
        let runtime = std::thread::spawn(|| Box::new(Machine::new())).join().expect("a validator is made");
        let world = World { runtime, a, b, shown: AtomicUsize::new(0) };
        world.begin(0);
        world.nest(&world.a, &world.b);
        [&world.a, &world.b].into_iter().for_each(|lock| world.release(lock)); // not held: a finding, which is forgotten
        assert!(world.runtime.reset());
        SHOWN.with(|shown| shown.set(0));
        world
    }

    /// The running thread becomes a CPU.
    fn begin(&self, cpu: usize) {
        // SAFETY: each thread has a number of its own, and the threads of the run before are gone.
        unsafe {
            let own = &CONTEXTS.with(|contexts| *contexts)[cpu][0];
            own.reset();
            Model::set_context(own.get());
        }
    }

    /// The CPU has done: what it was shown counts.
    fn end(&self) {
        // SAFETY: it is this thread's, set by `begin`.
        let context = unsafe { Model::context().as_ref() }.expect("it has one");
        assert_eq!((context.depth(), context.lost()), (0, 0), "tracking is right");
        self.shown.fetch_add(SHOWN.with(Cell::get), Ordering::Relaxed);
    }

    fn acquire(&self, lock: &LockMap) {
        self.runtime.acquire(lock, Mode::WRITE, Site::caller());
    }

    fn release(&self, lock: &LockMap) {
        self.runtime.release(lock, None);
    }

    /// Takes one lock and another one under it.
    fn nest(&self, outer: &LockMap, inner: &LockMap) {
        self.acquire(outer);
        self.acquire(inner);
        self.release(inner);
        self.release(outer);
    }

    /// Takes a lock in a hard interrupt.
    fn interrupt(&self, cpu: usize, lock: &LockMap) {
        let own = &CONTEXTS.with(|contexts| *contexts)[cpu][1];
        // SAFETY: as in `begin`.
        unsafe { own.reset() };
        let state = Model::irqs_disable();
        self.runtime.event(Event::Enter(Level::Hardirq, own), Site::caller());
        self.acquire(lock);
        self.release(lock);
        self.runtime.event(Event::Leave, Site::caller());
        Model::irqs_restore(state);
    }

    /// What each of the three tables has learned: classes, dependencies, chains.
    fn learned(&self) -> [usize; 3] {
        let occupancy = self.runtime.occupancy();
        [occupancy.classes.used, occupancy.dependencies.used, occupancy.chains.used]
    }
}

/// Runs `first` and `second` on two CPUs, in all orders with at most so many preemptions, and `after` when both are done.
fn two_cpus(preemptions: usize, first: fn(&World), second: fn(&World), after: fn(&World)) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);

    model.check(move || {
        let world = Arc::new(World::new());
        let other = world.clone();
        let thread = thread::spawn(move || {
            other.begin(1);
            second(&other);
            other.end();
        });
        first(&world);
        world.end();
        thread.join().expect("the other CPU does not panic");
        after(&world);
    });
}

mod models {
    use super::*;

    /// Both learn the same at once: it is learned once, and nothing gets lost.
    #[test]
    fn what_two_learn_at_once_is_learned_once() {
        // The second time by the fast path, if the other CPU's chains are seen by then or not.
        let both: fn(&World) = |world| (0..2).for_each(|_| world.nest(&world.a, &world.b));
        // Two preemptions: with three it takes minutes, since both CPUs learn all there is.
        two_cpus(2, both, both, |world| {
            assert_eq!(world.learned(), [2, 1, 2]);
            assert_eq!((world.runtime.first_finding(), world.shown.load(Ordering::Relaxed)), (None, 0));
        });
    }

    /// Two orders of two locks: found whichever CPU comes first, and shown once.
    #[test]
    fn opposite_orders_are_found_in_every_order() {
        two_cpus(
            3,
            |world| world.nest(&world.a, &world.b),
            |world| world.nest(&world.b, &world.a),
            |world| {
                assert_eq!(world.runtime.first_finding(), Some(Kind::Circular));
                assert_eq!(world.shown.load(Ordering::Relaxed), 1);
            },
        );
    }

    /// A class that one CPU takes in an interrupt and the other with interrupts on: two usage bits of one word.
    #[test]
    fn usage_is_found_in_every_order() {
        two_cpus(
            3,
            |world| world.interrupt(0, &world.a),
            |world| {
                world.acquire(&world.a);
                world.release(&world.a);
            },
            |world| {
                assert_eq!(world.runtime.first_finding(), Some(Kind::Inconsistent));
                assert_eq!(world.shown.load(Ordering::Relaxed), 1);
            },
        );
    }

    /// A CPU shows a report while another one forgets all and finds something else: that waits (see `Model::show`).
    #[test]
    fn a_report_does_not_change_while_it_is_shown() {
        two_cpus(
            3,
            |world| world.release(&world.a),
            |world| {
                if world.runtime.first_finding().is_some() && world.runtime.reset() {
                    assert!(!SHOWING.load(Ordering::Relaxed), "what the other CPU did to show it is not over");
                    world.release(&world.b);
                }
            },
            |world| {
                assert_eq!(world.runtime.first_finding(), Some(Kind::Unbalanced));
                assert!((1..=2).contains(&world.shown.load(Ordering::Relaxed)));
            },
        );
    }
}
