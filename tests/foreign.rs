//! What other threads see of a thread: what it holds, and what it waits for. Contexts enter the list and leave it.

#[path = "support/threads.rs"]
mod threads;

use lockdep::hooks::{Activity, ContextView, WaitKind, WaitView};
use lockdep::semaphore::Semaphore;
use lockdep::seqlock::SeqLock;
use lockdep::spin::mutex::{FairMutex, TicketMutex};
use lockdep::spin::{LazyLock, Once, RwLock};
use lockdep::std_sync::{Condvar, Mutex as SleepingMutex, RwLock as SleepingRwLock};
use lockdep::ww::{WwAcquireContext, WwClass, WwMutex};
use lockdep::{ContextCell, Level, LockMap, Mode, Port};
use lockdep::{hooks, host, spin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use threads::{begin, context, in_thread};

/// How long a thread may take to do what it must.
const LIMIT: Duration = Duration::from_secs(20);

fn views() -> Vec<ContextView> {
    let mut all = Vec::new();
    hooks::for_each_context(&mut |view| all.push(view.clone()));
    all
}

fn view_of(thread: &str) -> Option<ContextView> {
    views().into_iter().find(|view| view.who().task.as_str() == thread)
}

/// Looks until a thread of this name waits.
fn wait_of(thread: &str) -> ContextView {
    let start = Instant::now();
    loop {
        let waits = view_of(thread).filter(|view| view.activity() == Activity::Waiting);
        if let Some(view) = waits {
            return view;
        }
        assert!(start.elapsed() < LIMIT, "{thread} does not wait: {:?}", view_of(thread).map(|view| view.activity()));
        thread::yield_now();
    }
}

/// A thread waits while this one holds something; `release` ends its wait. Returns what was seen.
fn seen_waiting(map: &LockMap, wait: impl FnOnce() + Send, release: impl FnOnce()) -> (ContextView, WaitView) {
    thread::scope(|scope| {
        let waiter = thread::Builder::new().name("waiter".into());
        let waiter = waiter.spawn_scoped(scope, wait).expect("a thread");
        let view = wait_of("waiter");
        let wait = *view.wait().expect("it waits");
        assert_eq!(wait.instance(), map.instance(), "for this lock");
        release();
        waiter.join().expect("it ends");
        (view, wait)
    })
}

/// The same for an ordinary lock: announced, held by nobody else's record, and gone at the end.
fn marks(name: &str, map: &LockMap, mode: Mode, kind: WaitKind, wait: impl FnOnce() + Send, release: impl FnOnce()) {
    let (view, wait) = seen_waiting(map, wait, release);
    assert_eq!((wait.mode(), wait.kind()), (mode, kind), "{name}");
    assert!(wait.site().is_some_and(|site| site.to_string().contains("tests/foreign.rs")), "{name}: {wait:?}");
    let awaited: Vec<_> = view.holds().iter().filter(|hold| view.is_awaited(hold)).collect();
    assert!(awaited.len() == 1 && awaited[0].instance() == map.instance(), "{name}: {awaited:?}");
    assert!(view_of("waiter").is_none(), "{name}: the thread has ended");
    assert_eq!(hooks::first_finding(), None, "{name}");
}

#[test]
fn every_kind_of_spinning_lock_marks_its_wait() {
    let _turn = begin();
    let mutex = spin::Mutex::named("mutex", ());
    let held = mutex.lock();
    marks("mutex", mutex.map(), Mode::WRITE, WaitKind::Lock, || drop(mutex.lock()), || drop(held));
    let ticket = <TicketMutex<_>>::named("ticket", ());
    let held = ticket.lock();
    marks("ticket", ticket.map(), Mode::WRITE, WaitKind::Lock, || drop(ticket.lock()), || drop(held));
    let fair = <FairMutex<_>>::named("fair", ());
    let held = fair.lock();
    marks("fair", fair.map(), Mode::WRITE, WaitKind::Lock, || drop(fair.lock()), || drop(held));
    let held = fair.lock();
    marks("starving", fair.map(), Mode::WRITE, WaitKind::Lock, || drop(fair.starve().lock()), || drop(held));
    let rw = RwLock::named("rw", ());
    let held = rw.write();
    marks("read", rw.map(), Mode::RECURSIVE_READ, WaitKind::Lock, || drop(rw.read()), || drop(held));
    let held = rw.read();
    marks("write", rw.map(), Mode::WRITE, WaitKind::Lock, || drop(rw.write()), || drop(held));
    let held = rw.write();
    marks("upgradeable", rw.map(), Mode::UPGRADEABLE, WaitKind::Lock, || drop(rw.upgradeable_read()), || drop(held));
    let held = rw.read();
    let upgrade = || drop(rw.upgradeable_read().upgrade());
    marks("upgrade", rw.map(), Mode::WRITE, WaitKind::Lock, upgrade, || drop(held));
    let sequence = SeqLock::named("sequence", 0);
    let held = sequence.write();
    marks("sequence", sequence.map(), Mode::WRITE, WaitKind::Lock, || drop(sequence.write()), || drop(held));
}

#[test]
fn a_reader_that_waits_for_a_writer_holds_nothing_and_is_seen() {
    let _turn = begin();
    let sequence = SeqLock::named("sequence", 7);
    let held = sequence.write();
    let (view, wait) = seen_waiting(sequence.map(), || assert_eq!(sequence.read(), 7), || drop(held));
    assert_eq!((wait.kind(), wait.mode(), view.holds().len()), (WaitKind::Lock, Mode::RECURSIVE_READ, 0));
}

#[test]
fn every_kind_of_sleeping_lock_marks_its_wait() {
    let _turn = begin();
    let mutex = SleepingMutex::named("mutex", ());
    let held = mutex.lock().unwrap();
    marks("mutex", mutex.map(), Mode::WRITE, WaitKind::Lock, || drop(mutex.lock()), || drop(held));
    let rw = SleepingRwLock::named("rw", ());
    let held = rw.write().unwrap();
    marks("read", rw.map(), Mode::READ, WaitKind::Lock, || drop(rw.read()), || drop(held));
    let held = rw.read().unwrap();
    marks("write", rw.map(), Mode::WRITE, WaitKind::Lock, || drop(rw.write()), || drop(held));
    let semaphore = Semaphore::named("semaphore", 1);
    let held = semaphore.acquire();
    marks("semaphore", semaphore.map(), Mode::WRITE, WaitKind::Event, || drop(semaphore.acquire()), || drop(held));
    static CLASS: WwClass = WwClass::new("ww", "ww context");
    let ww = WwMutex::new(&CLASS, ());
    let held = ww.lock_alone();
    marks("ww alone", ww.map(), Mode::WRITE, WaitKind::Lock, || drop(ww.lock_alone()), || drop(held));
    let held = ww.lock_alone();
    let in_context = || {
        let mut context = WwAcquireContext::new(&CLASS);
        let acquire = context.init();
        drop(ww.lock(&acquire).unwrap());
    };
    marks("ww", ww.map(), Mode::WRITE, WaitKind::Timed, in_context, || drop(held));
}

#[test]
fn a_condition_is_an_event_and_its_mutex_is_not_held() {
    let _turn = begin();
    let (mutex, condition) = (SleepingMutex::named("flag", false), Condvar::new());
    let set = || {
        *mutex.lock().unwrap() = true;
        condition.notify_all();
    };
    let wait = || drop(condition.wait_while(mutex.lock().unwrap(), |flag| !*flag).unwrap());
    marks("condition", mutex.map(), Mode::WRITE, WaitKind::Event, wait, set);
    *mutex.lock().unwrap() = false;
    let wait = || {
        let mut flag = mutex.lock().unwrap();
        while !*flag {
            (flag, _) = condition.wait_timeout(flag, LIMIT).unwrap();
        }
    };
    marks("condition with a limit", mutex.map(), Mode::WRITE, WaitKind::Timed, wait, set);
}

#[test]
fn a_thread_that_waits_for_an_initialiser_is_seen_and_the_initialiser_holds() {
    let _turn = begin();
    let once = Once::new();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let maker = thread::Builder::new().name("maker".into());
        let once = &once;
        let slow = move || *once.call_once(|| receiver.recv().expect("a value"));
        let maker = maker.spawn_scoped(scope, slow).expect("a thread");
        let start = Instant::now();
        let holds = |view: ContextView| view.activity() == Activity::Running && view.holds().len() == 1;
        while !view_of("maker").is_some_and(holds) {
            assert!(start.elapsed() < LIMIT, "the initialiser runs");
            thread::yield_now();
        }
        let ask = || assert_eq!(once.call_once(|| 0), &7);
        marks("once", once.map(), Mode::WRITE, WaitKind::Lock, ask, || sender.send(7).expect("it is received"));
        assert_eq!(maker.join().unwrap(), 7);
    });
    let never = Once::<u32>::new();
    let (view, wait) = seen_waiting(never.map(), || assert_eq!(never.wait(), &1), || _ = never.call_once(|| 1));
    assert_eq!((wait.kind(), view.holds().len()), (WaitKind::Event, 1));
    assert_eq!(*LazyLock::<_, fn() -> u32>::new(|| 5), 5);
}

