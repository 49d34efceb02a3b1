//! The limits of a validator: how full its tables are, and what is said when one of them is.
//!
//! A full table is a value. What finds no room is not learned, and counted; what is known stays, and so do the books on
//! held locks. That a table is full is said once, with what makes room.

/// A table of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Table {
    /// That of classes.
    Classes = 1,
    /// That of dependencies.
    Dependencies,
    /// The set of checked chains.
    Chains,
    /// The stack of holds of a context.
    Holds,
    /// The ids of the findings that were reported.
    Findings,
    /// The reports that wait to be shown.
    Reports,
    /// The members of checked chains, of which a listing is made (feature `stat`).
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

/// Says that a table is full: what is new from now on is not learned, but counted. Not a finding, and said once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Which.
    pub table: Table,
    /// How many entries it has.
    pub size: usize,
    /// What makes room: what to raise and where, or where the size is fixed, what else to do.
    pub remedy: &'static str,
}

/// How full one table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fill {
    /// Entries in use.
    pub used: usize,
    /// Entries there are.
    pub size: usize,
    /// How often something found no room, and was not learned.
    pub rejected: u32,
}

/// How full the tables of a validator are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Classes.
    pub classes: Fill,
    /// Dependencies.
    pub dependencies: Fill,
    /// Checked chains.
    pub chains: Fill,
    /// Findings that are known by their ids. What is turned away is a finding that is not reported.
    pub findings: Fill,
    /// Reports that wait to be shown. What is turned away is a finding that is not reported, until it comes again.
    pub reports: Fill,
}

impl Occupancy {
    pub(crate) const NONE: Occupancy = {
        let none = Fill { used: 0, size: 0, rejected: 0 };
        Occupancy { classes: none, dependencies: none, chains: none, findings: none, reports: none }
    };
}

/// What the validator costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryFootprint {
    /// Bytes of one validator: all its tables, and the reports.
    pub validator: usize,
    /// Bytes of a context.
    pub context: usize,
    /// Bytes of the statistics of all CPUs (feature `stat`).
    pub statistics: usize,
    /// How many locks went on the books unchecked, because the validator was at work or showed a report, or in an NMI.
    pub unchecked: u32,
    /// How many locks were taken before there was a context, and have not been let go since.
    pub early: u32,
}
