//! Capacity: how full the tables of a validator are, and the notice that a table is full.
//!
//! Plain data. A full table is not an error: an entry that does not fit is not learned, and counted; known entries
//! stay, and holds are still recorded. The notice comes once for each table, with the remedy. What it does not do: size
//! a table; the port does.

/// A table of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Table {
    /// The table of classes.
    Classes = 1,
    /// The table of dependencies.
    Dependencies,
    /// The set of checked chains.
    Chains,
    /// The stack of holds of a context.
    Holds,
    /// The ids of the findings that were reported.
    Findings,
    /// The pending reports.
    Reports,
    /// The members of checked chains, from which a listing is made (feature `stat`).
    Members,
}

impl Table {
    pub(crate) const ALL: [Table; 7] = [
        Table::Classes,
        Table::Dependencies,
        Table::Chains,
        Table::Holds,
        Table::Findings,
        Table::Reports,
        Table::Members,
    ];
}

/// A notice that a table is full: new entries are not learned from now on, only counted. Not a finding, and shown once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// The table.
    pub table: Table,
    /// How many entries it has.
    pub size: usize,
    /// What makes room: which size to raise, or what else to do if the size is fixed.
    pub remedy: &'static str,
}

/// How full one table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fill {
    /// Entries in use.
    pub used: usize,
    /// The number of entries it has.
    pub size: usize,
    /// How many entries were rejected since the table was full: they were not learned.
    pub rejected: u32,
}

/// How full the tables of a validator are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Occupancy {
    /// Classes.
    pub classes: Fill,
    /// Dependencies.
    pub dependencies: Fill,
    /// Checked chains.
    pub chains: Fill,
    /// Findings that are known by their ids. A rejected one is not reported.
    pub findings: Fill,
    /// Pending reports. A rejected finding is not reported until it occurs again.
    pub reports: Fill,
}

impl Occupancy {
    pub(crate) const NONE: Occupancy = {
        let none = Fill { used: 0, size: 0, rejected: 0 };
        Occupancy { classes: none, dependencies: none, chains: none, findings: none, reports: none }
    };
}

/// What the validator costs in memory. How many locks it did not check is in [`State`](crate::report::State).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryFootprint {
    /// Bytes of one validator: all its tables, and the reports.
    pub validator: usize,
    /// Bytes of a context.
    pub context: usize,
    /// Bytes of the statistics of all CPUs (feature `stat`).
    pub statistics: usize,
}
