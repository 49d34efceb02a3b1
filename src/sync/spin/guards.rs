//! The guards of `spin`'s locks: the guard of the inner lock with its recorded hold.

use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::sync::guard::Held;
use ::spin::mutex as bare_mutex;
use ::spin::rwlock as bare;
use ::spin::{RelaxStrategy, Spin};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// Holds the lock; dropping it releases the lock. It stays on the task that took it. `G` is the guard of the inner
/// lock.
#[must_use = "the lock is released when this is dropped"]
pub struct Guard<'a, G>(pub(super) Held<'a, G>);

/// The guard of a [`Mutex`](super::mutex::Mutex).
pub type MutexGuard<'a, T, R = Spin> = Guard<'a, bare_mutex::MutexGuard<'a, T, R>>;
/// The guard of a [`SpinMutex`](super::mutex::SpinMutex).
pub type SpinMutexGuard<'a, T, R = Spin> = Guard<'a, bare_mutex::SpinMutexGuard<'a, T, R>>;
/// The guard of a [`TicketMutex`](super::mutex::TicketMutex).
pub type TicketMutexGuard<'a, T, R = Spin> = Guard<'a, bare_mutex::TicketMutexGuard<'a, T, R>>;
/// The guard of a [`FairMutex`](super::mutex::FairMutex).
pub type FairMutexGuard<'a, T, R = Spin> = Guard<'a, bare_mutex::FairMutexGuard<'a, T, R>>;
/// A reader's guard.
pub type RwLockReadGuard<'a, T, R = Spin> = Guard<'a, bare::RwLockReadGuard<'a, T, R>>;
/// A writer's guard.
pub type RwLockWriteGuard<'a, T, R = Spin> = Guard<'a, bare::RwLockWriteGuard<'a, T, R>>;
/// The guard of an upgradeable read.
pub type RwLockUpgradableGuard<'a, T, R = Spin> = Guard<'a, bare::RwLockUpgradableGuard<'a, T, R>>;

impl<'a, T: ?Sized, R> RwLockReadGuard<'a, T, R> {
    /// The value, for as long as the lock lives: it is released by force or never, and is no longer recorded as held.
    #[track_caller]
    pub fn leak(this: Self) -> &'a T {
        bare::RwLockReadGuard::leak(this.0.leak())
    }
}

impl<'a, T: ?Sized, R> RwLockWriteGuard<'a, T, R> {
    /// Goes on as a reader.
    #[track_caller]
    #[inline]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T, R> {
        let (token, inner) = self.0.take();
        token.downgrade(Mode::RECURSIVE_READ);
        Guard(Held::new(token, inner.downgrade()))
    }

    /// Continues as an upgradeable reader.
    #[track_caller]
    #[inline]
    pub fn downgrade_to_upgradeable(self) -> RwLockUpgradableGuard<'a, T, R> {
        let (token, inner) = self.0.take();
        token.downgrade(Mode::UPGRADEABLE);
        Guard(Held::new(token, inner.downgrade_to_upgradeable()))
    }

    /// The value, for as long as the lock lives: it is released by force or never, and is no longer recorded as held.
    #[track_caller]
    pub fn leak(this: Self) -> &'a mut T {
        bare::RwLockWriteGuard::leak(this.0.leak())
    }
}

impl<'a, T: ?Sized, R: RelaxStrategy> RwLockUpgradableGuard<'a, T, R> {
    /// Goes on as a writer, when the readers that are left have gone.
    #[track_caller]
    #[inline]
    pub fn upgrade(self) -> RwLockWriteGuard<'a, T, R> {
        let (token, inner) = self.0.take();
        token.release(Some(Site::caller()));
        let token = token.acquire(Mode::WRITE, Site::caller());
        let inner =
            token.wait_from(inner, bare::RwLockUpgradableGuard::try_upgrade, bare::RwLockUpgradableGuard::upgrade);
        Guard(Held::new(token, inner))
    }
}

impl<'a, T: ?Sized, R> RwLockUpgradableGuard<'a, T, R> {
    /// Goes on as a writer if no reader is left.
    ///
    /// # Errors
    /// The guard as it was, if there is one.
    #[track_caller]
    #[inline]
    pub fn try_upgrade(self) -> Result<RwLockWriteGuard<'a, T, R>, Self> {
        self.upgraded_by(bare::RwLockUpgradableGuard::try_upgrade)
    }

    /// The same; may fail although no reader is left.
    ///
    /// # Errors
    /// The guard as it was, if there is one.
    #[track_caller]
    #[inline]
    pub fn try_upgrade_weak(self) -> Result<RwLockWriteGuard<'a, T, R>, Self> {
        self.upgraded_by(bare::RwLockUpgradableGuard::try_upgrade_weak)
    }

    /// Goes on as a reader.
    #[track_caller]
    #[inline]
    pub fn downgrade(self) -> RwLockReadGuard<'a, T, R> {
        let (token, inner) = self.0.take();
        token.downgrade(Mode::RECURSIVE_READ);
        Guard(Held::new(token, inner.downgrade()))
    }

    /// The value, for as long as the lock lives: it is never released, and is no longer recorded as held.
    #[track_caller]
    pub fn leak(this: Self) -> &'a T {
        bare::RwLockUpgradableGuard::leak(this.0.leak())
    }

    /// Nobody is waited for, so to the validator it is a try-lock.
    #[track_caller]
    #[inline]
    fn upgraded_by(self, upgrade: Upgrade<'a, T, R>) -> Result<RwLockWriteGuard<'a, T, R>, Self> {
        let (token, inner) = self.0.take();
        match upgrade(inner) {
            Ok(inner) => {
                token.release(Some(Site::caller()));
                let token = token.acquired_by_try(Mode::WRITE, Site::caller());
                Ok(Guard(Held::new(token, inner)))
            }
            Err(inner) => Err(Guard(Held::new(token, inner))),
        }
    }
}

/// A way to upgrade without waiting.
type Upgrade<'a, T, R> = fn(
    bare::RwLockUpgradableGuard<'a, T, R>,
) -> Result<bare::RwLockWriteGuard<'a, T, R>, bare::RwLockUpgradableGuard<'a, T, R>>;

impl<G: Deref> Deref for Guard<'_, G> {
    type Target = G::Target;
    #[inline(always)]
    fn deref(&self) -> &G::Target {
        &self.0
    }
}

impl<G: DerefMut> DerefMut for Guard<'_, G> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.0
    }
}

impl<G: Deref<Target: fmt::Debug>> fmt::Debug for Guard<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<G: Deref<Target: fmt::Display>> fmt::Display for Guard<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
