//! A toy file system: files of a few words, a page for each that is in memory, a journal for each change.
//!
//! Teaches: lock order from the system call down to the disk: a file's rwsem, then the page's lock, then the journal's
//! mutex, then the disk's queue. Reclaim comes in from below, with a page locked and perhaps a file held by the same task:
//! so it only tries a page's lock, and takes nothing but the journal and the map. Under the journal's mutex an allocation
//! must not reclaim.

use crate::locks::{Mutex, RwSem, SpinLock};
use crate::pages::{self, NO_OWNER, Owner, Reclaim, TABLE};
use crate::{disk, sched};
use core::sync::atomic::{AtomicUsize, Ordering};

pub(crate) const FILES: usize = 8;
/// Words in a file, a page each.
pub(crate) const WORDS: usize = 8;

/// The length of a file in words: how far it was ever written.
static INODES: [RwSem<usize>; FILES] = [const { RwSem::named("inode_rwsem", 0) }; FILES];
/// The page of each word that is in memory.
static MAP: SpinLock<[[Option<u8>; WORDS]; FILES]> = SpinLock::named("page_cache", [[None; WORDS]; FILES]);
/// The number of changes; what the disk would need after a crash.
static JOURNAL: Mutex<usize> = Mutex::named("journal", 0);
/// What the disk has of each word.
static PLATTER: [[AtomicUsize; WORDS]; FILES] = [const { [const { AtomicUsize::new(0) }; WORDS] }; FILES];

static OWNER: Owner = Owner { write_back, forget };

/// Opens the file system, and the disk under it.
pub(crate) fn mount() {
    disk::open(end_io);
}

/// Writes all that is dirty, and closes the disk.
pub(crate) fn unmount() {
    sync();
    disk::close();
}

/// Adds to a word of a file; returns its value.
pub(crate) fn add(file: usize, word: usize, amount: usize) -> usize {
    let mut length = INODES[file].write();
    *length = (*length).max(word + 1);
    let page = lock_page(file, word);
    let value = TABLE[page].value.fetch_add(amount, Ordering::Relaxed) + amount;
    TABLE[page].dirty.store(true, Ordering::Relaxed);
    {
        let mut journal = JOURNAL.lock();
        *journal += 1;
        // A page for the record, if there is one: under the journal nothing may be reclaimed.
        if let Some(page) = pages::allocate(Reclaim::Never, &OWNER) {
            pages::free(page);
        }
    }
    TABLE[page].lock.unlock();
    value
}

/// Reads a word of a file.
pub(crate) fn read(file: usize, word: usize) -> usize {
    let length = INODES[file].read();
    if word >= *length {
        return 0;
    }
    let page = lock_page(file, word);
    let value = TABLE[page].value.load(Ordering::Relaxed);
    TABLE[page].lock.unlock();
    value
}

/// Writes back all pages that are dirty, and waits until they are written.
pub(crate) fn sync() {
    for (number, page) in TABLE.iter().enumerate() {
        page.lock.lock();
        if page.owner.load(Ordering::Relaxed) != NO_OWNER && page.dirty.load(Ordering::Relaxed) {
            write_back(number);
            page.lock.lock();
        }
        page.lock.unlock();
    }
}

/// The page of a word, in memory and locked. It may be gone again at each step until its lock is held.
fn lock_page(file: usize, word: usize) -> usize {
    loop {
        let found = MAP.lock()[file][word];
        let page = match found {
            Some(page) => page.into(),
            None => match fill_page(file, word) {
                Some(page) => page,
                None => continue,
            },
        };
        TABLE[page].lock.lock();
        if MAP.lock()[file][word] == Some(page as u8) {
            return page;
        }
        TABLE[page].lock.unlock();
        sched::yield_now();
    }
}

/// Allocates a page and reads the word into it. `None`: another task was faster.
fn fill_page(file: usize, word: usize) -> Option<usize> {
    let number = pages::allocate(Reclaim::May, &OWNER)?;
    let page = &TABLE[number];
    page.lock.lock();
    page.value.store(PLATTER[file][word].load(Ordering::Relaxed), Ordering::Relaxed);
    page.dirty.store(false, Ordering::Relaxed);
    page.owner.store(file * WORDS + word, Ordering::Relaxed);
    let is_first = {
        let mut map = MAP.lock();
        let is_first = map[file][word].is_none();
        map[file][word].get_or_insert(number as u8);
        is_first
    };
    if !is_first {
        pages::free(number);
    }
    page.lock.unlock();
    is_first.then_some(number)
}

/// See [`Owner::write_back`].
fn write_back(page: usize) {
    {
        // The record that the page is on its way.
        let mut journal = JOURNAL.lock();
        *journal += 1;
    }
    TABLE[page].on_disk.store(TABLE[page].value.load(Ordering::Relaxed), Ordering::Relaxed);
    TABLE[page].lock.hand_over();
    disk::submit(page);
}

/// In the disk's thread: the page is written, and unlocked by who did not lock it.
fn end_io(number: usize) {
    let page = &TABLE[number];
    let owner = page.owner.load(Ordering::Relaxed);
    PLATTER[owner / WORDS][owner % WORDS].store(page.on_disk.load(Ordering::Relaxed), Ordering::Relaxed);
    page.dirty.store(false, Ordering::Relaxed);
    page.lock.unlock();
}

/// See [`Owner::forget`].
fn forget(page: usize) -> bool {
    let owner = TABLE[page].owner.load(Ordering::Relaxed);
    let mut map = MAP.lock();
    map[owner / WORDS][owner % WORDS].take_if(|number| usize::from(*number) == page).is_some()
}

/// The sum of all words on the disk.
pub(crate) fn on_disk() -> usize {
    PLATTER.iter().flatten().map(|word| word.load(Ordering::Relaxed)).sum()
}
