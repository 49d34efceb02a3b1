//! The key of a chain: 64 bits that represent the holds of a run and the new lock.
//!
//! A key folds in, hold by hold, the class with its generation, the mode, and whether the lock was tried or unchecked.
//! It begins with the limit of the context, so that a known chain settles the wait types as well.
//!
//! Invariant: a key depends on nothing else. Two chains have the same key as seldom as two random numbers are equal.
//! What it does not do: know a table; `graph/chain_cache.rs` looks keys up.

use crate::context::hold::HoldFlags;
use crate::lock::class::ClassId;

/// Which flags of a hold are part of a chain.
const IN_KEY: HoldFlags =
    HoldFlags::RECURSIVE.union(HoldFlags::SHARED).union(HoldFlags::TRIED).union(HoldFlags::UNCHECKED);

/// The start of all keys: the fractional part of the golden ratio.
const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// An odd number with mixed bits, near the golden ratio in the upper ones, so that consecutive classes are far apart.
/// One half of it is a pattern that aarch64 has as one immediate.
const MULTIPLIER: u64 = 0x9e37_9999_6a5b_9999;

/// The first key of a run, in a context with this limit.
pub(crate) const fn seed(limit: u8) -> u64 {
    fold(START, limit as u64)
}

/// The first key in an interrupt that continues the run of the context that it interrupted.
pub(crate) const fn resume(key: u64, limit: u8) -> u64 {
    fold(key, !(limit as u64))
}

/// The key of a run with one more hold.
#[inline(always)]
pub(crate) const fn extend(key: u64, class: ClassId, flags: HoldFlags) -> u64 {
    fold(key, word(class, flags))
}

/// A member of a chain: the id in the lower 60 bits, the flags above.
#[inline(always)]
pub(crate) const fn word(class: ClassId, flags: HoldFlags) -> u64 {
    class.0 | ((flags.bits() & IN_KEY.bits()) as u64) << 60
}

/// One multiplication to 128 bits, folded: every bit of both inputs reaches every bit of the key. Both factors are
/// variable: if one were constant, two keys would collide wherever the difference of two words cancels the difference
/// of the keys below, and such pairs are common, since words are few.
#[inline(always)]
const fn fold(key: u64, word: u64) -> u64 {
    let wide = key as u128 * (word ^ MULTIPLIER) as u128;
    (wide >> 64) as u64 ^ wide as u64
}
