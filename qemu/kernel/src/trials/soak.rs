//! The soak: tasks, hard interrupts, softirqs and reclaim at tracked locks of every type, for as long as is asked for.
//!
//! Each job is a small use of one type of lock that can be checked by a count. Workers draw jobs; some jobs make tasks that
//! end. At the end all counts must be right, all tasks must have ended (no wake-up was lost), with nothing held, and the
//! validator must have found nothing.

use crate::board::Clock as _;
use crate::locks::{Completion, Mutex, PageLock, RwSem, Semaphore, SpinLock};
use crate::machine::Machine;
use crate::scenario::{self, Scenario, Work};
use crate::task::PreemptOff;
use crate::{fs, judge, pages, sched, shell};
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use lockdep::critical_section;
use lockdep::seqlock::SeqLock;
use lockdep::spin::mutex::{FairMutex, TicketMutex};
use lockdep::ww::{WwAcquireContext, WwClass, WwError, WwMutex};
use lockdep::{rcu, semaphore, spin};
use lockdep_proto::CommandLine;

const WORKERS: usize = 10;
/// How long a task may take to notice the end, in nanoseconds, before it counts as lost.
const PATIENCE: u64 = 30_000_000_000;

/// When the workers stop.
static END: AtomicU64 = AtomicU64::new(0);
static FINISHED: Semaphore = Semaphore::named("soak_finished", 0);
static WRONG: AtomicUsize = AtomicUsize::new(0);

// What the jobs meet at.
static IRQ_SHARED: spin::Mutex<usize> = spin::Mutex::named("soak_irq_shared", 0);
static SOFTIRQ_SHARED: spin::Mutex<usize> = spin::Mutex::named("soak_softirq_shared", 0);
static TABLE: spin::RwLock<[usize; 2]> = spin::RwLock::named("soak_rwlock", [0; 2]);
static TIME: SeqLock<[usize; 2]> = SeqLock::named("soak_seqlock", [0; 2]);
static TICKET: TicketMutex<usize> = TicketMutex::named("soak_ticket", 0);
static FAIR: FairMutex<usize> = FairMutex::named("soak_fair", 0);
static SECTION: critical_section::Mutex<Cell<usize>> = critical_section::Mutex::new(Cell::new(0));
static SPINNING: SpinLock<usize> = SpinLock::named("soak_spin", 0);
static UPGRADED: spin::RwLock<usize> = spin::RwLock::named("soak_upgraded", 0);
static LAZY: spin::LazyLock<usize> = spin::LazyLock::new(|| 1);
static TRIED: Mutex<usize> = Mutex::named("soak_tried", 0);
static GOT: AtomicUsize = AtomicUsize::new(0);
static PAGE: PageLock = PageLock::named("soak_page");
static PAGE_USERS: AtomicUsize = AtomicUsize::new(0);
static OUTER: Mutex<usize> = Mutex::named("soak_outer", 0);
static INNER: Mutex<usize> = Mutex::named("soak_inner", 0);
static MAP: RwSem<[usize; 2]> = RwSem::named("soak_rwsem", [0; 2]);
static ROOMS: Semaphore = Semaphore::named("soak_rooms", 3);
static INSIDE: AtomicUsize = AtomicUsize::new(0);
static PERMITS: semaphore::Semaphore = semaphore::Semaphore::named("soak_permits", 2);
static BUFFERS: WwClass = WwClass::new("soak_buffer", "soak_buffer_context");
static BUFFER: [WwMutex<usize>; 4] =
    [WwMutex::new(&BUFFERS, 0), WwMutex::new(&BUFFERS, 0), WwMutex::new(&BUFFERS, 0), WwMutex::new(&BUFFERS, 0)];
static READY: [Completion; WORKERS] = [const { Completion::named("soak_completion") }; WORKERS];

/// A job, what it is called, and how often it was done.
struct Job {
    name: &'static str,
    run: fn(&mut Random),
    done: AtomicUsize,
}

const fn job(name: &'static str, run: fn(&mut Random)) -> Job {
    Job { name, run, done: AtomicUsize::new(0) }
}

