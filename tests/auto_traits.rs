//! Which public types may be sent to another thread, and which may be shared between threads: all of them, in tables, checked
//! when this file is compiled. So a type that becomes `Sync` by accident, as a guard does that keeps a reference to a lock in
//! the place of its value, is a build that fails.
//!
//! A guard stays on the task that took the lock, so none is `Send`; one is `Sync` where its value is.
//!
//! What is not here: `Context`, `ContextCell` and what has one inside, which the port's contract is about.

use core::cell::Cell;
use core::marker::PhantomData;
use std::rc::Rc;

/// Asks of a type, at compile time, whether it is `Send`, or `Sync`: the constant of the type itself is preferred to that of
/// the trait, and is there only if the bound holds.
struct IsSend<T: ?Sized>(PhantomData<T>);
struct IsSync<T: ?Sized>(PhantomData<T>);

trait Otherwise {
    const ANSWER: bool = false;
}

impl<T: ?Sized> Otherwise for IsSend<T> {}
impl<T: ?Sized> Otherwise for IsSync<T> {}

impl<T: ?Sized + Send> IsSend<T> {
    const ANSWER: bool = true;
}

impl<T: ?Sized + Sync> IsSync<T> {
    const ANSWER: bool = true;
}

/// A value that may be sent and shared.
type Both = u32;
/// One that may be sent.
type Sent = Cell<u32>;
/// One that may be shared.
type Shared = std::sync::MutexGuard<'static, u32>;
/// One that stays where it is.
type Neither = Rc<u32>;

const YES: bool = true;
const NO: bool = false;

/// `type: Send, Sync`.
macro_rules! types {
    ($($of:ty: $send:expr, $sync:expr;)*) => {
        $(
            const _: () = assert!(<IsSend<$of>>::ANSWER == $send, concat!("Send: ", stringify!($of)));
            const _: () = assert!(<IsSync<$of>>::ANSWER == $sync, concat!("Sync: ", stringify!($of)));
        )*
    };
}

/// `type of V: Send of the four, Sync of the four`, with `V` one of `Both`, `Sent`, `Shared`, `Neither`.
macro_rules! types_of_a_value {
    ($($of:ty: $send:expr, $sync:expr;)*) => {
        $(
            const _: () = {
                type Of<V> = $of;
                let send: [bool; 4] = $send;
                let sync: [bool; 4] = $sync;
                assert!(<IsSend<Of<Both>>>::ANSWER == send[0], concat!("Send, of Both: ", stringify!($of)));
                assert!(<IsSend<Of<Sent>>>::ANSWER == send[1], concat!("Send, of Sent: ", stringify!($of)));
                assert!(<IsSend<Of<Shared>>>::ANSWER == send[2], concat!("Send, of Shared: ", stringify!($of)));
                assert!(<IsSend<Of<Neither>>>::ANSWER == send[3], concat!("Send, of Neither: ", stringify!($of)));
                assert!(<IsSync<Of<Both>>>::ANSWER == sync[0], concat!("Sync, of Both: ", stringify!($of)));
                assert!(<IsSync<Of<Sent>>>::ANSWER == sync[1], concat!("Sync, of Sent: ", stringify!($of)));
                assert!(<IsSync<Of<Shared>>>::ANSWER == sync[2], concat!("Sync, of Shared: ", stringify!($of)));
                assert!(<IsSync<Of<Neither>>>::ANSWER == sync[3], concat!("Sync, of Neither: ", stringify!($of)));
            };
        )*
    };
}

/// For any value.
const NEVER: [bool; 4] = [NO; 4];
/// As the value may be sent: a lock that gives it to one at a time.
const IF_SENT: [bool; 4] = [YES, YES, NO, NO];
/// As the value may be shared: a guard that gives a reference to it.
const IF_SHARED: [bool; 4] = [YES, NO, YES, NO];
/// As it may be both: a lock that gives it to several at a time.
const IF_BOTH: [bool; 4] = [YES, NO, NO, NO];

type RawMutex = spin::Mutex<()>;
type RawRwLock = spin::RwLock<()>;

