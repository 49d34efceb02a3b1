//! The self-tests: what Linux's boot-time tests do, in our own notation and in the order of its table.

mod irq;
mod order;
mod places;
mod ww;

use super::words::{Column, Irq};
use super::{Case, Group, Test};

/// How many cells Linux has (6.1).
pub const LINUX: usize = 394;

/// Every test, in the order of the table.
const TESTS: &[&[Test]] = &[order::TESTS, irq::TESTS, ww::TESTS, places::TESTS];

const LOCKS: &[Column] = Column::LOCKS;
/// The orders of three pieces.
const THREE: &[&str] = &["123", "132", "213", "231", "312", "321"];
/// The numbered cells of a row.
const COLUMNS: &[Column] = &[
    Column::Nth(1),
    Column::Nth(2),
    Column::Nth(3),
    Column::Nth(4),
    Column::Nth(5),
    Column::Nth(6),
    Column::Nth(7),
    Column::Nth(8),
    Column::Nth(9),
    Column::Nth(10),
];

/// A row of one cell, in which nothing must be found: the rows say what is otherwise.
const BASE: Test = Test {
    group: Group::Basic,
    name: "",
    irqs: &[Irq::No],
    events: &[],
    orders: &[""],
    columns: &[Column::Only],
    silent: &[],
    finds: &[],
    trace: "",
};

/// Every case: each test in each order, with each interrupt, in each column.
pub static CASES: [Case; COUNT] = expand();

const COUNT: usize = {
    let (mut group, mut count) = (0, 0);
    while group < TESTS.len() {
        let mut n = 0;
        while n < TESTS[group].len() {
            count += cells(&TESTS[group][n]);
            n += 1;
        }
        group += 1;
    }
    count
};

const fn cells(test: &Test) -> usize {
    test.orders.len() * test.irqs.len() * test.columns.len()
}

const fn expand() -> [Case; COUNT] {
    let mut cases = [Case { test: &BASE, irq: Irq::No, order: 0, column: Column::Only }; COUNT];
    let (mut group, mut next) = (0, 0);
    while group < TESTS.len() {
        let mut n = 0;
        while n < TESTS[group].len() {
            let test = &TESTS[group][n];
            let mut cell = 0;
            while cell < cells(test) {
                let (row, column) = (cell / test.columns.len(), cell % test.columns.len());
                let (order, irq) = (row / test.irqs.len(), test.irqs[row % test.irqs.len()]);
                cases[next] = Case { test, irq, order, column: test.columns[column] };
                (cell, next) = (cell + 1, next + 1);
            }
            n += 1;
        }
        group += 1;
    }
    cases
}
