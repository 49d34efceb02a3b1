//! The list: what Linux's boot-time tests do, described anew (sections 1.2 to 1.5 of its description: 312 cells).
//!
//! In each order of its pieces a test must find the same, but for those in which the order decides by which event a path
//! between a safe and an unsafe lock is completed: by the dependency if it comes last (`irq-order`), else by a usage.

use super::Column::{Mutex, Rlock, Rsem, Rtmutex, Spin, Wlock, Wsem};
use super::{Case, Column, Group, Irq, Test};
use crate::report::Kind;
use crate::report::Kind::{Circular, HeldFreed, Inconsistent, IrqInversion, IrqOrder, Recursive, Unbalanced};

const ALL: &[Column] = &[Spin, Wlock, Rlock, Mutex, Wsem, Rsem, Rtmutex];
const SPINNING: &[Column] = &[Spin, Wlock, Rlock];
const BOTH: &[Irq] = &[Irq::Hard, Irq::Soft];
const ONCE: &[&str] = &[""];
const TWO: &[&str] = &["12", "21"];
const THREE: &[&str] = &["123", "132", "213", "231", "312", "321"];
/// The first piece makes the dependency: where it comes last, that is what completes the path.
const BY_ORDER: &[Kind] = &[IrqInversion, IrqInversion, IrqInversion, IrqOrder, IrqInversion, IrqOrder];

/// Every test, in the order of the table.
pub static TESTS: &[Test] = TESTS_LIST;

const TESTS_LIST: &[Test] = &[
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
    Test {
        orders: TWO,
        finds: &[Inconsistent],
        ..irq("irqs-on + irq-safe-A", "irq-irqs-on-irq-safe-A", &["{ L(A) U(A) }", "L(A) U(A)"])
    },
    Test {
        irqs: &[Irq::Soft],
        orders: TWO,
        finds: &[Inconsistent],
        ..irq("sirq-safe-A => hirqs-on", "irq-sirq-safe-A-hirqs-on", &["{ L(A) U(A) }", "[h L(A) h] U(A)"])
    },
    Test {
        orders: TWO,
        finds: &[Inconsistent],
        ..irq("safe-A + irqs-on", "irq-safe-A-irqs-on", &["{ L(A) U(A) }", "[ L(A) ] U(A)"])
    },
    Test {
        finds: &[Inconsistent],
        ..irq("safe-A + unsafe-B #1", "irq-safe-A-unsafe-B-1", &["L(A) L(B) U(B) U(A)", "L(B) U(B)", "{ L(A) U(A) }"])
    },
    irq("safe-A + unsafe-B #2", "irq-safe-A-unsafe-B-2", &["[ L(A) L(B) U(B) U(A) ]", "L(B) U(B)", "{ L(A) U(A) }"]),
    irq("irq lock-inversion", "irq-lock-inversion", &["[ W(A) L(B) U(B) UW(A) ]", "L(B) U(B)", "{ R(A) UR(A) }"]),
    Test {
        columns: &[Wlock, Rlock],
        finds: &[Inconsistent],
        ..irq("irq read-recursion", "irq-read-recursion", &["[ W(A) UW(A) ]", "R(A) UR(A)", "{ L(A) S(B) US(B) U(A) }"])
    },
    Test {
        columns: &[Wlock, Rlock],
        ..irq(
            "irq read-recursion #2",
            "irq-read-recursion-2",
            &["[ S(B) L(A) U(A) US(B) ]", "R(A) UR(A)", "{ S(B) US(B) }"],
        )
    },
    Test {
        columns: &[Wlock, Rlock],
        ..irq(
            "irq read-recursion #3",
            "irq-read-recursion-3",
            &["[ W(B) L(A) U(A) UW(B) ]", "R(A) UR(A)", "{ R(B) UR(B) }"],
        )
    },
];

const fn basic(
    name: &'static str,
    trace: &'static str,
    events: &'static [&'static str],
    finds: &'static [Kind],
) -> Test {
    Test {
        group: Group::Basic,
        name,
        irqs: &[Irq::No],
        events,
        orders: ONCE,
        columns: ALL,
        silent: &[Rlock],
        finds,
        trace,
    }
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

const fn irq(name: &'static str, trace: &'static str, events: &'static [&'static str]) -> Test {
    Test { group: Group::Irq, irqs: BOTH, orders: THREE, columns: SPINNING, ..basic(name, trace, events, BY_ORDER) }
}

/// Every case: each test in each order, with each interrupt, in each column.
pub static CASES: [Case; COUNT] = expand();

const COUNT: usize = {
    let (mut n, mut count) = (0, 0);
    while n < TESTS_LIST.len() {
        let test = &TESTS_LIST[n];
        count += test.orders.len() * test.irqs.len() * test.columns.len();
        n += 1;
    }
    count
};

const fn expand() -> [Case; COUNT] {
    let mut cases = [Case { test: &TESTS_LIST[0], irq: Irq::No, order: 0, column: Spin }; COUNT];
    let (mut n, mut next) = (0, 0);
    while n < TESTS_LIST.len() {
        let test = &TESTS_LIST[n];
        let cells = test.orders.len() * test.irqs.len() * test.columns.len();
        let mut cell = 0;
        while cell < cells {
            let (row, column) = (cell / test.columns.len(), cell % test.columns.len());
            cases[next] = Case {
                test,
                irq: test.irqs[row % test.irqs.len()],
                order: row / test.irqs.len(),
                column: test.columns[column],
            };
            (cell, next) = (cell + 1, next + 1);
        }
        n += 1;
    }
    cases
}