/// `spin`'s, and by them those that are guarded by `IrqSave`.
mod spinning {
    use super::*;
    use lockdep::IrqSave;
    use lockdep::spin::{self, Spin, barrier, lazylock, mutex, once, rwlock};

    types_of_a_value! {
        mutex::Mutex<V>: IF_SENT, IF_SENT;
        mutex::SpinMutex<V>: IF_SENT, IF_SENT;
        mutex::TicketMutex<V>: IF_SENT, IF_SENT;
        mutex::FairMutex<V>: IF_SENT, IF_SENT;
        mutex::MutexGuard<'static, V>: NEVER, IF_SHARED;
        mutex::SpinMutexGuard<'static, V>: NEVER, IF_SHARED;
        mutex::TicketMutexGuard<'static, V>: NEVER, IF_SHARED;
        mutex::FairMutexGuard<'static, V>: NEVER, IF_SHARED;
        mutex::Starvation<'static, V>: NEVER, NEVER;
        rwlock::RwLock<V>: IF_SENT, IF_BOTH;
        rwlock::RwLockReadGuard<'static, V>: NEVER, IF_SHARED;
        rwlock::RwLockWriteGuard<'static, V>: NEVER, IF_SHARED;
        rwlock::RwLockUpgradableGuard<'static, V>: NEVER, IF_SHARED;
        once::Once<V>: IF_SENT, IF_BOTH;
        lazylock::LazyLock<V>: IF_SENT, IF_BOTH;
        lazylock::LazyLock<Both, V>: IF_SENT, IF_SENT;
        IrqSave<mutex::MutexGuard<'static, V>>: NEVER, NEVER;
    }
    types! {
        spin::Barrier: YES, YES;
        barrier::BarrierWaitResult: YES, YES;
        Spin: YES, YES;
        IrqSave<()>: NO, NO;
    }
}

mod lock_api {
    use super::{Both, IF_BOTH, IF_SENT, IF_SHARED, IsSend, IsSync, NEVER, Neither, Otherwise, Sent, Shared};
    use super::{RawMutex as Raw, RawRwLock as RawRw};
    use lockdep::lock_api::*;

    /// Which thread this is: nobody asks.
    pub(crate) struct Thread;

    // SAFETY: it never runs.
    unsafe impl GetThreadId for Thread {
        const INIT: Self = Thread;
        fn nonzero_thread_id(&self) -> core::num::NonZeroUsize {
            core::num::NonZeroUsize::MIN
        }
    }

    types_of_a_value! {
        Mutex<Raw, V>: IF_SENT, IF_SENT;
        MutexGuard<'static, Raw, V>: NEVER, IF_SHARED;
        MappedMutexGuard<'static, Raw, V>: NEVER, IF_SHARED;
        RwLock<RawRw, V>: IF_SENT, IF_BOTH;
        RwLockReadGuard<'static, RawRw, V>: NEVER, IF_SHARED;
        RwLockWriteGuard<'static, RawRw, V>: NEVER, IF_SHARED;
        RwLockUpgradableReadGuard<'static, RawRw, V>: NEVER, IF_SHARED;
        MappedRwLockReadGuard<'static, RawRw, V>: NEVER, IF_SHARED;
        MappedRwLockWriteGuard<'static, RawRw, V>: NEVER, IF_SHARED;
        ReentrantMutex<Raw, Thread, V>: IF_SENT, IF_SENT;
        ReentrantMutexGuard<'static, Raw, Thread, V>: NEVER, IF_SHARED;
        MappedReentrantMutexGuard<'static, Raw, Thread, V>: NEVER, IF_SHARED;
        Tracked<V>: IF_SENT, IF_SHARED;
        Announced<V>: IF_SENT, IF_SHARED;
    }
}

mod lock_api_05 {
    use super::*;
    use lockdep::lock_api_05::*;

    /// A raw lock that is none: nobody takes it.
    pub(crate) struct Raw;

    // SAFETY: it is never taken.
    unsafe impl ::lock_api_05::RawMutex for Raw {
        const INIT: Self = Raw;
        type Guard = ();
        fn lock(&self) {}
        fn try_lock(&self) -> Option<()> {
            None
        }
        unsafe fn unlock(&self, _: ()) {}
        fn is_locked(&self) -> bool {
            false
        }
    }

