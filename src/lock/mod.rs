//! What describes a lock: its class, its map, how it is taken, where it may be taken, and who held it last.
//!
//! Plain data. Nothing here knows a context, a table or a rule.

pub(crate) mod class;
pub(crate) mod last_holder;
pub(crate) mod lock_map;
pub(crate) mod mode;
pub(crate) mod site;
pub(crate) mod site_cell;
pub(crate) mod usage;
pub(crate) mod wait_type;
