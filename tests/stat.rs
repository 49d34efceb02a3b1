//! Lock statistics, by a port whose clock and CPU are variables: counts, times, bounces, waits, limits, and the texts.
//!
//! `BLESS=1 cargo test --features stat --test stat` writes the golden texts anew: look at the difference before it goes in.

use lockdep::class::LockMap;
use lockdep::context::{Context, Level};
use lockdep::hooks;
use lockdep::listing::{ChainLine, ClassLine, ClassTimes};
use lockdep::mode::Mode;
use lockdep::news::News;
use lockdep::port::Port;
use lockdep::report::{Kind, Who};
use lockdep::runtime::ContextCell;
use lockdep::site::Site;
use lockdep::stat::{self, Recording};
use lockdep::tally::Lengths;
use lockdep::wait_type::WaitTypes;
use lockdep_cli::sites;
use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};
use std::{env, fs};

thread_local! {
    static CONTEXT: Cell<Option<&'static Context>> = const { Cell::new(None) };
    static IRQS: Cell<bool> = const { Cell::new(true) };
    static CPU: Cell<u32> = const { Cell::new(0) };
    static CLOCK: Cell<u64> = const { Cell::new(0) };
}

static SHOWN: StdMutex<Vec<(Option<Kind>, String)>> = StdMutex::new(Vec::new());
static ONE_AT_A_TIME: StdMutex<()> = StdMutex::new(());

struct Fake;

// SAFETY: a context is made by the thread that runs in it, and kept in a variable of that thread.
unsafe impl Port for Fake {
    fn context() -> Option<&'static Context> {
        CONTEXT.get()
    }
    fn set_context(context: &'static Context) {
        CONTEXT.set(Some(context));
    }
    fn irqs_enabled() -> bool {
        IRQS.get()
    }
    fn irqs_disable() {
        IRQS.set(false);
    }
    fn irqs_enable() {
        IRQS.set(true);
    }
    fn who() -> Who {
        Who { task: "T", id: 1, cpu: CPU.get() }
    }
    fn show(news: News<'_>) {
        let kind = if let News::Report(report) = &news { Some(report.kind()) } else { None };
        shown().push((kind, news.to_string()));
    }
    fn now() -> u64 {
        CLOCK.get()
    }
}

lockdep::port!(Fake, classes = 16, dependencies = 16, chains = 16, cpus = 2);

fn shown() -> MutexGuard<'static, Vec<(Option<Kind>, String)>> {
    SHOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_context() -> &'static Context {
    let cell: &'static ContextCell = Box::leak(Box::new(ContextCell::new(0)));
    // SAFETY: it was made here, and is used by this thread alone.
    unsafe { cell.get() }
}

/// Begins a test: a task of its own on CPU 0 at time 0, nothing learned, nothing counted.
fn begin() -> MutexGuard<'static, ()> {
    let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    IRQS.set(true);
    CONTEXT.set(Some(new_context()));
    CPU.set(0);
    CLOCK.set(0);
    assert!(hooks::reset());
    stat::clear();
    stat::record(Recording::All);
    shown().clear();
    turn
}

fn lock(name: &'static str) -> LockMap {
    LockMap::of_class(name, sites::of_line(0), WaitTypes::SPIN)
}

fn pass(units: u64) {
    CLOCK.set(CLOCK.get() + units);
}

fn take(map: &LockMap, line: usize) {
    hooks::acquire(map, Mode::WRITE, sites::of_line(line));
}

fn let_go(map: &LockMap) {
    hooks::release(map, None);
}

/// Holds a lock, taken at a line, for so long.
fn hold(map: &LockMap, line: usize, units: u64) {
    take(map, line);
    pass(units);
    let_go(map);
}

/// Waits for a lock that somebody else has, then holds it.
fn wait(map: &LockMap, line: usize, waits: u64, holds: u64) {
    take(map, line);
    stat::contended(map);
    pass(waits);
    stat::acquired(map);
    pass(holds);
    let_go(map);
}

/// The statistics of all classes, in their order.
fn all_times() -> Vec<ClassTimes> {
    let mut all = Vec::new();
    assert!(stat::each_class_times(&mut |times| all.push(times.clone())));
    all
}

