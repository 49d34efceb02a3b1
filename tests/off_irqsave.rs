//! Without the feature `validate` a lock that is taken with interrupts disabled still disables them.
#![cfg(not(feature = "validate"))]

use lockdep::spin::{Mutex, RwLock};
use lockdep::{Context, IrqState, Message, Port, TaskInfo};
use std::cell::Cell;

thread_local! {
    static IRQS: Cell<bool> = const { Cell::new(true) };
}

struct Host;

// SAFETY: there is no context that anybody could share.
unsafe impl Port for Host {
    const CLASSES: usize = 8;
    const DEPENDENCIES: usize = 8;
    const CHAINS: usize = 8;

    fn context() -> *const Context {
        std::ptr::null()
    }
    unsafe fn set_context(_: *const Context) {}
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
    fn show(_: Message<'_>) {}
}

lockdep::port!(Host);

#[test]
fn interrupts_are_disabled_while_it_is_held_and_then_as_they_were() {
    let (mutex, rwlock) = (Mutex::new(1), RwLock::new(2));
    let outer = mutex.lock_irqsave();
    assert!(!IRQS.get());
    let inner = rwlock.read_irqsave();
    assert_eq!(*outer + *inner, 3);
    assert!(mutex.try_lock_irqsave().is_none() && !IRQS.get());
    drop(inner);
    assert!(!IRQS.get(), "the outer one has them disabled");
    drop(outer);
    assert!(IRQS.get());
    *rwlock.write_irqsave() += 1;
    assert!(IRQS.get());
}
