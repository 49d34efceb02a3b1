//! The incidents: five deadlocks and hangs out of bug reports of Linux, and two from the field, each with the names
//! that it has there. Each is told by the validator before it can happen, and once more as it was fixed, in silence.
//!
//! | name | what happened | what must be found |
//! | --- | --- | --- |
//! | `hugetlbfs` | a hole is punched with the mapping locked, a huge page is moved with the page locked | `circular` |
//! | `spm-resume` | suspend nests two locks that an interrupt closes to a cycle, in whichever order it is met | `irq-order`, `irq-inversion` |
//! | `dax-unlock` | a page fault releases what it did not take, or keeps what it took | `unbalanced`, `held-to-user`, `circular` |
//! | `gvt-mmap` | the guest's memory, which is user memory, is read under a lock that the fault handler takes | `circular` |
//! | `nfs-writeback` | a writer goes round for ever in a loop, with the inode locked | nothing: it is no matter of lock order |
//! | `heap-in-irq` | an interrupt allocates | `inconsistent` |
//! | `stale-cpu` | a task is moved between the look at its CPU and the use of it | `irqs-state` |
//!
//! Teaches: what to look at first. Each file is one story, with the actors under the names of the functions that they had.

mod dax_unlock;
mod gvt_mmap;
mod heap_in_irq;
mod hugetlbfs;
mod nfs_writeback;
mod spm_resume;
mod stale_cpu;
mod telling;

use crate::board::Board;
use lockdep_proto::{ALL_TRIALS, INCIDENTS};
use telling::{Telling, tell};

static ALL: [(&str, &[Telling]); INCIDENTS.len()] = [
    (INCIDENTS[0], &hugetlbfs::TELLINGS),
    (INCIDENTS[1], &spm_resume::TELLINGS),
    (INCIDENTS[2], &dax_unlock::TELLINGS),
    (INCIDENTS[3], &gvt_mmap::TELLINGS),
    (INCIDENTS[4], &nfs_writeback::TELLINGS),
    (INCIDENTS[5], &heap_in_irq::TELLINGS),
    (INCIDENTS[6], &stale_cpu::TELLINGS),
];

/// How many tellings a name stands for, on so many CPUs.
pub(crate) fn count(name: &str, smp: usize) -> usize {
    chosen(name, smp).count()
}

/// Tells the incidents that the name stands for.
pub(crate) fn run<B: Board>(name: &str, smp: usize) {
    chosen(name, smp).for_each(tell::<B>);
}

/// None without the validator, which is to find them.
fn chosen(name: &str, smp: usize) -> impl Iterator<Item = &'static Telling> {
    let named = ALL.iter().filter(move |(own, _)| *own == name || name == ALL_TRIALS);
    let tellings = named.flat_map(|(_, tellings)| tellings.iter());
    tellings.filter(move |telling| cfg!(feature = "validate") && telling.cpus <= smp)
}
