//! Threads that really hang, as `watch::tick` reports them: what is a deadlock, what is none, and who is hung.
//!
//! The locks are of the test's own, made with a tracker as a kernel's would be. They spin until the test ends, since a
//! deadlock has no other way out.

use lockdep::hooks::{Activity as Seen, Wait, WaitKind};
use lockdep::host::{HostConfig, HostPort};
use lockdep::report::{Activity, End, Link, LockView};
use lockdep::semaphore::Semaphore;
use lockdep::{Kind, Level, Message, Mode, Report, Site, Tracker, WaitTypes};
use lockdep::{hooks, host, watch};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

struct Config;

const HUNG: Duration = Duration::from_secs(1);

impl HostConfig for Config {
    const HUNG_TASK: u64 = HUNG.as_nanos() as u64;
}

lockdep::port!(HostPort<Config>);

/// How long a thread may take to do what it must.
const LIMIT: Duration = Duration::from_secs(20);

static TURN: Mutex<()> = Mutex::new(());
static FOUND: Mutex<Vec<Found>> = Mutex::new(Vec::new());

/// A report, as far as the tests look at it.
#[derive(Debug)]
struct Found {
    kind: Kind,
    text: String,
    end: End,
    parties: Vec<Shown>,
    waiters: Vec<String>,
}

/// A context of a report: its name; what it does; why the one before waits for it; what it waits for, where; what it
/// holds, where.
#[derive(Debug, PartialEq)]
struct Shown {
    name: String,
    activity: Activity,
    link: Link,
    waits_for: Option<(&'static str, u32)>,
    holds: Vec<(&'static str, u32)>,
}

fn found() -> MutexGuard<'static, Vec<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(message: Message<'_>) {
    let Message::Report(report) = message else { return };
    let hang = report.hang();
    let parties = (0..hang.parties().len()).map(|index| shown(report, index)).collect();
    let waiters = hang.waiters().iter().map(|who| who.task.as_str().to_string()).collect();
    found().push(Found { kind: report.kind(), text: report.to_string(), end: hang.end(), parties, waiters });
}

fn shown(report: &Report, index: usize) -> Shown {
    let party = &report.hang().parties()[index];
    let lock = |lock: &LockView| (lock.class.name.unwrap_or("?"), line_of(lock.site));
    Shown {
        name: party.who.task.as_str().to_string(),
        activity: party.activity,
        link: party.link,
        waits_for: party.waits_for.as_ref().map(lock),
        holds: report.held_by(index).iter().map(lock).collect(),
    }
}

fn line_of(site: Option<Site>) -> u32 {
    let text = site.map_or(String::new(), |site| site.to_string());
    text.rsplit(':').nth(1).and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// The reports of one kind since the test began.
fn of_kind(kind: Kind) -> Vec<Found> {
    let mut all = found();
    let (these, others) = std::mem::take(&mut *all).into_iter().partition(|found| found.kind == kind);
    *all = others;
    these
}

/// A spinning lock that stops when its story ends.
struct Lock {
    tracker: Tracker,
    locked: AtomicBool,
    ends: &'static AtomicBool,
}

impl Lock {
    fn try_lock(&self) -> Option<()> {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok().map(|_| ())
    }

    fn spin(&self) {
        while self.try_lock().is_none() && !self.ends.load(Ordering::Relaxed) {
            thread::yield_now();
        }
    }

    #[track_caller]
    fn lock(&self) {
        let token = self.tracker.token().acquire(Mode::WRITE, Site::caller());
        token.wait(|| self.try_lock(), || self.spin());
    }

    /// A wait that a time-out ends, or a signal: when the story ends.
    #[track_caller]
    fn lock_timed(&self) {
        let (map, site) = (self.tracker.map(), Site::caller());
        self.tracker.token().acquire(Mode::WRITE, site);
        let _waiting =
            hooks::wait_begin(&Wait { map, kind: WaitKind::Timed, announced: true, mode: Mode::WRITE, site });
        self.spin();
    }

    fn unlock(&self) {
        self.tracker.token().release(None);
        self.locked.store(false, Ordering::Release);
    }
}

/// Threads that hang until it is dropped.
struct Story {
    ends: &'static AtomicBool,
    threads: Vec<JoinHandle<()>>,
    _turn: MutexGuard<'static, ()>,
}

impl Story {
    fn begin() -> Story {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        host::set_handler(keep);
        assert!(hooks::reset());
        found().clear();
        Story { ends: Box::leak(Box::new(AtomicBool::new(false))), threads: Vec::new(), _turn: turn }
    }

    fn lock(&self, name: &'static str) -> &'static Lock {
        let tracker = Tracker::named(name, WaitTypes::SPIN);
        Box::leak(Box::new(Lock { tracker, locked: AtomicBool::new(false), ends: self.ends }))
    }

    /// A thread plays its part, of which the last is a wait; then it waits for the end.
    fn task(&mut self, name: &str, part: impl FnOnce() + Send + 'static) {
        let ends = self.ends;
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            part();
            while !ends.load(Ordering::Relaxed) {
                thread::yield_now();
            }
        });
        self.threads.push(thread.expect("a thread"));
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().expect("it ends"));
    }
}

