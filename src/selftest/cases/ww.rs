//! Wound/wait mutexes (section 1.6: 36 cells): their protocol, and the order between them and other locks.
//!
//! Where Linux forges a context that has a mutex, a second task has it here, with a context of its own.

use super::{BASE, COLUMNS};
use crate::report::kind::Kind::{self, Circular, NestNotHeld, Recursive, Unbalanced, WwMisuse};
use crate::selftest::Column::{self, Block, Context, Nth, Try};
use crate::selftest::{Group, Test};

pub(super) const TESTS: &[Test] = &[
    Test {
        silent: &[Nth(1), Nth(2)],
        ..numbered::<3>(
            "ww api failures",
            "ww-api-failures",
            &[
                "init(t) lock(o,t) lock(o,t)=EALREADY try(o)=busy task2 init(t2) lock(o2,t2) lock(o,t2)=EDEADLK \
                 unlock(o2) task1 unlock(o) try(o) unlock(o)",
                "init(t) lock1(o) unlock(o) lock1(o) unlock(o) lock1(o) unlock(o) try(o) unlock(o) lock1(o) try(o)=busy \
                 unlock(o) acquired(t)=none lock(o,t) acquired(t)=some unlock(o) acquired(t)=none",
                "init(t) slow(o,t)",
            ],
            &[WwMisuse],
        )
    },
    numbered::<2>(
        "ww contexts mixing",
        "ww-contexts-mixing",
        &["init(t) init(t2)", "init(x) lock(o,x)"],
        &[Recursive, WwMisuse],
    ),
    numbered::<4>(
        "finishing ww context",
        "ww-finishing-context",
        &[
            "init(t) done(t) done(t) fini(t)",
            "init(t) done(t) fini(t) fini(t)",
            "init(t) lock(o,t) done(t) fini(t)",
            "init(t) done(t) lock(o,t)",
        ],
        &[WwMisuse, Unbalanced, NestNotHeld, WwMisuse],
    ),
    numbered::<3>(
        "locking mismatches",
        "ww-locking-mismatches",
        &[
            "lock1(o) unlock(o) unlock(o)",
            "init(t) lock(o,t) uncount(t) unlock(o) fini(t)",
            "init(t) stale(o) lock(o,t)",
        ],
        &[Unbalanced, WwMisuse, WwMisuse],
    ),
    Test {
        silent: &[Nth(1), Nth(2)],
        ..numbered::<10>(
            "EDEADLK handling",
            "ww-EDEADLK-handling",
            &[
                // As it should be: release, then take the contended one, by `lock` or, better, by `slow`.
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK task2 unlock(o2) task1 \
                 unlock(o) lock(o2,t)",
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK task2 unlock(o2) task1 \
                 unlock(o) slow(o2,t)",
                // With o still held.
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK task2 unlock(o2) task1 \
                 lock(o2,t)",
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK task2 unlock(o2) task1 \
                 slow(o2,t)",
                // Another one, with o still held.
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK lock(o3,t)",
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK slow(o3,t)",
                // Another one, which is contended as well.
                "task2 init(t2) lock(o2,t2) lock(o3,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK \
                 lock(o3,t)=EDEADLK",
                "task2 init(t2) lock(o2,t2) lock(o3,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK \
                 slow(o3,t)=EDEADLK",
                // Another one, with nothing held.
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK unlock(o) lock(o3,t)",
                "task2 init(t2) lock(o2,t2) task1 init(t) lock(o,t) lock(o2,t)=EDEADLK unlock(o) slow(o3,t)",
            ],
            &[WwMisuse],
        )
    },
    numbered::<1>("spinlock nest unlocked", "ww-spinlock-nest-unlocked", &["S(A:o) US(A)"], &[NestNotHeld]),
    numbered::<1>(
        "spinlock nest test",
        "ww-spinlock-nest-test",
        &["S(X1) S(Y1:X1) S(A) S(Y2:X1) US(A) US(Y2) US(Y1) US(X1)"],
        &[],
    ),
    ways("context", "ww-context", &[Try, Context], &["init(t) lock(o,t) L(o2)"], &[Recursive]),
    ways("try", "ww-try", &[Try], &["try(o) L(o2)"], &[Recursive]),
    ways("block", "ww-block", &[Try], &["lock1(o) L(o2)"], &[Recursive]),
    // A without wait type, since a mutex under a spinning lock is reported before the cycle that this is about.
    ways(
        "spinlock",
        "ww-spinlock",
        &[Try],
        &["N(A) UN(A) L(o) N(A) UN(A) unlock(o) N(A) L(o) unlock(o) UN(A)"],
        &[Circular],
    ),
];

/// A row of `N` cells, each with a script of its own.
const fn numbered<const N: usize>(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str; N],
    finds: &'static [Kind],
) -> Test {
    let columns = if N == 1 { &[Column::Only] } else { COLUMNS.split_at(N).0 };
    Test { group: Group::Ww, name, events, columns, finds, trace, ..BASE }
}

/// A row of the three ways of taking a mutex.
const fn ways(
    name: &'static str,
    trace: &'static str,
    silent: &'static [Column],
    events: &'static [&'static str],
    finds: &'static [Kind],
) -> Test {
    Test { group: Group::WwWays, name, events, columns: &[Block, Try, Context], silent, finds, trace, ..BASE }
}
