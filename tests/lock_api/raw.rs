//! What the raw locks of both versions do.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Spins.
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) const fn new() -> Flag {
        Flag(AtomicBool::new(false))
    }

    pub(crate) fn take(&self) -> bool {
        self.0.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    pub(crate) fn give(&self) {
        self.0.store(false, Ordering::Release);
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Readers, twice each; plus 1 for who may upgrade; all bits for a writer.
pub(crate) struct Count(AtomicUsize);

const WRITER: usize = usize::MAX;

impl Count {
    pub(crate) const fn new() -> Count {
        Count(AtomicUsize::new(0))
    }

    pub(crate) fn change(&self, change: impl FnMut(usize) -> Option<usize>) -> bool {
        self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, change).is_ok()
    }

    pub(crate) fn read(&self) -> bool {
        self.change(|now| (now != WRITER).then(|| now + 2))
    }

    pub(crate) fn unread(&self) {
        assert!(self.change(|now| now.checked_sub(2)));
    }

    pub(crate) fn upgradable(&self) -> bool {
        self.change(|now| (now & 1 == 0).then(|| now + 1))
    }

    pub(crate) fn un_upgradable(&self) {
        assert!(self.change(|now| now.checked_sub(1)));
    }

    pub(crate) fn upgrade(&self) -> bool {
        self.change(|now| (now == 1).then_some(WRITER))
    }

    pub(crate) fn write(&self) -> bool {
        self.change(|now| (now == 0).then_some(WRITER))
    }

    /// A writer becomes this.
    pub(crate) fn unwrite(&self, then: usize) {
        assert_eq!(self.0.swap(then, Ordering::AcqRel), WRITER);
    }

    pub(crate) fn downgrade_upgradable(&self) {
        assert!(self.change(|now| Some(now + 1)));
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    pub(crate) fn is_written(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WRITER
    }
}

/// Tries until it can.
pub(crate) fn until(mut take: impl FnMut() -> bool) {
    while !take() {
        std::hint::spin_loop();
    }
}

/// Which thread this is.
pub(crate) fn thread_number() -> NonZeroUsize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| NonZeroUsize::new(std::ptr::from_ref(here).addr()).expect("an address is not zero"))
}
