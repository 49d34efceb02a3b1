//! A port for threads: the validator in an ordinary program, or in tests of a kernel's code on the host.
//!
//! `lockdep::port!(lockdep::host::Host);`, once in the program, is all of it. A thread is a task with a context of its own,
//! made when it first takes a lock. When it ends with a lock on its books, that is reported (`held-at-exit`). Its interrupt
//! flag is a variable: on, until a test says otherwise; [`interrupt`] brings an interrupt about. News go to stderr, or where
//! [`on_news`] says.
//!
//! It is a macro and not a symbol of this crate, so that two crates that both ask for the feature never make two ports.
//!
//! Invariants:
//! - A context is one thread's, or the pool's. It is never freed, so it never dangles; the context of a thread that ended
//!   is made anew before another thread has it.
//! - While the context of a thread is being made, and after it was given back, there is none: what the thread takes then is
//!   counted, as in a kernel before its first context. So an allocator may use a tracked lock.
//!
//! What it does not do: it has no CPUs. A thread says 0 for its CPU, and the flag of one thread keeps no other out.
//!
//! `unsafe` is here to give a context to one thread after the other.
#![allow(unsafe_code)]

use crate::context::{Context, Level};
use crate::hooks;
use crate::news::News;
use crate::policy::{Accepted, Policy};
use crate::port::Port;
use crate::report::Who;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};
use host_std::boxed::Box;
use host_std::collections::BTreeSet;
use host_std::string::String;
use host_std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use host_std::time::Instant;
use host_std::vec::Vec;
use host_std::{eprintln, panic, thread, thread_local};

/// The port: give it to `lockdep::port!`.
pub type Host = HostWith<First>;

/// The port with another policy: `lockdep::port!(HostWith<Mine>)`, where `Mine` is a [`Choice`].
#[derive(Debug)]
pub struct HostWith<C>(PhantomData<C>);

/// What a program chooses for its port.
///
/// ```
/// use lockdep::host::{Choice, HostWith};
/// use lockdep::policy::Policy;
/// struct Mine;
/// impl Choice for Mine {
///     const POLICY: Policy = Policy::ALL;
/// }
/// lockdep::port!(HostWith<Mine>);
/// # fn main() {}
/// ```
pub trait Choice: 'static {
    /// What is done about findings.
    const POLICY: Policy = Policy::FIRST;
    /// The findings that are known and accepted, each with its reason.
    const ACCEPTED: &'static [Accepted] = &[];
}

/// What [`Host`] has chosen: nothing.
#[derive(Debug)]
pub struct First;

impl Choice for First {}

// SAFETY: the context was taken from the pool by the thread that runs in it, or is one that `set_context` was given on it.
// It goes back to the pool when this thread ends, and from then on the answer is `None`.
unsafe impl<C: Choice> Port for HostWith<C> {
    const POLICY: Policy = C::POLICY;
    const ACCEPTED: &'static [Accepted] = C::ACCEPTED;
    /// Between threads it can be nothing else.
    const SECTION_IS_LOCK: bool = true;

    #[inline]
    fn context() -> Option<&'static Context> {
        match THREAD.with(|thread| thread.state.get()) {
            State::Runs(context) => Some(context),
            State::New => begin(),
            State::Changes | State::Ended => None,
        }
    }
    fn set_context(context: &'static Context) {
        THREAD.with(|thread| thread.state.set(State::Runs(context)));
    }
    #[inline]
    fn irqs_enabled() -> bool {
        THREAD.with(|thread| thread.irqs.get())
    }
    fn irqs_disable() {
        set_irqs(false);
    }
    fn irqs_enable() {
        set_irqs(true);
    }
    fn who() -> Who {
        THREAD.with(|thread| thread.who.get())
    }
    fn show(news: News<'_>) {
        let handler = *lock(&HANDLER);
        handler(news);
    }
    /// Nanoseconds since the program first asked.
    fn now() -> u64 {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// Gives all news to `handler` from now on: [`print`], which is what happens if nobody says otherwise, [`panic`](panic()), or a
/// function of yours. Locks that it takes are not checked.
pub fn on_news(handler: fn(News<'_>)) {
    *lock(&HANDLER) = handler;
}

/// Prints news to stderr.
pub fn print(news: News<'_>) {
    eprintln!("{news}");
}

/// Panics with a report, which makes a test of it red; a notice is printed. A thread that panics already prints both.
pub fn panic(news: News<'_>) {
    match news {
        News::Report(report) if !thread::panicking() => panic!("{report}"),
        _ => print(news),
    }
}

/// Turns this thread's interrupt flag on or off, without a word to the validator: as a driver does that writes the
/// machine's flag. `hooks::irqs_off` and `irqs_on` are the word.
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
    // SAFETY: the pool gave it to this thread alone.
    hooks::enter(level, unsafe { own.as_ref() });
    let _end = Interrupt { own, were_on };
    Some(handler())
}

/// An interrupt that runs. It ends also when its handler panics.
struct Interrupt {
    own: NonNull<Context>,
    were_on: bool,
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        hooks::leave();
        set_irqs(self.were_on);
        to_pool(self.own);
    }
}

