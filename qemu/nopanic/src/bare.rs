//! The program: a port that is opaque to the optimiser, and one call of each entry point.

use core::hint::black_box;
use lockdep::class::{LockMap, Subclass};
use lockdep::context::{Context, Level};
use lockdep::held::Acquire;
use lockdep::limits::Notice;
use lockdep::mode::Mode;
use lockdep::port::Port;
use lockdep::report::{Report, Who};
use lockdep::runtime::ContextCell;
use lockdep::site::Site;
use lockdep::wait_type::WaitTypes;
use lockdep::{asserts, hooks};

static TASK: ContextCell = ContextCell::new(0);
static HARDIRQ: ContextCell = ContextCell::new(0);

struct Nowhere;

// SAFETY: nothing here is ever run.
unsafe impl Port for Nowhere {
    fn context() -> Option<&'static Context> {
        // SAFETY: as above.
        black_box(Some(unsafe { TASK.get() }))
    }
    fn set_context(context: &'static Context) {
        black_box(context);
    }
    fn irqs_enabled() -> bool {
        black_box(true)
    }
    fn irqs_disable() {}
    fn irqs_enable() {}
    fn who() -> Who {
        black_box(Who::UNKNOWN)
    }
    fn report(report: &Report) {
        black_box(report);
    }
    fn notice(notice: &Notice) {
        black_box(notice);
    }
}

lockdep::port!(Nowhere);

static A: LockMap = LockMap::new(WaitTypes::SPIN);
static B: LockMap = LockMap::new(WaitTypes::SLEEP);

/// Where the linker begins; nobody comes here.
#[unsafe(no_mangle)]
extern "C" fn _start() -> ! {
    let (a, b) = (black_box(&A), black_box(&B));
    let mode = black_box(Mode::WRITE);
    hooks::acquire(a, mode, Site::caller());
    let what = Acquire {
        tried: black_box(true),
        checked: black_box(true),
        subclass: Subclass::new(black_box(1)),
        nest: black_box(Some(b)),
        ..Acquire::new(a, mode, Site::caller())
    };
    hooks::acquire_specially(&what);
    hooks::release(a, black_box(None));
    hooks::irqs_on();
    hooks::irqs_off();
    hooks::softirqs_on();
    hooks::softirqs_off();
    // SAFETY: nothing here is ever run.
    hooks::enter(black_box(Level::Hardirq), unsafe { HARDIRQ.get() });
    hooks::leave();
    hooks::reclaim_enter();
    hooks::reclaim_exit();
    hooks::might_alloc();
    hooks::might_sleep();
    hooks::free(a);
    hooks::downgrade(a);
    hooks::hand_over(a);
    hooks::check_irqs();
    hooks::task_exit();
    hooks::user_return();
    asserts::assert_held(a);
    asserts::assert_irqs_disabled();
    asserts::unpin(asserts::pin(a));
    hooks::each_held(&mut |lock| {
        black_box(lock);
    });
    black_box((hooks::irqs_told(), hooks::found(), hooks::occupancy(), hooks::costs(), hooks::reset()));
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
