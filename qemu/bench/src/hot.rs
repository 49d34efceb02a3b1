//! What repeats: pairs of acquire and release at several depths and of several kinds, interrupts and their flag.
//!
//! Each body is there twice where a comparison makes sense, over a tracked and over a bare lock, as the same
//! source. Bodies are functions of their own, so the registers that validation makes the caller save are counted.

use crate::count::{added, figure, warm};
use kernel::board::Board;
use kernel::{boot_tests, cpu};
use lockdep::{Level, LockMap, Mode, Site, Subclass, WaitTypes};
use lockdep::{asserts, hooks, rcu};

type Tracked = lockdep::spin::Mutex<u64>;
type Bare = spin::Mutex<u64>;

/// Locks of eight classes.
static TRACKED: [Tracked; 8] = [
    Tracked::named("bench 0", 0),
    Tracked::named("bench 1", 0),
    Tracked::named("bench 2", 0),
    Tracked::named("bench 3", 0),
    Tracked::named("bench 4", 0),
    Tracked::named("bench 5", 0),
    Tracked::named("bench 6", 0),
    Tracked::named("bench 7", 0),
];
static BARE: [Bare; 8] = [const { Bare::new(0) }; 8];
static TRACKED_RW: lockdep::spin::RwLock<u64> = lockdep::spin::RwLock::named("bench rw", 0);
static BARE_RW: spin::RwLock<u64> = spin::RwLock::new(0);
static QUEUED: LockMap = LockMap::named("bench queued", WaitTypes::CONFIG);
static SLEEPING: LockMap = LockMap::named("bench sleeping", WaitTypes::SLEEP);

/// What is done with eight locks.
type Body<L> = fn(&[L; 8]);

/// Both kinds of lock under one name.
trait Lock {
    type Guard<'a>
    where
        Self: 'a;
    fn take(&self) -> Self::Guard<'_>;
    fn try_take(&self) -> Option<Self::Guard<'_>>;
}

impl Lock for Tracked {
    type Guard<'a> = lockdep::spin::MutexGuard<'a, u64>;
    #[inline(always)]
    fn take(&self) -> Self::Guard<'_> {
        self.lock()
    }
    #[inline(always)]
    fn try_take(&self) -> Option<Self::Guard<'_>> {
        self.try_lock()
    }
}

impl Lock for Bare {
    type Guard<'a> = spin::MutexGuard<'a, u64>;
    #[inline(always)]
    fn take(&self) -> Self::Guard<'_> {
        self.lock()
    }
    #[inline(always)]
    fn try_take(&self) -> Option<Self::Guard<'_>> {
        self.try_lock()
    }
}

/// All figures of what repeats.
pub(crate) fn run<B: Board>() {
    depths::<B>();
    kinds::<B>();
    flags::<B>();
    interrupts::<B>();
    self_tests::<B>();
}

fn say<B: Board>(name: &str, instructions: u64) {
    figure::<B>(name, instructions, "instructions");
}

/// Prints the cost of a body that has no bare twin.
fn alone<B: Board>(name: &str, body: fn(&())) {
    say::<B>(name, warm::<B, ()>(body, &()));
}

/// The figures of pairs where there is no validator: what is left of it.
pub(crate) fn switched_off<B: Board>() {
    pairs::<B>(["pair.off", "pair.off.depth2", "pair.off.depth4", "pair.off.depth8"]);
}

/// The figures of pairs whose statistics are counted, and of such as are not, since they did not wait.
#[cfg(feature = "stat")]
pub(crate) fn with_statistics<B: Board>() {
    // Until no length is the shortest or the longest any more.
    for _ in 0..64 {
        depth1(&TRACKED);
        depth8(&TRACKED);
    }
    pairs::<B>(["pair.depth1.stat", "pair.depth2.stat", "pair.depth4.stat", "pair.depth8.stat"]);
    lockdep::stat::record(lockdep::stat::Recording::Contended);
    pairs::<B>([
        "pair.depth1.stat.contended",
        "pair.depth2.stat.contended",
        "pair.depth4.stat.contended",
        "pair.depth8.stat.contended",
    ]);
}

