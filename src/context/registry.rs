//! The list of contexts: every [`ContextCell`](super::cell::ContextCell) that is in use, so that any CPU can look at
//! what the others hold and wait for.
//!
//! A context enters the list by its first acquisition, or when an interrupt first enters it: until then its gate is
//! closed for the fast path ([`Context::is_new`]), so that this costs nothing later. It leaves when its task exits, and
//! when its cell is dropped. A context without a cell is never in the list: nothing would remove it when it is moved.
//!
//! Invariants:
//! - A context in the list stays where it is until it is removed, by the promise of the caller that adds it: it is
//!   `'static`, or the port's current one, whose contract (`port.rs`) says that its cell is dropped before its memory is used for
//!   anything else. The drop removes it.
//! - Links are read and written under the lock. So a removal waits for the readers, and what a reader sees is in place
//!   until it is done.
//! - The lock is held with interrupts disabled, for as long as one walk takes; no lock is taken under it, and no
//!   function of the port is called but by a reader that must not block.
//! - A link is null in a context outside of the list, and [`END`] in the last one. The list begins as null, so that it is
//!   all zeros, and the runtime with its tables is no part of the program's image.
//!
//! What it does not do: disable interrupts; `runtime/` does. The atomics are those of `core`, also under `--cfg loom`.
//!
//! `unsafe` is here to follow the links.
#![allow(unsafe_code)]

use super::Context;
use super::foreign::Foreign;
use core::hint;
use core::ops::ControlFlow;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// The link of the last context. No context is at this address, which is odd.
const END: *mut Context = ptr::without_provenance_mut(usize::MAX);

/// How long to wait for the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until it is free: not where this CPU may have interrupted its holder.
    Wait,
    /// So many attempts.
    Tries(usize),
}

/// The list. Newest first.
#[derive(Debug)]
pub(crate) struct Registry {
    locked: AtomicBool,
    first: AtomicPtr<Context>,
}

impl Registry {
    pub(crate) const fn new() -> Registry {
        Registry { locked: AtomicBool::new(false), first: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Adds a context, unless it is in the list. Returns `false` if the lock is not available. With interrupts disabled.
    ///
    /// # Safety
    /// The context stays where it is, and valid, until it is [removed](Registry::remove).
    pub(crate) unsafe fn add(&self, context: &Context, patience: Patience) -> bool {
        let Some(_locked) = self.lock(patience) else { return false };
        if context.next.load(Ordering::Relaxed).is_null() {
            let first = self.first.load(Ordering::Relaxed);
            context.next.store(if first.is_null() { END } else { first }, Ordering::Relaxed);
            self.first.store(ptr::from_ref(context).cast_mut(), Ordering::Relaxed);
        }
        true
    }

    /// Removes a context, and waits for those that are looking at it. Returns whether it was in the list. With
    /// interrupts disabled.
    pub(crate) fn remove(&self, context: &Context) -> bool {
        let Some(_locked) = self.lock(Patience::Wait) else { return false };
        let is_link = |link: &&AtomicPtr<Context>| ptr::eq(link.load(Ordering::Relaxed), context);
        let link = self.links().find(is_link);
        if let Some(link) = link {
            link.store(context.next.swap(ptr::null_mut(), Ordering::Relaxed), Ordering::Relaxed);
        }
        link.is_some()
    }

    /// Calls `visit` for each context in the list, until it breaks. Returns `false` if the lock is not available.
    /// `visit` acquires no lock and does not wait. With interrupts disabled.
    pub(crate) fn visit(&self, patience: Patience, visit: impl FnMut(Foreign<'_>) -> ControlFlow<()>) -> bool {
        self.locked(patience).map(|list| list.visit(visit)).is_some()
    }

    /// Locks the list, for several looks at the same contexts. `None` if the lock is not available. What has it acquires
    /// no other lock and does not wait. With interrupts disabled.
    pub(crate) fn locked(&self, patience: Patience) -> Option<LockedRegistry<'_>> {
        Some(LockedRegistry { registry: self, _locked: self.lock(patience)? })
    }

    /// The links from the first on, the last one is [`END`] or, before the first context, null. Under the lock. There are as many as contexts.
    fn links(&self) -> impl Iterator<Item = &AtomicPtr<Context>> {
        core::iter::successors(Some(&self.first), |link| {
            // SAFETY: this CPU has the lock, so no context leaves the list, and what is in it is valid and in place.
            unsafe { target(link) }.map(|context| &context.next)
        })
    }

    fn lock(&self, patience: Patience) -> Option<Locked<'_>> {
        let try_lock = || self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok();
        match patience {
            Patience::Wait => {
                while !try_lock() {
                    hint::spin_loop();
                }
            }
            Patience::Tries(tries) => {
                (0..tries).any(|_| try_lock()).then_some(())?;
            }
        }
        Some(Locked(&self.locked))
    }
}

/// Returns the context that a link leads to.
///
/// # Safety
/// The link is one of the list, and the lock is held for `'a`.
unsafe fn target<'a>(link: &AtomicPtr<Context>) -> Option<&'a Context> {
    let context = link.load(Ordering::Relaxed);
    if context == END {
        return None;
    }
    // SAFETY: a link that is not `END` is null, or leads to a context in the list; those are valid until they are removed,
    // for which the lock is needed.
    unsafe { context.as_ref() }
}

/// The list, locked: no context enters or leaves it until this is dropped.
pub(crate) struct LockedRegistry<'a> {
    registry: &'a Registry,
    _locked: Locked<'a>,
}

