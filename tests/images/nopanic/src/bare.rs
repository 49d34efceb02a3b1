//! The program: a port that is opaque to the optimiser, and one call of each entry point and of each tracked lock's.

use core::hint::black_box;
use lockdep::Site;
use lockdep::WaitTypes;
use lockdep::rcu;
use lockdep::semaphore::Semaphore;
use lockdep::seqlock::{SeqCount, SeqLock};
use lockdep::spin::{Mutex, MutexGuard, Once, RwLock};
use lockdep::ww::{WwAcquireContext, WwClass, WwMutex};
use lockdep::{Accepted, Acquire, Context, IrqState, Level, LockMap, Message, Mode, Policy, Port, Subclass};
use lockdep::{ContextCell, Kind, TaskInfo, Tracker};
use lockdep::{asserts, hooks, lock_api, lock_api_05};

static TASK: ContextCell = ContextCell::new(0);
static HARDIRQ: ContextCell = ContextCell::new(0);

struct Nowhere;

// SAFETY: nothing here is ever run.
unsafe impl Port for Nowhere {
    const POLICY: Policy = Policy::ALL;
    const ACCEPTED: &'static [Accepted] = &[Accepted::id(1, ""), Accepted::sites("a.rs:1", "b.rs:2", "")];

    fn context() -> *const Context {
        black_box(TASK.get())
    }
    unsafe fn set_context(context: *const Context) {
        black_box(context);
    }
    fn irqs_enabled() -> bool {
        black_box(true)
    }
    fn irqs_disable() -> IrqState {
        black_box(IrqState(1))
    }
    fn irqs_restore(state: IrqState) {
        black_box(state);
    }
    fn who() -> TaskInfo {
        black_box(TaskInfo::UNKNOWN)
    }
    fn show(message: Message<'_>) {
        black_box(message);
    }
}

/// A zero-sized raw lock.
struct RawNothing;

// SAFETY: nothing here is ever run.
unsafe impl lock_api::RawMutex for RawNothing {
    const INIT: Self = RawNothing;
    type GuardMarker = lock_api::GuardNoSend;
    fn lock(&self) {}
    fn try_lock(&self) -> bool {
        black_box(true)
    }
    unsafe fn unlock(&self) {}
}

// SAFETY: as above.
unsafe impl lock_api_05::RawMutex for RawNothing {
    const INIT: Self = RawNothing;
    type Guard = lock_api_05::GuardNoSend;
    fn lock(&self) -> Self::Guard {
        lock_api_05::GuardNoSend::new()
    }
    fn try_lock(&self) -> Option<Self::Guard> {
        black_box(true).then(lock_api_05::GuardNoSend::new)
    }
    unsafe fn unlock(&self, _: Self::Guard) {}
    fn is_locked(&self) -> bool {
        black_box(true)
    }
}

lockdep::port!(Nowhere);

static A: LockMap = LockMap::new(WaitTypes::SPIN);
static B: LockMap = LockMap::new(WaitTypes::SLEEP);
static MUTEX: Mutex<u32> = Mutex::new(0);
static RWLOCK: RwLock<u32> = RwLock::new(0);
static OLD: lock_api::Mutex<RawNothing, u32> = lock_api::Mutex::new(0);
static NEW: lock_api_05::Mutex<RawNothing, u32> = lock_api_05::Mutex::new(0);
static ONCE: Once<u32> = Once::new();
static SEQUENCE: SeqLock<u32> = SeqLock::new(0);
static COUNT: SeqCount = SeqCount::new();
static SEMAPHORE: Semaphore = Semaphore::new(1);
static CLASS: WwClass = WwClass::new("ww mutex", "ww context");
static WW: WwMutex<u32> = WwMutex::new(&CLASS, 0);