/// Waits until each of these waits for a lock.
fn until_all_wait(names: &[&str]) {
    let start = Instant::now();
    loop {
        let mut waiting = 0;
        hooks::for_each_context(&mut |view| {
            waiting += usize::from(names.contains(&view.who().task.as_str()) && view.activity() == Seen::Waiting);
        });
        if waiting == names.len() {
            return;
        }
        assert!(start.elapsed() < LIMIT, "only {waiting} of {names:?} wait");
        thread::yield_now();
    }
}

/// Waits until this thread holds so many locks, and waits for none.
fn until_holds(name: &str, count: usize) {
    let start = Instant::now();
    loop {
        let mut holds = false;
        hooks::for_each_context(&mut |view| {
            holds |= view.who().task.as_str() == name && view.holds().len() == count && view.wait().is_none();
        });
        if holds {
            return;
        }
        assert!(start.elapsed() < LIMIT, "{name} does not hold {count} locks");
        thread::yield_now();
    }
}

/// Two threads have taken one lock each, and go on to the other's when both have.
fn meet(arrived: &'static std::sync::Barrier) {
    arrived.wait();
}

fn barrier(of: usize) -> &'static std::sync::Barrier {
    Box::leak(Box::new(std::sync::Barrier::new(of)))
}

fn tick_twice() {
    watch::tick();
    watch::tick();
}

/// Two threads, ABBA: the order is reported before it happens, and since that ends the checking, what happens then is
/// reported all the same, once, with everything that an engineer asks for.
#[test]
fn a_deadlock_is_reported_once_with_all_that_is_known() {
    let mut story = Story::begin();
    let (a, b, both) = (story.lock("a"), story.lock("b"), barrier(2));
    let lines = line!() + 2; // of `a.lock()`, and so on
    story.task("first", move || {
        a.lock();
        meet(both);
        b.lock();
    });
    story.task("second", move || {
        b.lock();
        meet(both);
        a.lock();
    });
    until_all_wait(&["first", "second"]);
    tick_twice();
    let deadlocks = of_kind(Kind::Deadlock);
    assert_eq!(deadlocks.len(), 1, "{deadlocks:#?}");
    let mut parties: Vec<_> = deadlocks[0].parties.iter().collect();
    assert_eq!((parties.len(), deadlocks[0].end), (2, End::Cycle(0)));
    assert_eq!((parties[0].link, parties[1].link), (Link::First, Link::Holds));
    parties.sort_by_key(|party| party.name.clone());
    for (party, (name, waits_for, held)) in parties
        .into_iter()
        .zip([("first", ("b", lines + 2), ("a", lines)), ("second", ("a", lines + 7), ("b", lines + 5))])
    {
        assert_eq!((party.name.as_str(), party.activity), (name, Activity::Waiting));
        assert_eq!((party.waits_for, &party.holds[..]), (Some(waits_for), &[held][..]), "{name}");
    }
    assert!(deadlocks[0].text.contains("*** DEADLOCK ***"), "{}", deadlocks[0].text);
    assert_eq!(found().iter().map(|found| found.kind).collect::<Vec<_>>(), [Kind::Circular], "before it happened");
    thread::sleep(HUNG * 2);
    tick_twice();
    assert!(of_kind(Kind::Deadlock).is_empty() && of_kind(Kind::HungTask).is_empty(), "it was told");
    assert_eq!(hooks::state().repeated, 0, "nor is it looked for again");
}

