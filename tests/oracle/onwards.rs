//! Beyond the first finding: the runtime under `Policy::ALL` finds at each event what the oracle finds that goes on,
//! and its first finding is that of `Policy::FIRST`.
//!
//! Here traces run through the runtime, on a machine of plain values with a flag of its own: so with all that a kernel
//! has and the replayer has not, as the shortcuts of interrupts that end and of flags that are turned on.

use super::run::{Opinion, Run, judge};
use super::{corpora, day, strategy};
use lockdep::__private::{Event, Runtime};
use lockdep::{
    Context, ContextCell, DynamicKey, IrqState, Level, LockMap, Message, Mode, Policy, Port, Site, Subclass, TaskInfo,
    WaitTypes,
};
use lockdep_cli::trace::{self, Trace, What};
use proptest::prelude::*;
use proptest::sample::Index;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr;
use std::rc::Rc;

thread_local! {
    static CURRENT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    static IRQS: Cell<bool> = const { Cell::new(true) };
    static SHOWN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    /// Contexts that nobody runs in.
    static IDLE: RefCell<Vec<&'static ContextCell>> = const { RefCell::new(Vec::new()) };
}

struct All;
struct First;

/// Both ports are the same machine.
macro_rules! machine {
    ($port:ty, $policy:expr) => {
        // SAFETY: a context is used by the thread that made it, alone.
        unsafe impl Port for $port {
            const POLICY: Policy = $policy;
            const NESTED_IRQS: bool = true;
            const CLASSES: usize = 8;
            const DEPENDENCIES: usize = 8;
            const CHAINS: usize = 8;
            fn context() -> *const Context {
                CURRENT.get().map_or(ptr::null(), ptr::from_ref)
            }
            unsafe fn set_context(context: *const Context) {
                // SAFETY: contexts live as long as the program.
                CURRENT.set(unsafe { context.as_ref() });
            }
            fn irqs_enabled() -> bool {
                IRQS.get()
            }
            fn irqs_disable() -> IrqState {
                IrqState(IRQS.replace(false).into())
            }
            fn irqs_restore(state: IrqState) {
                IRQS.set(state.0 != 0);
            }
            fn who() -> TaskInfo {
                TaskInfo::UNKNOWN
            }
            fn show(message: Message<'_>) {
                if let Message::Report(report) = message {
                    SHOWN.with_borrow_mut(|shown| shown.push(report.kind().verdict()));
                }
            }
        }
    };
}
machine!(All, Policy::ALL);
machine!(First, Policy::FIRST);

// A cell that is dropped says so to the program's port; none is, but the linker cannot know.
lockdep::port!(First);

/// A machine on which a trace runs. `K` chains: with one, which is taken before the trace begins, nothing is cached.
struct Machine<'t, P, const K: usize> {
    runtime: Box<Runtime<P, 128, 1024, K, 1, 1, 4, 64>>,
    waits: HashMap<&'t str, WaitTypes>,
    /// One for each class.
    keys: HashMap<&'t str, DynamicKey>,
    locks: HashMap<&'t str, Rc<LockMap>>,
    /// Locks whose names others have now: they may be held.
    old: Vec<Rc<LockMap>>,
    /// The context that runs in each task, and the contexts of its interrupts below.
    tasks: HashMap<&'t str, &'static Context>,
    task: &'t str,
    /// All contexts that the trace has had.
    used: RefCell<Vec<&'static ContextCell>>,
}

impl<'t, P: Port, const K: usize> Machine<'t, P, K> {
    fn new() -> Self {
        let mut machine = Machine {
            runtime: Box::default(),
            waits: HashMap::new(),
            keys: HashMap::new(),
            locks: HashMap::new(),
            old: Vec::new(),
            tasks: HashMap::new(),
            task: "",
            used: RefCell::default(),
        };
        machine.fill_chains();
        machine.switch("");
        machine
    }

    /// Leaves no room for the chains of the trace, if there is one slot.
    fn fill_chains(&self) {
        if K == 1 {
            let before = (CURRENT.replace(Some(self.new_task())), IRQS.replace(true));
            // Two: where classes were unregistered, a full set is emptied once.
            for name in ["filler", "another"] {
                let lock = LockMap::named(name, WaitTypes::NONE);
                self.runtime.acquire(&lock, Mode::WRITE, Site::caller());
                self.runtime.release(&lock, None);
            }
            CURRENT.set(before.0);
            IRQS.set(before.1);
        }
    }

