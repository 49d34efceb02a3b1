// The kinds of mutex that `spin` has beside the ordinary one, raw locks as types, and guards in structures of one's
// own: as kernels write it. The file that includes this chooses which `spin` it is. No line here is a kernel's own.

use spin::mutex::fair::LockRejectReason;
use spin::mutex::spin::{SpinMutex, SpinMutexGuard};
use spin::mutex::ticket::TicketMutex as PathTicketMutex;
use spin::mutex::{FairMutex, FairMutexGuard, Mutex, MutexGuard, TicketMutex, TicketMutexGuard};
use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

static FRAMES: TicketMutex<Vec<usize>> = TicketMutex::new(Vec::new());
type Writer = Box<dyn FnMut(u8) + Send>;
static SERIAL: PathTicketMutex<Option<Writer>> = PathTicketMutex::new(None);
static FAIR: FairMutex<u32> = FairMutex::new(1);

// ---- one name for whichever kind the kernel was built with

trait Lock<T>: Send + Sync {
    type Guard<'a>: DerefMut<Target = T>
    where
        Self: 'a;
    fn make(value: T) -> Self;
    fn take(&self) -> Self::Guard<'_>;
}

impl<T: Send> Lock<T> for SpinMutex<T> {
    type Guard<'a>
        = SpinMutexGuard<'a, T>
    where
        Self: 'a;
    fn make(value: T) -> Self {
        SpinMutex::new(value)
    }
    fn take(&self) -> SpinMutexGuard<'_, T> {
        self.lock()
    }
}

impl<T: Send> Lock<T> for TicketMutex<T> {
    type Guard<'a>
        = TicketMutexGuard<'a, T>
    where
        Self: 'a;
    fn make(value: T) -> Self {
        TicketMutex::new(value)
    }
    fn take(&self) -> TicketMutexGuard<'_, T> {
        self.lock()
    }
}

fn twice<L: Lock<u32>>() -> u32 {
    let lock = L::make(1);
    *lock.take() *= 2;
    *lock.take()
}

// ---- a guard that turns interrupts on again when the lock is free

static INTERRUPTS: AtomicBool = AtomicBool::new(true);

struct IrqLock<T: ?Sized> {
    inner: spin::Mutex<T>,
}

struct IrqGuard<'a, T: ?Sized> {
    guard: ManuallyDrop<spin::MutexGuard<'a, T>>,
    were_on: bool,
}

impl<T> IrqLock<T> {
    const fn new(value: T) -> Self {
        IrqLock { inner: spin::Mutex::new(value) }
    }
}

impl<T: ?Sized> IrqLock<T> {
    fn lock(&self) -> IrqGuard<'_, T> {
        let were_on = INTERRUPTS.swap(false, Ordering::Relaxed);
        IrqGuard { guard: ManuallyDrop::new(self.inner.lock()), were_on }
    }
}

impl<T: ?Sized> Drop for IrqGuard<'_, T> {
    fn drop(&mut self) {
        // SAFETY: it is dropped here alone.
        unsafe { ManuallyDrop::drop(&mut self.guard) };
        INTERRUPTS.store(self.were_on, Ordering::Relaxed);
    }
}