/// There are no statistics.
#[cfg(not(feature = "stat"))]
pub(crate) fn with_statistics<B: Board>() {}

/// Pairs at several depths.
fn pairs<B: Board>(names: [&str; 4]) {
    let bodies: [(Body<Tracked>, Body<Bare>, u64); 4] =
        [(depth1, depth1, 1), (depth2, depth2, 2), (depth4, depth4, 4), (depth8, depth8, 8)];
    for (name, (tracked, bare, depth)) in names.into_iter().zip(bodies) {
        say::<B>(name, added(warm::<B, _>(tracked, &TRACKED), warm::<B, _>(bare, &BARE), depth));
    }
}

fn depths<B: Board>() {
    say::<B>("pair.bare", warm::<B, [Bare; 8]>(depth1, &BARE));
    pairs::<B>(["pair.depth1", "pair.depth2", "pair.depth4", "pair.depth8"]);
    say::<B>("pair.swapped", added(warm::<B, _>(swapped, &TRACKED), warm::<B, _>(swapped, &BARE), 2));
    B::irqs_disable();
    hooks::irqs_disabled();
    say::<B>("pair.irqs-off", added(warm::<B, _>(depth1, &TRACKED), warm::<B, _>(depth1, &BARE), 1));
    hooks::irqs_enabled();
    B::irqs_enable();
}

fn depth1<L: Lock>(locks: &[L; 8]) {
    let _lock0 = locks[0].take();
}

fn depth2<L: Lock>(locks: &[L; 8]) {
    let _lock0 = locks[0].take();
    let _lock1 = locks[1].take();
}

fn depth4<L: Lock>(locks: &[L; 8]) {
    let _lock0 = locks[0].take();
    let _lock1 = locks[1].take();
    let _lock2 = locks[2].take();
    let _lock3 = locks[3].take();
}

fn depth8<L: Lock>(locks: &[L; 8]) {
    let _lock0 = locks[0].take();
    let _lock1 = locks[1].take();
    let _lock2 = locks[2].take();
    let _lock3 = locks[3].take();
    let _lock4 = locks[4].take();
    let _lock5 = locks[5].take();
    let _lock6 = locks[6].take();
    let _lock7 = locks[7].take();
}

/// Released out of order: the lower one first.
fn swapped<L: Lock>(locks: &[L; 8]) {
    let lower = locks[0].take();
    let upper = locks[1].take();
    drop(lower);
    drop(upper);
}

fn kinds<B: Board>() {
    let add = |tracked, bare| added(tracked, bare, 1);
    let tried = add(warm::<B, _>(tried, &TRACKED), warm::<B, _>(tried, &BARE));
    say::<B>("pair.try", tried);
    let tracked = warm::<B, _>(|lock: &lockdep::spin::RwLock<u64>| drop(lock.write()), &TRACKED_RW);
    say::<B>("pair.write", add(tracked, warm::<B, _>(|lock: &spin::RwLock<u64>| drop(lock.write()), &BARE_RW)));
    let tracked = warm::<B, _>(|lock: &lockdep::spin::RwLock<u64>| drop(lock.read()), &TRACKED_RW);
    let bare = warm::<B, _>(|lock: &spin::RwLock<u64>| drop(lock.read()), &BARE_RW);
    say::<B>("pair.read-recursive", add(tracked, bare));
    alone::<B>("pair.read", |()| pair(&QUEUED, Mode::READ));
    alone::<B>("pair.sleeping", |()| {
        let site = Site::caller();
        hooks::acquire(&SLEEPING, Mode::WRITE, site);
        hooks::wait_asleep(&SLEEPING, site);
        hooks::release(&SLEEPING, None);
    });
    let nested = warm::<B, _>(|locks: &[Tracked; 8]| drop(locks[0].lock_nested(Subclass::new(1))), &TRACKED);
    say::<B>("pair.nested", add(nested, warm::<B, _>(depth1, &BARE)));
    alone::<B>("pair.rcu", |()| drop(rcu::read()));
    let held = TRACKED[0].lock();
    say::<B>("assert-held", warm::<B, LockMap>(|map| asserts::assert_held(map), TRACKED[0].map()));
    drop(held);
}

