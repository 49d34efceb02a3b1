//! What a kernel and its locks say to the statistics, and ask of them.
//!
//! A lock that cannot be had at once calls [`contended`], and [`acquired`] when it has it: between `hooks::acquire`, which
//! comes before the wait, and `hooks::release`. What is known is shown piece by piece as plain data, the texts in Linux's
//! shape are made of the pieces. While a piece is shown no internal lock is held and interrupts are as they were, so it may
//! be printed through a console whose own lock is tracked.

use crate::lock::lock_map::LockMap;
use crate::stat::listing::{ChainLine, ClassLine, ClassTimes};
use crate::stat::recorder::Recording;
use crate::stat::summary::Sums;
use crate::stat::text::{ChainsHead, ClassesHead, StatHead};
use core::fmt::{self, Write};

/// What is said or asked, through one entry point.
#[doc(hidden)]
pub enum Ask<'a> {
    /// A lock cannot be had at once.
    Contended(&'a LockMap),
    /// It has been got.
    Acquired(&'a LockMap),
    /// What is to be counted.
    Record(Recording),
    /// What was counted is to be forgotten.
    Clear,
    /// The statistics of the classes.
    Times(&'a mut dyn FnMut(&ClassTimes)),
    /// The classes and what they lead to.
    Classes(&'a mut dyn FnMut(&ClassLine)),
    /// The checked chains.
    Chains(&'a mut dyn FnMut(&ChainLine)),
    /// Sums over the tables.
    Sums(&'a mut Sums),
}

#[allow(unsafe_code)] // a symbol of the user's crate
// SAFETY: `port!` defines it with just this signature, and there can be only one definition in a program.
unsafe extern "Rust" {
    #[link_name = __symbol!("stat")]
    safe fn __lockdep_stat(ask: Ask<'_>) -> bool;
}

/// A lock that was announced with `hooks::acquire` cannot be had at once: the wait begins. Linux's `lock_contended`.
#[cold]
pub fn contended(map: &LockMap) {
    __lockdep_stat(Ask::Contended(map));
}

/// A lock that was contended has been got: the wait ends, and the hold begins. Linux's `lock_acquired`.
#[cold]
pub fn acquired(map: &LockMap) {
    __lockdep_stat(Ask::Acquired(map));
}

/// Says what is counted from now on. At first it is everything.
pub fn record(what: Recording) {
    __lockdep_stat(Ask::Record(what));
}

/// Forgets what was counted. Linux's `echo 0 > /proc/lock_stat`.
pub fn clear() {
    __lockdep_stat(Ask::Clear);
}

/// Shows the statistics of each class that has any, those with the most contentions first. `false`: somebody else is at it,
/// or there is no context.
pub fn for_each_class_times(show: &mut dyn FnMut(&ClassTimes)) -> bool {
    __lockdep_stat(Ask::Times(show))
}

/// Shows the classes, each followed by those that it leads to directly. `false`: there is no context.
pub fn for_each_class(show: &mut dyn FnMut(&ClassLine)) -> bool {
    __lockdep_stat(Ask::Classes(show))
}

/// Shows the checked chains, each followed by its classes. `false`: there is no context.
pub fn for_each_chain(show: &mut dyn FnMut(&ChainLine)) -> bool {
    __lockdep_stat(Ask::Chains(show))
}

/// Sums over all tables.
pub fn sums() -> Sums {
    let mut sums = Sums::default();
    __lockdep_stat(Ask::Sums(&mut sums));
    sums
}

/// Writes the statistics as Linux's `/proc/lock_stat` has them.
///
/// # Errors
/// Those of `out`.
pub fn write_lock_stat(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{StatHead}")?;
    write_each(out, |each| for_each_class_times(&mut |times| each(&format_args!("{times}"))))
}

/// Writes the classes as Linux's `/proc/lockdep` has them.
///
/// # Errors
/// Those of `out`.
pub fn write_classes(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{ClassesHead}")?;
    write_each(out, |each| for_each_class(&mut |line| each(&format_args!("{line}"))))
}

/// Writes the chains as Linux's `/proc/lockdep_chains` has them.
///
/// # Errors
/// Those of `out`.
pub fn write_chains(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{ChainsHead}")?;
    write_each(out, |each| for_each_chain(&mut |line| each(&format_args!("{line}"))))
}

/// Writes the sums as Linux's `/proc/lockdep_stats` has them.
///
/// # Errors
/// Those of `out`.
pub fn write_sums(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{}", sums())
}

/// Writes what comes, until that fails.
fn write_each(out: &mut dyn Write, list: impl FnOnce(&mut dyn FnMut(&fmt::Arguments<'_>)) -> bool) -> fmt::Result {
    let mut result = Ok(());
    list(&mut |piece| {
        if result.is_ok() {
            result = out.write_fmt(*piece);
        }
    });
    result
}
