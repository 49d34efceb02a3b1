//! The public functions of the statistics: what locks report to them, and what a kernel reads from them.
//!
//! A lock that is contended says so by `hooks::contended`, which counts it here: [`contended`], and [`acquired`] when it
//! has the lock, between `hooks::acquire`, which comes before the wait, and `hooks::release`. Results are shown piece by piece as plain data; the texts in Linux's
//! format are made of the pieces. While a piece is shown, no internal lock is held and interrupts are as they were, so
//! it may be printed through a console whose own lock is tracked.
//!
//! None of them panics. What it does not do: count; that is `recorder.rs`.

use crate::lock::lock_map::LockMap;
use crate::stat::listing::{ChainLine, ClassLine, ClassTimes};
use crate::stat::recorder::Recording;
use crate::stat::summary::Sums;
use crate::stat::text::{ChainsHead, ClassesHead, StatHead};
use core::fmt::{self, Write};

/// A message to the statistics, through one entry point.
#[doc(hidden)]
pub enum Ask<'a> {
    /// A lock is contended: the wait begins.
    Contended(&'a LockMap),
    /// A contended lock was acquired.
    Acquired(&'a LockMap),
    /// Set what is counted.
    Record(Recording),
    /// Forget what was counted.
    Clear,
    /// The statistics of the classes.
    Times(&'a mut dyn FnMut(&ClassTimes)),
    /// The classes, each with its direct dependencies.
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

/// Announces that a lock, announced before with `hooks::acquire`, is contended: the wait begins. Linux's
/// `lock_contended`.
#[cold]
pub fn contended(map: &LockMap) {
    __lockdep_stat(Ask::Contended(map));
}

/// Announces that a contended lock was acquired: the wait ends, and the hold begins. Linux's `lock_acquired`.
#[cold]
pub fn acquired(map: &LockMap) {
    __lockdep_stat(Ask::Acquired(map));
}

/// Sets what is counted from now on. Initially everything is. Linux's `kernel.lock_stat`.
pub fn record(what: Recording) {
    __lockdep_stat(Ask::Record(what));
}

/// Forgets everything that was counted. Linux's `echo 0 > /proc/lock_stat`.
pub fn clear() {
    __lockdep_stat(Ask::Clear);
}

/// Calls `show` for each class that has statistics, the one with the most contentions first. Returns `false` if another
/// listing is running, before the first context, and in an NMI.
pub fn for_each_class_times(show: &mut dyn FnMut(&ClassTimes)) -> bool {
    __lockdep_stat(Ask::Times(show))
}

/// Calls `show` for each class, followed by its direct dependencies. Returns `false` before the first context, and in
/// an NMI.
pub fn for_each_class(show: &mut dyn FnMut(&ClassLine)) -> bool {
    __lockdep_stat(Ask::Classes(show))
}

/// Calls `show` for each checked chain, followed by its classes. Returns `false` before the first context, and in an
/// NMI.
pub fn for_each_chain(show: &mut dyn FnMut(&ChainLine)) -> bool {
    __lockdep_stat(Ask::Chains(show))
}

/// Returns sums over all tables.
pub fn sums() -> Sums {
    let mut sums = Sums::default();
    __lockdep_stat(Ask::Sums(&mut sums));
    sums
}

/// Writes the statistics in the format of Linux's `/proc/lock_stat`.
///
/// # Errors
/// Returns the errors of `out`.
pub fn write_lock_stat(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{StatHead}")?;
    write_each(out, |each| for_each_class_times(&mut |times| each(&format_args!("{times}"))))
}

/// Writes the classes in the format of Linux's `/proc/lockdep`.
///
/// # Errors
/// Returns the errors of `out`.
pub fn write_classes(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{ClassesHead}")?;
    write_each(out, |each| for_each_class(&mut |line| each(&format_args!("{line}"))))
}

/// Writes the chains in the format of Linux's `/proc/lockdep_chains`.
///
/// # Errors
/// Returns the errors of `out`.
pub fn write_chains(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{ChainsHead}")?;
    write_each(out, |each| for_each_chain(&mut |line| each(&format_args!("{line}"))))
}

/// Writes the sums in the format of Linux's `/proc/lockdep_stats`.
///
/// # Errors
/// Returns the errors of `out`.
pub fn write_sums(out: &mut dyn Write) -> fmt::Result {
    write!(out, "{}", sums())
}

/// Writes each piece, until a write fails.
fn write_each(out: &mut dyn Write, list: impl FnOnce(&mut dyn FnMut(&fmt::Arguments<'_>)) -> bool) -> fmt::Result {
    let mut result = Ok(());
    list(&mut |piece| {
        if result.is_ok() {
            result = out.write_fmt(*piece);
        }
    });
    result
}