static JOBS: [Job; 22] = [
    job("soak.spin-irqsave", |_| *IRQ_SHARED.lock_irqsave() += 1),
    job("soak.spin-softirq", |_| *SOFTIRQ_SHARED.lock_irqsave() += 1),
    job("soak.rwlock-write", |_| TABLE.write_irqsave().iter_mut().for_each(|half| *half += 1)),
    job("soak.rwlock-read", |_| same(*TABLE.read_irqsave())),
    job("soak.seqlock-write", |_| TIME.write_irqsave().iter_mut().for_each(|half| *half += 1)),
    job("soak.seqlock-read", |_| same(TIME.read())),
    job("soak.ticket-fair", ticket_in_fair),
    job("soak.critical-section", |_| {
        critical_section::with(|section| SECTION.borrow(section).set(SECTION.borrow(section).get() + 1));
    }),
    job("soak.rcu", |_| drop(rcu::read())),
    job("soak.spin-preempt-off", |_| *SPINNING.lock() += 1),
    job("soak.upgrade", upgrade),
    job("soak.lazy", |_| same([*LAZY, 1])),
    job("soak.mutex", mutex_in_mutex),
    job("soak.mutex-try", |_| {
        if let Some(mut count) = TRIED.try_lock() {
            *count += 1;
            GOT.fetch_add(1, Ordering::Relaxed);
        }
    }),
    job("soak.page-lock", page_lock),
    job("soak.rwsem-write", |_| MAP.write().iter_mut().for_each(|half| *half += 1)),
    job("soak.rwsem-read", |_| same(*MAP.read())),
    job("soak.semaphores", semaphores),
    job("soak.ww-mutex", two_buffers),
    job("soak.completion", completion),
    job("soak.files", files),
    job("soak.sleep", |random| sched::sleep(1 + random.below(2) as u64)),
];

/// What the interrupts have done.
static HARDIRQS: AtomicUsize = AtomicUsize::new(0);
static SOFTIRQS: AtomicUsize = AtomicUsize::new(0);
static ADDED: AtomicUsize = AtomicUsize::new(0);

static IN_INTERRUPTS: Scenario = Scenario { name: "soak", tasks: &[], in_hardirq, in_softirq, finds: None };
static WORKER: Work = Work { name: "worker", body: work };
static HELPER: Work = Work { name: "helper", body: help };
static UNMOUNTER: Work = Work { name: "unmounter", body: unmount };

pub(super) fn run(command: &CommandLine<'_>) -> &'static str {
    let end = Machine::now() + command.minutes.unwrap_or(1) * 60_000_000_000;
    END.store(end, Ordering::Relaxed);
    let before = fs::on_disk();
    scenario::set_running(Some(&IN_INTERRUPTS));
    fs::mount();
    for number in 0..WORKERS {
        sched::spawn(&WORKER, number);
    }
    sched::spawn(&UNMOUNTER, 0);
    sched::idle_until(|| sched::live() == 0 || Machine::now() > end + PATIENCE);
    scenario::set_running(None);
    for job in &JOBS {
        judge::times::<Machine>(job.name, job.done.load(Ordering::Relaxed));
    }
    judge::times::<Machine>("soak.hardirqs", HARDIRQS.load(Ordering::Relaxed));
    judge::times::<Machine>("soak.softirqs", SOFTIRQS.load(Ordering::Relaxed));
    judge::times::<Machine>("soak.reclaims", pages::RECLAIMS.load(Ordering::Relaxed));
    judge::times::<Machine>("soak.pages-written", pages::WRITTEN.load(Ordering::Relaxed));
    if sched::live() > 0 {
        shell::answer("tasks");
        shell::answer("held");
        "a-wake-up-was-lost"
    } else if WRONG.load(Ordering::Relaxed) > 0 || !counts_are_right() {
        "an-exclusion-failed"
    } else if fs::on_disk() != before + ADDED.load(Ordering::Relaxed) {
        "a-word-was-lost"
    } else {
        "ok"
    }
}

/// What was counted under each lock is what was done.
fn counts_are_right() -> bool {
    let done = |name: &str| JOBS.iter().find(|job| job.name == name).map_or(0, |job| job.done.load(Ordering::Relaxed));
    *IRQ_SHARED.lock_irqsave() == done("soak.spin-irqsave") + HARDIRQS.load(Ordering::Relaxed)
        && *SOFTIRQ_SHARED.lock_irqsave() == done("soak.spin-softirq") + SOFTIRQS.load(Ordering::Relaxed)
        && *TABLE.read_irqsave() == [done("soak.rwlock-write"); 2]
        && TIME.read() == [done("soak.seqlock-write"); 2]
        && *TICKET.lock() == done("soak.ticket-fair")
        && *FAIR.lock() == done("soak.ticket-fair")
        && critical_section::with(|section| SECTION.borrow(section).get()) == done("soak.critical-section")
        && *SPINNING.lock() == done("soak.spin-preempt-off")
        && *UPGRADED.read() == done("soak.upgrade")
        && TRIED.try_lock().map(|count| *count) == Some(GOT.load(Ordering::Relaxed))
        && OUTER.try_lock().map(|count| *count) == Some(done("soak.mutex"))
        && INNER.try_lock().map(|count| *count) == Some(done("soak.mutex"))
        && BUFFER.iter().map(|buffer| buffer.try_lock().map_or(0, |count| *count)).sum::<usize>()
            == 2 * done("soak.ww-mutex")
}

fn work(number: usize) {
    let mut random = Random { seed: 0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1), worker: number };
    while Machine::now() < END.load(Ordering::Relaxed) {
        let job = &JOBS[random.below(JOBS.len())];
        (job.run)(&mut random);
        job.done.fetch_add(1, Ordering::Relaxed);
    }
    FINISHED.up();
}