/// A guard that comes to another CPU, by a promise of the kernel's.
struct Sent(MutexGuard<'static, u32>);

// SAFETY: here it never leaves its thread.
unsafe impl Send for Sent {}

static mut LATE: SpinMutex<[u8; 2]> = SpinMutex::new([0; 2]);
static PER_CPU: [UnsafeLock; 2] = [const { UnsafeLock(UnsafeCell::new(Mutex::new(0))) }; 2];

struct UnsafeLock(UnsafeCell<Mutex<u32>>);

// SAFETY: it is touched by its own lock.
unsafe impl Sync for UnsafeLock {}

// ---- raw locks that are only named

struct Table<R> {
    raw: R,
    readers: UnsafeCell<u32>,
}

impl<R: lock_api::RawRwLockUpgrade + lock_api::RawRwLockUpgradeDowngrade + lock_api::RawRwLockDowngrade> Table<R> {
    const fn new() -> Self {
        Table { raw: R::INIT, readers: UnsafeCell::new(0) }
    }

    fn all_ways(&self) -> u32 {
        // SAFETY: each is released in the way in which it was taken, and the counted value is counted under it.
        unsafe {
            self.raw.lock_shared();
            assert!(self.raw.try_lock_shared() && !self.raw.try_lock_exclusive());
            self.raw.unlock_shared();
            self.raw.unlock_shared();
            self.raw.lock_upgradable();
            self.raw.upgrade();
            *self.readers.get() += 1;
            self.raw.downgrade_to_upgradable();
            assert!(self.raw.try_upgrade());
            *self.readers.get() += 1;
            self.raw.downgrade();
            self.raw.unlock_shared();
            assert!(self.raw.try_lock_upgradable() && !self.raw.try_lock_upgradable());
            self.raw.downgrade_upgradable();
            self.raw.unlock_shared();
            self.raw.lock_upgradable();
            self.raw.unlock_upgradable();
            self.raw.lock_exclusive();
            assert!(self.raw.is_locked() && !self.raw.try_lock_shared());
            let counted = *self.readers.get();
            self.raw.unlock_exclusive();
            assert!(!self.raw.is_locked());
            counted
        }
    }
}

fn raw<R: lock_api::RawMutex>() -> bool {
    let raw = R::INIT;
    raw.lock();
    let was_free = raw.try_lock();
    // SAFETY: it was locked here.
    unsafe { raw.unlock() };
    !was_free && !raw.is_locked()
}

/// All of it, once.
pub(crate) fn boot() {
    FRAMES.lock().extend([0, 4096]);
    assert_eq!(FRAMES.try_lock().map(|mut frames| frames.pop()), Some(Some(4096)));
    *SERIAL.lock() = Some(Box::new(|byte| assert_eq!(byte, b'x')));
    if let Some(write) = SERIAL.lock().as_mut() {
        write(b'x');
    }
    std::mem::forget(FRAMES.lock());
    assert!(FRAMES.is_locked());
    // SAFETY: it is held, and its guard is forgotten.
    unsafe { FRAMES.force_unlock() };
    assert_eq!((twice::<SpinMutex<u32>>(), twice::<TicketMutex<u32>>()), (2, 2));

    let starves = FAIR.starve();
    assert!(matches!(FAIR.try_lock_starver(), Err(LockRejectReason::Starved)));
    let guard: FairMutexGuard<'_, u32> = starves.lock();
    assert!(FAIR.try_lock().is_none());
    let Err(starves) = FAIR.starve().try_lock() else { panic!("it is held") };
    drop(guard);
    let Ok(guard) = starves.try_lock_fair() else { panic!("it is free") };
    drop(guard);
    assert!(FAIR.starve().try_lock().map(|mut guard| *guard += 1).is_ok());
    assert!(format!("{FAIR:?}").contains("data: 2"), "{FAIR:?}");

    let any: Arc<IrqLock<[u8]>> = Arc::new(IrqLock::new([1, 2]));
    let guard = any.lock();
    assert_eq!((guard.guard.len(), INTERRUPTS.load(Ordering::Relaxed)), (2, false));
    drop(guard);
    assert!(INTERRUPTS.load(Ordering::Relaxed) && !any.inner.is_locked());

    #[expect(clippy::deref_addrof, reason = "so kernels write it: a plain `&mut LATE` is another lint")]
    // SAFETY: one thread, and one reference at a time.
    let late = unsafe { &mut *(&raw mut LATE) };
    // SAFETY: nobody has it by a mutable reference.
    let mine = unsafe { &*PER_CPU[1].0.get() };
    late.get_mut()[0] = 7;
    assert_eq!(late.try_lock_weak().map(|guard| guard[0]), Some(7));
    // SAFETY: nobody holds it.
    assert_eq!(unsafe { *late.as_mut_ptr() }, [7, 0]);
    let sent = Sent(mine.lock());
    assert!(*sent.0 == 0 && mine.is_locked());
    drop(sent);
    assert!(!mine.is_locked());

    assert_eq!(Table::<spin::RwLock<()>>::new().all_ways(), 2);
    assert!(raw::<spin::Mutex<()>>() && raw::<SpinMutex<()>>() && raw::<TicketMutex<()>>() && raw::<FairMutex<()>>());
    let mut last = TicketMutex::<i32>::from(5);
    *last.get_mut() += TicketMutex::<i32>::default().into_inner();
    *TicketMutexGuard::leak(last.lock()) += 1;
    assert_eq!((last.is_locked(), last.into_inner()), (true, 6));
}