    /// How much was found, and what of it is new.
    fn execute(&mut self, what: &'t What) -> (usize, Vec<&'static str>) {
        let before = self.count();
        match what {
            What::Class(name, waits) => drop(self.waits.insert(name, *waits)),
            What::Lock(name, class) => self.declare(name, class),
            What::Event(event) => self.event(event),
        }
        self.tasks.insert(self.task, self.context());
        IRQS.set(self.context().irqs_on());
        (self.count() - before, SHOWN.take())
    }

    fn count(&self) -> usize {
        let state = self.runtime.state();
        state.findings + (state.repeated + state.dropped) as usize
    }

    fn context(&self) -> &'static Context {
        CURRENT.get().expect("it has one")
    }

    /// A context for an interrupt.
    fn new_cell(&self) -> &'static ContextCell {
        let cell = IDLE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::leak(Box::new(ContextCell::new(0))));
        // SAFETY: it is of a trace that is over.
        unsafe { cell.reset() };
        self.used.borrow_mut().push(cell);
        cell
    }

    /// That of a new task.
    fn new_task(&self) -> &'static Context {
        // SAFETY: it lives for ever, and this thread alone has it.
        unsafe { &*self.new_cell().get() }
    }

    fn switch(&mut self, task: &'t str) {
        self.task = task;
        let context = self.tasks.get(task).copied().unwrap_or_else(|| self.new_task());
        self.tasks.insert(task, context);
        CURRENT.set(Some(context));
    }

    fn declare(&mut self, name: &'t str, class: &'t str) {
        let waits = self.waits.get(class).copied().unwrap_or_default();
        let lock = Rc::new(LockMap::with_dynamic_key(self.keys.entry(class).or_default(), waits));
        self.old.extend(self.locks.insert(name, lock));
    }

    /// The class of this name is taken back.
    fn unregister(&mut self, class: &str) {
        if let Some(key) = self.keys.get(class) {
            self.runtime.event(Event::UnregisterKey(key), Site::caller());
            self.fill_chains();
        }
    }

    fn know(&mut self, name: &'t str) {
        if !self.locks.contains_key(name) {
            self.declare(name, name);
        }
    }

    fn event(&mut self, event: &'t trace::Event) {
        let site = Site::caller();
        let happens = |event: Event<'_>| self.runtime.event(event, site);
        match event {
            trace::Event::Task(name) => self.switch(name),
            trace::Event::Acquire(what) => self.acquire(what, site),
            trace::Event::Release(name) => {
                self.know(name);
                self.runtime.release(&self.locks[name.as_str()], Some(site));
            }
            trace::Event::Downgrade(name) => {
                self.know(name);
                self.runtime.event(Event::Downgrade(&self.locks[name.as_str()], Mode::READ), site);
            }
            trace::Event::Free(name) => {
                self.know(name);
                self.runtime.event(Event::Free(&self.locks[name.as_str()]), site);
            }
            trace::Event::Irqs(false) => {
                IRQS.set(false);
                self.runtime.irqs_disabled(site);
            }
            trace::Event::Irqs(true) => self.runtime.irqs_enabled(site),
            trace::Event::Softirqs(on) => happens(if *on { Event::SoftirqsOn } else { Event::SoftirqsOff }),
            trace::Event::Hardirq(true) => {
                IRQS.set(false);
                happens(Event::Enter(Level::Hardirq, self.new_cell()));
            }
            trace::Event::Softirq(true) => happens(Event::Enter(Level::Softirq, self.new_cell())),
            trace::Event::Hardirq(false) | trace::Event::Softirq(false) => {
                happens(Event::Leave);
            }
            trace::Event::Reclaim(enter) => happens(if *enter { Event::ReclaimEnter } else { Event::ReclaimExit }),
            trace::Event::Alloc => happens(Event::Allocate),
            trace::Event::MightSleep => happens(Event::MightSleep),
            trace::Event::TaskExit => happens(Event::TaskExit),
            trace::Event::UserReturn => happens(Event::UserReturn),
        }
    }

    fn acquire(&mut self, what: &'t trace::Acquire, site: Site) {
        self.know(&what.lock);
        what.nest.iter().for_each(|nest| self.know(nest));
        let map = &self.locks[what.lock.as_str()];
        if !what.tried && what.checked && what.subclass == Subclass::ZERO && what.nest.is_none() {
            return self.runtime.acquire(map, what.mode, site);
        }
        let nest = what.nest.as_ref().map(|nest| &*self.locks[nest.as_str()]);
        self.runtime.acquire_with(&what.begin(map, nest, site));
    }
}

