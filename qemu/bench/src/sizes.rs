//! How large the validator's tables are: by default those of a port without constants, with the feature `wide` larger ones.

#[cfg(not(feature = "wide"))]
mod chosen {
    pub(super) const CLASSES: usize = 1024;
    pub(super) const DEPENDENCIES: usize = 8192;
    pub(super) const CHAINS: usize = 16384;
    pub(super) const WIDE: bool = false;
}

#[cfg(feature = "wide")]
mod chosen {
    pub(super) const CLASSES: usize = 4100;
    pub(super) const DEPENDENCIES: usize = 8192;
    pub(super) const CHAINS: usize = 65536;
    pub(super) const WIDE: bool = true;
}

/// Room for classes.
pub(crate) const CLASSES: usize = chosen::CLASSES;
/// Room for dependencies.
pub(crate) const DEPENDENCIES: usize = chosen::DEPENDENCIES;
/// Slots for chains.
pub(crate) const CHAINS: usize = chosen::CHAINS;
/// Whether the tables are the large ones.
pub(crate) const WIDE: bool = chosen::WIDE;
/// Whether there is a validator.
pub(crate) const VALIDATES: bool = cfg!(feature = "validate");
/// Whether there are statistics.
pub(crate) const STAT: bool = cfg!(feature = "stat");
