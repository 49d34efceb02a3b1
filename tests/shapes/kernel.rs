// What kernels write with the `spin` crate, in as many shapes as were seen in a dozen of them. The file that includes
// this chooses which `spin` it is. No line here is a kernel's own.

use spin::mutex::{SpinMutex, SpinMutexGuard};
use spin::rwlock::RwLock as PathRwLock;
use spin::{Barrier, Lazy, Mutex, MutexGuard, Once, RelaxStrategy, RwLock};
use spin::{RwLockReadGuard, RwLockUpgradableGuard, RwLockWriteGuard};
use std::collections::{BTreeMap, VecDeque};
use std::fmt::{self, Write};
use std::sync::Arc;

// ---- statics, plain and in tables

static CONSOLE: Mutex<Console> = Mutex::new(Console { row: 0 });
static DEVICE: spin::Mutex<Option<Box<dyn Device>>> = spin::Mutex::new(None);
static FILES: Lazy<RwLock<BTreeMap<u32, Arc<Mutex<Process>>>>> = Lazy::new(|| RwLock::new(BTreeMap::new()));
static PORT: Once<Mutex<u16>> = Once::new();
static INIT: Once = Once::new();
static TABLE: spin::once::Once<[u8; 4]> = spin::once::Once::new();
#[allow(clippy::declare_interior_mutable_const)] // as arrays were written before blocks could be `const`
const EMPTY: Mutex<VecDeque<u32>> = Mutex::new(VecDeque::new());
static QUEUES: [Mutex<VecDeque<u32>>; 2] = [EMPTY; 2];
static CPUS: [SpinMutex<u32>; 2] = [const { SpinMutex::new(0) }; 2];

// ---- a console, an allocator, a device

struct Console {
    row: usize,
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.row += text.len();
        Ok(())
    }
}

fn print(what: fmt::Arguments<'_>) {
    CONSOLE.lock().write_fmt(what).expect("a console takes all");
}

struct Locked<A> {
    inner: spin::Mutex<A>,
}

impl<A> Locked<A> {
    const fn new(inner: A) -> Self {
        Locked { inner: spin::Mutex::new(inner) }
    }

    fn lock(&self) -> spin::MutexGuard<'_, A> {
        self.inner.lock()
    }
}

static HEAP: Locked<usize> = Locked::new(4096);

trait Device: Send {
    fn poke(&mut self) -> u32;
}

struct Uart(u32);

impl Device for Uart {
    fn poke(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

// ---- processes

#[derive(Debug, Default)]
struct Process {
    id: u32,
    parent: Option<std::sync::Weak<Mutex<Process>>>,
    memory: Mutex<Vec<u8>>,
    names: RwLock<Vec<&'static str>>,
}

fn queue(cpu: usize) -> MutexGuard<'static, VecDeque<u32>> {
    QUEUES[cpu].lock()
}

fn cpu(number: usize) -> Option<SpinMutexGuard<'static, u32>> {
    CPUS[number].try_lock()
}

/// A guard of one's own around the one inside.
struct Guard<'a, T>(MutexGuard<'a, T>);

impl<T> std::ops::Deref for Guard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

// ---- relax strategies

struct Yield;

impl RelaxStrategy for Yield {
    fn relax() {
        std::hint::spin_loop();
    }
}

type YieldMutex<T> = spin::mutex::Mutex<T, Yield>;
type YieldRwLock<T> = spin::rwlock::RwLock<T, Yield>;
static SLOW: YieldMutex<u32> = YieldMutex::new(1);
static SLOW_RW: YieldRwLock<u32> = YieldRwLock::new(1);

// ---- over `lock_api`: its guards, and a raw lock as a type

/// An allocator that leaves the lock to its caller.
struct Heap<R> {
    raw: R,
    left: std::cell::Cell<usize>,
}

impl<R: lock_api::RawMutex> Heap<R> {
    fn take(&self, bytes: usize) -> usize {
        self.raw.lock();
        let left = self.left.get() - bytes;
        self.left.set(left);
        // SAFETY: it was locked here.
        unsafe { self.raw.unlock() };
        left
    }
}