fn tried<L: Lock>(locks: &[L; 8]) {
    drop(locks[0].try_take());
}

fn pair(map: &LockMap, mode: Mode) {
    hooks::acquire(map, mode, Site::caller());
    hooks::release(map, None);
}

/// What is done with interrupts off: a call, so that who toggles has a frame, as everybody has who does this for something.
#[inline(never)]
fn section() {
    core::hint::black_box(());
}

fn toggle<B: Board>() {
    B::irqs_disable();
    hooks::irqs_disabled();
    section();
    hooks::irqs_enabled();
    B::irqs_enable();
}

fn flags<B: Board>() {
    let bare = warm::<B, ()>(
        |()| {
            B::irqs_disable();
            section();
            B::irqs_enable();
        },
        &(),
    );
    say::<B>("irq.toggle", added(warm::<B, ()>(|()| toggle::<B>(), &()), bare, 1));
    let held = TRACKED[0].lock();
    say::<B>("irq.toggle.held", added(warm::<B, ()>(|()| toggle::<B>(), &()), bare, 1));
    drop(held);
    alone::<B>("softirq.toggle", |()| {
        hooks::softirqs_off();
        hooks::softirqs_on();
    });
    let bare = warm::<B, _>(
        |locks: &[Bare; 8]| {
            let were_on = B::irqs_enabled();
            B::irqs_disable();
            drop(locks[0].lock());
            if were_on {
                B::irqs_enable();
            }
        },
        &BARE,
    );
    let tracked = warm::<B, _>(
        |locks: &[Tracked; 8]| {
            let were_on = B::irqs_enabled();
            B::irqs_disable();
            hooks::irqs_disabled();
            drop(locks[0].lock());
            if were_on {
                hooks::irqs_enabled();
                B::irqs_enable();
            }
        },
        &TRACKED,
    );
    say::<B>("pair.irqsave", added(tracked, bare, 1));
}

fn enter<B: Board>(level: Level) {
    let cpu = cpu::this::<B>();
    let own = if level == Level::Softirq { &cpu.softirq } else { &cpu.hardirq };
    hooks::irq_enter(level, own);
}

fn interrupts<B: Board>() {
    let hardirq: fn(&()) = |()| {
        enter::<B>(Level::Hardirq);
        hooks::irq_exit();
    };
    let with_pair: fn(&()) = |()| {
        enter::<B>(Level::Hardirq);
        pair(TRACKED[7].map(), Mode::WRITE);
        hooks::irq_exit();
    };
    // A class of its own for the interrupt: what is taken there must not be held with interrupts on.
    hooks::reset();
    arriving::<B>("interrupt", hardirq);
    arriving::<B>("interrupt.pair", with_pair);
    arriving::<B>("softirq", |()| {
        enter::<B>(Level::Softirq);
        hooks::irq_exit();
    });
    let held = TRACKED[0].lock();
    arriving::<B>("interrupt.held", hardirq);
    arriving::<B>("interrupt.held.pair", with_pair);
    drop(held);
}

/// Prints the cost of an interrupt. It arrives where interrupts are on and the validator knows it: the machine disables
/// them and tells nobody. That holds for each measurement, since printing the figure tells the validator the flag again:
/// the console's lock compares it with the machine's.
fn arriving<B: Board>(name: &str, interrupt: fn(&())) {
    B::irqs_disable();
    assert!(hooks::irqs_recorded_on(), "{name}: no interrupt arrives where they are off");
    let instructions = warm::<B, ()>(interrupt, &());
    assert!(hooks::irqs_recorded_on(), "{name}: the interrupted context has changed");
    B::irqs_enable();
    say::<B>(name, instructions);
}

/// The whole table of self-tests, on real locks, without a line printed.
fn self_tests<B: Board>() {
    let before = B::instructions();
    let mut wrong = 0;
    boot_tests::each_case::<B>(|case, got| wrong += usize::from(got != boot_tests::expected(case)));
    let after = B::instructions();
    assert_eq!(wrong, 0, "self-tests fail: boot the kernel to see which");
    hooks::reset();
    say::<B>("selftest.table", after - before);
}