/// Those of the only class that has any.
fn times() -> ClassTimes {
    let mut all = all_times();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

fn lengths(count: u64, bounces: u64, total: u64, (min, max): (u64, u64), line: Option<usize>) -> Lengths {
    Lengths { count, bounces, total, min, max, longest_at: line.map(sites::of_line) }
}

#[test]
fn holds_are_counted_and_measured_and_the_longest_names_its_line() {
    let _turn = begin();
    let map = lock("a");
    for (line, units) in [(1, 5), (2, 9), (3, 2), (1, 5)] {
        hold(&map, line, units);
        pass(100);
    }
    let times = times();
    assert_eq!(times.write.hold, lengths(4, 0, 21, (2, 9), Some(2)));
    assert_eq!(times.write.hold.average(), 5);
    assert_eq!((times.write.wait.count, times.read.hold.count), (0, 0));
    assert_eq!(times.class.name, Some("a"));
}

#[test]
fn reading_and_writing_are_counted_apart() {
    let _turn = begin();
    let map = lock("a");
    hold(&map, 1, 3);
    for mode in [Mode::READ, Mode::RECURSIVE_READ] {
        hooks::acquire(&map, mode, sites::of_line(2));
        pass(4);
        let_go(&map);
    }
    let times = times();
    assert_eq!(times.write.hold, lengths(1, 0, 3, (3, 3), Some(1)));
    assert_eq!(times.read.hold, lengths(2, 0, 8, (4, 4), Some(2)));
}

#[test]
fn each_hold_has_its_own_time_also_out_of_order() {
    let _turn = begin();
    let (a, b, c) = (lock("a"), lock("b"), lock("c"));
    for _ in 0..2 {
        for map in [&a, &b, &c] {
            take(map, 1);
            pass(1);
        }
        // The holds above are taken again by this.
        let_go(&a);
        pass(10);
        let_go(&c);
        let_go(&b);
    }
    let totals = all_times().iter().map(|times| times.write.hold.total).collect::<Vec<_>>();
    assert_eq!(totals, [2 * 3, 2 * 12, 2 * 11]);
}

#[test]
fn an_interrupt_counts_and_an_nmi_does_not() {
    let _turn = begin();
    let (a, b) = (lock("a"), lock("b"));
    take(&a, 1);
    for (level, units) in [(Level::Hardirq, 4), (Level::Nmi, 8)] {
        hooks::enter(level, new_context());
        IRQS.set(false);
        hold(&b, 2, units);
        hooks::leave();
        IRQS.set(true);
    }
    let_go(&a);
    let all = all_times();
    assert_eq!(all[0].write.hold.total, 12);
    assert_eq!(all[1].write.hold, lengths(1, 0, 4, (4, 4), Some(2)));
}

#[test]
fn a_lock_bounces_between_cpus_and_their_tables_are_summed() {
    let _turn = begin();
    let map = lock("a");
    for (cpu, units) in [(0, 7), (0, 5), (1, 3), (1, 9), (0, 1)] {
        CPU.set(cpu);
        hold(&map, 1 + cpu as usize, units);
    }
    assert_eq!(times().write.hold, lengths(5, 2, 25, (1, 9), Some(2)));
}

#[test]
fn what_happens_on_cpus_that_port_was_not_told_of_is_counted_as_such() {
    let _turn = begin();
    CPU.set(2);
    hold(&lock("a"), 1, 1);
    assert_eq!((all_times().len(), stat::sums().outside), (0, 1));
}

#[test]
fn a_wait_ends_where_the_hold_begins_and_names_both_parties() {
    let _turn = begin();
    let map = lock("a");
    hold(&map, 1, 5);
    CPU.set(1);
    wait(&map, 2, 30, 4);
    wait(&map, 2, 20, 4);
    CPU.set(0);
    wait(&map, 3, 10, 4);
    let times = times();
    assert_eq!(times.write.wait, lengths(3, 2, 60, (10, 30), Some(2)));
    assert_eq!(times.write.hold, lengths(4, 2, 17, (4, 5), Some(1)), "a wait is no part of a hold");
    let lines = |points: &[lockdep::listing::Point]| points.iter().map(|p| (p.site, p.count)).collect::<Vec<_>>();
    assert_eq!(lines(&times.waiters), [(sites::of_line(2), 2), (sites::of_line(3), 1)]);
    assert_eq!(lines(&times.holders), [(sites::of_line(1), 1), (sites::of_line(2), 2)]);
}

#[test]
fn four_points_of_contention_are_kept() {
    let _turn = begin();
    let map = lock("a");
    for line in 1..=6 {
        wait(&map, line, 1, 1);
    }
    let times = times();
    assert_eq!((times.waiters.len(), times.holders.len(), times.write.wait.count), (4, 4, 6));
}

#[test]
fn those_with_the_most_contentions_come_first() {
    let _turn = begin();
    let maps = [lock("never"), lock("once"), lock("twice")];
    for (map, times) in maps.iter().zip([0, 1, 2]) {
        hold(map, 1, 1);
        (0..times).for_each(|_| wait(map, 1, 1, 1));
    }
    let names = all_times().iter().map(|times| times.class.name.unwrap()).collect::<Vec<_>>();
    assert_eq!(names, ["twice", "once", "never"]);
}

#[test]
fn contended_only_counts_what_waited_and_nothing_counts_nothing() {
    let _turn = begin();
    let map = lock("a");
    stat::record(Recording::Contended);
    hold(&map, 1, 5);
    assert!(all_times().is_empty());
    wait(&map, 2, 3, 4);
    hold(&map, 1, 5);
    assert_eq!(times().write.wait, lengths(1, 0, 3, (3, 3), Some(2)));
    assert_eq!(times().write.hold, lengths(1, 0, 4, (4, 4), Some(2)));
    stat::record(Recording::Nothing);
    wait(&map, 2, 3, 4);
    hold(&map, 1, 5);
    assert_eq!(times().write.hold.count, 1);
}

#[test]
fn what_is_cleared_is_gone_for_each_cpu_and_counts_anew() {
    let _turn = begin();
    let map = lock("a");
    for cpu in [0, 1] {
        CPU.set(cpu);
        wait(&map, 1, 50, 60);
    }
    stat::clear();
    assert!(all_times().is_empty());
    take(&map, 2);
    stat::clear();
    pass(3);
    let_go(&map);
    assert_eq!(times().write.hold, lengths(1, 0, 3, (3, 3), Some(2)), "a hold that goes on is counted when it ends");
    assert!(times().waiters.is_empty());
}

#[test]
fn another_class_in_the_same_slot_begins_at_nothing() {
    let _turn = begin();
    hold(&lock("a"), 1, 50);
    assert!(hooks::reset());
    assert!(all_times().is_empty());
    hold(&lock("b"), 2, 3);
    assert_eq!((times().class.name, times().write.hold), (Some("b"), lengths(1, 0, 3, (3, 3), Some(2))));
}

#[test]
fn holds_that_are_counted_as_one_are_one_hold() {
    let _turn = begin();
    let nest = lock("nest");
    let locks = [lock("a"), lock("a")];
    take(&nest, 1);
    for map in &locks {
        let what = lockdep::held::Acquire::new(map, Mode::WRITE, sites::of_line(2));
        hooks::acquire_specially(&lockdep::held::Acquire { nest: Some(&nest), ..what });
        pass(1);
    }
    locks.iter().for_each(let_go);
    let_go(&nest);
    let all = all_times();
    assert_eq!(all[1].write.hold.count, 1, "{all:#?}");
}

#[test]
fn a_clock_that_stands_still_counts() {
    let _turn = begin();
    (0..3).for_each(|_| hold(&lock("a"), 1, 0));
    assert_eq!(times().write.hold.count, 3);
}

#[test]
fn a_hold_longer_than_allowed_is_reported_when_it_ends() {
    let _turn = begin();
    let map = lock("a").with_hold_limit(10);
    hold(&map, 1, 10);
    assert!(shown().is_empty());
    hold(&map, 2, 11);
    let (kind, text) = shown().pop().expect("it is reported");
    assert_eq!(kind, Some(Kind::HoldLimit));
    let text = text.replace(&format!("{:016x}", map.instance()), "0000000000000001");
    golden("hold-limit", &sites::in_trace(&text, "source.rs", 1));
    hold(&map, 2, 12);
    assert!(shown().is_empty(), "each place once");
    hold(&map, 3, 99);
    assert_eq!(shown().pop().and_then(|(kind, _)| kind), Some(Kind::HoldLimit), "another is another");
}

#[test]
fn a_hold_that_was_too_long_ends_no_checking() {
    let _turn = begin();
    let (a, b) = (lock("a").with_hold_limit(1), lock("b"));
    hold(&a, 1, 5);
    for [outer, inner] in [[&a, &b], [&b, &a]] {
        take(outer, 2);
        hold(inner, 3, 0);
        let_go(outer);
    }
    let kinds = shown().iter().map(|(kind, _)| *kind).collect::<Vec<_>>();
    assert_eq!(kinds, [Some(Kind::HoldLimit), Some(Kind::Circular)]);
    assert_eq!(hooks::found(), Some(Kind::Circular));
}

#[test]
fn the_texts_are_the_golden_ones() {
    let _turn = begin();
    let (list, table, irq) = (lock("list"), lock("table"), lock("interrupt"));
    take(&list, 1);
    hold(&table, 2, 5);
    let_go(&list);
    hooks::acquire(&list, Mode::READ, sites::of_line(3));
    pass(7);
    let_go(&list);
    CPU.set(1);
    wait(&table, 4, 12, 3);
    hooks::enter(Level::Hardirq, new_context());
    IRQS.set(false);
    hold(&irq, 5, 2);
    hooks::leave();
    IRQS.set(true);
    for (name, write) in [
        ("lock_stat", stat::write_lock_stat as fn(&mut dyn std::fmt::Write) -> std::fmt::Result),
        ("lockdep", stat::write_classes),
        ("lockdep_chains", stat::write_chains),
        ("lockdep_stats", stat::write_sums),
    ] {
        let mut text = String::new();
        write(&mut text).expect("a string takes all");
        golden(name, &sites::in_trace(&text, "source.rs", 1));
    }
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/stat").join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some_and(|value| value == "1") {
        fs::write(&path, text).expect("tests/golden/stat can be written to");
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, wanted, "{}: BLESS=1 writes it anew", path.display());
}