static WINDOW: spin::lock_api::Mutex<(u32, u32)> = spin::lock_api::Mutex::new((3, 4));
static MODE: spin::lock_api::RwLock<u32> = spin::lock_api::RwLock::new(5);

fn width() -> spin::lock_api::MappedMutexGuard<'static, u32> {
    spin::lock_api::MutexGuard::map(WINDOW.lock(), |window| &mut window.0)
}

// ---- readers and writers

fn first(names: &RwLock<Vec<&'static str>>) -> Option<&'static str> {
    let names: RwLockReadGuard<'_, Vec<&'static str>> = names.read();
    names.first().copied()
}

fn name_once(names: &RwLock<Vec<&'static str>>, name: &'static str) {
    let reader: RwLockUpgradableGuard<'_, Vec<&'static str>> = names.upgradeable_read();
    if !reader.contains(&name) {
        let mut writer: RwLockWriteGuard<'_, Vec<&'static str>> = reader.upgrade();
        writer.push(name);
        assert_eq!(writer.downgrade().len(), 1);
    }
}

/// Two locks of one table at a time.
pub(crate) fn both_queues() -> usize {
    queue(0).len() + queue(1).len()
}

/// All the rest, once.
pub(crate) fn boot() {
    PORT.call_once(|| Mutex::new(0x3f8));
    INIT.call_once(|| ());
    assert!(INIT.is_completed() && TABLE.get().is_none());
    assert_eq!(TABLE.call_once(|| [1; 4]), TABLE.wait());
    *PORT.get().expect("it was called").lock() += 1;

    print(format_args!("{} bytes", *HEAP.lock()));
    *DEVICE.lock() = Some(Box::new(Uart(1)));
    assert_eq!(DEVICE.lock().as_mut().map(|device| device.poke()), Some(2));
    let any: Arc<Mutex<dyn Device>> = Arc::new(Mutex::new(Uart(7)));
    assert_eq!(any.lock().poke(), 8);

    let parent = Arc::new(Mutex::new(Process { id: 1, ..Process::default() }));
    let child = Process { id: 2, parent: Some(Arc::downgrade(&parent)), ..Process::default() };
    child.memory.lock().push(1);
    name_once(&child.names, "init");
    name_once(&child.names, "init");
    assert_eq!((first(&child.names), child.names.reader_count()), (Some("init"), 0));
    assert!(format!("{child:?}").contains("init"));
    FILES.write().insert(1, parent.clone());
    let found = FILES.read().get(&1).cloned();
    assert_eq!(found.map(|process| process.lock().id), Some(1));
    assert!(child.parent.and_then(|parent| parent.upgrade()).is_some_and(|parent| !parent.is_locked()));

    queue(0).extend([1, 2]);
    assert_eq!(Guard(queue(0)).len(), 2);
    let held = cpu(0).expect("it is free");
    assert!(cpu(0).is_none() && cpu(1).is_some());
    drop(held);
    std::mem::forget(CPUS[1].lock());
    // SAFETY: it is held, and its guard is forgotten.
    unsafe { CPUS[1].force_unlock() };
    let forever: &'static mut u32 = SpinMutexGuard::leak(CPUS[1].lock());
    *forever += 1;
    assert!(CPUS[1].is_locked());

    let heap = Heap { raw: <Mutex<()> as lock_api::RawMutex>::INIT, left: 10.into() };
    assert_eq!((heap.take(3), heap.take(3), heap.raw.is_locked()), (7, 4, false));
    *width() += 1;
    assert_eq!((WINDOW.lock().0, *MODE.read()), (4, 5));
    assert!(MODE.try_write().is_some());

    let mut mine = Mutex::new(3);
    *mine.get_mut() += 1;
    assert_eq!(mine.into_inner() + *SLOW.lock() + *SLOW_RW.read() + *PathRwLock::<u32>::new(1).write(), 7);
    let writer = SLOW_RW.try_write().expect("it is free");
    assert!(SLOW_RW.try_read().is_none() && SLOW_RW.try_upgradeable_read().is_none());
    drop(writer);
    assert!(Barrier::new(1).wait().is_leader());
}
