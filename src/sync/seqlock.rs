//! Sequence locks: a writer is a lock, readers take nothing and read again if somebody wrote meanwhile. Linux's
//! `seqcount_t` and `seqlock_t`.
//!
//! To the validator a writer holds the lock exclusively, and a reader is a recursive reader that takes and releases it
//! at once, as in Linux: it waits for a writer that has begun, and nobody waits for it. So a reader inside a writer is
//! `recursive`, and one in an interrupt that can interrupt a writer is `inconsistent`.
//!
//! Invariant: the sequence is odd exactly while somebody writes. A value that was copied while it changed is never
//! returned.
//!
//! What it does not do: serialise the writers of a [`SeqCount`]; the lock that its owner has anyway does that.
//!
//! `unsafe` is needed to copy a value that may be changing.
#![allow(unsafe_code)]

use super::irqsave::IrqSave;
use super::tracker::{Token, Tracker};
use crate::context::wait::WaitKind;
use crate::lock::class::LockClassKey;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::WaitTypes;
use crate::sync::guard::Held;
use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering, fence};

/// A sequence alone, for data that its owner keeps elsewhere, and writers that something else keeps apart. Linux's
/// `seqcount_t`.
#[derive(Debug)]
pub struct SeqCount {
    tracker: Tracker,
    sequence: Sequence,
}

impl SeqCount {
    /// A sequence whose class is the caller's line.
    #[track_caller]
    pub const fn new() -> SeqCount {
        SeqCount { tracker: Tracker::new(WaitTypes::SPIN), sequence: Sequence::new() }
    }

    /// A sequence of the class `key`.
    pub const fn with_key(key: &'static LockClassKey) -> SeqCount {
        SeqCount { tracker: Tracker::with_key(key, WaitTypes::SPIN), sequence: Sequence::new() }
    }

    /// A sequence that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap) -> SeqCount {
        SeqCount { tracker: Tracker::from_map(map), sequence: Sequence::new() }
    }

    /// Begins to read: waits until nobody writes. Linux's `read_seqcount_begin`.
    #[track_caller]
    #[inline]
    pub fn read_begin(&self) -> usize {
        touch(&self.tracker, Site::caller());
        self.sequence.even(self.tracker.token(), Site::caller())
    }

    /// Whether somebody wrote since: what was read is worthless. Linux's `read_seqcount_retry`.
    #[inline]
    pub fn read_retry(&self, begin: usize) -> bool {
        self.sequence.is_not(begin)
    }

    /// Begins to write; the end is the drop. Only one may write at a time. Linux's `write_seqcount_begin`.
    #[track_caller]
    #[inline]
    pub fn write(&self) -> SeqCountWriter<'_> {
        let token = self.tracker.token().acquire(Mode::WRITE, Site::caller());
        self.sequence.begin();
        SeqCountWriter { sequence: &self.sequence, token }
    }

    /// What the validator knows the sequence by.
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }
}

impl Default for SeqCount {
    #[track_caller]
    fn default() -> SeqCount {
        SeqCount::new()
    }
}

/// Somebody writes, until this is dropped.
#[must_use = "the writing ends when this is dropped"]
#[derive(Debug)]
pub struct SeqCountWriter<'a> {
    sequence: &'a Sequence,
    token: Token<'a>,
}

impl Drop for SeqCountWriter<'_> {
    #[inline]
    fn drop(&mut self) {
        self.token.release(None);
        self.sequence.end();
    }
}

/// A value with a sequence and a lock for its writers. Linux's `seqlock_t`.
pub struct SeqLock<T> {
    tracker: Tracker,
    sequence: Sequence,
    writers: ::spin::mutex::Mutex<()>,
    value: UnsafeCell<T>,
}

// SAFETY: writers come one after the other, and readers get copies: a value is moved between tasks, never shared.
unsafe impl<T: Send> Sync for SeqLock<T> {}

impl<T> SeqLock<T> {
    /// A lock whose class is the caller's line.
    #[track_caller]
    pub const fn new(value: T) -> SeqLock<T> {
        SeqLock::with(Tracker::new(WaitTypes::SPIN), value)
    }

    /// A lock whose class is the caller's line and `name`, which reports call it.
    #[track_caller]
    pub const fn named(name: &'static str, value: T) -> SeqLock<T> {
        SeqLock::with(Tracker::named(name, WaitTypes::SPIN), value)
    }

    /// A lock of the class `key`.
    pub const fn with_key(key: &'static LockClassKey, value: T) -> SeqLock<T> {
        SeqLock::with(Tracker::with_key(key, WaitTypes::SPIN), value)
    }

    /// A lock that is described to the validator by `map`: any [`LockMap`].
    pub const fn from_map(map: LockMap, value: T) -> SeqLock<T> {
        SeqLock::with(Tracker::from_map(map), value)
    }

    const fn with(tracker: Tracker, value: T) -> SeqLock<T> {
        let writers = ::spin::mutex::Mutex::new(());
        SeqLock { tracker, sequence: Sequence::new(), writers, value: UnsafeCell::new(value) }
    }

    /// The value, without the lock.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }

