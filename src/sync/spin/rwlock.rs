//! `spin::RwLock`, tracked.
//!
//! Its readers are recursive ones, since they pass a writer that waits. An upgradeable read waits like a reader, and holds
//! exclusively against its like and against later readers. To upgrade is to wait for the readers that are left: the
//! upgradeable hold is let go on the books and taken again for writing, so that this wait is seen. What was taken in between
//! then comes before the lock as well as after it: that is reported as `circular`, and is a deadlock only if a plain reader
//! takes the same two. Upgrade first, or take the other lock before.
//!
//! `unsafe` is here to let go without a guard, and to share guards: both as the lock inside has it.
#![allow(unsafe_code)]

use crate::class::{LockClassKey, LockMap};
use crate::held::Acquire;
use crate::hooks;
use crate::mode::Mode;
use crate::site::Site;
use crate::wait_type::WaitTypes;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};

/// A readers-writer lock that spins: `spin::RwLock` with a class, which is the line that constructs it.
pub struct RwLock<T: ?Sized> {
    map: LockMap,
    inner: ::spin::RwLock<T>,
}

impl<T> RwLock<T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(value: T) -> RwLock<T> {
        RwLock { map: LockMap::new(WaitTypes::SPIN), inner: ::spin::RwLock::new(value) }
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> RwLock<T> {
        RwLock { map: LockMap::named(name, WaitTypes::SPIN), inner: ::spin::RwLock::new(value) }
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> RwLock<T> {
        RwLock { map: LockMap::with_key(key, WaitTypes::SPIN), inner: ::spin::RwLock::new(value) }
    }

    /// A lock of the class `key` with other wait types: `config` where another configuration of the kernel lets it sleep.
    pub const fn with_waits(key: &'static LockClassKey, waits: WaitTypes, value: T) -> RwLock<T> {
        RwLock { map: LockMap::with_key(key, waits), inner: ::spin::RwLock::new(value) }
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock for reading, beside other readers.
    #[track_caller]
    #[inline(always)]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        hooks::acquire(&self.map, Mode::RECURSIVE_READ, Site::caller());
        RwLockReadGuard(Held::new(&self.map, self.inner.read()))
    }

    /// Takes the lock for writing.
    #[track_caller]
    #[inline(always)]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        hooks::acquire(&self.map, Mode::WRITE, Site::caller());
        RwLockWriteGuard(Held::new(&self.map, self.inner.write()))
    }

    /// Takes the lock for reading, as the one who may go on to write.
    #[track_caller]
    pub fn upgradeable_read(&self) -> RwLockUpgradableGuard<'_, T> {
        hooks::acquire(&self.map, Mode::UPGRADEABLE, Site::caller());
        RwLockUpgradableGuard(Held::new(&self.map, self.inner.upgradeable_read()))
    }

    /// Takes the lock for reading if no writer has it.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let inner = self.inner.try_read()?;
        self.tried(Mode::RECURSIVE_READ, Site::caller());
        Some(RwLockReadGuard(Held::new(&self.map, inner)))
    }

    /// Takes the lock for writing if it is free.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let inner = self.inner.try_write()?;
        self.tried(Mode::WRITE, Site::caller());
        Some(RwLockWriteGuard(Held::new(&self.map, inner)))
    }

    /// Takes the lock for an upgradeable read if nobody writes or has one.
    #[track_caller]
    pub fn try_upgradeable_read(&self) -> Option<RwLockUpgradableGuard<'_, T>> {
        let inner = self.inner.try_upgradeable_read()?;
        self.tried(Mode::UPGRADEABLE, Site::caller());
        Some(RwLockUpgradableGuard(Held::new(&self.map, inner)))
    }

    /// How many readers there are.
    pub fn reader_count(&self) -> usize {
        self.inner.reader_count()
    }

    /// How many writers there are: one or none.
    pub fn writer_count(&self) -> usize {
        self.inner.writer_count()
    }

    /// Lets a reader's hold go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::RwLock::force_read_decrement`.
    #[track_caller]
    pub unsafe fn force_read_decrement(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_read_decrement() }
    }

    /// Lets the writer's hold go without its guard, which was forgotten.
    ///
    /// # Safety
    /// As for `spin::RwLock::force_write_unlock`.
    #[track_caller]
    pub unsafe fn force_write_unlock(&self) {
        hooks::release(&self.map, Some(Site::caller()));
        // SAFETY: the caller promises what is asked for here.
        unsafe { self.inner.force_write_unlock() }
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }

    /// What the lock carries for the validator.
    pub fn map(&self) -> &LockMap {
        &self.map
    }

    fn tried(&self, mode: Mode, site: Site) {
        hooks::acquire_specially(&Acquire { tried: true, ..Acquire::new(&self.map, mode, site) });
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// A guard of the lock inside, and the hold on the books that goes with it. It stays on the task that took it.
struct Held<'a, G> {
    map: &'a LockMap,
    inner: ManuallyDrop<G>,
    not_send: PhantomData<*const ()>,
}

// SAFETY: sharing a guard shares what the guard inside shares; what is not `Send` about it is letting go elsewhere.
unsafe impl<G: Sync> Sync for Held<'_, G> {}

impl<'a, G> Held<'a, G> {
    #[inline(always)]
    fn new(map: &'a LockMap, inner: G) -> Held<'a, G> {
        Held { map, inner: ManuallyDrop::new(inner), not_send: PhantomData }
    }

    /// The guard inside, without letting go: the hold on the books is the caller's.
    fn take(self) -> (&'a LockMap, G) {
        let mut held = ManuallyDrop::new(self);
        // SAFETY: `held` is never dropped, so the guard is taken once.
        (held.map, unsafe { ManuallyDrop::take(&mut held.inner) })
    }
}

impl<G> Drop for Held<'_, G> {
    #[inline(always)]
    fn drop(&mut self) {
        hooks::release(self.map, None);
        // SAFETY: this is the drop of `self`, so the guard is not used again.
        unsafe { ManuallyDrop::drop(&mut self.inner) };
    }
}

/// A reader's guard.
pub struct RwLockReadGuard<'a, T: ?Sized>(Held<'a, ::spin::RwLockReadGuard<'a, T>>);
/// A writer's guard.
pub struct RwLockWriteGuard<'a, T: ?Sized>(Held<'a, ::spin::RwLockWriteGuard<'a, T>>);
/// The guard of an upgradeable read.
pub struct RwLockUpgradableGuard<'a, T: ?Sized>(Held<'a, ::spin::RwLockUpgradableGuard<'a, T>>);

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    /// Goes on as a reader.
    #[track_caller]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let (map, inner) = self.0.take();
        hooks::downgrade(map, Mode::RECURSIVE_READ);
        RwLockReadGuard(Held::new(map, inner.downgrade()))
    }
}

impl<'a, T: ?Sized> RwLockUpgradableGuard<'a, T> {
    /// Goes on as a writer, when the readers that are left have gone.
    #[track_caller]
    pub fn upgrade(self) -> RwLockWriteGuard<'a, T> {
        let (map, inner) = self.0.take();
        hooks::release(map, Some(Site::caller()));
        hooks::acquire(map, Mode::WRITE, Site::caller());
        RwLockWriteGuard(Held::new(map, inner.upgrade()))
    }

    /// Goes on as a reader.
    #[track_caller]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        let (map, inner) = self.0.take();
        hooks::downgrade(map, Mode::RECURSIVE_READ);
        RwLockReadGuard(Held::new(map, inner.downgrade()))
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.inner
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0.inner
    }
}

impl<T: ?Sized> Deref for RwLockUpgradableGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0.inner
    }
}
