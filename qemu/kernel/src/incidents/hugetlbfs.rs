//! `hugetlbfs`: two threads of one process at one file of huge pages. One punches a hole: it locks the mapping, and under
//! it the page that the hole cuts, to zero a part of it. The other moves that page: it has the page locked, and walks the
//! mapping to put the page table entries back. Each has what the other wants, and both sleep for ever. Linux's lockdep was
//! on and silent: its folio lock is a bit, and no lock to it.
//!
//! Teaches: announce every lock, the ones that are bits as well. The order page, then mapping is found although the two
//! never meet. Fixed, the folio is unlocked before the walk.

use super::telling::{Step, Telling};
use crate::locks::{PageLock, RwSem};
use crate::scenario::Work;
use lockdep::Kind;

static I_MMAP_RWSEM: RwSem<()> = RwSem::named("i_mmap_rwsem", ());
static FOLIO: PageLock = PageLock::named("folio");

pub(super) static TELLINGS: [Telling; 2] = [
    Telling::new(
        "hugetlbfs",
        Kind::Circular,
        &[
            Step::Task(Work { name: "syz.5.48", body: hugetlbfs_punch_hole }),
            Step::Task(Work { name: "syz.5.48", body: unmap_and_move_huge_page }),
        ],
    ),
    Telling::silent(
        "hugetlbfs-fixed",
        &[
            Step::Task(Work { name: "syz.5.48", body: hugetlbfs_punch_hole }),
            Step::Task(Work { name: "syz.5.48", body: unmap_and_move_huge_page_fixed }),
        ],
    ),
];

fn hugetlbfs_punch_hole(_: usize) {
    let _mapping = I_MMAP_RWSEM.write();
    hugetlbfs_zero_partial_page();
}

fn hugetlbfs_zero_partial_page() {
    FOLIO.lock();
    FOLIO.unlock();
}

fn unmap_and_move_huge_page(_: usize) {
    FOLIO.lock();
    rmap_walk_file();
    FOLIO.unlock();
}

fn unmap_and_move_huge_page_fixed(_: usize) {
    FOLIO.lock();
    FOLIO.unlock();
    rmap_walk_file();
}

fn rmap_walk_file() {
    drop(I_MMAP_RWSEM.read());
}
