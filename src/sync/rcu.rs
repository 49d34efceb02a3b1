//! RCU read sections, as the validator sees them: recursive readers of a lock that nobody ever takes for writing, with
//! the wait types of Linux. What may not be waited for in them is found as `wait-context`.
//!
//! This annotates; it is no RCU. A kernel that has one calls [`read`] beside its own `rcu_read_lock`, and
//! [`assert_read_held`] where it follows a protected pointer. Bottom halves and preemption are the kernel's to disable.
//!
//! Invariant: sections are unchecked, as in Linux: no usage, no dependency, no recursion. They are held, no more.

use crate::context::hold::Acquire;
use crate::hooks;
use crate::lock::lock_map::LockMap;
use crate::lock::mode::Mode;
use crate::lock::site::Site;
use crate::lock::wait_type::{WaitType, WaitTypes};
use crate::report::kind::Kind;
use core::marker::PhantomData;

/// A read section may be entered anywhere, and inside only what spins may be waited for, where the configuration lets
/// spinning locks sleep too.
const PREEMPTIBLE: WaitTypes = WaitTypes::new(WaitType::Free, WaitType::Config);
/// With preemption disabled, only what always spins.
const NOT_PREEMPTIBLE: WaitTypes = WaitTypes::new(WaitType::Free, WaitType::Spin);

static RCU: LockMap = LockMap::named("rcu_read_lock", PREEMPTIBLE);
static BH: LockMap = LockMap::named("rcu_read_lock_bh", PREEMPTIBLE);
static SCHED: LockMap = LockMap::named("rcu_read_lock_sched", NOT_PREEMPTIBLE);

/// A read section: from its making to its drop. It stays on the task, or the interrupt, that entered it.
#[must_use = "the section ends when this is dropped"]
#[derive(Debug)]
pub struct ReadSection {
    map: &'static LockMap,
    of_one_task: PhantomData<*const ()>,
}

/// Enters a read section. Linux's `rcu_read_lock`.
#[track_caller]
#[inline]
pub fn read() -> ReadSection {
    enter(&RCU, Site::caller())
}

/// Enters a read section with softirqs disabled, by the caller. Linux's `rcu_read_lock_bh`.
#[track_caller]
#[inline]
pub fn read_bh() -> ReadSection {
    enter(&BH, Site::caller())
}

/// Enters a read section with preemption disabled, by the caller. Linux's `rcu_read_lock_sched`.
#[track_caller]
#[inline]
pub fn read_sched() -> ReadSection {
    enter(&SCHED, Site::caller())
}

/// Reports, as `rcu`, if no read section of any kind is entered: for the place that follows a protected pointer.
/// Linux's `RCU_LOCKDEP_WARN(!rcu_read_lock_any_held())`.
#[track_caller]
#[inline]
pub fn assert_read_held() {
    if ![&RCU, &BH, &SCHED].into_iter().any(hooks::holds) {
        hooks::report_misuse(Kind::Rcu, "a protected pointer is read outside a read section", None, Site::caller());
    }
}

#[inline]
fn enter(map: &'static LockMap, site: Site) -> ReadSection {
    hooks::acquire_with(&Acquire { checked: false, ..Acquire::new(map, Mode::RECURSIVE_READ, site) });
    ReadSection { map, of_one_task: PhantomData }
}

impl Drop for ReadSection {
    #[inline]
    fn drop(&mut self) {
        hooks::release(self.map, None);
    }
}
