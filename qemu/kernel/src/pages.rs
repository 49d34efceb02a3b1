//! The page allocator and reclaim: memory that runs out, and is got back by writing pages to the disk.
//!
//! Teaches: the deadlock that no lock shows, which is that an allocation waits for a file system whose lock the allocating
//! task holds. So an allocation that may reclaim says so *each time* ([`hooks::might_alloc`]), also when there is memory;
//! reclaim is marked while it runs; and who holds a lock that writing back needs allocates with [`Reclaim::Never`]
//! (Linux's `GFP_NOFS`).
//!
//! Lock order: a page's lock, then the locks of the file system that writes it, then the disk's queue. The list of free
//! pages is taken alone.

use crate::locks::{PageLock, SpinLock};
use crate::sched;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use lockdep::hooks;

/// How many pages there are: few, so that they run out all the time.
pub(crate) const PAGES: usize = crate::disk::REQUESTS;
/// Nobody's page.
pub(crate) const NO_OWNER: usize = usize::MAX;
/// Attempts to allocate, a tick between two, before memory counts as lost.
const PATIENCE: usize = 2000;

pub(crate) struct Page {
    pub(crate) lock: PageLock,
    /// What the page is of: the file system's word, written under the lock.
    pub(crate) owner: AtomicUsize,
    /// It is newer than what is on the disk. Written under the lock.
    pub(crate) dirty: AtomicBool,
    pub(crate) value: AtomicUsize,
    /// What is on the disk.
    pub(crate) on_disk: AtomicUsize,
}

pub(crate) static TABLE: [Page; PAGES] = [const {
    Page {
        lock: PageLock::named("page_lock"),
        owner: AtomicUsize::new(NO_OWNER),
        dirty: AtomicBool::new(false),
        value: AtomicUsize::new(0),
        on_disk: AtomicUsize::new(0),
    }
}; PAGES];

/// The free pages, a bit each.
static FREE: SpinLock<u32> = SpinLock::named("free_pages", u32::MAX);
const _: () = assert!(PAGES == 32, "a bit each");

/// How often pages were allocated, reclaim was entered, and a page was written for it.
pub(crate) static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
pub(crate) static RECLAIMS: AtomicUsize = AtomicUsize::new(0);
pub(crate) static WRITTEN: AtomicUsize = AtomicUsize::new(0);
/// Where reclaim looks next.
static HAND: AtomicUsize = AtomicUsize::new(0);

/// Whether an allocation may wait for the file system.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reclaim {
    May,
    /// Its caller holds a lock that writing back needs.
    Never,
}

/// What reclaim needs of who owns a page.
pub(crate) struct Owner {
    /// Begins to write a dirty page, which is locked: the page is handed over, and unlocked when it is written.
    pub(crate) write_back: fn(page: usize),
    /// Forgets a clean page, which is locked; it is free afterwards. `false`: it is in use.
    pub(crate) forget: fn(page: usize) -> bool,
}

/// Allocates a page. `None` only with [`Reclaim::Never`].
#[track_caller]
pub(crate) fn allocate(reclaim: Reclaim, owner: &Owner) -> Option<usize> {
    if reclaim == Reclaim::May {
        hooks::might_alloc();
    }
    for _ in 0..PATIENCE {
        let page = take_free();
        if page.is_some() || reclaim == Reclaim::Never {
            return page;
        }
        if !run_reclaim(owner) {
            sched::sleep(1);
        }
    }
    panic!("out of memory: {PAGES} pages, and none comes back");
}

/// Frees a page, which is not dirty, and that nobody else may find: its caller has its lock, or has just allocated it.
pub(crate) fn free(page: usize) {
    TABLE[page].owner.store(NO_OWNER, Ordering::Relaxed);
    *FREE.lock() |= 1 << page;
}

fn take_free() -> Option<usize> {
    let mut free = FREE.lock();
    let page = (*free != 0).then(|| free.trailing_zeros() as usize)?;
    *free &= !(1 << page);
    ALLOCATED.fetch_add(1, Ordering::Relaxed);
    Some(page)
}

/// One round over the pages: clean ones are freed, dirty ones are written, to be free in a later round. Returns whether
/// any is free now.
fn run_reclaim(owner: &Owner) -> bool {
    RECLAIMS.fetch_add(1, Ordering::Relaxed);
    hooks::reclaim_enter();
    let mut freed = false;
    for _ in 0..PAGES / 4 {
        let page = HAND.fetch_add(1, Ordering::Relaxed) % PAGES;
        // Whose lock is held is in use; nobody waits for a page here, since the task may hold another one.
        if TABLE[page].lock.try_lock() {
            freed |= reclaim_one(page, owner);
        }
    }
    hooks::reclaim_exit();
    freed
}

/// Frees one page, or begins to write it. It is locked here, and unlocked here or by who ends the writing.
fn reclaim_one(number: usize, owner: &Owner) -> bool {
    let page = &TABLE[number];
    if page.owner.load(Ordering::Relaxed) == NO_OWNER {
        page.lock.unlock();
        return false;
    }
    if page.dirty.load(Ordering::Relaxed) {
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        (owner.write_back)(number);
        return false;
    }
    let forgotten = (owner.forget)(number);
    if forgotten {
        free(number);
    }
    page.lock.unlock();
    forgotten
}
