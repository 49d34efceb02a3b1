//! Interrupts (section 1.5: 210 cells).
//!
//! In each order of its pieces a test must find the same, but for those in which the order decides by which event a path
//! between a safe and an unsafe lock is completed: by the dependency if it comes last (`irq-order`), else by a usage.

use super::THREE;
use crate::report::kind::Kind::{self, Inconsistent, IrqInversion, IrqOrder};
use crate::selftest::Column::{self, Rlock, Spin, Wlock};
use crate::selftest::{Group, Irq, Test};

const SPINNING: &[Column] = &[Spin, Wlock, Rlock];
const BOTH: &[Irq] = &[Irq::Hard, Irq::Soft];
const TWO: &[&str] = &["12", "21"];
/// The first piece makes the dependency: where it comes last, that is what completes the path.
const BY_ORDER: &[Kind] = &[IrqInversion, IrqInversion, IrqInversion, IrqOrder, IrqInversion, IrqOrder];

pub(super) const TESTS: &[Test] = &[
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

const fn irq(name: &'static str, trace: &'static str, events: &'static [&'static str]) -> Test {
    let (silent, finds) = (&[Rlock], BY_ORDER);
    Test { group: Group::Irq, name, irqs: BOTH, events, orders: THREE, columns: SPINNING, silent, finds, trace }
}