#[test]
fn listings_may_take_locks_while_they_are_shown() {
    let _turn = begin();
    let (a, b) = (lock("a"), lock("b"));
    take(&a, 1);
    hold(&b, 1, 1);
    let_go(&a);
    let console = lock("console");
    let mut lines = 0;
    stat::each_class(&mut |line| {
        hold(&console, 9, 1);
        lines += usize::from(matches!(line, ClassLine::Leads(..)));
    });
    stat::each_chain(&mut |line| {
        hold(&console, 9, 1);
        lines += usize::from(matches!(line, ChainLine::Chain { .. }));
    });
    stat::each_class_times(&mut |_| {
        hold(&console, 9, 1);
        assert!(!stat::each_class_times(&mut |_| {}), "one listing at a time");
        lines += 1;
    });
    // One dependency; the chains of a, of b under a, and of the console; three classes.
    assert_eq!((lines, hooks::found()), (1 + 3 + 3, None));
    assert!(IRQS.get());
}

#[test]
fn sites_are_of_the_callers() {
    let _turn = begin();
    let map = LockMap::named("here", WaitTypes::SPIN);
    hooks::acquire(&map, Mode::WRITE, Site::caller());
    pass(1);
    let_go(&map);
    assert!(times().write.hold.longest_at.unwrap().0.file().ends_with("tests/stat.rs"));
}

