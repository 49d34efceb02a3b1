//! A port for threads: the validator in an ordinary program, or in tests of a kernel's code on the host.
//!
//! `lockdep::port!(lockdep::host::Host);`, once in the program, is all of it. A thread is a task with a context of its own,
//! made when it first takes a lock. When it ends with a lock on its books, that is reported (`held-at-exit`). Its interrupt
//! flag is a variable: on, until a test says otherwise; [`interrupt`] brings an interrupt about. News go to stderr, or where
//! [`set_handler`] says.
//!
//! It is a macro and not a symbol of this crate, so that two crates that both ask for the feature never make two ports.
//!
//! Invariants:
//! - A context is one thread's, or the pool's. It is never freed, so it never dangles; the context of a thread that ended
//!   is reset before another thread has it. Only pointers to it are given out, and what has not ended (an interrupt that was
//!   not left) never goes back to the pool.
//! - While the context of a thread is being made, and after it was given back, there is none: what the thread takes then is
//!   counted, as in a kernel before its first context. So an allocator may use a tracked lock.
//!
//! What it does not do: it has no CPUs. A thread says 0 for its CPU, and the flag of one thread keeps no other out.
//!
//! `unsafe` is here to give a context to one thread after the other.
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

/// The port: give it to `lockdep::port!`.
pub type Host = HostPort<DefaultConfig>;

/// The port with another policy: `lockdep::port!(HostPort<Mine>)`, where `Mine` is a [`HostConfig`].
#[derive(Debug)]
pub struct HostPort<C>(PhantomData<C>);

/// What a program chooses for its port.
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
    /// What is done about findings.
    const POLICY: Policy = Policy::FIRST;
    /// The findings that are known and accepted, each with its reason.
    const ACCEPTED: &'static [Accepted] = &[];
}

/// What [`Host`] has chosen: nothing.
#[derive(Debug)]
pub struct DefaultConfig;

impl HostConfig for DefaultConfig {}

// SAFETY: the context was taken from the pool by the thread that runs in it, or is one that `set_context` was given on it.
// It goes back to the pool when this thread ends, and from then on the answer is `None`.
unsafe impl<C: HostConfig> Port for HostPort<C> {
    const POLICY: Policy = C::POLICY;
    const ACCEPTED: &'static [Accepted] = C::ACCEPTED;
    /// Between threads it can be nothing else.
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
        set_irqs(state.0 != 0);
    }
    fn who() -> TaskInfo {
        THREAD.with(|thread| thread.who.get())
    }
    fn show(message: Message<'_>) {
        let handler = *lock(&HANDLER);
        handler(message);
    }
    /// Nanoseconds since the program first asked.
    fn now() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// Gives all news to `handler` from now on: [`print`], which is what happens if nobody says otherwise, [`panic`](panic()), or a
/// function of yours. Locks that it takes are not checked.
pub fn set_handler(handler: fn(Message<'_>)) {
    *lock(&HANDLER) = handler;
}

/// Prints news to stderr.
pub fn print(message: Message<'_>) {
    eprintln!("{message}");
}

/// Panics with a report, which makes a test of it red; a notice is printed. A thread that panics already prints both.
pub fn panic(message: Message<'_>) {
    match message {
        Message::Report(report) if !thread::panicking() => panic!("{report}"),
        _ => print(message),
    }
}

/// Turns this thread's interrupt flag on or off, without a word to the validator: as a driver does that writes the
/// machine's flag. `hooks::irqs_disabled` and `irqs_on` are the word.
pub fn set_irqs(on: bool) {
    THREAD.with(|thread| thread.irqs.set(on));
}

/// An interrupt comes upon this thread: `handler` runs in a context of its own, with the flag off (a softirq: as it is), and
/// then all is as it was. `None`: the flag is off and keeps it out, which it does not for an NMI.
#[track_caller]
pub fn interrupt<R>(level: Level, handler: impl FnOnce() -> R) -> Option<R> {
    let were_on = Host::irqs_enabled();
    if !were_on && level != Level::Nmi {
        return None;
    }
    let own = from_pool();
    set_irqs(level == Level::Softirq);
    let _end = End { interrupt: Some(hooks::interrupt(level, own)), own, were_on };
    Some(handler())
}

/// The end of an interrupt. It comes also when the handler panics.
struct End {
    /// Until it has ended.
    interrupt: Option<hooks::Interrupt>,
    own: &'static ContextCell,
    were_on: bool,
}

impl Drop for End {
    fn drop(&mut self) {
        // With it ends what the handler entered and did not leave.
        self.interrupt = None;
        set_irqs(self.were_on);
        to_pool(self.own);
    }
}

/// What is each thread's.
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
    /// It is being made, or given back.
    Changes,
    /// It runs in this one.
    Runs(*const Context),
    /// No more.
    Ended,
}

/// What is done when a thread ends.
struct ThreadEnd;

thread_local! {
    // Two, since only what needs no drop can be asked to the very end of a thread.
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
/// Contexts in which nobody runs.
static POOL: Mutex<Vec<&'static ContextCell>> = Mutex::new(Vec::new());
static THREADS: AtomicU32 = AtomicU32::new(0);

/// This thread gets its context.
#[cold]
fn begin() -> *const Context {
    THREAD.with(|thread| {
        thread.state.set(State::Changes);
        // A thread that is past the end of `END` has no end that would give a context back.
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

/// A context that nobody else has, and that holds nothing.
fn from_pool() -> &'static ContextCell {
    let idle = lock(&POOL).pop();
    let Some(own) = idle else { return Box::leak(Box::new(ContextCell::new(0))) };
    // SAFETY: it was in the pool: no thread runs in it, for `to_pool` keeps out those that do, and it is below no interrupt,
    // which would be the thread's current context, or below that.
    unsafe { own.reset() };
    own
}

/// Gives a context back, unless this thread runs in it still.
fn to_pool(own: &'static ContextCell) {
    let is_current = matches!(THREAD.with(|thread| thread.state.get()), State::Runs(last) if own.is(last));
    if !is_current {
        lock(&POOL).push(own);
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