    /// The value, by the only reference there is.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Takes the lock for writing: waits for other writers, not for readers. Linux's `write_seqlock`.
    #[track_caller]
    #[inline]
    pub fn write(&self) -> SeqLockWriteGuard<'_, T> {
        let token = self.tracker.token().acquire(Mode::WRITE, Site::caller());
        self.guard(Held::new(token, token.wait(|| self.writers.try_lock(), || self.writers.lock())))
    }

    /// Takes the lock for writing if nobody writes.
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<SeqLockWriteGuard<'_, T>> {
        let inner = self.writers.try_lock()?;
        let token = self.tracker.token().acquired_by_try(Mode::WRITE, Site::caller());
        Some(self.guard(Held::new(token, inner)))
    }

    /// Disables interrupts and takes the lock for writing; the guard restores them after the release. Linux's
    /// `write_seqlock_irqsave`.
    #[track_caller]
    #[inline]
    pub fn write_irqsave(&self) -> IrqSave<SeqLockWriteGuard<'_, T>> {
        IrqSave::begin().with(self.write())
    }

    /// What the validator knows the lock by.
    pub fn map(&self) -> &LockMap {
        self.tracker.map()
    }

    #[inline]
    fn guard<'a>(&'a self, held: Held<'a, ::spin::mutex::MutexGuard<'a, ()>>) -> SeqLockWriteGuard<'a, T> {
        self.sequence.begin();
        SeqLockWriteGuard { lock: self, value: PhantomData, _held: held }
    }

    /// A copy, if nobody wrote since the sequence was `begin`.
    fn copy(&self, begin: usize) -> Option<T>
    where
        T: Copy,
    {
        // SAFETY: the place is valid to read, and any bytes are a `MaybeUninit`. The read is volatile, so that the
        // compiler takes it that somebody may be writing; a copy of that time is thrown away.
        let copy = unsafe { self.value.get().cast::<MaybeUninit<T>>().read_volatile() };
        // SAFETY: nobody wrote meanwhile, so it is a copy of the value.
        (!self.sequence.is_not(begin)).then(|| unsafe { copy.assume_init() })
    }
}

impl<T: Copy> SeqLock<T> {
    /// A copy of the value, at a time when nobody wrote. Waits for a writer that has begun. Linux's `read_seqbegin` to
    /// `read_seqretry`.
    #[track_caller]
    #[inline]
    pub fn read(&self) -> T {
        let (token, site) = (self.tracker.token(), Site::caller());
        touch(&self.tracker, site);
        loop {
            if let Some(value) = self.copy(self.sequence.even(token, site)) {
                return value;
            }
        }
    }

    /// A copy of the value, if nobody writes.
    #[inline]
    pub fn try_read(&self) -> Option<T> {
        self.copy(self.sequence.even_now()?)
    }
}

impl<T: Copy + fmt::Debug> fmt::Debug for SeqLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(value) => f.debug_struct("SeqLock").field("value", &value).finish(),
            None => f.write_str("SeqLock { <being written> }"),
        }
    }
}

impl<T: Default> Default for SeqLock<T> {
    #[track_caller]
    fn default() -> SeqLock<T> {
        SeqLock::new(T::default())
    }
}

/// Write access to the value; dropping it releases the lock. It stays on the task that took it.
#[must_use = "the lock is released when this is dropped"]
pub struct SeqLockWriteGuard<'a, T> {
    lock: &'a SeqLock<T>,
    /// It leads to the value, so it is shared only where the value may be: a `SeqLock` is, of any value that may be
    /// sent.
    value: PhantomData<&'a mut T>,
    // Dropped after `drop` has run.
    _held: Held<'a, ::spin::mutex::MutexGuard<'a, ()>>,
}

impl<T> Drop for SeqLockWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.sequence.end();
    }
}

impl<T> Deref for SeqLockWriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this is the only writer, and readers only copy.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for SeqLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this is the only writer; a reader that copies meanwhile throws its copy away.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T: fmt::Debug> fmt::Debug for SeqLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A reader begins: it may have to wait for a writer, and keeps nothing. Linux's `seqcount_lockdep_reader_access`.
#[inline]
fn touch(tracker: &Tracker, site: Site) {
    tracker.token().acquire(Mode::RECURSIVE_READ, site).release(Some(site));
}

/// The sequence: odd while somebody writes.
#[derive(Debug)]
struct Sequence(AtomicUsize);

impl Sequence {
    const fn new() -> Sequence {
        Sequence(AtomicUsize::new(0))
    }

    /// The sequence, when nobody writes.
    #[inline]
    fn even(&self, token: Token<'_>, site: Site) -> usize {
        self.even_now().unwrap_or_else(|| self.wait(token, site))
    }

    /// Waits until nobody writes: the writer that has begun is marked as waited for.
    #[cold]
    fn wait(&self, token: Token<'_>, site: Site) -> usize {
        let _waiting = token.mark_unannounced(WaitKind::Lock, Mode::RECURSIVE_READ, site);
        loop {
            if let Some(now) = self.even_now() {
                return now;
            }
            core::hint::spin_loop();
        }
    }

    /// The sequence, if nobody writes.
    #[inline]
    fn even_now(&self) -> Option<usize> {
        Some(self.0.load(Ordering::Acquire)).filter(|now| now & 1 == 0)
    }

    /// Whether it went on since it was `begin`. What was read before is read before this looks.
    #[inline]
    fn is_not(&self, begin: usize) -> bool {
        fence(Ordering::Acquire);
        self.0.load(Ordering::Relaxed) != begin
    }

    /// Somebody begins to write: what it writes comes after this.
    #[inline]
    fn begin(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::Release);
    }

    /// It has written: all of that came before this.
    #[inline]
    fn end(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }
}