/// Somebody holds a lock while another thread, on another CPU, waits for it: until that is seen, and then it is let go.
fn contend<G>(hold: impl FnOnce() -> G, wait: impl FnOnce() + Send) -> ClassTimes {
    std::thread::scope(|scope| {
        let held = hold();
        scope.spawn(|| {
            CONTEXT.set(Some(new_context()));
            CPU.set(1);
            wait();
        });
        let waits = |all: Vec<ClassTimes>| all.iter().any(|times| !times.waiters.is_empty());
        let seen = (0..1_000_000).any(|_| {
            std::thread::yield_now();
            waits(all_times())
        });
        assert!(seen, "nobody waits");
        drop(held);
    });
    let mut all = all_times();
    all.swap_remove(0)
}

#[test]
fn each_kind_of_lock_says_that_it_is_waited_for() {
    let _turn = begin();
    let mutex = lockdep::spin::Mutex::named("mutex", ());
    let rwlock = lockdep::spin::RwLock::named("rwlock", ());
    let sequence = lockdep::seqlock::SeqLock::named("sequence", 0);
    let semaphore = lockdep::semaphore::Semaphore::named("semaphore", 1);
    let contended: [(&str, &dyn Fn() -> ClassTimes); 5] = [
        ("mutex", &|| contend(|| mutex.lock(), || drop(mutex.lock()))),
        ("rwlock", &|| contend(|| rwlock.read(), || drop(rwlock.write()))),
        ("rwlock", &|| contend(|| rwlock.write(), || drop(rwlock.read()))),
        ("sequence", &|| contend(|| sequence.write(), || drop(sequence.write()))),
        ("semaphore", &|| contend(|| semaphore.acquire(), || drop(semaphore.acquire()))),
    ];
    for (name, contend) in contended {
        stat::clear();
        let times = contend();
        assert_eq!((times.class.name, times.contentions()), (Some(name), 1));
        assert_eq!(times.waiters[0].count, 1);
    }
    assert_eq!(hooks::found(), None);
}
