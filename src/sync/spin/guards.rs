//! The guards of `spin::Mutex` and `spin::RwLock`: a guard of the lock inside with its hold on the books.

use super::super::held::Held;
use crate::mode::Mode;
use crate::site::Site;
use ::spin::mutex as bare_mutex;
use ::spin::rwlock as bare;
use ::spin::{RelaxStrategy, Spin};
use core::fmt;
use core::ops::{Deref, DerefMut};

/// Who has it holds the lock; dropping it lets the lock go. It stays on the task that took it.
#[must_use = "the lock is let go when this is dropped"]
pub struct MutexGuard<'a, T: ?Sized, R = Spin>(pub(super) Held<'a, bare_mutex::MutexGuard<'a, T, R>>);
/// A reader's guard.
#[must_use = "the lock is let go when this is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized, R = Spin>(pub(super) Held<'a, bare::RwLockReadGuard<'a, T, R>>);
/// A writer's guard.
#[must_use = "the lock is let go when this is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized, R = Spin>(pub(super) Held<'a, bare::RwLockWriteGuard<'a, T, R>>);
/// The guard of an upgradeable read.
#[must_use = "the lock is let go when this is dropped"]
pub struct RwLockUpgradableGuard<'a, T: ?Sized, R = Spin>(pub(super) Held<'a, bare::RwLockUpgradableGuard<'a, T, R>>);

impl<'a, T: ?Sized, R> MutexGuard<'a, T, R> {
    /// The value, for as long as the lock is: it is never let go, or by `force_unlock`. It leaves the books.
    #[track_caller]
    pub fn leak(this: Self) -> &'a mut T {
        bare_mutex::MutexGuard::leak(this.0.leak())
    }
}

impl<'a, T: ?Sized, R> RwLockReadGuard<'a, T, R> {
    /// The value, for as long as the lock is: it is never let go, or by force. It leaves the books.
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
        RwLockReadGuard(Held::new(token, inner.downgrade()))
    }

    /// Goes on as the one who reads and may write again.
    #[track_caller]
    #[inline]
    pub fn downgrade_to_upgradeable(self) -> RwLockUpgradableGuard<'a, T, R> {
        let (token, inner) = self.0.take();
        token.downgrade(Mode::UPGRADEABLE);
        RwLockUpgradableGuard(Held::new(token, inner.downgrade_to_upgradeable()))
    }

    /// The value, for as long as the lock is: it is never let go, or by force. It leaves the books.
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
        RwLockWriteGuard(Held::new(token, inner.upgrade()))
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
        RwLockReadGuard(Held::new(token, inner.downgrade()))
    }

    /// The value, for as long as the lock is: it is never let go. It leaves the books.
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
                Ok(RwLockWriteGuard(Held::new(token, inner)))
            }
            Err(inner) => Err(RwLockUpgradableGuard(Held::new(token, inner))),
        }
    }
}

/// A way to upgrade without waiting.
type Upgrade<'a, T, R> = fn(
    bare::RwLockUpgradableGuard<'a, T, R>,
) -> Result<bare::RwLockWriteGuard<'a, T, R>, bare::RwLockUpgradableGuard<'a, T, R>>;

impl<T: ?Sized, R> Deref for MutexGuard<'_, T, R> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized, R> DerefMut for MutexGuard<'_, T, R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized, R> Deref for RwLockReadGuard<'_, T, R> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized, R> Deref for RwLockWriteGuard<'_, T, R> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized, R> DerefMut for RwLockWriteGuard<'_, T, R> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: ?Sized, R> Deref for RwLockUpgradableGuard<'_, T, R> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for MutexGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for RwLockReadGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for RwLockWriteGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug, R> fmt::Debug for RwLockUpgradableGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, R> fmt::Display for MutexGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, R> fmt::Display for RwLockReadGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, R> fmt::Display for RwLockWriteGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, R> fmt::Display for RwLockUpgradableGuard<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
