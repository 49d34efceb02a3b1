//! Removal of classes: those of a dynamic key when its owner unregisters it, and that of a lock which is a class of its
//! own when the lock is dropped.
//!
//! Their dependencies are removed with them, at both ends, and so are their usage bits. The slots are used again, with
//! another generation: a hint in a lock that is left, and a chain with one of the classes, no longer match.
//!
//! Invariants:
//! - A class stays while the running context, or one below it, holds a lock of the key: a hold knows its class by the
//!   slot. That is reported, and nothing is removed. For holds of other contexts the caller is responsible. (A lock
//!   that is dropped is held by nobody, unless a guard was forgotten: if by this context, its class stays.)
//! - It runs under the internal lock with interrupts off, so it is bounded. A key has one class for each nesting level
//!   and pair of wait types that was used. Each of them costs the length of its lists of dependencies, and of the list
//!   at each other end: in all at most twice as many short steps as the table has dependencies. Mostly it is a handful:
//!   a class with one dependency costs some 400 instructions.
//! - A dependency that was reported is not in the table, though its chain counts as checked. The dependencies that it
//!   conflicted with may be removed with the key. So if anything was ever found, and checking goes on, all chains are
//!   checked again. To empty the set is one store for each of its slots.
//!
//! What it does not do: wait for other CPUs that still hold a lock of the key. That is the owner's duty.

use crate::context::Context;
use crate::engine::Engine;
use crate::lock::class::DynamicKey;
use crate::lock::lock_map::LockMap;
use crate::lock::site::Site;
use crate::report::kind::Kind;

impl Engine<'_> {
    /// Removes all classes of the key. Linux's `lockdep_unregister_key`.
    pub fn unregister_key(&mut self, context: &Context, key: &DynamicKey, site: Site) {
        self.settle_classes(context);
        if let Some(held) = context.all().find(|hold| self.graph.classes.is_of(hold.class, key.hash())) {
            return self.report_held(context, Kind::HeldFreed, &held, Some(site));
        }
        self.forget_key(key.hash());
    }

    /// Removes the class of a lock that is a class of its own, and is dropped.
    pub fn forget_own_class(&mut self, context: &Context, map: &LockMap) {
        let classes = &self.graph.classes;
        let Some(key) = classes.own_key(self.published.classes, map) else { return };
        if !context.all().any(|hold| classes.is_of(hold.class, key)) {
            self.forget_key(key);
        }
    }

    /// Removes all classes of a key of which no lock is held.
    fn forget_key(&mut self, key: u64) {
        let mut visited = 0..self.graph.classes.capacity();
        while let Some(class) = self.graph.classes.any_of(key)
            && visited.next().is_some()
        {
            self.graph.forget_edges(class);
            self.graph.classes.remove(self.published.classes, class);
            self.published.chains.note_unregistered();
        }
        if visited.start > 0 && self.findings.has_found() && !self.is_silent() {
            self.drop_chains();
        }
    }
}