/// A task that holds one lock, and waits for another that the last one holds.
fn no_deadlock(why: &str, mut story: Story, names: &[&str]) {
    until_all_wait(names);
    tick_twice();
    assert!(of_kind(Kind::Deadlock).is_empty(), "{why}");
    story.ends.store(true, Ordering::Relaxed);
    story.threads.drain(..).for_each(|thread| thread.join().expect("it ends"));
}

#[test]
fn a_wait_that_ends_by_itself_is_no_deadlock() {
    let mut story = Story::begin();
    let (a, b, both) = (story.lock("a"), story.lock("b"), barrier(2));
    story.task("first", move || {
        a.lock();
        meet(both);
        b.lock_timed();
    });
    story.task("second", move || {
        b.lock();
        meet(both);
        a.lock();
    });
    no_deadlock("it times out", story, &["first", "second"]);
}

#[test]
fn a_lock_that_was_handed_over_is_held_by_nobody() {
    let mut story = Story::begin();
    let (a, b, both) = (story.lock("a"), story.lock("b"), barrier(2));
    story.task("first", move || {
        a.lock();
        a.tracker.token().hand_over();
        meet(both);
        b.lock();
    });
    story.task("second", move || {
        b.lock();
        meet(both);
        a.lock();
    });
    no_deadlock("anybody may release it", story, &["first", "second"]);
}

#[test]
fn an_event_that_anybody_may_signal_is_no_deadlock() {
    let mut story = Story::begin();
    let (a, both) = (story.lock("a"), barrier(2));
    let semaphore: &'static Semaphore = Box::leak(Box::new(Semaphore::named("permits", 1)));
    let permit = semaphore.acquire();
    story.task("first", move || {
        a.lock();
        meet(both);
        drop(semaphore.acquire());
    });
    story.task("second", move || {
        meet(both);
        a.lock();
    });
    until_all_wait(&["first", "second"]);
    tick_twice();
    assert!(of_kind(Kind::Deadlock).is_empty());
    drop(permit);
}

/// The scheduler that runs at the tail of an interrupt waits in the context of the task that it interrupted, which may
/// have announced a lock and not have it yet. If another was announced after it, the task had it.
#[test]
fn a_lock_that_was_announced_right_before_an_interrupt_is_doubtful() {
    for between in [false, true] {
        let mut story = Story::begin();
        let (a, queue, other, both) = (story.lock("a"), story.lock("queue"), story.lock("other"), barrier(2));
        story.task("preempted", move || {
            a.lock();
            if between {
                other.lock();
            }
            meet(both);
            host::disable_irqs();
            queue.lock();
        });
        story.task("second", move || {
            queue.lock();
            meet(both);
            a.lock();
        });
        until_all_wait(&["preempted", "second"]);
        tick_twice();
        assert_eq!(of_kind(Kind::Deadlock).len(), usize::from(between));
    }
}

/// Incident spm-resume, with another lock above it or without: the newest hold of an interrupted task may be announced
/// only.
#[test]
fn an_interrupt_closes_the_cycle_of_the_task_that_it_interrupted() {
    for between in [false, true] {
        let mut story = Story::begin();
        let (a, spm, other, both) = (story.lock("resume_reason"), story.lock("spm"), story.lock("other"), barrier(2));
        story.task("kworker", move || {
            a.lock();
            if between {
                other.lock();
            }
            meet(both);
            host::interrupt(Level::Hardirq, || {
                spm.lock();
                spm.unlock();
            });
        });
        story.task("system_server", move || {
            spm.lock();
            meet(both);
            a.lock();
        });
        until_all_wait(&["kworker", "system_server"]);
        tick_twice();
        let deadlocks = of_kind(Kind::Deadlock);
        assert_eq!(deadlocks.len(), usize::from(between), "{deadlocks:#?}");
        if between {
            let all: Vec<_> = deadlocks[0].parties.iter().map(|party| (party.link, party.activity)).collect();
            assert_eq!(all.len(), 3);
            assert!(
                all.contains(&(Link::Holds, Activity::Interrupted)) || all[0].1 == Activity::Interrupted,
                "{all:?}"
            );
            assert!(all.iter().any(|(_, activity)| *activity == Activity::Waiting));
        }
    }
}

