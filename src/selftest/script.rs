//! The little language of the tests, which is the notation of their description.
//!
//! | word | meaning |
//! | --- | --- |
//! | `L(A)` `U(A)` | takes lock A with the column's kind, lets it go |
//! | `W(A)` `UW(A)` | a readers-writer lock for writing |
//! | `R(A)` `UR(A)` | the same for reading |
//! | `S(A)` `US(A)` | the plain lock beside it |
//! | `init(A)` | constructs A anew |
//! | `{` `}` | enters the interrupt of the row, leaves it |
//! | `[` `]` | disables the interrupt of the row, enables it |
//! | `[h` `h]` | disables hard interrupts, enables them |
//!
//! In a column of sleeping locks, R, W and S are the sleeping kinds. A softirq of the tests runs with hard interrupts off,
//! as Linux's do.

use super::{Column, Irq, Machine, Name};

/// A word that is none of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Does on `machine` what the script says.
pub(super) fn run(script: &str, column: Column, irq: Irq, machine: &mut impl Machine) -> Result<(), Malformed> {
    for word in script.split(' ') {
        match word {
            "{" => interrupt(irq, true, machine),
            "}" => interrupt(irq, false, machine),
            "[" => disable(irq, true, machine),
            "]" => disable(irq, false, machine),
            "[h" => machine.irqs(false),
            "h]" => machine.irqs(true),
            _ => lock(word, column, machine)?,
        }
    }
    Ok(())
}

fn interrupt(irq: Irq, enter: bool, machine: &mut impl Machine) {
    match (irq, enter) {
        (Irq::No, _) => {}
        (Irq::Hard, _) => machine.hardirq(enter),
        (Irq::Soft, true) => {
            machine.softirq(true);
            machine.irqs(false);
        }
        (Irq::Soft, false) => {
            machine.irqs(true);
            machine.softirq(false);
        }
    }
}

fn disable(irq: Irq, off: bool, machine: &mut impl Machine) {
    match irq {
        Irq::No => {}
        Irq::Hard => machine.irqs(!off),
        Irq::Soft => machine.softirqs(!off),
    }
}

fn lock(word: &str, column: Column, machine: &mut impl Machine) -> Result<(), Malformed> {
    let (verb, rest) = word.split_once('(').ok_or(Malformed)?;
    let name = name(rest.strip_suffix(')').ok_or(Malformed)?)?;
    match verb {
        "init" => machine.renew(column, name),
        "L" => machine.take(column, name),
        "U" => machine.release(column, name),
        "W" | "R" | "S" => machine.take(partner(verb, column)?, name),
        "UW" | "UR" | "US" => machine.release(partner(&verb[1..], column)?, name),
        _ => return Err(Malformed),
    }
    Ok(())
}

/// What W, R and S are beside a column's own kind.
fn partner(verb: &str, column: Column) -> Result<Column, Malformed> {
    let sleeps = matches!(column, Column::Mutex | Column::Wsem | Column::Rsem | Column::Rtmutex);
    match (verb, sleeps) {
        ("W", false) => Ok(Column::Wlock),
        ("W", true) => Ok(Column::Wsem),
        ("R", false) => Ok(Column::Rlock),
        ("R", true) => Ok(Column::Rsem),
        ("S", false) => Ok(Column::Spin),
        ("S", true) => Ok(Column::Mutex),
        _ => Err(Malformed),
    }
}

fn name(name: &str) -> Result<Name, Malformed> {
    match name {
        "A" => Ok(Name::A),
        "B" => Ok(Name::B),
        "C" => Ok(Name::C),
        "D" => Ok(Name::D),
        "X1" => Ok(Name::X1),
        "X2" => Ok(Name::X2),
        "Y1" => Ok(Name::Y1),
        "Y2" => Ok(Name::Y2),
        "Z1" => Ok(Name::Z1),
        "Z2" => Ok(Name::Z2),
        _ => Err(Malformed),
    }
}
