//! `nfs-writeback`: a write to a file server fails for good. The page is marked as wrong and keeps its private flag, and
//! `nfs_wb_page` goes round until the page is neither dirty nor private: for ever, with the inode locked for writing and
//! the page locked. Every other writer of the file sleeps. What was found took a memory dump and a week.
//!
//! Teaches: what a lock validator cannot see. There is one order, and no cycle, so it is silent, and must be: a tool that
//! reported here would be wrong. Here it does hang, for some ticks, until the private flag is cleared; fixed, the error
//! path clears it.

use super::telling::{Step, Telling};
use crate::locks::{PageLock, RwSem};
use crate::scenario::Work;
use crate::sched;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static I_RWSEM: RwSem<()> = RwSem::named("i_rwsem", ());
static FOLIO: PageLock = PageLock::named("folio");
/// The flag of the page that says that somebody has data at it.
static PRIVATE: AtomicBool = AtomicBool::new(false);
/// The server answers again.
static IS_WELL: AtomicBool = AtomicBool::new(false);
static ROUNDS: AtomicUsize = AtomicUsize::new(0);
/// How many writers have come to their end.
static WRITERS: AtomicUsize = AtomicUsize::new(0);
static HUNG: AtomicBool = AtomicBool::new(false);

pub(super) static TELLINGS: [Telling; 2] = [
    Telling::silent(
        "nfs-writeback",
        &[
            Step::Together(&[
                Work { name: "cat", body: |_| nfs_file_write(|| {}) },
                Work { name: "cat", body: |_| nfs_file_write(|| {}) },
                Work { name: "rescue", body: rescue },
            ]),
            Step::Check(|| HUNG.load(Ordering::Relaxed) && WRITERS.load(Ordering::Relaxed) == 2),
        ],
    ),
    Telling::silent(
        "nfs-writeback-fixed",
        &[
            Step::Check(server_fails),
            Step::Together(&[
                Work { name: "cat", body: |_| nfs_file_write(remove_request) },
                Work { name: "cat", body: |_| nfs_file_write(remove_request) },
            ]),
            Step::Check(|| WRITERS.load(Ordering::Relaxed) == 4),
        ],
    ),
];

/// Some ticks later it ends the hang. There was one, if a writer went round and no writer came to its end.
fn rescue(_: usize) {
    sched::sleep(10);
    HUNG.store(ROUNDS.load(Ordering::Relaxed) > 0 && WRITERS.load(Ordering::Relaxed) == 0, Ordering::Relaxed);
    IS_WELL.store(true, Ordering::Release);
    remove_request();
}

fn server_fails() -> bool {
    IS_WELL.swap(false, Ordering::AcqRel)
}

fn remove_request() {
    PRIVATE.store(false, Ordering::Release);
}

/// Writes a page, and meets a fatal error: `on_error` is what the error path does besides.
fn nfs_file_write(on_error: fn()) {
    let _inode = I_RWSEM.write();
    FOLIO.lock();
    if !IS_WELL.load(Ordering::Acquire) {
        PRIVATE.store(true, Ordering::Release);
        on_error();
    }
    nfs_wb_page();
    FOLIO.unlock();
    WRITERS.fetch_add(1, Ordering::Relaxed);
}

/// The page is clean, and nothing is to be committed: nothing is left to be done in this loop.
fn nfs_wb_page() {
    while PRIVATE.load(Ordering::Acquire) {
        ROUNDS.fetch_add(1, Ordering::Relaxed);
        core::hint::spin_loop();
    }
}
