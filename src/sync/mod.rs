//! The locks that people use: each with the name and the methods of what it replaces.

pub mod spin;