    // SAFETY: as above.
    unsafe impl ::lock_api_05::RawRwLock for Raw {
        const INIT: Self = Raw;
        type SharedGuard = ();
        type ExclusiveGuard = ();
        fn lock_shared(&self) {}
        fn try_lock_shared(&self) -> Option<()> {
            None
        }
        unsafe fn unlock_shared(&self, _: ()) {}
        fn lock_exclusive(&self) {}
        fn try_lock_exclusive(&self) -> Option<()> {
            None
        }
        unsafe fn unlock_exclusive(&self, _: ()) {}
        fn is_locked(&self) -> bool {
            false
        }
        fn is_locked_exclusive(&self) -> bool {
            false
        }
    }

    // SAFETY: as above.
    unsafe impl ::lock_api_05::RawRwLockUpgrade for Raw {
        type UpgradableGuard = ();
        fn lock_upgradable(&self) {}
        fn try_lock_upgradable(&self) -> Option<()> {
            None
        }
        unsafe fn unlock_upgradable(&self, _: ()) {}
        unsafe fn upgrade(&self, _: ()) {}
        unsafe fn try_upgrade(&self, _: ()) -> Result<(), ()> {
            Ok(())
        }
    }

    /// Which thread this is: nobody asks.
    pub(crate) struct Thread;

    // SAFETY: it never runs.
    unsafe impl GetThreadId for Thread {
        const INIT: Self = Thread;
        fn nonzero_thread_id(&self) -> core::num::NonZeroUsize {
            core::num::NonZeroUsize::MIN
        }
    }

    types_of_a_value! {
        Mutex<Raw, V>: IF_SENT, IF_SENT;
        // `lock_api`'s own bounds: they ask for more than they need.
        MutexGuard<'static, Raw, V>: NEVER, IF_BOTH;
        MappedMutexGuard<'static, Raw, V>: NEVER, IF_SHARED;
        RwLock<Raw, V>: IF_SENT, IF_BOTH;
        RwLockReadGuard<'static, Raw, V>: NEVER, IF_BOTH;
        RwLockWriteGuard<'static, Raw, V>: NEVER, IF_BOTH;
        RwLockUpgradableReadGuard<'static, Raw, V>: NEVER, IF_BOTH;
        MappedRwLockReadGuard<'static, Raw, V>: NEVER, IF_SHARED;
        MappedRwLockWriteGuard<'static, Raw, V>: NEVER, IF_SHARED;
        ReentrantMutex<Raw, Thread, V>: IF_SENT, IF_SENT;
        ReentrantMutexGuard<'static, Raw, Thread, V>: NEVER, IF_BOTH;
        MappedReentrantMutexGuard<'static, Raw, Thread, V>: NEVER, IF_SHARED;
        Tracked<V>: IF_SENT, IF_SHARED;
        Announced<V>: IF_SENT, IF_SHARED;
        Taken<V>: NEVER, IF_SHARED;
    }
}

mod sleeping {
    use super::*;
    use lockdep::std_sync;
    use lockdep::ww;

    types_of_a_value! {
        std_sync::Mutex<V>: IF_SENT, IF_SENT;
        std_sync::MutexGuard<'static, V>: NEVER, IF_SHARED;
        std_sync::RwLock<V>: IF_SENT, IF_BOTH;
        std_sync::RwLockReadGuard<'static, V>: NEVER, IF_SHARED;
        std_sync::RwLockWriteGuard<'static, V>: NEVER, IF_SHARED;
        ww::WwMutex<V>: IF_SENT, IF_SENT;
        // It has its context, of which one task counts the mutexes.
        ww::WwMutexGuard<'static, V>: NEVER, NEVER;
    }
    types! {
        std_sync::Condvar: YES, YES;
        ww::WwClass: YES, YES;
        ww::WwError: YES, YES;
        ww::WwAcquireContext: YES, NO;
        ww::WwAcquire<'static>: NO, NO;
    }
}

