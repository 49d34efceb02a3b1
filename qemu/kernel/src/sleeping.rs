//! Locks of the kernel's own, for the self-tests: those that would sleep if it had a scheduler that could, a
//! readers-writer lock in which readers queue, and a CPU's own.
//!
//! A kernel with a lock of its own writes this: announce the acquire, wait, and remove the hold before the release.

use lockdep::hooks;
use lockdep::{Acquire, LockClassKey, LockMap};
use lockdep::{Mode, Site, WaitType, WaitTypes};

/// A lock that readers may share. A reader waits behind a writer that is queued. With the wait type `sleep` it stands
/// for a mutex, a readers-writer semaphore, a mutex with priority inheritance.
pub(crate) struct Sleeping {
    map: LockMap,
    inner: spin::RwLock<()>,
}

impl Sleeping {
    pub(crate) const fn with_key(key: &'static LockClassKey, waits: WaitTypes) -> Sleeping {
        Sleeping { map: LockMap::with_key(key, waits), inner: spin::RwLock::new(()) }
    }

    pub(crate) fn map(&self) -> &LockMap {
        &self.map
    }

    #[track_caller]
    pub(crate) fn down_write(&self) {
        self.announce(Mode::WRITE);
        core::mem::forget(self.inner.write());
    }

    #[track_caller]
    pub(crate) fn down_read(&self) {
        self.announce(Mode::READ);
        core::mem::forget(self.inner.read());
    }

    /// The lock before the sleep: its wait type says more exactly why it must not be waited for here.
    #[track_caller]
    fn announce(&self, mode: Mode) {
        hooks::acquire(&self.map, mode, Site::caller());
        if self.map.waits().inner() == WaitType::Sleep {
            hooks::might_sleep();
        }
    }

    #[track_caller]
    pub(crate) fn up_write(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        if self.inner.writer_count() > 0 {
            // SAFETY: there is a writer, whose guard was forgotten, and it releases now.
            unsafe { self.inner.force_write_unlock() };
        }
    }

    #[track_caller]
    pub(crate) fn up_read(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        if self.inner.reader_count() > 0 {
            // SAFETY: there is a reader, whose guard was forgotten, and it releases now.
            unsafe { self.inner.force_read_decrement() };
        }
    }
}

/// A lock of what belongs to one CPU: there is nobody to wait for, so it is taken as if by a try-lock. Linux's
/// `local_lock_t`, of which in this configuration only the annotation is left.
pub(crate) struct Local {
    map: LockMap,
}

impl Local {
    pub(crate) const fn with_key(key: &'static LockClassKey) -> Local {
        Local { map: LockMap::with_key(key, WaitTypes::CONFIG) }
    }

    pub(crate) fn map(&self) -> &LockMap {
        &self.map
    }

    #[track_caller]
    pub(crate) fn lock(&self) {
        hooks::acquire_with(&Acquire::new(&self.map, Mode::WRITE, Site::caller()).tried());
    }

    #[track_caller]
    pub(crate) fn unlock(&self) {
        hooks::release(&self.map, Some(Site::caller()));
    }
}
