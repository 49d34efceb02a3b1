//! The locks that are measured: bare ones, ours, and those of the peers, behind one trait.

use std::sync::{Once, PoisonError};

/// A lock over nothing.
pub trait Lock: Sync + Send + Sized + 'static {
    /// What it is called in the tables.
    const NAME: &'static str;
    /// The bare lock that it wraps, by its `NAME`; its own, if it is bare.
    const OVER: &'static str;
    /// What holds it.
    type Guard<'a>;

    /// A lock whose class, where there are classes, is the caller's line.
    #[track_caller]
    fn new() -> Self;

    /// Waits for it.
    fn lock(&self) -> Self::Guard<'_>;
}

/// Something that is done with each lock.
pub trait Visit {
    /// Does it.
    fn visit<L: Lock>(&mut self);
}

/// Bare locks first, then those that wrap them.
pub fn each_lock(visit: &mut impl Visit) {
    visit.visit::<Spin>();
    visit.visit::<Ours>();
    visit.visit::<AxKspin>();
    visit.visit::<Std>();
    visit.visit::<TracingMutex>();
    visit.visit::<NoDeadlocks>();
    visit.visit::<ParkingLot>();
    visit.visit::<ParkingLotDetecting>();
    visit.visit::<Deloxide>();
}

type Spin = spin::Mutex<()>;

impl Lock for Spin {
    const NAME: &'static str = "spin";
    const OVER: &'static str = Spin::NAME;
    type Guard<'a> = spin::MutexGuard<'a, ()>;

    fn new() -> Self {
        spin::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        spin::Mutex::lock(self)
    }
}

type Ours = lockdep::spin::Mutex<()>;

impl Lock for Ours {
    const NAME: &'static str = "lockdep";
    const OVER: &'static str = Spin::NAME;
    type Guard<'a> = lockdep::spin::MutexGuard<'a, ()>;

    #[track_caller]
    fn new() -> Self {
        lockdep::spin::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        lockdep::spin::Mutex::lock(self)
    }
}

/// With the guard that turns nothing off: interrupts are no affair of the host.
type AxKspin = ax_kspin::SpinRaw<()>;

impl Lock for AxKspin {
    const NAME: &'static str = "ax-kspin, ax-lockdep";
    const OVER: &'static str = Spin::NAME;
    type Guard<'a> = ax_kspin::SpinRawGuard<'a, ()>;

    #[track_caller]
    fn new() -> Self {
        ax_kspin::SpinRaw::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        ax_kspin::SpinRaw::lock(self)
    }
}

type Std = std::sync::Mutex<()>;

impl Lock for Std {
    const NAME: &'static str = "std";
    const OVER: &'static str = Std::NAME;
    type Guard<'a> = std::sync::MutexGuard<'a, ()>;

    fn new() -> Self {
        std::sync::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        std::sync::Mutex::lock(self).unwrap_or_else(PoisonError::into_inner)
    }
}

type TracingMutex = tracing_mutex::stdsync::tracing::Mutex<()>;

impl Lock for TracingMutex {
    const NAME: &'static str = "tracing-mutex";
    const OVER: &'static str = Std::NAME;
    type Guard<'a> = tracing_mutex::stdsync::tracing::MutexGuard<'a, ()>;

    fn new() -> Self {
        TracingMutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        TracingMutex::lock(self).unwrap_or_else(PoisonError::into_inner)
    }
}

type NoDeadlocks = no_deadlocks::Mutex<()>;

impl Lock for NoDeadlocks {
    const NAME: &'static str = "no_deadlocks";
    const OVER: &'static str = Std::NAME;
    type Guard<'a> = no_deadlocks::MutexGuard<'a, ()>;

    fn new() -> Self {
        NoDeadlocks::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        NoDeadlocks::lock(self).unwrap_or_else(PoisonError::into_inner)
    }
}

type ParkingLot = parking_lot::Mutex<()>;

impl Lock for ParkingLot {
    const NAME: &'static str = "parking_lot 0.12";
    const OVER: &'static str = ParkingLot::NAME;
    type Guard<'a> = parking_lot::MutexGuard<'a, ()>;

    fn new() -> Self {
        parking_lot::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        parking_lot::Mutex::lock(self)
    }
}

/// Another version than the bare one: a feature cannot be on and off in one program.
type ParkingLotDetecting = parking_lot_detecting::Mutex<()>;

impl Lock for ParkingLotDetecting {
    const NAME: &'static str = "parking_lot 0.13, deadlock_detection";
    const OVER: &'static str = ParkingLot::NAME;
    type Guard<'a> = parking_lot_detecting::MutexGuard<'a, ()>;

    fn new() -> Self {
        parking_lot_detecting::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        parking_lot_detecting::Mutex::lock(self)
    }
}

type Deloxide = deloxide::Mutex<()>;

/// Its detector runs from the first lock on, and checks the order.
static DELOXIDE: Once = Once::new();

impl Lock for Deloxide {
    const NAME: &'static str = "deloxide, lock-order-graph";
    const OVER: &'static str = ParkingLot::NAME;
    type Guard<'a> = deloxide::MutexGuard<'a, ()>;

    fn new() -> Self {
        DELOXIDE.call_once(|| {
            let detector = deloxide::Deloxide::new().with_lock_order_checking();
            detector.callback(|info| panic!("{info:?}")).start().expect("deloxide starts");
        });
        deloxide::Mutex::new(())
    }

    #[inline(always)]
    fn lock(&self) -> Self::Guard<'_> {
        deloxide::Mutex::lock(self)
    }
}