mod others {
    use super::*;
    use lockdep::{Token, Tracker, critical_section, rcu, semaphore, seqlock};

    types_of_a_value! {
        critical_section::Mutex<V>: IF_SENT, IF_SENT;
        seqlock::SeqLock<V>: IF_SENT, IF_SENT;
        seqlock::SeqLockWriteGuard<'static, V>: NEVER, IF_BOTH;
    }
    types! {
        seqlock::SeqCount: YES, YES;
        seqlock::SeqCountWriter<'static>: NO, NO;
        // A permit is given back by anybody.
        semaphore::Permit<'static>: YES, YES;
        semaphore::Semaphore: YES, YES;
        rcu::ReadSection: NO, NO;
        critical_section::CriticalSection<'static>: NO, NO;
        Tracker: YES, YES;
        Token<'static>: NO, NO;
    }
}

/// What is no lock: words, reports, tables.
mod words {
    use super::*;
    use lockdep::__private::{self, engine};
    use lockdep::{
        Accepted, Acquire, DynamicKey, Kind, Level, LockClassKey, LockMap, Message, Mode, Policy, Report, Site,
        Subclass, TaskInfo, Usage, WaitType, WaitTypes, asserts, host, report, selftest,
    };

    types! {
        asserts::Pin<'static>: YES, YES;
        __private::Claim: YES, YES;
        __private::ClassId: YES, YES;
        DynamicKey: YES, YES;
        LockClassKey: YES, YES;
        LockMap: YES, YES;
        report::Origin: YES, YES;
        Subclass: YES, YES;
        report::Flags: YES, YES;
        Level: YES, YES;
        report::Toggles: YES, YES;
        Acquire<'static>: YES, YES;
        __private::Hold: YES, YES;
        host::DefaultConfig: YES, YES;
        host::Host: YES, YES;
        report::Fill: YES, YES;
        report::Notice: YES, YES;
        report::Occupancy: YES, YES;
        report::Table: YES, YES;
        Mode: YES, YES;
        Message<'static>: YES, YES;
        Accepted: YES, YES;
        report::FindingId: YES, YES;
        Policy: YES, YES;
        report::ClassView: YES, YES;
        Kind: YES, YES;
        report::LockView: YES, YES;
        report::Path: YES, YES;
        Report: YES, YES;
        report::Step: YES, YES;
        report::UsageConflict: YES, YES;
        TaskInfo: YES, YES;
        report::MemoryFootprint: YES, YES;
        __private::Runtime<host::Host, 8, 8, 8, 1, 1, 4, 64>: YES, YES;
        selftest::Case: YES, YES;
        selftest::Group: YES, YES;
        selftest::Test: YES, YES;
        Site: YES, YES;
        report::State: YES, YES;
        report::Status: YES, YES;
        __private::Sizes: YES, YES;
        __private::Validator<8, 8, 8>: YES, YES;
        report::UsageState: YES, YES;
        Usage: YES, YES;
        engine::Engine<'static>: YES, YES;
        engine::Published<'static>: YES, YES;
        WaitType: YES, YES;
        WaitTypes: YES, YES;
    }
}

#[cfg(feature = "stat")]
mod statistics {
    use super::*;
    use lockdep::stat;

    types! {
        stat::ChainLine: YES, YES;
        stat::ClassEntry: YES, YES;
        stat::ClassLine: YES, YES;
        stat::ClassTimes: YES, YES;
        stat::Point: YES, YES;
        stat::Safety: YES, YES;
        stat::SideTimes: YES, YES;
        stat::Sums: YES, YES;
        stat::Recording: YES, YES;
        stat::Lengths: YES, YES;
    }
}

#[test]
fn the_tables_were_checked_when_this_was_compiled() {
    const { assert!(<IsSync<Sent>>::ANSWER == NO && <IsSend<Sent>>::ANSWER == YES) };
    const { assert!(<IsSync<Shared>>::ANSWER == YES && <IsSend<Shared>>::ANSWER == NO) };
    const { assert!(<IsSync<Neither>>::ANSWER == NO && <IsSend<Neither>>::ANSWER == NO) };
}
