//! Where a lock is taken: by readers that queue, in reclaim, in each kind of context, on a CPU's own data (sections
//! 1.7 to 1.10: 46 cells).

use super::BASE;
use crate::report::kind::Kind::{self, Circular, IrqInversion, IrqOrder, Recursive, WaitContext};
use crate::selftest::Column::{self, Mutex, Raw, Rcu, Spin};
use crate::selftest::{Group, Test};

pub(super) const TESTS: &[Test] = &[
    only(
        Group::Queued,
        "hardirq read-lock/lock-read",
        "queued-hardirq-read-lock-lock-read",
        &["{h Q(A) W(B) UW(B) UQ(A) h}", "[h W(B) Q(A) UQ(A) UW(B) h]"],
        &[Circular],
    ),
    only(
        Group::Queued,
        "hardirq lock-read/read-lock",
        "queued-hardirq-lock-read-read-lock",
        &["{h W(B) Q(A) UQ(A) UW(B) h}", "[h Q(A) W(B) UW(B) UQ(A) h]"],
        &[],
    ),
    only(
        Group::Queued,
        "hardirq inversion",
        "queued-hardirq-inversion",
        &["{h W(B) UW(B) h}", "[h W(B) Q(A) UQ(A) UW(B) h]", "Q(A) UQ(A)"],
        &[IrqInversion],
    ),
    only(Group::Reclaim, "correct nesting", "reclaim-correct-nesting", &["(fs alloc-nofs fs)"], &[]),
    only(Group::Reclaim, "wrong nesting", "reclaim-wrong-nesting", &["(fs alloc fs)"], &[Recursive]),
    only(Group::Reclaim, "protected nesting", "reclaim-protected-nesting", &["(fs [nofs alloc nofs] fs)"], &[]),
    wait("in hardirq context", "wait-in-hardirq-threaded", &["{h L(B) U(B) h}"], NOT_MUTEX),
    wait("in hardirq context (not threaded)", "wait-in-hardirq", &["{n L(B) U(B) n}"], NEVER_SLEEPS),
    wait("in softirq context", "wait-in-softirq", &["{s L(B) U(B) s}"], NOT_MUTEX),
    wait("in RCU context", "wait-in-rcu", &["(rcu L(B) U(B) rcu)"], NOT_MUTEX),
    wait("in RCU-bh context", "wait-in-rcu-bh", &["[bh (rcu-bh L(B) U(B) rcu-bh) bh]"], NOT_MUTEX),
    wait("in RCU-sched context", "wait-in-rcu-sched", &["(rcu-sched L(B) U(B) rcu-sched)"], NEVER_SLEEPS),
    wait("in RAW_SPINLOCK context", "wait-in-raw", &["RAW(A) L(B) U(B) URAW(A)"], NEVER_SLEEPS),
    wait("in SPINLOCK context", "wait-in-spin", &["SPIN(A) L(B) U(B) USPIN(A)"], NOT_MUTEX),
    wait("in MUTEX context", "wait-in-mutex", &["M(A) L(B) U(B) UM(A)"], WAITS),
    only(
        Group::Local,
        "local_lock inversion  2",
        "local-lock-inversion-2",
        &["LL(A) ULL(A)", "{h S(A) US(A) h}", "[h S(A) LL(A) ULL(A) US(A) h]"],
        &[],
    ),
    only(
        Group::Local,
        "local_lock inversion 3A",
        "local-lock-inversion-3A",
        &["LL(A) S(B) US(B) ULL(A)", "{h S(A) US(A) h}", "[h S(A) LL(A) ULL(A) US(A) h]"],
        &[],
    ),
    only(
        Group::Local,
        "local_lock inversion 3B",
        "local-lock-inversion-3B",
        &[
            "LL(A) S(B) US(B) ULL(A)",
            "{h S(A) US(A) h}",
            "[h S(A) LL(A) ULL(A) US(A) h]",
            "[h S(A) S(B) US(B) US(A) h]",
        ],
        &[IrqOrder],
    ),
    only(
        Group::Local,
        "hardirq_unsafe_softirq_safe",
        "local-hardirq-unsafe-softirq-safe",
        &[
            "M(A) [h S(C) US(C) h] UM(A)",
            "{h S(A) US(A) h}",
            "[h S(A) S(B) US(B) US(A) h]",
            "[h S(B) S(C) US(C) US(B) h]",
            "{s S(D) US(D) s}",
            "[bh S(D) US(D) bh]",
            "[h S(C) S(D) US(D) US(C) h]",
        ],
        &[IrqOrder],
    ),
];

const WAITS: &[Column] = &[Rcu, Raw, Spin, Mutex];
/// Where everything but a sleeping lock may be waited for.
const NOT_MUTEX: &[Column] = &[Rcu, Raw, Spin];
/// Where a lock that sleeps in some configuration must not be waited for either.
const NEVER_SLEEPS: &[Column] = &[Rcu, Raw];

/// A row of one cell; `events` one after the other.
const fn only(
    group: Group,
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    finds: &'static [Kind],
) -> Test {
    Test { group, name, events, finds, trace, ..BASE }
}

const fn wait(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    silent: &'static [Column],
) -> Test {
    Test { group: Group::Wait, name, events, columns: WAITS, silent, finds: &[WaitContext], trace, ..BASE }
}