#[test]
fn a_lock_that_is_free_marks_no_wait() {
    let _turn = begin();
    let (first, second) = (spin::Mutex::named("first", ()), spin::Mutex::named("second", ()));
    let (held_first, held_second) = (first.lock(), second.lock());
    let pairs = || {
        let (mutex, ticket) = (spin::Mutex::named("mutex", ()), <TicketMutex<_>>::named("ticket", ()));
        let (rw, sleeping) = (RwLock::named("rw", ()), SleepingRwLock::named("sleeping", ()));
        let (inner, semaphore) = (SleepingMutex::named("inner", ()), Semaphore::named("semaphore", 1));
        for _ in 0..100 {
            drop((mutex.lock(), ticket.lock()));
            drop(rw.upgradeable_read().upgrade());
            drop((sleeping.write().unwrap(), inner.lock().unwrap()));
            drop((semaphore.acquire(), sleeping.read().unwrap()));
            drop(rw.read());
        }
    };
    let numbers = thread::scope(|scope| {
        let waiter = thread::Builder::new().name("waiter".into());
        let (first, second) = (&first, &second);
        let waits = move || {
            drop(first.lock());
            pairs();
            drop(second.lock());
        };
        waiter.spawn_scoped(scope, waits).expect("a thread");
        let number = || wait_of("waiter").wait().expect("it waits").number();
        let before = number();
        drop(held_first);
        let is_second = || wait_of("waiter").wait().is_some_and(|wait| wait.instance() == second.map().instance());
        while !is_second() {}
        let after = number();
        drop(held_second);
        (before, after)
    });
    // The record changes when a wait ends and when one begins, by two each.
    assert_eq!(numbers.1.wrapping_sub(numbers.0), 4);
    assert_eq!(hooks::first_finding(), None);
}

