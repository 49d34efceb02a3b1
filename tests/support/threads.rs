//! What tests of the port for threads share: one validator and one handler serve the whole program, so tests take turns, and
//! each begins with nothing learned.

use lockdep::{Context, Message, Port};
use lockdep::{hooks, host};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

lockdep::port!(host::Host);

static TURN: Mutex<()> = Mutex::new(());
static SHOWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A test begins: nothing learned, news are kept.
pub(crate) fn begin() -> MutexGuard<'static, ()> {
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    host::set_handler(|message: Message<'_>| shown().push(message.to_string()));
    assert!(hooks::reset());
    shown().clear();
    turn
}

/// What was shown since the test began.
pub(crate) fn shown() -> MutexGuard<'static, Vec<String>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The context of this thread, while it is its own.
pub(crate) fn context<'c>() -> &'c Context {
    // SAFETY: a thread's context is never freed, and its callers use it in that thread alone, before it ends.
    unsafe { host::Host::context().as_ref() }.expect("a thread has a context")
}

/// In a thread of this name, to its end.
pub(crate) fn in_thread<R: Send>(name: &str, work: impl FnOnce() -> R + Send) -> thread::Result<R> {
    thread::scope(|scope| thread::Builder::new().name(name.into()).spawn_scoped(scope, work).expect("a thread").join())
}
