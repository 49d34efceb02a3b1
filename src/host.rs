//! A port for threads: the validator in an ordinary program, or in host tests of a kernel's code.
//!
//! `lockdep::port!(lockdep::host::Host);`, once in the program, is all that is needed. It is a macro in the program and
//! not a symbol of this crate, so that two crates which both enable the feature never define two ports.
//!
//! Each thread is a task. It gets a context when it first takes a lock; if it ends with a lock held, that is reported
//! (`held-at-exit`). Its interrupt flag is a variable: on, until a test clears it with [`disable_irqs`]. [`interrupt`]
//! simulates an interrupt. Reports and notices go to stderr, or to the handler that [`set_handler`] installs.
//!
//! Invariants:
//! - A context belongs to one thread, or to the pool. It is never freed, so it never dangles; the context of a finished
//!   thread is reset before another thread gets it. Only pointers to it are given out. A context in which an interrupt
//!   has not ended never returns to the pool.
//! - While a thread's context is being created, and after it was returned, the thread has none: locks that it takes
//!   then are counted, as in a kernel before its first context. So an allocator may use a tracked lock.
//!
//! What it does not do: model CPUs. Every thread reports CPU 0, and the interrupt flag of one thread excludes no other
//! thread.
//!
//! `unsafe` is here to pass a context from one thread to another.
#![allow(unsafe_code)]

use crate::context::cell::ContextCell;
use crate::context::{Context, Level};
use crate::hooks;
use crate::port::{IrqState, Port};
use crate::report::message::Message;
use crate::report::policy::{Accepted, Policy};
use crate::report::{TaskInfo, TaskName};
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use std::boxed::Box;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;
use std::vec::Vec;
use std::{eprintln, panic, thread, thread_local};

/// The port for threads: pass it to `lockdep::port!`.
pub type Host = HostPort<DefaultConfig>;

/// The same port with options: `lockdep::port!(HostPort<Mine>)`, where `Mine` implements [`HostConfig`].
#[derive(Debug)]
pub struct HostPort<C>(PhantomData<C>);

/// The options of a [`HostPort`].
///
/// ```
/// use lockdep::host::{HostConfig, HostPort};
/// use lockdep::Policy;
/// struct Mine;
/// impl HostConfig for Mine {
///     const POLICY: Policy = Policy::ALL;
/// }
/// lockdep::port!(HostPort<Mine>);
/// # fn main() {}
/// ```
pub trait HostConfig: 'static {
    /// What happens after a finding.
    const POLICY: Policy = Policy::FIRST;
    /// Known findings that are accepted, each with its reason.
    const ACCEPTED: &'static [Accepted] = &[];
    /// As [`Port::CLASSES`].
    const CLASSES: usize = 1024;
    /// As [`Port::DEPENDENCIES`].
    const DEPENDENCIES: usize = 8192;
    /// As [`Port::CHAINS`].
    const CHAINS: usize = 16384;
    /// As [`Port::REPORTS`].
    const REPORTS: usize = 3;
    /// As [`Port::FINDINGS`].
    const FINDINGS: usize = 64;
    /// For how many nanoseconds a thread may wait for a lock: [`Port::HUNG_TASK`].
    const HUNG_TASK: u64 = 0;
}

/// The options of [`Host`]: all defaults.
#[derive(Debug)]
pub struct DefaultConfig;

impl HostConfig for DefaultConfig {}

// SAFETY: the context was taken from the pool by the thread that runs in it, or was passed to `set_context` on that
// thread. It returns to the pool when the thread ends, and from then on `context` returns null.
unsafe impl<C: HostConfig> Port for HostPort<C> {
    const POLICY: Policy = C::POLICY;
    const ACCEPTED: &'static [Accepted] = C::ACCEPTED;
    const CLASSES: usize = C::CLASSES;
    const DEPENDENCIES: usize = C::DEPENDENCIES;
    const CHAINS: usize = C::CHAINS;
    const REPORTS: usize = C::REPORTS;
    const FINDINGS: usize = C::FINDINGS;
    const HUNG_TASK: u64 = C::HUNG_TASK;
    /// On the host a critical section excludes other threads, so it is always a lock.
    const SECTION_IS_LOCK: bool = true;