#[test]
fn a_context_leaves_the_list_with_its_task() {
    let _turn = begin();
    let lock = spin::Mutex::named("lock", ());
    in_thread("short", || {
        assert!(view_of("short").is_none(), "it has acquired nothing");
        let held = lock.lock();
        let view = view_of("short").expect("it is in the list");
        assert_eq!((view.level(), view.activity(), view.holds().len()), (Level::Task, Activity::Running, 1));
        assert_eq!((view.holds()[0].instance(), view.interrupted()), (lock.map().instance(), None));
        drop(held);
        hooks::task_exit();
        assert!(view_of("short").is_none(), "it has exited");
        drop(lock.lock());
        assert!(view_of("short").is_some(), "it goes on, as a scheduler may");
    })
    .unwrap();
    assert!(view_of("short").is_none(), "the thread has ended");
}

#[test]
fn a_cell_may_be_moved_before_it_is_used_and_is_removed_when_it_is_dropped() {
    let _turn = begin();
    let lock = spin::Mutex::named("lock", ());
    let is_listed = |address: usize| views().iter().any(|view| view.address() == address);
    in_thread("own", || {
        let cell = ContextCell::new(0);
        let here = cell.get().addr();
        assert!(!is_listed(here));
        let boxed = Box::new(cell);
        let there = boxed.get().addr();
        // SAFETY: only this thread uses it, and the box is not moved out of until it is dropped.
        unsafe { host::Host::set_context(boxed.get()) };
        drop(lock.lock());
        assert!(!is_listed(here) && is_listed(there));
        drop(boxed);
        assert!(!is_listed(there));
        drop(lock.lock()); // without a context: counted
        let forgotten = Box::leak(Box::new(ContextCell::new(0)));
        // SAFETY: it lives for ever, and only this thread uses it.
        unsafe { host::Host::set_context(forgotten.get()) };
        drop(lock.lock());
        assert!(is_listed(forgotten.get().addr()), "what is never dropped stays");
    })
    .unwrap();
    assert!(views().iter().all(|view| view.holds().is_empty()));
}

