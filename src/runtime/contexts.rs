//! The runtime's part of what all CPUs see of a context: it enters contexts into the list and removes them, marks waits,
//! and shows the list.
//!
//! Invariants:
//! - The list is locked with interrupts disabled, and nothing is called under it. So the only code that can interrupt
//!   its holder is an NMI, which does not wait for it.
//! - Only contexts in a cell enter the list: the gate of another one never asks for it.
//!
//! What it does not do: judge a wait.
//!
//! `unsafe` is here to promise that a context stays in place.
#![allow(unsafe_code)]

use crate::context::Context;
use crate::context::hold::Hold;
use crate::context::registry::Patience;
use crate::context::view::ContextView;
use crate::context::wait::{WaitKind, WaitRecord};
use crate::lock::class::Subclass;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::usage::{Usage, UsageMask};
use crate::port::Port;
use crate::runtime::{Runtime, Work, current};
use core::ops::ControlFlow;

/// How often an NMI tries to enter its context.
const NMI_TRIES: usize = 64;

/// A wait for a lock, for [`hooks::wait_begin`](crate::hooks::wait_begin).
#[derive(Clone, Copy, Debug)]
pub struct Wait<'a> {
    /// The lock, or what has its place: the mutex of a condition.
    pub map: &'a LockMap,
    /// What ends the wait.
    pub kind: WaitKind,
    /// Whether the lock was announced ([`hooks::acquire`](crate::hooks::acquire)). Then its newest hold is not held yet,
    /// and mode and line are those of the announcement.
    pub announced: bool,
    /// How it waits.
    pub mode: Mode,
    /// The line that waits.
    pub site: Site,
}

impl<P: Port, const C: usize, const D: usize, const K: usize, const V: usize, const N: usize>
    Runtime<P, C, D, K, V, N>
{
    /// A wait begins.
    pub fn wait_begin(&self, wait: &Wait<'_>) {
        let Some(context) = current::<P>() else { return };
        let _quiet = Work::<P>::begin(None);
        if context.is_new() {
            self.introduce(context);
        }
        let found = context.find(|hold| hold.instance == wait.map.instance()).filter(|_| wait.announced);
        let record = match found.and_then(|(stack, index)| stack.hold(index)) {
            Some(hold) => WaitRecord::announced(hold, wait.kind, P::now()),
            None => WaitRecord::unannounced(described(context, wait), wait.kind, P::now()),
        };
        context.begin_wait(&record, P::who().words());
    }

    /// A wait ends.
    pub fn wait_end(&self) {
        if let Some(context) = current::<P>() {
            let _quiet = Work::<P>::begin(None);
            context.end_wait();
        }
    }

    /// Enters the current context into the list, and records who runs in it. With interrupts disabled.
    #[cold]
    #[inline(never)]
    pub(super) fn introduce(&self, context: &Context) {
        // An NMI may have interrupted the holder of the list's lock, and so may an event inside lockdep, in one.
        let patience = if context.is_unchecked() { Patience::Tries(NMI_TRIES) } else { Patience::Wait };
        // SAFETY: it is in a cell, since it is new. Either it lives for ever, or it is the port's current context: then
        // the port promises that the cell is dropped before its memory is used for anything else, and the drop removes
        // it.
        if unsafe { self.registry.add(context, patience) } {
            context.introduce(P::who().words());
            context.clear_new();
        }
    }

    /// Removes a context from the list, and waits for those that are looking at it.
    pub(super) fn remove_from_list(&self, context: &Context) {
        let _quiet = Work::<P>::begin(None);
        self.registry.remove(context);
    }

    /// The task of this context has exited. If it goes on to acquire locks, as a scheduler may, it enters the list
    /// again.
    pub(super) fn retire(&self, context: &Context) {
        let _quiet = Work::<P>::begin(None);
        if self.registry.remove(context) {
            context.set_new();
        }
    }

    /// Shows the context in use with the least address above `after`. Returns whether there is one. Nothing is locked
    /// afterwards, so `view` may be printed.
    pub fn next_context(&self, after: usize, view: &mut ContextView) -> bool {
        let _quiet = Work::<P>::begin(None);
        let is_unchecked = current::<P>().is_some_and(Context::is_unchecked);
        let patience = if is_unchecked { Patience::Tries(NMI_TRIES) } else { Patience::Wait };
        let mut next = None;
        self.registry.visit(patience, |context| {
            let address = context.address();
            if context.is_in_use() && address > after && next.is_none_or(|next| address < next) {
                next = Some(address);
                *view = context.view();
            }
            ControlFlow::Continue(())
        });
        next.is_some()
    }
}

/// The lock of a wait that no acquisition announced, as a hold. Its class is the one that the lock remembers.
fn described(context: &Context, wait: &Wait<'_>) -> Hold {
    let mask = UsageMask::new(Usage::empty(), context.irqs());
    Hold {
        instance: wait.map.instance(),
        class: wait.map.hint(Subclass::ZERO).slot(),
        site: Some(wait.site),
        flags: Hold::flags(wait.map, wait.mode, mask),
        count: 1,
        ..Hold::EMPTY
    }
}
