//! Files that are twice as large as the memory: each change makes reclaim write some page back, through the journal, the
//! disk and its thread, which unlocks what another task locked.

use crate::locks::Semaphore;
use crate::scenario::Work;
use crate::{fs, pages, sched};
use core::sync::atomic::{AtomicUsize, Ordering};
use lockdep_proto::CommandLine;

const WRITERS: usize = 5;
const ROUNDS: usize = 120;

static WRITER: Work = Work { name: "writer", body: write };
static UNMOUNTER: Work = Work { name: "unmounter", body: unmount };
static FINISHED: Semaphore = Semaphore::named("trial_finished", 0);
static ADDED: AtomicUsize = AtomicUsize::new(0);

pub(super) fn run(_: &CommandLine<'_>) -> &'static str {
    let before = fs::on_disk();
    fs::mount();
    for number in 0..WRITERS {
        sched::spawn(&WRITER, number);
    }
    sched::spawn(&UNMOUNTER, 0);
    sched::idle_until(|| sched::live() == 0);
    if fs::on_disk() != before + ADDED.load(Ordering::Relaxed) {
        "a-word-was-lost"
    } else if pages::RECLAIMS.load(Ordering::Relaxed) == 0 || pages::WRITTEN.load(Ordering::Relaxed) == 0 {
        "no-reclaim"
    } else {
        "ok"
    }
}

fn write(number: usize) {
    for round in 0..ROUNDS {
        let (file, word) = ((number + round) % fs::FILES, round * 7 % fs::WORDS);
        fs::add(file, word, 1);
        ADDED.fetch_add(1, Ordering::Relaxed);
        fs::read((file + 1) % fs::FILES, word);
    }
    FINISHED.up();
}

fn unmount(_: usize) {
    (0..WRITERS).for_each(|_| FINISHED.down());
    fs::unmount();
}
