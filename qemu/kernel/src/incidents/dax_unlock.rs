//! `dax-unlock`: a page fault takes `i_mmap_rwsem` if the page is not in the cache, and its early exit releases it
//! without asking whether it was taken. The count is wrong from then on, and who takes the lock next sleeps for
//! ever, with no holder in sight. The reviewer found two more: a page that turns up meanwhile, so that the exit keeps the
//! lock, and a file system that is called under it.
//!
//! Teaches: a release is checked like an acquire, where it happens and not where it hurts. Three tellings, since after a
//! report the validator is silent. Fixed, the exit releases what this fault took; the return that means "still locked",
//! four calls up, is legal all along.

use super::telling::{Step, Telling};
use crate::locks::{Mutex, RwSem};
use crate::scenario::Work;
use lockdep::{Kind, hooks};

static MMAP_SEM: RwSem<()> = RwSem::named("mmap_sem", ());
/// Each telling has one of its own, since it may leave it wrong. They are one class.
static I_MMAP_RWSEM: [RwSem<()>; 4] = [const { RwSem::named("i_mmap_rwsem", ()) }; 4];
/// The name of the file system's lock is ours.
static TRANSACTION: Mutex<()> = Mutex::named("transaction", ());

pub(super) static TELLINGS: [Telling; 4] = [
    Telling::new("dax-unlock", Kind::Unbalanced, &[Step::Task(Work { name: "fault", body: fault_page_cached })]),
    Telling::new("dax-unlock-lost", Kind::HeldToUser, &[Step::Task(Work { name: "fault", body: fault_race })]),
    Telling::new(
        "dax-unlock-lock-order",
        Kind::Circular,
        &[
            Step::Task(Work { name: "truncate", body: truncate }),
            Step::Task(Work { name: "fault", body: fault_into_file_system }),
        ],
    ),
    Telling::silent("dax-unlock-fixed", &[Step::Task(Work { name: "fault", body: faults_fixed })]),
];

/// What the cache has of the page: when the fault begins, and when it ends.
#[derive(Clone, Copy)]
struct Cached {
    before: bool,
    after: bool,
}

/// Twice, as the test did that found it.
fn fault_page_cached(_: usize) {
    for _ in 0..2 {
        page_fault(|| dax_fault(&I_MMAP_RWSEM[0], Cached { before: true, after: true }, Exit::ReadOfHole));
    }
}

fn fault_race(_: usize) {
    page_fault(|| dax_fault(&I_MMAP_RWSEM[1], Cached { before: false, after: true }, Exit::Normal));
}

fn truncate(_: usize) {
    let _transaction = TRANSACTION.lock();
    drop(I_MMAP_RWSEM[2].write());
}

fn fault_into_file_system(_: usize) {
    page_fault(|| {
        let _mapping = I_MMAP_RWSEM[2].write();
        drop(TRANSACTION.lock());
    });
}

/// Both ways through the function, and the return that leaves the lock to a caller.
fn faults_fixed(_: usize) {
    let mapping = &I_MMAP_RWSEM[3];
    page_fault(|| dax_fault_fixed(mapping, Cached { before: true, after: true }));
    page_fault(|| dax_fault_fixed(mapping, Cached { before: false, after: true }));
    page_fault(|| {
        let still_locked = mapping.write();
        drop(still_locked);
    });
}

/// As every fault: with the address space locked, from user mode and back to it.
fn page_fault(handler: impl FnOnce()) {
    {
        let _address_space = MMAP_SEM.read();
        handler();
    }
    hooks::user_return();
}

enum Exit {
    Normal,
    /// A read where the file has nothing: a page of zeros will do.
    ReadOfHole,
}

fn dax_fault(mapping: &RwSem<()>, page: Cached, exit: Exit) {
    if !page.before {
        core::mem::forget(mapping.write());
    }
    match exit {
        Exit::ReadOfHole => mapping.unlock_write(),
        Exit::Normal if page.after => {}
        Exit::Normal => mapping.unlock_write(),
    }
}

fn dax_fault_fixed(mapping: &RwSem<()>, page: Cached) {
    let taken = (!page.before).then(|| mapping.write());
    drop(taken);
}
