//! The order of locks: basic deadlocks, and what is special about readers (sections 1.2 to 1.4: 102 cells).

use super::{BASE, LOCKS, THREE};
use crate::report::kind::Kind::{self, Circular, HeldFreed, Recursive, Unbalanced};
use crate::selftest::Column::{self, Rlock, Rsem};
use crate::selftest::{Group, Test};

pub(super) const TESTS: &[Test] = &[
    basic("A-A deadlock", "basic-A-A-deadlock", &["L(X1) L(X2)"], &[Recursive]),
    basic("A-B-B-A deadlock", "basic-A-B-B-A-deadlock", &["L(A) L(B) U(B) U(A) L(B) L(A) U(A) U(B)"], &[Circular]),
    basic(
        "A-B-B-C-C-A deadlock",
        "basic-A-B-B-C-C-A-deadlock",
        &["L(A) L(B) U(B) U(A) L(B) L(C) U(C) U(B) L(C) L(A) U(A) U(C)"],
        &[Circular],
    ),
    basic(
        "A-B-C-A-B-C deadlock",
        "basic-A-B-C-A-B-C-deadlock",
        &["L(A) L(B) U(B) U(A) L(C) L(A) U(A) U(C) L(B) L(C) U(C) U(B)"],
        &[Circular],
    ),
    basic(
        "A-B-B-C-C-D-D-A deadlock",
        "basic-A-B-B-C-C-D-D-A-deadlock",
        &["L(A) L(B) U(B) U(A) L(B) L(C) U(C) U(B) L(C) L(D) U(D) U(C) L(D) L(A) U(A) U(D)"],
        &[Circular],
    ),
    basic(
        "A-B-C-D-B-D-D-A deadlock",
        "basic-A-B-C-D-B-D-D-A-deadlock",
        &["L(A) L(B) U(B) U(A) L(C) L(D) U(D) U(C) L(B) L(D) U(D) U(B) L(D) L(A) U(A) U(D)"],
        &[Circular],
    ),
    basic(
        "A-B-C-D-B-C-D-A deadlock",
        "basic-A-B-C-D-B-C-D-A-deadlock",
        &["L(A) L(B) U(B) U(A) L(C) L(D) U(D) U(C) L(B) L(C) U(C) U(B) L(D) L(A) U(A) U(D)"],
        &[Circular],
    ),
    Test { silent: &[], ..basic("double unlock", "basic-double-unlock", &["L(A) U(A) U(A)"], &[Unbalanced]) },
    Test { silent: &[], ..basic("initialize held", "basic-initialize-held", &["L(A) init(A)"], &[HeldFreed]) },
    readers("recursive read-lock", "readlock-recursive-read-lock", &["R(X1) R(X1)"], &[Recursive], &[Rlock]),
    readers("recursive read-lock #2", "readlock-recursive-read-lock-2", &["R(X1) R(X2)"], &[Recursive], &[Rlock]),
    readers("mixed read-write-lock", "readlock-mixed-read-write-lock", &["R(X1) W(X2)"], &[Recursive], &[]),
    readers("mixed write-read-lock", "readlock-mixed-write-read-lock", &["W(X1) R(X2)"], &[Recursive], &[]),
    readers(
        "mixed read-lock/lock-write ABBA",
        "readlock-mixed-read-lock-lock-write-ABBA",
        &["R(X1) S(Y1) US(Y1) UR(X1) S(Y1) W(X1) UW(X1) US(Y1)"],
        &[Circular],
        &[],
    ),
    readers(
        "mixed read-lock/lock-read ABBA",
        "readlock-mixed-read-lock-lock-read-ABBA",
        &["R(X1) S(Y1) US(Y1) UR(X1) S(Y1) R(X1) UR(X1) US(Y1)"],
        &[Circular],
        &[Rlock],
    ),
    readers(
        "mixed write-lock/lock-write ABBA",
        "readlock-mixed-write-lock-lock-write-ABBA",
        &["W(X1) S(Y1) US(Y1) UW(X1) S(Y1) W(X1) UW(X1) US(Y1)"],
        &[Circular],
        &[],
    ),
    Test {
        columns: &[Rlock],
        ..readers(
            "chain cached mixed R-L/L-W ABBA",
            "readlock-chain-cached-mixed-R-L-L-W-ABBA",
            &["R(X1) S(Y1) US(Y1) UR(X1) S(Y1) R(X1) UR(X1) US(Y1) S(Y1) W(X1) UW(X1) US(Y1)"],
            &[Circular],
            &[],
        )
    },
    three(
        "rlock W1R2/W2R3/W3R1",
        "threelock-W1R2-W2R3-W3R1",
        &["W(X1) R(Y1) UR(Y1) UW(X1)", "W(Y1) R(Z1) UR(Z1) UW(Y1)", "W(Z1) R(X1) UR(X1) UW(Z1)"],
        &[],
    ),
    three(
        "rlock W1W2/R2R3/W3R1",
        "threelock-W1W2-R2R3-W3R1",
        &["W(X1) W(Y1) UW(Y1) UW(X1)", "R(Y1) R(Z1) UR(Z1) UR(Y1)", "W(Z1) R(X1) UR(X1) UW(Z1)"],
        &[],
    ),
    three(
        "rlock W1W2/R2R3/R3W1",
        "threelock-W1W2-R2R3-R3W1",
        &["W(X1) R(Y1) UR(Y1) UW(X1)", "R(Y1) R(Z1) UR(Z1) UR(Y1)", "W(Z1) W(X1) UW(X1) UW(Z1)"],
        &[Rlock],
    ),
    three(
        "rlock W1R2/R2R3/W3W1",
        "threelock-W1R2-R2R3-W3W1",
        &["W(X1) W(Y1) UW(Y1) UW(X1)", "R(Y1) R(Z1) UR(Z1) UR(Y1)", "R(Z1) W(X1) UW(X1) UR(Z1)"],
        &[Rlock],
    ),
];

const fn basic(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    finds: &'static [Kind],
) -> Test {
    Test { group: Group::Basic, name, events, columns: LOCKS, silent: &[Rlock], finds, trace, ..BASE }
}

const fn readers(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    finds: &'static [Kind],
    silent: &'static [Column],
) -> Test {
    let columns = &[Rlock, Rsem];
    Test { group: Group::Readers, columns, silent, ..basic(name, trace, events, finds) }
}

const fn three(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    silent: &'static [Column],
) -> Test {
    let columns = &[Rlock];
    Test { group: Group::Readers, orders: THREE, columns, silent, ..basic(name, trace, events, &[Circular]) }
}
