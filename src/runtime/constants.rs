//! What the constants of a port must be: checked when the port is compiled, by messages that name the constant.
//!
//! What it does not do: limit the memory that the tables take.

use crate::port::Port;
use crate::report::policy;

/// The most entries that a table with numbers of 16 bits has, of which two are never given.
const MOST: usize = u16::MAX as usize - 2;
/// The most validators: a context has the number of its own in 8 bits.
const VALIDATORS: usize = 256;

/// Fails the build if a constant of the port is not valid.
pub(super) const fn check<P: Port>() {
    assert!(
        1 <= P::CLASSES && P::CLASSES <= MOST,
        "Port::CLASSES must be 1 to 65,533: a class has a number of 16 bits; set it to as many classes as the kernel has"
    );
    assert!(
        1 <= P::DEPENDENCIES && P::DEPENDENCIES <= MOST,
        "Port::DEPENDENCIES must be 1 to 65,533: a dependency has a number of 16 bits; eight for each class are plenty"
    );
    assert!(
        P::CHAINS.is_power_of_two(),
        "Port::CHAINS must be a power of two, since a chain's slot is found by some bits of its key: 4096, 8192, 16384, ..."
    );
    assert!(
        1 <= P::VALIDATORS && P::VALIDATORS <= VALIDATORS,
        "Port::VALIDATORS must be 1 to 256: 1, unless some contexts are made by Context::of"
    );
    assert!(1 <= P::CPUS, "Port::CPUS must be at least 1: set it to the number of CPUs of the machine");
    assert!(1 <= P::REPORTS, "Port::REPORTS must be at least 1: without a place for it no report is ever shown");
    assert!(
        1 <= P::FINDINGS,
        "Port::FINDINGS must be at least 1: a finding that cannot be known again is not reported"
    );
    assert!(
        P::ACCEPTED.len() <= policy::ACCEPTED,
        "too many in Port::ACCEPTED: it has room for policy::ACCEPTED (64); fix some of the findings"
    );
    assert!(policy::are_readable(P::ACCEPTED), "Port::ACCEPTED: a place is written path:line or path:line:column");
    assert!(
        !(P::POLICY.halts() && P::POLICY.is_queued()),
        "Port::POLICY: what halts is shown at once: HALT, not HALT.queued()"
    );
}