/// Incident nfs-writeback: nobody is in a deadlock, one runs, and the others wait for it in two steps. One report for
/// each lock, with the chain to the one that runs, and a list of those that wait for the same.
#[test]
fn a_hung_task_leads_to_the_holder_that_runs() {
    let mut story = Story::begin();
    let (inode, folio) = (story.lock("i_rwsem"), story.lock("folio"));
    story.task("writeback", move || folio.lock());
    until_holds("writeback", 1);
    story.task("cat", move || {
        inode.lock();
        folio.lock();
    });
    until_all_wait(&["cat"]);
    for name in ["ls", "cp", "mv"] {
        story.task(name, move || inode.lock());
        until_all_wait(&[name]);
    }
    tick_twice();
    assert!(found().is_empty(), "not yet: {:#?}", found());
    thread::sleep(HUNG + HUNG / 2);
    tick_twice();
    assert!(of_kind(Kind::Deadlock).is_empty());
    let mut hung = of_kind(Kind::HungTask);
    assert_eq!(hung.len(), 2, "one for each lock: {hung:#?}");
    hung.sort_by_key(|found| found.parties.len());
    let chain = |found: &Found| -> Vec<(String, Activity, Link)> {
        found.parties.iter().map(|party| (party.name.clone(), party.activity, party.link)).collect()
    };
    let writeback = ("writeback".to_string(), Activity::Running, Link::Holds);
    assert_eq!(chain(&hung[0]), [("cat".to_string(), Activity::Waiting, Link::First), writeback.clone()]);
    let ls = ("ls".to_string(), Activity::Waiting, Link::First);
    assert_eq!(chain(&hung[1]), [ls, ("cat".to_string(), Activity::Waiting, Link::Holds), writeback]);
    assert_eq!((hung[0].end, hung[1].end), (End::Runs, End::Runs));
    let mut others = hung[1].waiters.clone();
    others.sort();
    assert_eq!(others, ["cp", "mv"]);
    assert!(hung[1].text.starts_with("INFO: task ls:"), "{}", hung[1].text);
}

/// Threads that take locks in one order, or try them in the other, and so never hang, while another one looks all the
/// time: nothing is found. They wait for one another most of the time.
#[test]
fn a_look_at_what_moves_never_finds_a_deadlock() {
    const LOCKS: usize = 4;
    let mut story = Story::begin();
    let locks: [&'static Lock; LOCKS] = ["w", "x", "y", "z"].map(|name| story.lock(name));
    let ends = story.ends;
    let waits: &'static AtomicUsize = Box::leak(Box::new(AtomicUsize::new(0)));
    for seed in 1..=4usize {
        story.task("hammer", move || {
            let mut random = seed;
            while !ends.load(Ordering::Relaxed) {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (low, above) = ((random >> 33) % (LOCKS - 1), (random >> 40) % 3);
                let high = (low + 1 + above).min(LOCKS - 1);
                if random >> 50 & 1 == 0 {
                    in_order(locks[low], locks[high], waits);
                } else {
                    against_the_order(locks[high], locks[low]);
                }
            }
        });
    }
    let start = Instant::now();
    let mut looks = 0;
    while start.elapsed() < Duration::from_millis(600) {
        watch::tick();
        looks += 1;
    }
    story.ends.store(true, Ordering::Relaxed);
    story.threads.drain(..).for_each(|thread| thread.join().expect("it ends"));
    assert!(looks > 100 && waits.load(Ordering::Relaxed) > 10, "{looks} looks, {waits:?} waits: it tests nothing");
    let found = found();
    assert!(found.iter().all(|found| found.kind != Kind::Deadlock), "after {looks} looks: {found:#?}");
}

/// Takes two locks; a thread that waits for the second one holds the first.
fn in_order(low: &Lock, high: &Lock, waits: &AtomicUsize) {
    low.lock();
    thread::yield_now();
    waits.fetch_add(usize::from(high.locked.load(Ordering::Relaxed)), Ordering::Relaxed);
    high.lock();
    thread::yield_now();
    high.unlock();
    low.unlock();
}

/// Takes one lock and tries the other: it is recorded as held, and waits for nobody.
fn against_the_order(high: &Lock, low: &Lock) {
    high.lock();
    if low.try_lock().is_some() {
        low.tracker.token().acquired_by_try(Mode::WRITE, Site::caller());
        thread::yield_now();
        low.unlock();
    }
    high.unlock();
}
