//! Locks that would sleep if the kernel had a scheduler that could: a mutex, a readers-writer semaphore, a mutex with
//! priority inheritance, for the columns of the self-tests. All three are one lock, with the wait type `sleep`.
//!
//! This is what a kernel writes that has a lock of its own: announce, wait, and take off the books before letting go.

use lockdep::class::{LockClassKey, LockMap};
use lockdep::hooks;
use lockdep::mode::Mode;
use lockdep::site::Site;
use lockdep::wait_type::WaitTypes;

/// A sleeping lock that readers may share. A reader waits behind a writer that is queued.
pub(crate) struct Sleeping {
    map: LockMap,
    inner: spin::RwLock<()>,
}

impl Sleeping {
    pub(crate) const fn with_key(key: &'static LockClassKey) -> Sleeping {
        Sleeping { map: LockMap::with_key(key, WaitTypes::SLEEP), inner: spin::RwLock::new(()) }
    }

    pub(crate) fn map(&self) -> &LockMap {
        &self.map
    }

    #[track_caller]
    pub(crate) fn down_write(&self) {
        hooks::might_sleep();
        hooks::acquire(&self.map, Mode::WRITE, Site::caller());
        core::mem::forget(self.inner.write());
    }

    #[track_caller]
    pub(crate) fn down_read(&self) {
        hooks::might_sleep();
        hooks::acquire(&self.map, Mode::READ, Site::caller());
        core::mem::forget(self.inner.read());
    }

    #[track_caller]
    pub(crate) fn up_write(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        if self.inner.writer_count() > 0 {
            // SAFETY: there is a writer, whose guard was forgotten, and it lets go now.
            unsafe { self.inner.force_write_unlock() };
        }
    }

    #[track_caller]
    pub(crate) fn up_read(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        if self.inner.reader_count() > 0 {
            // SAFETY: there is a reader, whose guard was forgotten, and it lets go now.
            unsafe { self.inner.force_read_decrement() };
        }
    }
}