#[test]
fn an_interrupt_is_seen_above_what_it_interrupted() {
    let _turn = begin();
    let lock = spin::Mutex::named("lock", ());
    let held = lock.lock();
    let own = std::ptr::from_ref(context()).addr();
    let task = views().into_iter().find(|view| view.address() == own).expect("this thread");
    assert!(task.irqs_on() && task.holds().len() == 1);
    host::interrupt(Level::Hardirq, || {
        let all = views();
        let above = all.iter().find(|view| view.level() == Level::Hardirq).expect("the interrupt");
        assert_eq!((above.interrupted(), above.irqs_on()), (Some(task.address()), false));
        assert!(above.irqs_off_at().is_some());
    })
    .expect("interrupts are on");
    assert!(views().iter().all(|view| view.level() != Level::Hardirq), "it has ended");
    drop(held);
}

/// Readers look at threads that lock all the time. Under ThreadSanitizer this shows that there is no data race:
/// `cargo +nightly test -Zbuild-std` with `-Zsanitizer=thread`.
#[test]
fn readers_look_while_others_lock() {
    let _turn = begin();
    const LOCKERS: usize = 3;
    const ROUNDS: usize = 300;
    let locks: Vec<_> = (0..4).map(|_| SleepingMutex::named("shared", 0)).collect();
    let instances: Vec<_> = locks.iter().map(|lock| lock.map().instance()).collect();
    let inner = spin::Mutex::named("inner", 0);
    let (done, waits) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let lockers: Vec<_> = (0..LOCKERS)
            .map(|number| {
                let (locks, inner) = (&locks, &inner);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let mut held = locks[(number + round) % locks.len()].lock().unwrap();
                        *held += 1;
                        let mut inner = inner.lock();
                        *inner += 1;
                        thread::yield_now();
                    }
                })
            })
            .collect();
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    hooks::for_each_context(&mut |view| {
                        let Some(wait) = view.wait().filter(|_| view.activity() == Activity::Waiting) else { return };
                        // What a thread that waits holds is exact: the locks in their order, the awaited one last.
                        waits.fetch_add(1, Ordering::Relaxed);
                        let last = view.holds().last().expect("the awaited one");
                        assert!(view.is_awaited(last) && last.instance() == wait.instance());
                        match view.holds() {
                            [only] => assert!(instances.contains(&only.instance())),
                            [outer, second] => {
                                assert!(instances.contains(&outer.instance()));
                                assert_eq!(second.instance(), inner.map().instance());
                            }
                            holds => panic!("{holds:?}"),
                        }
                    });
                }
            });
        }
        lockers.into_iter().for_each(|locker| locker.join().unwrap());
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(hooks::first_finding(), None);
    assert!(waits.into_inner() > 0, "no wait was seen");
}