/// Where the linker begins; nobody comes here.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (a, b) = (black_box(&A), black_box(&B));
    let mode = black_box(Mode::WRITE);
    hooks::acquire(a, mode, Site::caller());
    let what = Acquire::new(a, mode, Site::caller());
    let what = if black_box(true) { what.tried() } else { what.unchecked() };
    hooks::acquire_with(black_box(&what.subclass(Subclass::new(black_box(1))).nest(b)));
    hooks::release(a, black_box(None));
    hooks::irqs_enabled();
    hooks::irqs_disabled();
    hooks::irq_restore(black_box(hooks::irq_save()));
    hooks::softirqs_on();
    hooks::softirqs_off();
    hooks::irq_enter(black_box(Level::Hardirq), &HARDIRQ);
    hooks::irq_exit();
    drop(hooks::interrupt(black_box(Level::Hardirq), &HARDIRQ));
    hooks::within_interrupt(black_box(Level::Nmi), &HARDIRQ, || ());
    drop(black_box(ContextCell::new(0)));
    hooks::reclaim_enter();
    hooks::reclaim_exit();
    hooks::might_alloc();
    hooks::might_sleep();
    hooks::lock_freed(a);
    drop(black_box(Tracker::new(WaitTypes::SPIN)));
    hooks::downgrade(a, mode);
    hooks::hand_over(a);
    hooks::take_over(a, mode);
    hooks::check_irqs();
    hooks::task_exit();
    hooks::user_return();
    hooks::report_misuse(black_box(Kind::Assertion), "", black_box(Some(a)), Site::caller());
    black_box(hooks::holds(a));
    asserts::assert_held(a);
    asserts::assert_held_read(a);
    asserts::assert_held_write(a);
    asserts::assert_not_held(a);
    asserts::assert_irqs_disabled();
    asserts::assert_irqs_enabled();
    asserts::might_lock(a);
    asserts::might_lock_read(a);
    asserts::might_fault(b);
    asserts::unpin(asserts::pin(a));
    hooks::for_each_held(&mut |lock| {
        black_box(lock);
    });
    hooks::for_each_accepted(&mut |accepted, times| {
        black_box((accepted, times));
    });
    black_box((
        hooks::irqs_recorded_on(),
        hooks::first_finding(),
        hooks::occupancy(),
        hooks::memory_footprint(),
        hooks::reset(),
    ));
    black_box((hooks::state(), hooks::show_pending()));
    locks();
    raw_locks();
    other_locks();
    sleeping_locks();
    loop {
        core::hint::spin_loop();
    }
}

/// The tracked locks that spin, and RCU's read sections.
#[inline(never)]
fn locks() {
    *black_box(&MUTEX).lock() += 1;
    drop(black_box(&MUTEX).lock_nested(Subclass::new(black_box(1))));
    drop(black_box(&MUTEX).lock_nest(black_box(&B)));
    drop(black_box(black_box(&MUTEX).try_lock()));
    drop(black_box(&MUTEX).lock_irqsave());
    drop(black_box(&MUTEX).try_lock_irqsave());
    black_box(MutexGuard::leak(black_box(&MUTEX).lock()));
    // SAFETY: nothing here is ever run.
    unsafe { black_box(&MUTEX).force_unlock() };
    drop(black_box(Mutex::new(0)));
    let rwlock = black_box(&RWLOCK);
    // Its readers are left out: the lock that is wrapped counts them, and panics on paper when the count overflows
    // (spin 0.12.3, `acquire_reader`). What the validator does for a reader is in `acquire` with any mode.
    *rwlock.write() += 1;
    drop(rwlock.upgradeable_read().upgrade());
    drop(black_box(rwlock.try_write()));
    drop(black_box(rwlock.try_write_weak()));
    drop(black_box(rwlock.write().downgrade_to_upgradeable().try_upgrade()));
    drop(rwlock.write_nested(Subclass::new(black_box(1))));
    drop(rwlock.write_nest(black_box(&B)));
    drop(rwlock.write_irqsave());
    drop(black_box(rwlock.try_upgradeable_read()));
    drop((rcu::read(), rcu::read_bh(), rcu::read_sched()));
    rcu::assert_read_held();
}

/// The locks of `lock_api`, in both versions. Reentrant ones are left out: `lock_api` panics when their count overflows.
#[inline(never)]
fn raw_locks() {
    let (old, new) = (black_box(&OLD), black_box(&NEW));
    *old.lock() += 1;
    *new.lock() += 1;
    drop((black_box(old.try_lock()), black_box(new.try_lock())));
    drop((old.lock_nested(Subclass::new(black_box(1))), new.lock_nest(black_box(&B))));
    drop((old.lock_irqsave(), new.lock_irqsave()));
}

/// The rest: sequences and semaphores. Of a `Once` only what asks for its value: `spin` panics where an initialiser did.
#[inline(never)]
fn other_locks() {
    black_box(black_box(&ONCE).get());
    let sequence = black_box(&SEQUENCE);
    *sequence.write() += 1;
    drop(black_box(sequence.try_write()));
    drop(sequence.write_irqsave());
    black_box((sequence.read(), sequence.try_read()));
    let count = black_box(&COUNT);
    drop(count.write());
    black_box(count.read_retry(count.read_begin()));
    let semaphore = black_box(&SEMAPHORE);
    semaphore.acquire().forget();
    drop(black_box(semaphore.try_acquire()));
    semaphore.release();
}

/// The wound/wait mutexes.
#[inline(never)]
fn sleeping_locks() {
    let mut context = WwAcquireContext::new(black_box(&CLASS));
    let acquire = context.init();
    let ww = black_box(&WW);
    if let Ok(mut guard) = ww.lock(&acquire) {
        *guard += 1;
    }
    drop(black_box(ww.lock_slow(&acquire)));
    black_box(acquire.acquired());
    acquire.done();
    acquire.fini();
    drop(ww.lock_alone());
    drop(black_box(ww.try_lock()));
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