    #[inline]
    fn context() -> *const Context {
        match THREAD.with(|thread| thread.state.get()) {
            State::Runs(context) => context,
            State::New => begin(),
            State::Changes | State::Ended => ptr::null(),
        }
    }
    unsafe fn set_context(context: *const Context) {
        THREAD.with(|thread| thread.state.set(State::Runs(context)));
    }
    #[inline]
    fn irqs_enabled() -> bool {
        THREAD.with(|thread| thread.irqs.get())
    }
    fn irqs_disable() -> IrqState {
        IrqState(usize::from(THREAD.with(|thread| thread.irqs.replace(false))))
    }
    fn irqs_restore(state: IrqState) {
        THREAD.with(|thread| thread.irqs.set(state.0 != 0));
    }
    fn who() -> TaskInfo {
        THREAD.with(|thread| thread.who.get())
    }
    fn show(message: Message<'_>) {
        let handler = *lock(&HANDLER);
        handler(message);
    }
    /// Nanoseconds since the first call.
    fn now() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// Sends all reports and notices to `handler` from now on: [`print`] (the default), [`panic`](panic()), or your own
/// function. Locks that it takes are not checked.
pub fn set_handler(handler: fn(Message<'_>)) {
    *lock(&HANDLER) = handler;
}

/// Prints a report or notice to stderr.
pub fn print(message: Message<'_>) {
    eprintln!("{message}");
}

/// Panics with a report, so that a test fails; prints a notice. In a thread that already panics, both are printed.
pub fn panic(message: Message<'_>) {
    match message {
        Message::Report(report) if !thread::panicking() => panic!("{report}"),
        _ => print(message),
    }
}

/// Sets this thread's interrupt flag without telling the validator, like a driver that writes the machine's flag
/// directly. `hooks::irqs_enabled` tells the validator.
pub fn enable_irqs() {
    THREAD.with(|thread| thread.irqs.set(true));
}

/// Clears this thread's interrupt flag without telling the validator. `hooks::irqs_disabled` tells the validator.
pub fn disable_irqs() {
    THREAD.with(|thread| thread.irqs.set(false));
}

/// Simulates an interrupt of this thread: runs `handler` in a context of its own with the flag off (a softirq: on),
/// then restores the flag. Returns `None` without running it if the flag is off, except for an NMI, which the flag does
/// not mask.
#[track_caller]
pub fn interrupt<R>(level: Level, handler: impl FnOnce() -> R) -> Option<R> {
    let were_on = Host::irqs_enabled();
    if !were_on && level != Level::Nmi {
        return None;
    }
    let own = from_pool();
    THREAD.with(|thread| thread.irqs.set(level == Level::Softirq));
    let _end = End { interrupt: Some(hooks::interrupt(level, own)), own, were_on };
    Some(handler())
}

/// Ends an interrupt, also when the handler panics.
struct End {
    /// `None` once it has ended.
    interrupt: Option<hooks::Interrupt>,
    own: &'static ContextCell,
    were_on: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        // This also ends any interrupt that the handler entered and did not leave.
        self.interrupt = None;
        THREAD.with(|thread| thread.irqs.set(self.were_on));
        to_pool(self.own);
    }
}

/// Per-thread state.
struct Thread {
    state: Cell<State>,
    own: Cell<Option<&'static ContextCell>>,
    irqs: Cell<bool>,
    who: Cell<TaskInfo>,
}

/// Whether a thread has a context.
#[derive(Clone, Copy)]
enum State {
    /// Not yet.
    New,
    /// Being created, or being returned.
    Changes,
    /// Current context.
    Runs(*const Context),
    /// No longer.
    Ended,
}

/// Its drop runs when a thread ends.
struct ThreadEnd;

thread_local! {
    // Two variables: a thread can access only the one that needs no drop until its very end.
    static THREAD: Thread = const {
        Thread {
            state: Cell::new(State::New),
            own: Cell::new(None),
            irqs: Cell::new(true),
            who: Cell::new(TaskInfo { task: TaskName::new("thread"), ..TaskInfo::UNKNOWN }),
        }
    };
    static END: ThreadEnd = const { ThreadEnd };
}

static HANDLER: Mutex<fn(Message<'_>)> = Mutex::new(print);
/// Contexts that no thread uses.
static POOL: Mutex<Vec<&'static ContextCell>> = Mutex::new(Vec::new());
static THREADS: AtomicU32 = AtomicU32::new(0);

/// Gives this thread its context.
#[cold]
fn begin() -> *const Context {
    THREAD.with(|thread| {
        thread.state.set(State::Changes);
        // After `END` was dropped, nothing would return a context to the pool.
        if END.try_with(|_| ()).is_err() {
            thread.state.set(State::Ended);
            return ptr::null();
        }
        let id = THREADS.fetch_add(1, Ordering::Relaxed);
        let task = thread::current().name().map_or(TaskName::new("thread"), TaskName::new);
        thread.who.set(TaskInfo { task, id, cpu: 0 });
        let own = from_pool();
        thread.own.set(Some(own));
        let context = own.get();
        thread.state.set(State::Runs(context));
        context
    })
}

impl Drop for ThreadEnd {
    fn drop(&mut self) {
        hooks::task_exit();
        THREAD.with(|thread| {
            let last = thread.state.replace(State::Changes);
            if let (State::Runs(last), Some(own)) = (last, thread.own.get())
                && own.is(last)
            {
                to_pool(own);
            }
            thread.state.set(State::Ended);
        });
    }
}

/// Returns a context that nothing else uses and that holds nothing.
fn from_pool() -> &'static ContextCell {
    let idle = lock(&POOL).pop();
    let Some(own) = idle else { return Box::leak(Box::new(ContextCell::new(0))) };
    // SAFETY: it was in the pool: no thread runs in it, since `to_pool` keeps such contexts out. And it is below no
    // interrupt, since an interrupt that has not ended is the thread's current context, or below that.
    unsafe { own.reset() };
    own
}

/// Returns a context to the pool, unless this thread still runs in it.
fn to_pool(own: &'static ContextCell) {
    let is_current = matches!(THREAD.with(|thread| thread.state.get()), State::Runs(last) if own.is(last));
    if !is_current {
        lock(&POOL).push(own);
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