impl<P, const K: usize> Drop for Machine<'_, P, K> {
    fn drop(&mut self) {
        IDLE.with_borrow_mut(|idle| idle.append(self.used.get_mut()));
        CURRENT.set(None);
        IRQS.set(true);
    }
}

/// Which classes are taken back in a trace: before which statement, and the number of the class.
type Gone = [(Index, Index)];

/// Says at which event what is found differs. Without the cache nothing may; with it what came before may not come
/// again, for a chain of which something was reported counts as checked.
fn difference<const K: usize>(trace: &Trace, gone: &Gone) -> Option<String> {
    let (mut oracle, mut machine) = (Run::new(), Machine::<All, K>::new());
    for (number, statement) in trace.statements.iter().enumerate() {
        for (_, class) in gone.iter().filter(|(at, _)| at.index(trace.statements.len()) == number) {
            if let Some(class) = oracle.forget(class.index(64)) {
                machine.unregister(class);
            }
        }
        let done = oracle.execute(&statement.what);
        let want = oracle.take_found();
        if done.is_err() && want.is_empty() {
            return None;
        }
        let (count, shown) = machine.execute(&statement.what);
        let mut left = want.clone();
        let are_among =
            shown.iter().all(|kind| left.iter().position(|&want| want == *kind).map(|n| left.remove(n)).is_some());
        let is_right = are_among && (count == want.len() || K > 1 && count < want.len());
        if !is_right && done.is_ok() {
            return Some(format!(
                "{}: {statement:?}: the oracle says {want:?}, the runtime {count}: {shown:?}",
                trace.name
            ));
        }
        if done.is_err() {
            return None;
        }
    }
    None
}

/// The first finding, and its event. Of several findings of one event that have one cause, another one may be shown first.
fn first<P: Port>(trace: &Trace) -> Opinion {
    let mut machine = Machine::<P, 1024>::new();
    let mut event = 0;
    for statement in &trace.statements {
        event += u64::from(matches!(statement.what, What::Event(_)));
        let (_, shown) = machine.execute(&statement.what);
        if !shown.is_empty() {
            let first = machine.runtime.state().first;
            return Opinion::Report(first.map_or("nothing", |(kind, _)| kind.verdict()), event);
        }
    }
    Opinion::Ok
}

/// Returns the difference.
fn complaint(trace: &Trace) -> Option<String> {
    let want = judge(trace);
    if !matches!(want, Opinion::Undefined(_)) {
        let (all, only) = (first::<All>(trace), first::<First>(trace));
        if (all, only) != (want, want) {
            return Some(format!("{}: first {want:?}, and {all:?} under ALL, {only:?} under FIRST", trace.name));
        }
    }
    difference::<1>(trace, &[]).or_else(|| difference::<1024>(trace, &[]))
}

#[test]
fn all_findings_of_the_corpora_are_the_oracles() {
    let complaints: Vec<String> = corpora::share().iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn all_findings_of_random_traces_are_the_oracles() {
    day::run(1_000, &strategy::cases(48), |case| {
        let complaint = complaint(&case.trace());
        prop_assert!(complaint.is_none(), "{}", complaint.unwrap_or_default());
        Ok(())
    });
}

/// As if a class that was taken back had never been: so no rank, no bit, no chain and no hint is left of it that counts.
#[test]
fn findings_after_classes_are_unregistered_match_the_oracle() {
    let gone = proptest::collection::vec((any::<Index>(), any::<Index>()), 1..12);
    day::run(1_000, &(strategy::cases(48), gone), |(case, gone)| {
        let trace = case.trace();
        let difference = difference::<1>(&trace, &gone).or_else(|| difference::<1024>(&trace, &gone));
        prop_assert!(difference.is_none(), "{}", difference.unwrap_or_default());
        Ok(())
    });
}