impl LockedRegistry<'_> {
    /// Calls `visit` for each context, until it breaks.
    pub(crate) fn visit<'s>(&'s self, mut visit: impl FnMut(Foreign<'s>) -> ControlFlow<()>) {
        let contexts = self.registry.links().filter_map(|link| {
            // SAFETY: see `links`; the lock is held for `'s`.
            unsafe { target(link) }
        });
        let _ = contexts.map(Foreign::new).try_for_each(&mut visit);
    }
}

/// The list is locked until this is dropped.
struct Locked<'a>(&'a AtomicBool);

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(registry: &Registry) -> Vec<usize> {
        let mut all = Vec::new();
        assert!(registry.visit(Patience::Wait, |context| {
            all.push(context.address());
            ControlFlow::Continue(())
        }));
        all
    }

    #[test]
    fn contexts_enter_once_and_leave_in_any_order() {
        let registry = Registry::new();
        let contexts: [&'static Context; 3] = [(); 3].map(|()| -> &Context { Box::leak(Box::new(Context::new())) });
        let [a, b, c] = contexts.map(|context| ptr::from_ref(context).addr());
        for context in contexts {
            // SAFETY: it lives for ever.
            assert!(unsafe { registry.add(context, Patience::Wait) && registry.add(context, Patience::Wait) });
        }
        assert_eq!(addresses(&registry), [c, b, a]);
        registry.remove(contexts[1]);
        registry.remove(contexts[1]);
        assert_eq!(addresses(&registry), [c, a]);
        registry.remove(contexts[2]);
        // SAFETY: it lives for ever.
        assert!(unsafe { registry.add(contexts[1], Patience::Wait) });
        registry.remove(contexts[0]);
        assert_eq!(addresses(&registry), [b]);
        registry.remove(contexts[1]);
        assert_eq!(addresses(&registry), [0; 0]);
    }

    #[test]
    fn a_walk_ends_where_it_breaks_and_a_locked_list_is_not_waited_for() {
        let registry = Registry::new();
        for _ in 0..3 {
            // SAFETY: it lives for ever.
            assert!(unsafe { registry.add(Box::leak(Box::new(Context::new())), Patience::Wait) });
        }
        let mut seen = 0;
        registry.visit(Patience::Wait, |_| {
            seen += 1;
            assert!(!registry.visit(Patience::Tries(3), |_| ControlFlow::Continue(())), "it is locked");
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, 2);
        assert!(registry.visit(Patience::Tries(1), |_| ControlFlow::Continue(())), "it is free again");
    }
}