/// What is each thread's.
struct Thread {
    state: Cell<State>,
    own: Cell<Option<NonNull<Context>>>,
    irqs: Cell<bool>,
    who: Cell<Who>,
}

/// Whether a thread has a context.
#[derive(Clone, Copy)]
enum State {
    /// Not yet.
    New,
    /// It is being made, or given back.
    Changes,
    /// It runs in this one.
    Runs(&'static Context),
    /// No more.
    Ended,
}

/// What is done when a thread ends.
struct End;

thread_local! {
    // Two, since only what needs no drop can be asked to the very end of a thread.
    static THREAD: Thread = const {
        Thread {
            state: Cell::new(State::New),
            own: Cell::new(None),
            irqs: Cell::new(true),
            who: Cell::new(Who { task: "thread", ..Who::UNKNOWN }),
        }
    };
    static END: End = const { End };
}

static HANDLER: Mutex<fn(News<'_>)> = Mutex::new(print);
static POOL: Mutex<Vec<Idle>> = Mutex::new(Vec::new());
/// The names of threads, each once, for reports may outlive threads.
static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
static THREADS: AtomicU32 = AtomicU32::new(0);

/// A context that nobody runs in.
struct Idle(NonNull<Context>);

// SAFETY: nobody runs in it, so it is as good as the memory that it is made of; whoever takes it writes it anew.
unsafe impl Send for Idle {}

/// This thread gets its context.
#[cold]
fn begin() -> Option<&'static Context> {
    THREAD.with(|thread| {
        thread.state.set(State::Changes);
        // A thread that is past the end of `END` has no end that would give a context back.
        if END.try_with(|_| ()).is_err() {
            thread.state.set(State::Ended);
            return None;
        }
        let id = THREADS.fetch_add(1, Ordering::Relaxed);
        let task = thread::current().name().map_or("thread", intern);
        thread.who.set(Who { task, id, cpu: 0 });
        let own = from_pool();
        thread.own.set(Some(own));
        // SAFETY: the pool gave it to this thread alone, which gives it back in `END`.
        let context = unsafe { own.as_ref() };
        thread.state.set(State::Runs(context));
        Some(context)
    })
}

impl Drop for End {
    fn drop(&mut self) {
        hooks::task_exit();
        THREAD.with(|thread| {
            let last = thread.state.replace(State::Changes);
            if let (State::Runs(last), Some(own)) = (last, thread.own.get())
                && core::ptr::eq(last, own.as_ptr())
            {
                to_pool(own);
            }
            thread.state.set(State::Ended);
        });
    }
}

/// A context that nobody else has, and that holds nothing.
fn from_pool() -> NonNull<Context> {
    let idle = lock(&POOL).pop();
    match idle {
        Some(Idle(own)) => {
            // SAFETY: it was in the pool: it is a living allocation that nobody runs in.
            unsafe { own.write(Context::new()) };
            own
        }
        None => NonNull::from(Box::leak(Box::new(Context::new()))),
    }
}

fn to_pool(own: NonNull<Context>) {
    lock(&POOL).push(Idle(own));
}

fn intern(name: &str) -> &'static str {
    let mut names = lock(&NAMES);
    match names.get(name) {
        Some(name) => name,
        None => {
            let name: &'static str = String::leak(name.into());
            names.insert(name);
            name
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