fn unmount(_: usize) {
    (0..WORKERS).for_each(|_| FINISHED.down());
    fs::unmount();
}

fn in_hardirq(_: usize) {
    *IRQ_SHARED.lock() += 1;
    same(*TABLE.read());
    same(TIME.read());
    HARDIRQS.fetch_add(1, Ordering::Relaxed);
}

fn in_softirq(_: usize) {
    *SOFTIRQ_SHARED.lock_irqsave() += 1;
    SOFTIRQS.fetch_add(1, Ordering::Relaxed);
}

/// Two halves that a writer changes together.
fn same([first, second]: [usize; 2]) {
    WRONG.fetch_add(usize::from(first != second), Ordering::Relaxed);
}

fn ticket_in_fair(_: &mut Random) {
    let _keeps_cpu = PreemptOff::new();
    let mut fair = FAIR.lock();
    *TICKET.lock() += 1;
    *fair += 1;
}

/// Nobody writes between the look and the change.
fn upgrade(_: &mut Random) {
    let _keeps_cpu = PreemptOff::new();
    let count = UPGRADED.upgradeable_read();
    let before = *count;
    let mut count = count.upgrade();
    same([before, *count]);
    *count += 1;
}

/// Handed over and released, as by who ends an I/O.
fn page_lock(random: &mut Random) {
    PAGE.lock();
    WRONG.fetch_add(PAGE_USERS.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    if random.below(4) == 0 {
        PAGE.hand_over();
        sched::yield_now();
    }
    PAGE_USERS.fetch_sub(1, Ordering::Relaxed);
    PAGE.unlock();
}

fn mutex_in_mutex(random: &mut Random) {
    let mut outer = OUTER.lock();
    if random.below(16) == 0 {
        sched::yield_now();
    }
    *INNER.lock() += 1;
    *outer += 1;
}

fn semaphores(_: &mut Random) {
    ROOMS.down();
    WRONG.fetch_add(usize::from(INSIDE.fetch_add(1, Ordering::Relaxed) >= 3), Ordering::Relaxed);
    drop(PERMITS.acquire_with(sched::yield_now));
    INSIDE.fetch_sub(1, Ordering::Relaxed);
    ROOMS.up();
}

/// Two buffers in any order, as `ww` allows: who meets an older one starts again.
fn two_buffers(random: &mut Random) {
    let first = random.below(BUFFER.len());
    let second = (first + 1 + random.below(BUFFER.len() - 1)) % BUFFER.len();
    let (mut first, mut second) = (&BUFFER[first], &BUFFER[second]);
    // It spins, so its holder must not be preempted.
    let _keeps_cpu = PreemptOff::new();
    let mut context = WwAcquireContext::new(&BUFFERS);
    let acquire = context.init();
    let mut have = first.lock(&acquire);
    loop {
        let Ok(held) = have else { unreachable!("the first of a context is got") };
        match second.lock(&acquire) {
            Ok(mut also) => {
                acquire.done();
                let mut held = held;
                *held += 1;
                *also += 1;
                return;
            }
            Err(WwError::Already) => unreachable!("they are two"),
            Err(WwError::Deadlock) => {
                drop(held);
                (first, second) = (second, first);
                have = first.lock_slow(&acquire);
            }
        }
    }
}

/// A task that lives for one promise.
fn completion(random: &mut Random) {
    READY[random.worker].renew();
    sched::spawn(&HELPER, random.worker);
    READY[random.worker].wait();
}

fn help(worker: usize) {
    let promise = READY[worker].promise();
    sched::yield_now();
    drop(promise);
}

fn files(random: &mut Random) {
    let (file, word) = (random.below(fs::FILES), random.below(fs::WORDS));
    match random.below(64) {
        0 => fs::sync(),
        1..32 => {
            fs::add(file, word, 1);
            ADDED.fetch_add(1, Ordering::Relaxed);
        }
        _ => {
            fs::read(file, word);
        }
    }
}

/// Marsaglia's xorshift, and whose it is.
struct Random {
    seed: u64,
    worker: usize,
}

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        (self.seed >> 32) as usize % limit
    }
}
